import keras
import numpy as np
import pytest

from tests.helpers import check_layer
from tfkit.layers import DenseResidual


def reference(x, weights):
    """One row and one dense layer at a time."""
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        z = row
        for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
            z = z @ kernel + bias
            z = np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)
        rows.append(row + z)
    return np.reshape(rows, x.shape)


@pytest.mark.parametrize("depth", [1, 3])
def test_contract(rng, depth):
    x = rng.normal(size=(4, 5)).astype("float32")
    check_layer(lambda: DenseResidual(5, depth), x, shape=(4, 5), weights=2 * depth)


def test_passes_masks_and_matches_reference(rng):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    layer = DenseResidual(4, depth=2)
    check_layer(lambda: DenseResidual(4), x, shape=(2, 3, 4), weights=4, mask="passes")
    got = layer(x)
    weights = [rng.normal(size=w.shape) for w in layer.weights]
    layer.set_weights(weights)
    np.testing.assert_allclose(layer(x), reference(x, weights), rtol=1e-5, atol=1e-6)
    assert not np.allclose(got, layer(x))


def test_zero_kernels_are_the_identity(rng):
    x = rng.normal(size=(3, 4)).astype("float32")
    layer = DenseResidual(4, depth=3, kernel_initializer="zeros")
    np.testing.assert_array_equal(layer(x), x)


def test_arguments_reach_the_dense_layers():
    layer = DenseResidual(6, 2, activation="tanh", kernel_initializer="lecun_normal")
    layer.build((None, 6))
    assert [dense.activation for dense in layer.dense] == [keras.activations.tanh] * 2
    assert layer.count_params() == 2 * (6 * 6 + 6)
    first, second = (keras.ops.convert_to_numpy(d.kernel) for d in layer.dense)
    assert not np.allclose(first, second), "the kernels share one draw"


def test_refuses():
    with pytest.raises(ValueError, match="units=4, inputs with shape=\\(None, 5\\)"):
        DenseResidual(4).build((None, 5))
    with pytest.raises(ValueError, match="depth=0"):
        DenseResidual(4, 0)
    with pytest.raises(TypeError, match="`units`"):
        DenseResidual(4.5)
