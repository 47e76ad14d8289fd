import keras
import numpy as np
import pytest

from tests.layers.cells import UNITS, check_cell, check_equal, run
from tfkit.layers import PeepholeLSTMCell


def test_contract():
    check_cell(lambda **kwargs: PeepholeLSTMCell(UNITS, **kwargs), weights=4, states=2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_matches_reference(rng):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    cell = PeepholeLSTMCell(UNITS)
    cell.build((None, 2))
    cell.set_weights([rng.normal(size=w.shape) for w in cell.weights])
    w, u, b, peephole = cell.get_weights()
    h = c = np.zeros((3, UNITS))
    outputs = []
    for t in range(5):
        i, f, g, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=1)
        before = c
        c = sigmoid(f + peephole[1] * before) * before
        c = c + sigmoid(i + peephole[0] * before) * np.tanh(g)
        h = sigmoid(o + peephole[2] * c) * np.tanh(c)
        outputs.append(h)
    np.testing.assert_allclose(run(cell, x), np.stack(outputs, 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "rates", [{}, {"dropout": 0.4}, {"dropout": 0.4, "recurrent_dropout": 0.3}]
)
def test_equals_keras_with_zero_peepholes(rng, rates):
    check_equal(
        PeepholeLSTMCell(UNITS, seed=7, **rates),
        keras.layers.LSTMCell(UNITS, seed=7, **rates),
        rng,
    )


def test_initializer_is_used():
    cell = PeepholeLSTMCell(UNITS, peephole_initializer="zeros")
    cell.build((None, 2))
    np.testing.assert_array_equal(cell.peephole, np.zeros((3, UNITS)))


@pytest.mark.parametrize(
    ("units", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_rejects(units, error):
    with pytest.raises(error, match="Received: "):
        PeepholeLSTMCell(units)
