import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tests.layers.variational import check_moments, correlation_of_rows, with_spread
from tfkit.layers import DenseFlipout


@pytest.mark.parametrize("inner", [(), (4,)])
def test_contract(rng, inner):
    x = rng.normal(size=(3, *inner, 5)).astype("float32")
    check_layer(
        lambda: DenseFlipout(2, 100, activation="relu", kl_weight=0.5, seed=1),
        x,
        shape=(3, *inner, 2),
        weights=3,
        exact=False,
        mask="passes" if inner else None,
    )


@pytest.mark.parametrize("inner", [(), (4,)])
def test_zero_spread_equals_dense(rng, inner):
    x = rng.normal(size=(3, *inner, 5)).astype("float32")
    dense = keras.layers.Dense(2, "tanh", bias_initializer="normal")
    expected = dense(x)
    layer = with_spread(DenseFlipout(2, 10, activation="tanh"), x.shape, 0)
    layer.kernel_mean.assign(dense.kernel)
    layer.bias.assign(dense.bias)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)
    assert np.isfinite(layer.losses[0]).all()


def test_moments(rng):
    x = rng.normal(size=(2, 6)).astype("float32")
    layer = with_spread(DenseFlipout(3, 10), x.shape, 0.3)
    plain = keras.layers.Dense(3)
    plain.build(x.shape)
    check_moments(layer, x, plain)


def test_each_example_has_its_own_weights(rng):
    layer = with_spread(DenseFlipout(3, 10), (None, 6), 1.0)
    assert abs(correlation_of_rows(layer, rng.normal(size=6).astype("float32"))) < 0.1


def test_steps_of_an_example_share_its_weights(rng):
    layer = with_spread(DenseFlipout(3, 10), (None, 2, 6), 1.0)
    step = rng.normal(size=6).astype("float32")
    outputs = layer(np.broadcast_to(step, (4, 2, 6))).numpy()
    np.testing.assert_allclose(outputs[:, 0], outputs[:, 1], rtol=1e-5)
    assert not np.allclose(outputs[0], outputs[1])


@pytest.mark.parametrize(
    ("options", "error", "received"),
    [
        ({"n_train": 0}, ValueError, "n_train=0"),
        ({"n_train": 2.5}, TypeError, "2.5"),
        ({"initial_spread": 0}, ValueError, "initial_spread=0"),
        ({"prior_spread": -1}, ValueError, "prior_spread=-1"),
        ({"prior_mean": "0"}, TypeError, "'0'"),
        ({"kl_weight": -1}, ValueError, "kl_weight=-1"),
        ({"units": 0}, ValueError, "units=0"),
    ],
)
def test_rejects(options, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        DenseFlipout(**{"units": 3, "n_train": 10, **options})
