import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tfkit.models import bayesian_lenet
from tfkit.uncertainty import mc_predict

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("estimator", "channels", "params"),
    [("flipout", 1, 735_386), ("reparameterization", 3, 736_386)],
)
def test_contract(rng, estimator, channels, params):
    x = rng.random((2, 32, 32, channels), "float32")
    model = check_model(
        lambda: bayesian_lenet(100, 43, (32, 32, channels), estimator),
        x,
        outputs=(2, 43),
        params=params,
        y=np.array([0, 42]),
        loss=LOSS,
        exact=False,
    )
    assert len(model.losses) == 7
    samples = mc_predict(model, x, 3)
    assert samples.shape == (3, 2, 43)
    assert not np.allclose(samples[0], samples[1])


def test_deterministic_twin(rng):
    """As large as the means of the Bayesian network and its biases."""
    x = rng.random((2, 20, 24, 1), "float32")
    twin = bayesian_lenet(100, 5, (20, 24, 1), estimator=None)
    check_model(
        lambda: bayesian_lenet(100, 5, (20, 24, 1), estimator=None),
        x,
        outputs=(2, 5),
        params=twin.count_params(),
        y=np.array([0, 4]),
        loss=LOSS,
    )
    bayesian = bayesian_lenet(100, 5, (20, 24, 1))
    for plain, layer in zip(twin.layers, bayesian.layers, strict=True):
        if plain.weights:
            layer.kernel_mean.assign(plain.kernel)
            layer.bias.assign(plain.bias)
            layer.kernel_log_spread.assign(
                np.full(layer.kernel_mean.shape, -1e4, "float32")
            )
    np.testing.assert_allclose(bayesian(x), twin(x), rtol=1e-4, atol=1e-5)
    assert bayesian_lenet(100, estimator=None).count_params() == 368_044


@pytest.mark.parametrize(
    ("options", "error", "received"),
    [
        ({"n_train": 0}, ValueError, "n_train=0"),
        ({"classes": 2.5}, TypeError, "2.5"),
        ({"input_shape": (32, 19, 1)}, ValueError, "input_shape=\\(32, 19, 1\\)"),
        ({"input_shape": (32, 32)}, ValueError, "input_shape=\\(32, 32\\)"),
        ({"estimator": "dropout"}, ValueError, "estimator='dropout'"),
        ({"initial_spread": 0}, ValueError, "initial_spread=0"),
    ],
)
def test_rejects(options, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        bayesian_lenet(**{"n_train": 10, **options})
