import json

import keras
import numpy as np
import pytest

import tfkit
from recipes.gtsrb_bayesian import Config, build_model, equalize, load_data, main, train
from tests.files import write_gtsrb

PLOTS = {
    *("accuracies.png", "histograms.png", "history_bayesian.png"),
    *("history_deterministic.png", "posteriors.png", "reliability.png"),
    *("selective.png", "uncertain.png"),
}


def test_full_on_tiny_files(tmp_path, capsys):
    """Signs that differ in their brightness alone, which equalizing would hide."""
    write_gtsrb(tmp_path / "data/gtsrb", each=1)
    output = tmp_path / "run"
    config = Config(
        source="full",
        data_dir=str(tmp_path / "data"),
        steps=2,
        batch_size=16,
        warm_up=2,
        n_samples=3,
        tensorboard=True,
        output=str(output),
    )
    results = main(config)
    out = capsys.readouterr().out
    assert out.startswith("full: GTSRB")
    assert " - kl: " in out
    assert json.loads((output / "metrics.json").read_text()) == results
    for name in ("bayesian", "deterministic"):
        assert set(results[name]) == {
            *("accuracy", "nll", "calibration_error", "accuracy_at_80")
        }
        assert np.isfinite(list(results[name].values())).all()
        assert (output / f"{name}.keras").exists()
        assert list((output / "logs" / name).rglob("events.*"))
    draws = results["draws"]
    assert 0 <= draws["low"] <= draws["mean"] <= draws["high"] <= 1
    assert {path.name for path in output.iterdir()} >= PLOTS


def test_learns_signs(tmp_path):
    """Five kinds of signs, in a few steps."""
    config = Config(steps=50, batch_size=32, warm_up=50, output=str(tmp_path))
    (x, y), (x_test, y_test), _ = load_data(config)
    few = [12, 13, 14, 17, 35]
    chosen, tested = np.isin(y, few), np.isin(y_test, few)
    model = build_model(config, int(chosen.sum()))["bayesian"]
    train(config, "bayesian", model, (x[chosen], y[chosen]))
    scores = model.evaluate(x_test[tested], y_test[tested], return_dict=True)
    assert scores["accuracy"] > 0.6


def test_equalized_images_are_flat(rng):
    dark = rng.integers(0, 40, size=(2, 16, 16, 1), dtype=np.uint8)
    images = np.repeat(dark, 3, axis=-1)
    gray = equalize(images)
    assert gray.shape == (2, 16, 16, 1)
    values = np.sort(gray[0].ravel())
    np.testing.assert_allclose(values, np.linspace(-1, 1, 256), atol=0.15)
    # Darkening changes nothing, but for rounding.
    np.testing.assert_allclose(equalize(images * 5), gray, atol=1e-6)


def test_stopped_run_goes_on(tmp_path, monkeypatch):
    config = Config(steps=30, batch_size=8, output=str(tmp_path), tensorboard=True)
    training = np.zeros((16, 4), "float32"), np.zeros(16, "uint8")

    def build():
        layer = tfkit.layers.DenseFlipout(3, n_train=16)
        return keras.Sequential([keras.Input((4,)), layer])

    def stop(epoch, _):
        if epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            keras.callbacks,
            "TensorBoard",
            lambda _: keras.callbacks.LambdaCallback(on_epoch_begin=stop),
        )
        with pytest.raises(KeyboardInterrupt):
            train(config, "bayesian", build(), training)
    model = build()
    drawn = []
    monkeypatch.setattr(keras.utils, "set_random_seed", drawn.append)
    history = train(config, "bayesian", model, training)
    assert history.epoch == list(range(2, 10))
    assert int(model.optimizer.iterations.value) == 30
    # The warm-up goes on where it stopped.
    expected = config.kl_weight * 29 / config.warm_up
    assert history.history["kl_weight"][-1] == pytest.approx(expected)
    assert drawn, "the first steps would come again"
