import json

import keras
import numpy as np
import pytest

from recipes import points_linear_autoencoder as recipe


def test_equals_pca(tmp_path):
    config = recipe.Config(output=str(tmp_path), count=60, steps=800)
    results = recipe.main(config)
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert results["ratio"] == pytest.approx(1, abs=1e-4)
    assert results["ratio"] > 1 - 1e-6  # nothing linear is better than PCA
    assert results["angle_degrees"] < 0.1
    for name in ("codings.png", "history.png"):
        assert (tmp_path / name).stat().st_size > 10_000
    points = recipe.load_data(config)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-6)
    model = keras.models.load_model(tmp_path / "model.keras")
    assert recipe.evaluate(model, points)["mse"] == pytest.approx(results["mse"])


def test_untrained_is_not_pca(tmp_path):
    config = recipe.Config(output=str(tmp_path))
    results = recipe.evaluate(recipe.build_model(config), recipe.load_data(config))
    assert results["ratio"] > 2
    assert results["angle_degrees"] > 1
