import json

import keras
import numpy as np
import pytest
import ydf

from recipes.kepler_exoplanets import (
    BINS,
    DAY,
    MODELS,
    Config,
    clean,
    features,
    fold,
    main,
    periods,
    views,
)
from tests.files import write_kepler


def curve(rng, period=180.0, start=40.0, width=8, depth=2.0, stars=1, length=3197):
    time = np.arange(length)
    flux = rng.normal(size=(stars, length))
    flux[:, (time - start) % period < width] -= depth
    return flux.astype("float32")


def slow_fold(values, time, period, bins):
    """Every box at every place, one by one: the root of what it explains."""
    place = (time / period % 1 * bins).astype(int)
    values, best = values - values.mean(), (0,)
    for width in (1, 2, 3, 5, 8):
        for first in range(bins):
            inside = np.isin(place, (first + np.arange(width)) % bins)
            n = inside.sum()
            if n:
                d = -values[inside].mean()
                usable = max(n * (1 - n / len(values)), 1)
                middle = (first + width / 2) / bins % 1
                best = max(best, (d * n / np.sqrt(usable), middle, width / bins, d))
    return best


def test_fold_equals_every_box_one_by_one(rng):
    curves = curve(rng, period=31, start=5, width=4, stars=3, length=240)
    found = fold(curves, [31.0], bins=16)
    pairs = curves.reshape(3, 120, 2).mean(axis=2)
    for i in range(3):
        best = slow_fold(pairs[i], 2 * np.arange(120) + 0.5, 31.0, 16)
        got = [found[name][i] for name in ("power", "phase", "width", "depth")]
        np.testing.assert_allclose(got, best, rtol=1e-4)


def test_fold_finds_the_orbit(rng):
    tried = periods(Config(periods=800), 3197)
    assert tried.max() == pytest.approx(20 * DAY)
    assert tried.min() == pytest.approx(0.8 * DAY)
    curves = np.concatenate(
        [curve(rng, 301.0, 70.0, width=9, depth=1.5), rng.normal(size=(1, 3197))]
    )
    found = fold(curves.astype("float32"), tried)
    assert found["period"][0] == pytest.approx(301, rel=0.01)
    middle = found["phase"][0] * found["period"][0] % 301
    assert middle == pytest.approx(74, abs=8)
    assert found["depth"][0] > 0.6 and found["excess"][0] > 2 * found["excess"][1]
    # The network sees the transit in the middle of both views, and at both parities.
    seen = views(curves, found)
    assert seen.shape == (2, BINS, 3)
    near = seen[0, BINS // 2 :]
    middle = near[BINS // 4 - 8 : BINS // 4 + 8]
    assert (middle.mean(axis=0) < near[: BINS // 8].mean(axis=0) - 0.5).all()


def test_clean_takes_away_scale_drift_and_cosmic_rays(rng):
    flux = rng.normal(size=(2, 3197))
    dip = slice(1000, 1010)
    flux[:, dip] -= 6
    drift = np.linspace(-10, 10, 3197) ** 2
    flux += drift
    flux[:, 2000] += 100
    flux[1] = 1e4 * flux[0]
    curves = clean(flux)
    assert curves.max() <= 4
    np.testing.assert_allclose(curves[0], curves[1], atol=1e-3)
    quiet = np.delete(curves[0], np.r_[dip, 2000])[50:-50]
    assert quiet.std() == pytest.approx(1, abs=0.1) and abs(quiet.mean()) < 0.1
    assert curves[0, dip].mean() == pytest.approx(-6, abs=1)
    # A star without any light has no noise to divide by.
    assert not clean(np.zeros((1, 3197))).any()


def test_features_tell_a_planet_from_a_binary(rng):
    planet = curve(rng, 200.0, 60.0, depth=4.0)
    binary = curve(rng, 200.0, 60.0, depth=4.0)
    binary[:, (np.arange(3197) - 60) % 400 < 8] -= 6.0  # every second is deeper
    curves = np.concatenate([planet, binary, np.zeros_like(planet)])
    found = fold(curves, np.array([200.0]))
    columns = features(curves, curves, found)
    assert np.isfinite(columns).all()
    odd_even = np.abs(columns[:, 5])
    assert odd_even[1] > 10 * odd_even[0] and odd_even[2] == 0


def test_full_on_tiny_files(tmp_path, capsys):
    write_kepler(tmp_path / "data/kepler")
    output = tmp_path / "run"
    config = Config(
        source="full",
        data_dir=str(tmp_path / "data"),
        trees=10,
        periods=150,
        epochs=1,
        output=str(output),
    )
    results = main(config)
    assert capsys.readouterr().out.startswith("full: Kepler")
    assert set(results) == set(MODELS)
    for report in results.values():
        assert report["base_rate"] == report["majority_accuracy"] == 0.6
        assert 0 <= report["pr_auc"] <= 1
    assert results["forest_features"]["roc_auc"] > 0.9
    assert json.loads((output / "metrics.json").read_text()) == results
    names = {path.name for path in output.iterdir()}
    assert names >= {"metrics.json", "model.keras", "precision_recall.png"}
    assert names >= {"transit.png"}
    forest = ydf.load_model(str(output / "forest_features"))
    assert forest.num_trees() == 10
    network = keras.models.load_model(output / "model.keras")
    assert network.predict(np.zeros((2, BINS, 3)), verbose=0).shape == (2, 1)
