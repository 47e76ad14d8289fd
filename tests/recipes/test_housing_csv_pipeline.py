import json

import keras
import numpy as np
import pytest

from recipes import housing_csv_pipeline as recipe
from tests import files


def test_both_ways_learn_the_same(tmp_path, capsys):
    config = recipe.Config(
        output=str(tmp_path),
        shards=3,
        shuffle_buffer_size=0,
        hidden=(30,),
        epochs=3,
        learning_rate=1e-2,
    )
    results = recipe.main(config)
    assert results == json.loads((tmp_path / "metrics.json").read_text())
    # The same batches: what differs is how two graphs round.
    assert results["greatest_difference_of_weights"] < 1e-3
    mse = [results[way]["test_mse"] for way in ("fit", "tf_function")]
    assert mse[0] == pytest.approx(mse[1], rel=1e-2)
    _, _, (x, y) = recipe.load_data(config)
    assert max(mse) < 0.8 * y.var()
    assert (tmp_path / "history.png").stat().st_size > 5000
    assert len(list((tmp_path / "csv").iterdir())) == 9
    assert not (tmp_path / "backup").exists()
    assert capsys.readouterr().out.startswith("sample: 4,000 generated districts")
    for way, expected in zip(("fit", "tf_function"), mse, strict=True):
        model = keras.models.load_model(tmp_path / f"{way}.keras")
        prediction = model.predict(x, batch_size=512, verbose=0)[:, 0]
        assert np.mean((prediction - y) ** 2) == pytest.approx(expected, abs=1e-3)


def test_outliers_are_tamed():
    x = np.random.default_rng(0).lognormal(size=(1000, 8)).astype("float32")
    preprocessing = recipe.build_preprocessing(x)
    x[0, 5] = 1243  # people a household, in a district of the census
    standardised = preprocessing.predict(x, verbose=0)
    assert np.abs(standardised).max() <= 5
    np.testing.assert_allclose(standardised[1:, 5].std(), 1, atol=0.05)


def test_original_format(tmp_path):
    files.write_california_housing(tmp_path / "california_housing")
    config = recipe.Config(
        source="full",
        data_dir=str(tmp_path),
        output=str(tmp_path / "out"),
        shards=2,
        hidden=(4,),
        epochs=1,
        cache=True,
        tensorboard=True,
    )
    results = recipe.main(config)
    assert np.isfinite(results["fit"]["test_mse"])
    assert list((tmp_path / "out" / "logs").rglob("events*"))
