import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_config, check_model
from tfkit.layers import WaveNetBlock


def build():
    inputs = keras.Input((None, 4))
    outputs = WaveNetBlock(4, kernel_size=3, dilation_rate=2)(inputs)
    return keras.Model(inputs, list(outputs))


def test_contract(rng):
    x = rng.normal(size=(2, 6, 4)).astype("float32")
    shape = (2, 6, 4)
    params = 3 * 4 * 8 + 8 + 4 * 4 + 4
    model = check_model(
        build, x, outputs=[shape, shape], params=params, loss=["mse"] * 2
    )
    block = model.layers[-1]
    check_config(block)
    assert model.output[0].shape == model.output[1].shape == (None, None, 4)
    built = WaveNetBlock(4)
    built.build((None, None, 4))
    assert len(built.weights) == 4
    assert all(sub.built for sub in built._flatten_layers(include_self=False))
    for scale in (0.0, 1.0, 1e4):
        with tf.GradientTape() as tape:
            inputs = tf.Variable(x * np.float32(scale))
            loss = sum(map(tf.reduce_mean, map(tf.square, block(inputs))))
        weights = [w.value for w in block.trainable_weights]
        for gradient in tape.gradient(loss, [*weights, inputs]):
            assert np.isfinite(gradient).all()
    for policy, compute in (("mixed_float16", "float16"), ("float64", "float64")):
        half = WaveNetBlock(4, dtype=policy)
        for output in half(x):
            assert keras.backend.standardize_dtype(output.dtype) == compute
        for sub in half._flatten_layers(include_self=False):
            assert sub.dtype_policy.name == policy


def test_matches_reference(rng):
    x = rng.normal(size=(2, 9, 4)).astype("float32")
    block = WaveNetBlock(4, kernel_size=3, dilation_rate=2)
    block.build(x.shape)
    block.set_weights([rng.normal(size=w.shape) for w in block.weights])
    kernel, bias, pointwise, pointwise_bias = block.get_weights()
    expected = np.zeros_like(x)
    for t in range(9):
        z = bias.copy()
        for k in range(3):  # the last tap is the step itself
            if t - 2 * (2 - k) >= 0:
                z = z + x[:, t - 2 * (2 - k)] @ kernel[k]
        gated = np.tanh(z[:, :4]) / (1 + np.exp(-z[:, 4:]))
        expected[:, t] = gated @ pointwise[0] + pointwise_bias
    residual, skip = block(x)
    np.testing.assert_allclose(skip, expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(residual, x + expected, rtol=1e-3, atol=1e-5)


def test_sees_nothing_later(rng):
    x = rng.normal(size=(2, 9, 4)).astype("float32")
    later = x.copy()
    later[:, 6] += 1
    block = WaveNetBlock(4, kernel_size=2, dilation_rate=2)
    for one, other in zip(block(x), block(later), strict=True):
        moved = np.abs(one - other).max(axis=(0, 2)) > 1e-6
        assert np.flatnonzero(moved).tolist() == [6, 8]


@pytest.mark.parametrize("side", ["behind", "front"])
def test_padding_changes_nothing(rng, side):
    """Through two blocks, of which the second sees what the first made of padding."""
    x = rng.normal(size=(2, 5, 4)).astype("float32")
    pad = ((0, 0), (0, 3) if side == "behind" else (3, 0), (0, 0))
    inputs = keras.Input((None, 4))
    masked = keras.layers.Masking()(inputs)
    residual, skip = WaveNetBlock(4)(masked)
    assert residual._keras_mask is skip._keras_mask is not None
    model = keras.Model(inputs, WaveNetBlock(4, dilation_rate=2)(residual))
    steps = slice(0, 5) if side == "behind" else slice(3, 8)
    for one, other in zip(model(x), model(np.pad(x, pad)), strict=True):
        np.testing.assert_allclose(one, other[:, steps], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"filters": 0}, ValueError),
        ({"filters": 4, "kernel_size": 0}, ValueError),
        ({"filters": 4, "dilation_rate": 1.5}, TypeError),
    ],
)
def test_rejects(kwargs, error):
    with pytest.raises(error, match="Received: "):
        WaveNetBlock(**kwargs)


@pytest.mark.parametrize(
    ("shape", "message"), [((2, 3, 5), "4 channels"), ((2, 4), "rank 3")]
)
def test_rejects_inputs(shape, message):
    with pytest.raises(ValueError, match=f"{message}.*Received: inputs with shape"):
        WaveNetBlock(4)(np.ones(shape, "float32"))
