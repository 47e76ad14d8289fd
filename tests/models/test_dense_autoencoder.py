import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tfkit.models import dense_autoencoder


def test_contract(rng):
    x = rng.normal(size=(8, 29)).astype("float32")
    model = check_model(dense_autoencoder, x, outputs=(8, 29), params=813, y=x)
    sizes = [layer.units for layer in model.layers[1:]]
    assert sizes == [14, 7, 7, 29]


def test_equals_its_formula(rng):
    x = rng.normal(size=(5, 4)).astype("float32")
    model = dense_autoencoder(4, units=(3, 2), activations=("tanh", "relu"))
    w1, b1, w2, b2, w3, b3 = model.get_weights()
    codes = np.maximum(np.tanh(x @ w1 + b1) @ w2 + b2, 0)
    np.testing.assert_allclose(model(x), codes @ w3 + b3, atol=1e-5)


def test_penalty_is_of_the_first_outputs(rng):
    x = rng.normal(size=(6, 29)).astype("float32")
    model = dense_autoencoder(activity_l1=0.5)
    model(x)
    first = keras.ops.convert_to_numpy(model.get_layer("hidden_0")(x))
    np.testing.assert_allclose(model.losses[0], 0.5 * abs(first).sum() / 6, rtol=1e-5)
    plain = dense_autoencoder(activity_l1=0)
    plain(x)
    assert plain.losses == []


def test_only_a_linear_output_rebuilds_what_is_below_zero(rng):
    """Rows of rank two, and weights that know it: the book's ReLU has its floor."""
    x = (rng.normal(size=(50, 2)) @ rng.normal(size=(2, 6))).astype("float32")
    *_, axes = np.linalg.svd(x, full_matrices=False)
    weights = axes[:2].T, np.zeros(2), axes[:2], np.zeros(6)
    errors = {}
    for activation in ("linear", "relu"):
        model = dense_autoencoder(6, (2,), ("linear",), 0, activation)
        model.set_weights(weights)
        errors[activation] = float(np.mean((x - model(x)) ** 2))
    assert errors["linear"] < 1e-10
    assert errors["relu"] == pytest.approx(np.mean(np.minimum(x, 0) ** 2), rel=1e-5)
    assert errors["relu"] > 0.1


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"features": 0}, ValueError, "features=0"),
        ({"units": (3, 0, 3)}, ValueError, "units=0"),
        ({"units": (3, 2.5, 3)}, TypeError, "2.5"),
        ({"units": (), "activations": ()}, ValueError, "units=\\(\\)"),
        ({"units": (3, 2)}, ValueError, "units=\\(3, 2\\), activations="),
        ({"activity_l1": -1.0}, ValueError, "activity_l1=-1.0"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        dense_autoencoder(**kwargs)
