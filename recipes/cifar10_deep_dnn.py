"""Train a plain network of 20 dense layers in six ways, and compare them.

elu: He initialization, ELU and Nadam. batch_norm: with BatchNormalization. selu: SELU
and LeCun initialization. alpha_dropout: with AlphaDropout before the output, then Monte
Carlo dropout without training again. max_norm: as elu, under a constraint. one_cycle:
as alpha_dropout, but SGD with one cycle of the rate and of momentum. Each gets its
learning rate from a range test of its own; inputs are standardised for all of them.

Source: Hands-On ML (2nd ed.), chapter 11, exercise 8.
Data:   5,000 real MNIST digits in the shapes of CIFAR-10 by default; `--source full`
        reads the 60,000 photographs of CIFAR-10.
Expect: on the digits, test accuracy .887 (elu), .902 (batch_norm), .904 (selu), .897
        (alpha_dropout, and .897 with 100 samples), .907 (max_norm), .919 (one_cycle),
        in 100 seconds of processor time on 2 CPU cores. 1,000 test images leave
        about .009 of noise in each. The book's notebook has .476, .540, .479, .489
        with samples and .520 (no max_norm) on CIFAR-10; that run, in `configs/`, has
        not been measured here.
Run:    python recipes/cifar10_deep_dnn.py --variants '[elu, batch_norm]' --depth 10
        or with `--config configs/cifar10_deep_dnn.yaml`.
Copy:   this file needs only tfkit; edit Config, load_data and build_model. The range
        test is `find_rate`, the one-cycle policy the second half of `train`.
"""

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np

import tfkit

Variant = Literal["elu", "batch_norm", "selu", "alpha_dropout", "max_norm", "one_cycle"]


@dataclass(frozen=True)
class Config:
    """Which networks are trained, and how.

    Args:
        source: "sample", digits in the place of photographs, or "full", CIFAR-10.
        data_dir: Folder above `cifar10/`; see `tfkit.datasets`.
        output: Folder that receives metrics, models and plots.
        variants: Ways to train, of the six named above.
        depth: Number of hidden layers.
        units: Units of each hidden layer.
        dropout: Rate of alpha dropout.
        max_norm: Greatest norm of the weights into one unit, in variant max_norm.
        samples: Stochastic forward passes of Monte Carlo dropout.
        range_steps: Training steps of each learning-rate range test.
        epochs: Passes over the training data, at most.
        patience: Epochs without a better validation loss that end the training.
        batch_size: Images per step.
        cycle_epochs: Passes over the training data in variant one_cycle.
        cycle_batch_size: Images per step in variant one_cycle.
        tensorboard: Whether to write TensorBoard logs below `output`.
        seed: Seed of the weights, the shuffling and the dropout.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/cifar10_deep_dnn"
    variants: tuple[Variant, ...] = Variant.__args__
    depth: int = 20
    units: int = 100
    dropout: float = 0.1
    max_norm: float = 1.0
    samples: int = 100
    range_steps: int = 100
    epochs: int = 6
    patience: int = 3
    batch_size: int = 64
    cycle_epochs: int = 6
    cycle_batch_size: int = 64
    tensorboard: bool = False
    seed: int = 42


def load_data(config):
    """Returns standardised `(x, y)` to train, to validate (a tenth) and to test."""
    train, test = tfkit.datasets.cifar10(config.source, config.data_dir)
    n = len(train[0]) // 10
    mean = train[0][n:].mean(axis=0, dtype="float32")
    # A pixel that (almost) never changes, as at the border of digits, stays near 0.
    deviation = np.maximum(train[0][n:].std(axis=0, dtype="float32"), 1.0)
    train, test = (((x - mean) / deviation, y[:, 0]) for x, y in (train, test))
    return tuple(a[n:] for a in train), tuple(a[:n] for a in train), test


def build_model(config, variant):
    """Returns a fresh, uncompiled network with the weights of the seed."""
    keras.utils.set_random_seed(config.seed)
    selu = variant in ("selu", "alpha_dropout", "one_cycle")
    layers = [keras.Input((32, 32, 3)), keras.layers.Flatten()]
    for _ in range(config.depth):
        constraint = keras.constraints.MaxNorm(config.max_norm)
        dense = keras.layers.Dense(
            config.units,
            # BatchNormalization comes before the activation, and brings an offset.
            activation=None if variant == "batch_norm" else "selu" if selu else "elu",
            use_bias=variant != "batch_norm",
            kernel_initializer="lecun_normal" if selu else "he_normal",
            kernel_constraint=constraint if variant == "max_norm" else None,
        )
        layers.append(dense)
        if variant == "batch_norm":
            layers += [
                keras.layers.BatchNormalization(),
                keras.layers.Activation("elu"),
            ]
    if variant in ("alpha_dropout", "one_cycle"):
        layers.append(keras.layers.AlphaDropout(config.dropout))
    layers.append(keras.layers.Dense(10, "softmax"))
    return keras.Sequential(layers, name=variant)


def compile_model(model, optimizer):
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])


def find_rate(config, model, x, y, batch_size):
    """Runs the range test of the compiled model; leaves the model as it was."""
    finder = tfkit.callbacks.RateFinder(1e-5, 10.0, steps=config.range_steps)
    epochs = -(-config.range_steps // -(-len(x) // batch_size))
    model.fit(x, y, batch_size=batch_size, epochs=epochs, callbacks=[finder], verbose=0)
    finder.plot().savefig(f"{config.output}/{model.name}_range_test.png", dpi=120)
    return finder.suggestion


def train(config, model, training, validation):
    """Finds a learning rate and trains; returns the rate and the history."""
    x, y = training
    home, name = Path(config.output), model.name
    callbacks = [keras.callbacks.BackupAndRestore(home / "backup" / name)]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs" / name))
    if name != "one_cycle":
        epochs, batch_size = config.epochs, config.batch_size
        compile_model(model, keras.optimizers.Nadam())
        rate = find_rate(config, model, x, y, batch_size)
        model.optimizer.learning_rate = rate
        callbacks.append(
            keras.callbacks.EarlyStopping(
                patience=config.patience, restore_best_weights=True
            )
        )
    else:
        epochs, batch_size = config.cycle_epochs, config.cycle_batch_size
        compile_model(model, keras.optimizers.SGD(momentum=0.9))
        rate = find_rate(config, model, x, y, batch_size)
        schedule = tfkit.schedules.OneCycle(rate, epochs * -(-len(x) // batch_size))
        compile_model(model, keras.optimizers.SGD(schedule, momentum=0.95))
        callbacks.append(tfkit.callbacks.OneCycleMomentum(schedule))
    print(f"\n{name}: {model.count_params():,} parameters, learning rate {rate:.2g}")
    run = model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=validation,
        callbacks=callbacks,
        verbose=2,
    )
    return rate, run.history


def evaluate(config, model, x, y):
    """Returns test loss and accuracy, with Monte Carlo dropout where there is any."""
    loss, accuracy = model.evaluate(x, y, batch_size=256, verbose=0)
    results = {"test_loss": round(loss, 4), "test_accuracy": round(accuracy, 4)}
    if model.name == "alpha_dropout":
        # The trained model as it is: `mc_predict` switches its dropout on.
        samples = tfkit.uncertainty.mc_predict(
            model, x, config.samples, batch_size=256, seed=config.seed
        )
        correct = samples.mean(axis=0).argmax(axis=-1) == y
        results["mc_test_accuracy"] = round(float(correct.mean()), 4)
    return results


def finished(config):
    """Returns what an interrupted run of this very config has finished already."""
    backup = Path(config.output) / "backup"
    stamp, text = backup / "config.json", json.dumps(asdict(config))
    if not stamp.exists() or stamp.read_text() != text:
        shutil.rmtree(backup, ignore_errors=True)
        backup.mkdir(parents=True)
        stamp.write_text(text)
    done = backup / "finished.json"
    return json.loads(done.read_text()) if done.exists() else {}


def write_json(path, value):
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(value, indent=2))
    part.replace(path)


def main(config):
    print(tfkit.datasets.describe("cifar10", config.source))
    home = Path(config.output)
    done = finished(config)
    training, validation, test = load_data(config)
    for variant in config.variants:
        if variant in done:
            print(f"{variant}: finished by the interrupted run")
            continue
        model = build_model(config, variant)
        start = time.perf_counter()
        rate, history = train(config, model, training, validation)
        seconds = time.perf_counter() - start
        model.save(home / f"{variant}.keras")
        results = {
            "learning_rate": rate,
            "parameters": model.count_params(),
            "epochs": len(history["loss"]),
            "seconds": round(seconds, 1),
            "val_accuracy": round(max(history["val_accuracy"]), 4),
            **evaluate(config, model, *test),
        }
        done[variant] = {"results": results, "history": history}
        write_json(home / "backup" / "finished.json", done)
    print(
        f"\n{'variant':15}{'rate':>10}{'epochs':>8}{'seconds':>9}{'test':>7}{'MC':>7}"
    )
    for variant, run in done.items():
        r = run["results"]
        mc = f"{r['mc_test_accuracy']:.3f}" if "mc_test_accuracy" in r else ""
        print(
            f"{variant:15}{r['learning_rate']:10.2g}{r['epochs']:8}{r['seconds']:9.1f}"
            f"{r['test_accuracy']:7.3f}{mc:>7}"
        )
    curves = {variant: run["history"] for variant, run in done.items()}
    figure = tfkit.plots.history(curves, metrics=["loss", "accuracy"])
    figure.savefig(home / "history.png", dpi=120)
    metrics = {variant: run["results"] for variant, run in done.items()}
    write_json(home / "metrics.json", metrics)
    shutil.rmtree(home / "backup")
    return metrics


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
