import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import MCAlphaDropout, MCDropout

BOTH = pytest.mark.parametrize("create", [MCDropout, MCAlphaDropout])


@BOTH
@pytest.mark.parametrize("shape", [(2, 8), (2, 3, 4)])
def test_contract(rng, create, shape):
    check_layer(
        lambda: create(0.5, seed=0),
        rng.random(shape, "float32"),
        shape=shape,
        exact=False,
        mask="passes" if len(shape) == 3 else None,
    )


@BOTH
def test_samples_at_inference(rng, create):
    x = rng.normal(size=(4, 500)).astype("float32")
    model = keras.Sequential([keras.Input((500,)), create(0.3, seed=0)])
    for predict in (
        lambda: model.predict(x, verbose=0),
        lambda: np.asarray(model(x, training=False)),
        lambda: np.asarray(model(x)),
    ):
        first, second = predict(), predict()
        assert not np.array_equal(first, second)
        # A mask of its own for each row.
        changed = ~np.isclose(first, first.min(), atol=1e-6)
        assert not np.array_equal(changed[0], changed[1])


def test_drops_and_scales(rng):
    y = np.asarray(MCDropout(0.25, seed=0)(np.ones((10, 10_000), "float32")))
    values, counts = np.unique(y, return_counts=True)
    np.testing.assert_allclose(values, [0, 4 / 3], rtol=1e-6)
    assert counts[0] / y.size == pytest.approx(0.25, abs=0.01)


def test_alpha_dropout_keeps_mean_and_variance(rng):
    x = rng.normal(size=(10, 10_000)).astype("float32")
    y = np.asarray(MCAlphaDropout(0.2, seed=0)(x))
    assert y.mean() == pytest.approx(0, abs=0.02)
    assert y.std() == pytest.approx(1, abs=0.02)
    # Dropped units share one value, the transformed negative saturation of SELU.
    p, saturation = 0.2, -1.6732632423543772 * 1.0507009873554805
    a = ((1 - p) * (1 + p * saturation**2)) ** -0.5
    dropped = np.isclose(y, a * saturation - a * saturation * p, atol=1e-6)
    assert dropped.mean() == pytest.approx(p, abs=0.01)


@BOTH
def test_noise_shape(rng, create):
    x = np.tile(rng.normal(size=(2, 1, 50)), (1, 3, 1)).astype("float32")
    y = np.asarray(create(0.5, noise_shape=(None, 1, None), seed=0)(x))
    np.testing.assert_array_equal(y[:, 0], y[:, 2])


@BOTH
def test_seed(create):
    x = np.ones((1, 100), "float32")
    one, two = create(0.5, seed=3), create(0.5, seed=3)
    first = np.asarray(one(x))
    np.testing.assert_array_equal(first, two(x))
    assert not np.array_equal(first, one(x))


@BOTH
def test_rate_zero_is_the_identity(create):
    layer, x = create(0), np.arange(6, dtype="float32")[None]
    np.testing.assert_array_equal(layer(x), x)
    assert not layer.stochastic_at_inference
    assert create(0.1).stochastic_at_inference


@BOTH
def test_rejects_rate(create):
    with pytest.raises(ValueError, match=r"Received: rate=1\.5"):
        create(1.5)
