import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tests.layers.variational import check_moments, correlation_of_rows, with_spread
from tfkit.layers import Conv2DReparameterization


def test_contract(rng):
    x = rng.normal(size=(3, 5, 6, 2)).astype("float32")
    check_layer(
        lambda: Conv2DReparameterization(
            4, (3, 2), 100, activation="relu", kl_weight=0.5
        ),
        x,
        shape=(3, 3, 5, 4),
        weights=3,
        exact=False,
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same", "strides": (2, 1)},
        {"dilation_rate": 2, "activation": "relu"},
        {"padding": "same", "use_bias": False},
    ],
)
def test_zero_spread_equals_convolution(rng, options):
    x = rng.normal(size=(3, 7, 6, 2)).astype("float32")
    plain = keras.layers.Conv2D(4, (3, 2), bias_initializer="normal", **options)
    expected = plain(x)
    layer = with_spread(Conv2DReparameterization(4, (3, 2), 10, **options), x.shape, 0)
    layer.kernel_mean.assign(plain.kernel)
    if options.get("use_bias", True):
        layer.bias.assign(plain.bias)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    assert layer.compute_output_shape((None, *x.shape[1:])) == (
        None,
        *expected.shape[1:],
    )
    assert layer.compute_output_shape((None, None, None, 2)) == (None, None, None, 4)


def test_moments(rng):
    x = rng.normal(size=(2, 4, 3, 2)).astype("float32")
    layer = with_spread(Conv2DReparameterization(3, 2, 10), x.shape, 0.3)
    plain = keras.layers.Conv2D(3, 2)
    plain.build(x.shape)
    check_moments(layer, x, plain)


def test_the_batch_shares_its_weights(rng):
    layer = with_spread(Conv2DReparameterization(3, 2, 10), (None, 3, 3, 2), 1.0)
    assert (
        correlation_of_rows(layer, rng.normal(size=(3, 3, 2)).astype("float32")) > 0.999
    )


@pytest.mark.parametrize(
    ("options", "error", "received"),
    [
        ({"n_train": 0}, ValueError, "n_train=0"),
        ({"n_train": 2.5}, TypeError, "2.5"),
        ({"initial_spread": 0}, ValueError, "initial_spread=0"),
        ({"prior_spread": -1}, ValueError, "prior_spread=-1"),
        ({"prior_mean": "0"}, TypeError, "'0'"),
        ({"kl_weight": -1}, ValueError, "kl_weight=-1"),
        ({"filters": 0}, ValueError, "filters=0"),
        ({"kernel_size": (1, 2, 3)}, ValueError, "kernel_size=\\(1, 2, 3\\)"),
        ({"padding": "causal"}, ValueError, "padding='causal'"),
        ({"strides": 2, "dilation_rate": 2}, ValueError, "strides=2, dilation_rate=2"),
    ],
)
def test_rejects(options, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        Conv2DReparameterization(
            **{"filters": 3, "kernel_size": 2, "n_train": 10, **options}
        )


def test_rejects_images_smaller_than_the_kernel():
    with pytest.raises(
        ValueError, match="Received: inputs with shape=\\(None, 2, 9, 1"
    ):
        Conv2DReparameterization(3, 3, 10)(keras.Input((2, 9, 1)))
