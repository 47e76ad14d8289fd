"""What the tests of the four Bayesian layers share."""

import keras
import numpy as np

from tfkit.uncertainty import mc_predict


def with_spread(layer, shape, spread):
    """Builds the layer, with this standard deviation of every weight."""
    layer.build(shape)
    low = -1e4 if spread == 0 else np.log(spread)
    layer.kernel_log_spread.assign(np.full(layer.kernel_log_spread.shape, low))
    return layer


def draws(layer, x, count, seed=0):
    """Returns `count` draws of the layer's outputs."""
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    return mc_predict(model, x, count, seed=seed)


def check_moments(layer, x, kernel_layer):
    """Mean and variance of linear outputs against the exact ones.

    Args:
        layer: Built layer without activation.
        x: One batch.
        kernel_layer: The plain Keras layer, built, which computes either.
    """
    mean = keras.ops.convert_to_numpy(layer.kernel_mean.value)
    spread = keras.ops.convert_to_numpy(layer.kernel_spread)
    bias = keras.ops.convert_to_numpy(layer.bias.value)
    kernel_layer.set_weights([mean, bias])
    expected = kernel_layer(x).numpy()
    kernel_layer.set_weights([spread**2, 0 * bias])
    variance = kernel_layer(x**2).numpy()
    samples = draws(layer, x, 2000)
    error = 5 * np.sqrt(variance / len(samples))
    assert (np.abs(samples.mean(axis=0) - expected) < error).all()
    np.testing.assert_allclose(samples.var(axis=0), variance, rtol=0.25)
    np.testing.assert_allclose(
        samples.var(axis=0).mean(), variance.mean(), rtol=0.05, err_msg="biased"
    )


def correlation_of_rows(layer, row):
    """Correlation, over draws, of the outputs of two equal examples."""
    samples = draws(layer, np.stack([row, row]), 1000)
    first, second = samples.reshape(len(samples), 2, -1).transpose(1, 2, 0)
    pairs = zip(first, second, strict=True)
    return np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs])
