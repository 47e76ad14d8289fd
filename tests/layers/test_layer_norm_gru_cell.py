import keras
import numpy as np
import pytest

from tests.layers.cells import UNITS, check_cell, check_equal, run
from tfkit.layers import LayerNormGRUCell


@pytest.mark.parametrize("reset_after", [True, False])
def test_contract(reset_after):
    check_cell(
        lambda **kwargs: LayerNormGRUCell(UNITS, reset_after=reset_after, **kwargs),
        weights=5,
    )


def standardize(z):
    return (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 1e-3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("reset_after", [True, False])
def test_matches_reference(rng, reset_after):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    cell = LayerNormGRUCell(UNITS, reset_after=reset_after)
    cell.build((None, 2))
    cell.set_weights([rng.normal(size=w.shape) for w in cell.weights])
    w, u, b, w_scale, u_scale = cell.get_weights()
    b, inner = b if reset_after else (b, np.zeros_like(b))
    n = 2 * UNITS
    h, outputs = np.zeros((3, UNITS)), []
    for t in range(5):
        z = standardize(x[:, t] @ w[:, :n]) * w_scale[:n] + b[:n]
        z = sigmoid(z + standardize(h @ u[:, :n]) * u_scale[:n] + inner[:n])
        z, r = np.split(z, 2, axis=1)
        if reset_after:
            memory = r * (standardize(h @ u[:, n:]) * u_scale[n:] + inner[n:])
        else:
            memory = standardize((r * h) @ u[:, n:]) * u_scale[n:]
        g = np.tanh(standardize(x[:, t] @ w[:, n:]) * w_scale[n:] + b[n:] + memory)
        h = z * h + (1 - z) * g
        outputs.append(h)
    np.testing.assert_allclose(run(cell, x), np.stack(outputs, 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(
    "rates", [{}, {"dropout": 0.4}, {"dropout": 0.4, "recurrent_dropout": 0.3}]
)
def test_equals_keras_without_normalization(rng, reset_after, rates):
    check_equal(
        LayerNormGRUCell(
            UNITS, normalize=False, seed=7, reset_after=reset_after, **rates
        ),
        keras.layers.GRUCell(UNITS, seed=7, reset_after=reset_after, **rates),
        rng,
    )


def test_runs_without_bias(rng):
    x = rng.normal(size=(2, 3, 2)).astype("float32")
    for reset_after in (True, False):
        cell = LayerNormGRUCell(UNITS, use_bias=False, reset_after=reset_after)
        assert run(cell, x).shape == (2, 3, UNITS)
        assert len(cell.weights) == 4


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"units": 0}, ValueError, "units=0"),
        ({"units": None}, TypeError, "None"),
        ({"units": 2, "epsilon": 0.0}, ValueError, "epsilon=0.0"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        LayerNormGRUCell(**kwargs)
