import json

import keras
import numpy as np
import pytest

from recipes import housing_mixed_inputs as recipe
from tests import files
from tfkit.datasets.california_housing import OCEAN_PROXIMITIES


def test_category_helps_and_unknown_ones_are_taken(tmp_path, capsys):
    config = recipe.Config(
        output=str(tmp_path), epochs=4, batch_size=128, learning_rate=0.01
    )
    results = recipe.main(config)
    assert results == json.loads((tmp_path / "metrics.json").read_text())
    assert results["one_hot"]["test_mse"] < 0.9 * results["without"]["test_mse"]
    prices = {k: v["first_district_if_it_were"] for k, v in results.items()}
    assert set(prices["embedding"]) == {*OCEAN_PROXIMITIES, "DESERT"}
    assert len(set(prices["without"].values())) == 1
    assert len(set(prices["embedding"].values())) > 3
    assert capsys.readouterr().out.startswith("sample: 4,000 generated districts")
    for name in ("history", "embedding"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    model = keras.models.load_model(tmp_path / "embedding.keras")
    _, _, test = recipe.load_data(config)
    model.compile(loss="mse")
    mse = model.evaluate(recipe.batches(config, *test), verbose=0)
    assert mse == pytest.approx(results["embedding"]["test_mse"], abs=1e-3)


@pytest.mark.parametrize("num_oov_indices", [1, 2])
def test_embedding_has_places_for_unknown_categories(num_oov_indices):
    """The book's Embedding(6, 2), for 5 categories and 2 others, is a row short."""
    config = recipe.Config(num_oov_indices=num_oov_indices)
    (x, _), _, _ = recipe.load_data(config)
    model = recipe.build_model(config, "embedding", x)
    assert model.get_layer("embedding").input_dim == 5 + num_oov_indices
    unknown = {
        "numeric": np.repeat(x["numeric"][:1], 50, axis=0),
        "ocean_proximity": np.array([f"new {i}" for i in range(50)], dtype=object),
    }
    prices = model.predict(unknown, verbose=0)
    assert len(np.unique(prices.round(4))) == num_oov_indices


def test_original_format(tmp_path):
    files.write_california_housing(tmp_path / "california_housing")
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "out"),
        hidden=(4,),
        epochs=1,
    )
    results = recipe.main(config)
    assert all(np.isfinite(r["test_mse"]) for r in results.values())
