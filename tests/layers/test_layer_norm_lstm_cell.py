import keras
import numpy as np
import pytest

from tests.layers.cells import UNITS, check_cell, check_equal, run
from tfkit.layers import LayerNormLSTMCell


def test_contract():
    check_cell(lambda **kwargs: LayerNormLSTMCell(UNITS, **kwargs), weights=7, states=2)


def standardize(z):
    return (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 1e-3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_matches_reference(rng):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    cell = LayerNormLSTMCell(UNITS)
    cell.build((None, 2))
    cell.set_weights([rng.normal(size=w.shape) for w in cell.weights])
    w, u, b, w_scale, u_scale, c_scale, offset = cell.get_weights()
    h = c = np.zeros((3, UNITS))
    outputs = []
    for t in range(5):
        z = standardize(x[:, t] @ w) * w_scale + standardize(h @ u) * u_scale + b
        i, f, g, o = np.split(z, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(standardize(c) * c_scale + offset)
        outputs.append(h)
    np.testing.assert_allclose(run(cell, x), np.stack(outputs, 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "rates", [{}, {"dropout": 0.4}, {"dropout": 0.4, "recurrent_dropout": 0.3}]
)
def test_equals_keras_without_normalization(rng, rates):
    check_equal(
        LayerNormLSTMCell(UNITS, normalize=False, seed=7, **rates),
        keras.layers.LSTMCell(UNITS, seed=7, **rates),
        rng,
    )


def test_forget_gate_starts_open():
    cell = LayerNormLSTMCell(UNITS)
    cell.build((None, 2))
    np.testing.assert_array_equal(
        cell.bias, np.repeat([0.0, 1.0, 0.0], [UNITS, UNITS, 2 * UNITS])
    )


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"units": -1}, ValueError, "units=-1"),
        ({"units": "4"}, TypeError, "'4'"),
        ({"units": 2, "epsilon": -1e-3}, ValueError, "epsilon=-0.001"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        LayerNormLSTMCell(**kwargs)
