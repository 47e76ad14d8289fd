"""Project points from three dimensions to two with a linear autoencoder: that is PCA.

An encoder and a decoder of one linear layer each, trained on the mean squared error,
find the plane of the first two principal components, though not their axes.

Source:   Hands-On ML (2nd ed.), chapter 17, PCA with an undercomplete linear
          autoencoder.
Data:     200 generated points on a bent arc near a plane, with noise.
Expect:   reconstruction error 1.0000 times that of scikit-learn's PCA, and an angle of
          less than 0.01 degrees between the planes, in 20 s on 2 CPU cores. The book
          prints no figure.

Run:      python recipes/points_linear_autoencoder.py --noise 0.2
          or with `--config configs/points_linear_autoencoder.yaml`.
Copy:     this file needs only tfkit and scikit-learn; edit Config, load_data and
          build_model.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import jsonargparse
import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

import tfkit


@dataclass(frozen=True)
class Config:
    """Which points, and how long the autoencoder is trained.

    Args:
        output: Folder that receives metrics, model and plot.
        count: Number of points.
        noise: Standard deviation of the noise around the plane.
        steps: Steps of Adam, each on all points.
        learning_rate: Its rate at the start; it falls to 0 along half a cosine.
        seed: Seed of the points and the weights.
        tensorboard: Whether to write TensorBoard logs below `output`.
    """

    output: str = "runs/points_linear_autoencoder"
    count: int = 200
    noise: float = 0.1
    steps: int = 2000
    learning_rate: float = 0.1
    seed: int = 42
    tensorboard: bool = False


def load_data(config):
    """Returns points of shape `(count, 3)` around their mean."""
    rng = np.random.default_rng(config.seed)
    angle = rng.random(config.count) * 3 * np.pi / 2 - 0.5
    x = np.cos(angle) + np.sin(angle) / 2 + config.noise * rng.normal(size=config.count)
    y = 0.7 * np.sin(angle) + config.noise * rng.normal(size=config.count)
    z = 0.1 * x + 0.3 * y + config.noise * rng.normal(size=config.count)
    points = np.stack([x, y, z], axis=1)
    return (points - points.mean(axis=0)).astype("float32")


def build_model(config):
    """Points to points of shape `(batch, 3)`, through codings `(batch, 2)`."""
    encoder = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2)], name="encoder"
    )
    decoder = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3)], name="decoder"
    )
    points = keras.Input((3,))
    return keras.Model(points, decoder(encoder(points)))


def train(config, model, points):
    every = 100  # steps of an epoch, so that fit costs little
    dataset = tf.data.Dataset.from_tensors((points, points)).cache().repeat()
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps)
    model.compile(keras.optimizers.Adam(rate), "mse", steps_per_execution=every)
    home = Path(config.output)
    callbacks = [keras.callbacks.BackupAndRestore(home / "backup")]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(home / "logs"))
    return model.fit(
        dataset,
        epochs=max(config.steps // every, 1),
        steps_per_epoch=every,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )


def evaluate(model, points):
    """Compares with PCA: errors, and the largest angle between the planes."""
    pca = PCA(2).fit(points)
    ours = float(np.mean((model.predict(points, verbose=0) - points) ** 2))
    theirs = float(
        np.mean((pca.inverse_transform(pca.transform(points)) - points) ** 2)
    )
    kernel = model.get_layer("decoder").layers[0].kernel
    plane, _ = np.linalg.qr(keras.ops.convert_to_numpy(kernel).T.astype("float64"))
    # What the autoencoder's plane has outside PCA's, by its sine: exact near 0.
    outside = plane - pca.components_.T @ (pca.components_ @ plane)
    sine = min(np.linalg.norm(outside, 2), 1.0)
    return {
        "mse": ours,
        "pca_mse": theirs,
        "ratio": ours / theirs,
        "angle_degrees": float(np.degrees(np.arcsin(sine))),
    }


def draw(points, codings, components):
    figure = Figure(figsize=(12, 4), layout="constrained")
    order = np.argsort(points[:, 0])  # the colour
    axes = figure.add_subplot(131, projection="3d")
    axes.scatter(*points[order].T, c=np.arange(len(points)))
    axes.set(xlabel="x", ylabel="y", zlabel="z", title="points")
    axes.set_box_aspect(None, zoom=0.8)  # keeps the label of z off the next axes
    for i, (title, xy) in enumerate(
        [("codings of the autoencoder", codings), ("principal components", components)]
    ):
        axes = figure.add_subplot(132 + i)
        axes.scatter(*xy[order].T, c=np.arange(len(points)))
        axes.set(xlabel="first", ylabel="second", title=title, aspect="equal")
        axes.grid(alpha=0.3)
    return figure


def main(config):
    keras.utils.set_random_seed(config.seed)
    print(
        f"sample: {config.count} generated points near a plane, the book's kind of data"
    )
    points = load_data(config)
    home = Path(config.output)
    home.mkdir(parents=True, exist_ok=True)
    model = build_model(config)
    history = train(config, model, points)
    model.save(home / "model.keras")
    results = evaluate(model, points)
    for name, value in results.items():
        print(f"{name:14} {value:.6f}")
    codings = model.get_layer("encoder").predict(points, verbose=0)
    figure = draw(points, codings, PCA(2).fit_transform(points))
    figure.savefig(home / "codings.png")
    tfkit.plots.history(history).savefig(home / "history.png")
    (home / "metrics.json.part").write_text(json.dumps(results, indent=2))
    (home / "metrics.json.part").replace(home / "metrics.json")
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
