import json

import keras
import numpy as np
import pytest

from recipes.credit_card_autoencoder import (
    Config,
    anomaly_scores,
    build_model,
    load_data,
    main,
    split_rows,
    train,
)
from tests.files import write_credit_card

PLOTS = {"history.png", "random_42_errors.png", "random_42_threshold.png"}


def test_finds_anomalies_of_the_sample(tmp_path, capsys):
    config = Config(epochs=8, repeats=1, trees=20, output=str(tmp_path))
    results = main(config)
    out = capsys.readouterr().out
    assert out.startswith("sample: 397 real breast tumours of 30 columns")
    assert set(results) == {"random_42", "time_42", "mean_random", "mean_time"}
    found = results["random_42"]["autoencoder"]
    assert found["pr_auc"] > 2 * found["base_rate"]
    assert results["mean_random"]["autoencoder"] == pytest.approx(found)
    assert json.loads((tmp_path / "metrics.json").read_text()) == results
    assert {path.name for path in tmp_path.iterdir()} == {
        *PLOTS,
        *("time_42_errors.png", "time_42_threshold.png"),
        *("metrics.json", "model.keras"),
    }

    # The saved model is that of the last split: its scores reach the same figures.
    x, y = load_data(config)
    normal, _, test = split_rows(config, y, "time", 42)
    model = keras.models.load_model(tmp_path / "model.keras")
    scores = anomaly_scores(config, model, x[test], x[normal])
    called = scores >= results["time_42"]["autoencoder"]["threshold"]
    assert called[y[test] == 1].mean() == results["time_42"]["autoencoder"]["recall"]


def test_full_on_tiny_files(tmp_path, capsys):
    write_credit_card(tmp_path / "credit_card")
    config = Config(
        source="full",
        data_dir=str(tmp_path),
        splits=("random",),
        repeats=1,
        error="plain",
        output_activation="relu",
        epochs=2,
        trees=10,
        tensorboard=True,
        output=str(tmp_path / "run"),
    )
    results = main(config)
    assert capsys.readouterr().out.startswith("full: ")
    assert results["random_42"]["autoencoder"]["examples"] == 100
    assert {p.name for p in (tmp_path / "run").glob("*.png")} == PLOTS
    assert list((tmp_path / "run" / "logs").rglob("events.*"))


@pytest.mark.parametrize("split", ["random", "time"])
def test_splits(split):
    config = Config()
    _, y = load_data(config)
    normal, validation, test = split_rows(config, y, split, 1)
    assert y[normal].sum() == 0
    assert min(y[validation].sum(), y[test].sum()) >= 4
    rows = np.concatenate([normal, validation, test])
    assert len(set(rows)) == len(rows)
    assert len(rows) + y.sum() - y[validation].sum() - y[test].sum() == len(y)
    if split == "time":
        assert normal.max() < validation.min() <= validation.max() < test.min()


def test_scores(rng):
    """The mean squared error, or that of each column in units of the usual one."""
    x = rng.normal(5, 3, size=(40, 4)).astype("float32")
    model = build_model(Config(), x)
    standard = (x - x.mean(0)) / x.std(0)
    rebuilt = model.get_layer("dense_autoencoder")(standard)
    errors = (rebuilt - standard).numpy() ** 2
    plain = anomaly_scores(Config(error="plain"), model, x, x)
    np.testing.assert_allclose(plain, errors.mean(1), rtol=1e-3)
    scaled = anomaly_scores(Config(), model, x, x)
    np.testing.assert_allclose(scaled, (errors / errors.mean(0)).mean(1), rtol=1e-3)
    assert scaled.mean() == pytest.approx(1, rel=1e-4)


def test_stopped_run_goes_on(tmp_path, rng):
    config = Config(epochs=3, output=str(tmp_path), batch_size=2048)
    x = rng.normal(size=(10_001, 4)).astype("float32")

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    model = build_model(config, x)
    fit = model.fit
    model.fit = lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, Stop()], **k)
    with pytest.raises(KeyboardInterrupt):
        train(config, model, x, x[:9], "random_42")
    history = train(config, build_model(config, x), x, x[:9], "random_42")
    assert history.epoch == [1, 2]
