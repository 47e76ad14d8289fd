"""Forecast the next value of a series: naive, linear and recurrent models in one table.

All networks are trained at one learning rate, on the same series, and stand beside two
forecasts that need no training: the last value, and exact least squares.

Source:   Hands-On ML (2nd ed.), chapter 15, Forecasting a Time Series.
Data:     generated series of two sine waves and noise; the book generates them too.
Expect:   with `configs/series_one_step.yaml`, the book's 7,000 series and 20 epochs,
          validation MSE .0202 (naive), .0029 (least squares), .0032 (linear), .0110
          (one unit), .0025 and .0027 (deep RNNs), all at one rate, in 7 minutes on
          2 CPU cores beside other work. The book prints .020, -, .004, .014, .003. By
          default, on 2,100 series and 10 epochs, .0199, .0030, .0043, .0175, .0034 and
          .0038, in 85 seconds of processor time.

Run:      python recipes/series_one_step.py --epochs 5
          or with `--config configs/series_one_step.yaml`.
Copy:     this file needs only tfkit; edit Config, load_data and build_model.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import jsonargparse
import keras
import numpy as np

import tfkit

# Mean squared error on the book's 2,000 validation series, as it prints it.
BOOK = {
    "naive": 0.020,
    "least_squares": None,
    "linear": 0.004,
    "simple_rnn_1": 0.014,
    "deep_rnn": 0.003,
    "deep_rnn_dense": None,
}


@dataclass(frozen=True)
class Config:
    """How many series, how large the networks, how long they are trained.

    Args:
        output: Folder that receives metrics, models and plots.
        series: Number of series: seven in ten train, two validate, one tests.
        steps: Steps that a forecast sees.
        models: Networks to train, of "linear", "simple_rnn_1", "deep_rnn" and
            "deep_rnn_dense".
        units: Units of the recurrent layers of the deep networks.
        epochs: Passes over the training data.
        batch_size: Series per step.
        learning_rate: Rate of Adam at the start; it falls to 0 along half a cosine.
        seed: Seed of the weights and the shuffling; the series are always the book's.
        tensorboard: Whether to write TensorBoard logs below `output`.
    """

    output: str = "runs/series_one_step"
    series: int = 3000
    steps: int = 50
    models: tuple[str, ...] = ("linear", "simple_rnn_1", "deep_rnn", "deep_rnn_dense")
    units: int = 20
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-2
    seed: int = 42
    tensorboard: bool = False


def load_data(config):
    """Returns `(x, y)` to train, to validate and to test: the book's own values."""
    series = tfkit.datasets.series(config.series, config.steps + 1, seed=42)
    x, y = tfkit.data.forecast_targets(series, horizon=1)
    first, second = int(0.7 * config.series), int(0.9 * config.series)
    parts = slice(first), slice(first, second), slice(second, None)
    return [(x[part], y[part]) for part in parts]


def build_model(config, name):
    """Series of shape `(batch, steps, 1)` to forecasts of shape `(batch, 1)`."""

    def rnn(units, last=False):
        return keras.layers.SimpleRNN(units, return_sequences=not last)

    layers = {
        "linear": lambda: [keras.layers.Flatten(), keras.layers.Dense(1)],
        "simple_rnn_1": lambda: [rnn(1, last=True)],
        "deep_rnn": lambda: [rnn(config.units), rnn(config.units), rnn(1, last=True)],
        "deep_rnn_dense": lambda: [
            rnn(config.units),
            rnn(config.units, last=True),
            keras.layers.Dense(1),
        ],
    }
    # A linear layer needs a fixed number of steps; the others take any.
    steps = config.steps if name == "linear" else None
    return keras.Sequential([keras.Input((steps, 1)), *layers[name]()], name=name)


def least_squares(data, x):
    """The best linear forecast of the training series, in closed form."""

    def with_bias(x):
        return np.c_[x[..., 0], np.ones(len(x))]

    weights, *_ = np.linalg.lstsq(with_bias(data[0]), data[1], rcond=None)
    return with_bias(x) @ weights


def train(config, model, data, validation):
    steps = config.epochs * -(-len(data[0]) // config.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    jit = "auto" if steps > 500 else False  # compiling takes as long as 200 steps
    model.compile(keras.optimizers.Adam(rate), "mse", jit_compile=jit)
    home = Path(config.output)
    callbacks = [keras.callbacks.BackupAndRestore(home / "backup" / model.name)]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs" / model.name))
    return model.fit(
        *data,
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_data=validation,
        callbacks=callbacks,
        verbose=2,
    )


def evaluate(forecasts, y):
    """Returns the mean squared error of each of the named forecasts."""
    return {name: float(np.mean((f - y) ** 2)) for name, f in forecasts.items()}


def main(config):
    print(tfkit.datasets.describe("series"))
    data, validation, test = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    models, histories, seconds = {}, {}, {}
    for name in config.models:
        keras.utils.set_random_seed(config.seed)
        model, start = build_model(config, name), time.perf_counter()
        histories[name] = train(config, model, data, validation)
        seconds[name] = time.perf_counter() - start
        model.save(home / f"{name}.keras")
        models[name] = keras.models.load_model(home / f"{name}.keras")

    results = {}
    for part, (x, y) in (("validation", validation), ("test", test)):
        forecasts = {"naive": x[:, -1], "least_squares": least_squares(data, x)}
        for name, model in models.items():
            forecasts[name] = model.predict(x, batch_size=500, verbose=0)
        results[part] = evaluate(forecasts, y)
    results["seconds"] = seconds
    print(f"\n{'mean squared error':20}{'validation':>11}{'test':>9}{'book':>8}")
    for name, error in results["validation"].items():
        book = f"{BOOK[name]:.3f}" if BOOK[name] else "-"
        print(f"{name:20}{error:11.5f}{results['test'][name]:9.5f}{book:>8}")

    shown = {name: forecasts[name][:6] for name in ("naive", list(forecasts)[-1])}
    tfkit.plots.forecast(test[0][:6], test[1][:6], shown).savefig(
        home / "forecasts.png"
    )
    tfkit.plots.history(histories).savefig(home / "history.png")
    (home / "metrics.json.part").write_text(json.dumps(results, indent=2))
    (home / "metrics.json.part").replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
