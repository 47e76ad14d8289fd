import keras
import numpy as np
import pytest

from tests.layers.cells import UNITS, check_cell, check_equal, run
from tfkit.layers import LayerNormSimpleRNNCell


def test_contract():
    check_cell(lambda **kwargs: LayerNormSimpleRNNCell(UNITS, **kwargs), weights=5)


def test_matches_reference(rng):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    cell = LayerNormSimpleRNNCell(UNITS)
    cell.build((None, 2))
    cell.set_weights([rng.normal(size=w.shape) for w in cell.weights])
    w, u, b, scale, offset = cell.get_weights()
    h, outputs = np.zeros((3, UNITS)), []
    for t in range(5):
        z = x[:, t] @ w + h @ u + b
        z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 1e-3)
        h = np.tanh(z * scale + offset)
        outputs.append(h)
    np.testing.assert_allclose(run(cell, x), np.stack(outputs, 1), rtol=1e-4)


@pytest.mark.parametrize("rates", [{}, {"dropout": 0.4, "recurrent_dropout": 0.3}])
def test_equals_keras_without_normalization(rng, rates):
    check_equal(
        LayerNormSimpleRNNCell(UNITS, normalize=False, seed=7, **rates),
        keras.layers.SimpleRNNCell(UNITS, seed=7, **rates),
        rng,
    )


def test_has_the_parameters_of_the_book():
    model = keras.Sequential(
        [
            keras.Input((None, 1)),
            keras.layers.RNN(LayerNormSimpleRNNCell(20), return_sequences=True),
            keras.layers.RNN(LayerNormSimpleRNNCell(20), return_sequences=True),
            keras.layers.Dense(10),
        ]
    )
    assert model.count_params() == 1550


def test_equals_layer_normalization(rng):
    """One step from the zero state is Dense, LayerNormalization, tanh."""
    x = rng.normal(size=(3, 2)).astype("float32")
    cell = LayerNormSimpleRNNCell(UNITS)
    output, _ = cell(x, [np.zeros((3, UNITS), "float32")])
    expected = keras.layers.LayerNormalization()(x @ cell.get_weights()[0])
    np.testing.assert_allclose(output, np.tanh(expected), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"units": 0}, ValueError, "units=0"),
        ({"units": 2.5}, TypeError, "2.5"),
        ({"units": 2, "epsilon": 0}, ValueError, "epsilon=0"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        LayerNormSimpleRNNCell(**kwargs)
