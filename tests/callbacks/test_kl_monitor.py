import keras
import numpy as np
import pytest

from tfkit.callbacks import KLMonitor
from tfkit.layers import DenseFlipout


def build():
    inner = keras.Sequential([keras.Input((3,)), DenseFlipout(4, 16, kl_weight=0.5)])
    layers = [keras.Input((3,)), inner, DenseFlipout(2, 16, kl_weight=0.5)]
    model = keras.Sequential(layers)
    model.compile(
        keras.optimizers.SGD(0.0),  # so that means over the epoch are of one model
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nll")
        ],
    )
    return model


def fit(model, *callbacks):
    x, y = np.ones((16, 3)), np.arange(16) % 2
    run = model.fit(
        x, y, validation_data=(x, y), callbacks=[KLMonitor(), *callbacks], verbose=0
    )
    return {name: values[-1] for name, values in run.history.items()}


def test_parts_of_the_loss(tmp_path):
    model = build()
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    for _ in range(2):  # also of a model that was saved and loaded
        logs = fit(model, logger)
        parts = [
            model.layers[0].layers[0].kl_divergence(),
            model.layers[1].kl_divergence(),
        ]
        np.testing.assert_allclose(logs["kl"], sum(parts) / 16, rtol=1e-6)
        for prefix in ("", "val_"):
            expected = logs[f"{prefix}nll"] + 0.5 * logs["kl"]
            np.testing.assert_allclose(logs[f"{prefix}loss"], expected, rtol=1e-5)
        assert "kl" in (tmp_path / "log.csv").read_text().splitlines()[0].split(",")
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")


def test_is_shown(capsys):
    x = np.ones((16, 3))
    build().fit(x, x[:, 0], callbacks=[KLMonitor()], verbose=2)
    assert " - kl: " in capsys.readouterr().out


def test_rejects_a_model_without_bayesian_layers():
    model = keras.Sequential([keras.layers.Dense(1)], name="plain")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Received: model='plain'"):
        model.fit(np.ones((2, 3)), np.ones((2, 1)), callbacks=[KLMonitor()], verbose=0)
