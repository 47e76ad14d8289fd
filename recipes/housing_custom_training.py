"""Write your own model and your own training loop, and see the loop agree with `fit`.

ResidualRegressor applies one residual block four times with shared weights.
ReconstructingRegressor adds a loss and a metric on its own inside: how badly its last
hidden layer allows its inputs to be reconstructed. Each is trained twice from the same
weights on the same batches: by `fit`, and by a GradientTape loop written by hand.

Source: Hands-On ML (2nd ed.), chapter 12, Custom Models to Custom Training Loops.
Data:   California housing: 4,000 generated districts by default, the original 20,433
        with `--source full`.
Expect: after 15 epochs, losses of fit and loop within 1e-6 and weights within 3e-6;
        test MSE 0.18 (residual) and 0.13 (reconstructing), in 36 s of CPU time (2 CPU
        cores; generated data). On the original, with the config: 0.295 and 0.275. The
        book's networks reach 0.40 to 0.42 in 20 to 30 epochs, and 0.331 in 100.
        Both ways do the same arithmetic in graphs of their own, which round on their
        own; Nadam divides by the gradients' size, and so magnifies what a tiny gradient
        loses. After the 7,200 steps of the config the losses differ by up to 0.003, and
        with a tight `--clip 1` after a few hundred.
Run:    python recipes/housing_custom_training.py --epochs 5 --l2 0.01
        or with `--config configs/housing_custom_training.yaml`.
Copy:   this file needs only tfkit and TensorFlow. Of the loop, take `train_by_hand`
        and change what is inside `train_step`; prefer `fit` until you must.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jsonargparse
import keras
import numpy as np
import tensorflow as tf
from keras import ops

import tfkit

register = keras.saving.register_keras_serializable(package="housing")


@dataclass(frozen=True)
class Config:
    """How both models are trained, by both ways.

    Args:
        source: "sample", generated, or "full", the original census.
        data_dir: Folder above `california_housing/`; `$TFKIT_DATA` by default.
        output: Folder that receives the models, the metrics and the plots.
        l2: Factor of the L2 penalty on the first kernel of ResidualRegressor.
        max_norm: Greatest norm of the weights into one unit of that kernel; 0 for none.
        reconstruction: Weight of ReconstructingRegressor's own loss.
        epochs: Passes over the training data.
        batch_size: Districts per step.
        learning_rate: Initial rate of the Nadam optimizer; it falls as a cosine to 0.
        clip: Greatest norm of all gradients of a step together.
        tensorboard: Whether to write logs for TensorBoard to `output/logs`.
        seed: Seed of the weights and the shuffling.
    """

    source: Literal["sample", "full"] = "sample"
    data_dir: str | None = None
    output: str = "runs/housing_custom_training"
    l2: float = 1e-5
    max_norm: float = 3.0
    reconstruction: float = 0.05
    epochs: int = 15
    batch_size: int = 32
    learning_rate: float = 3e-3
    clip: float = 100.0
    tensorboard: bool = False
    seed: int = 42


@register
class ResidualRegressor(keras.Model):
    """A hidden layer, one block four times, another block once, and the output."""

    def __init__(self, output_dim=1, l2=0.0, max_norm=None, **kwargs):
        super().__init__(**kwargs)
        self.output_dim, self.l2, self.max_norm = output_dim, l2, max_norm
        # Named: automatic names count on through a program, so that a reloaded weight
        # would have another path than the one that was saved.
        self.hidden = keras.layers.Dense(
            30,
            activation="elu",
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            kernel_constraint=keras.constraints.MaxNorm(max_norm) if max_norm else None,
            name="hidden",
        )
        self.block1 = tfkit.layers.DenseResidual(30, depth=2, name="block1")
        self.block2 = tfkit.layers.DenseResidual(30, depth=2, name="block2")
        self.out = keras.layers.Dense(output_dim, name="out")

    def build(self, input_shape):
        self.hidden.build(input_shape)
        for layer in (self.block1, self.block2, self.out):
            layer.build((None, 30))

    def call(self, inputs):
        z = self.hidden(inputs)
        for _ in range(4):
            z = self.block1(z)
        return self.out(self.block2(z))

    # Keras derives a config for layers with simple arguments, never for a model.
    def get_config(self):
        return {
            **super().get_config(),
            "output_dim": self.output_dim,
            "l2": self.l2,
            "max_norm": self.max_norm,
        }


@register
class ReconstructingRegressor(keras.Model):
    """Five hidden layers; a second head reconstructs the inputs, as a regulariser."""

    def __init__(self, output_dim=1, reconstruction=0.05, **kwargs):
        super().__init__(**kwargs)
        self.output_dim, self.reconstruction = output_dim, reconstruction
        self.hidden = [
            keras.layers.Dense(
                30, "selu", kernel_initializer="lecun_normal", name=f"hidden_{i}"
            )
            for i in range(5)
        ]
        self.out = keras.layers.Dense(output_dim, name="out")
        # An attribute is enough: `fit` resets and reports it; `add_metric` is gone.
        # Only of the model that is trained, though: inside another model, Keras
        # ignores the metrics of a nested `keras.Model` (not those of a Layer).
        self.error = keras.metrics.Mean(name="reconstruction_error")

    # With a `build` of its own, a model must build EVERY sublayer there. Loading calls
    # `build`, then reads the weights of the layers that have some: one left unbuilt
    # keeps its random initial values, and only a warning about the optimizer shows.
    def build(self, input_shape):
        # The number of inputs is known only here.
        self.reconstruct = keras.layers.Dense(input_shape[-1], name="reconstruct")
        for layer in self.hidden:
            layer.build(input_shape)
            input_shape = (None, 30)
        self.out.build(input_shape)
        self.reconstruct.build(input_shape)

    def call(self, inputs):
        z = inputs
        for layer in self.hidden:
            z = layer(z)
        error = ops.mean(ops.square(self.reconstruct(z) - inputs))
        self.add_loss(self.reconstruction * error)
        self.error.update_state(error)
        return self.out(z)

    def get_config(self):
        return {
            **super().get_config(),
            "output_dim": self.output_dim,
            "reconstruction": self.reconstruction,
        }


def load_data(config):
    """Returns raw `(x, y)` to train, to validate and to test with."""
    train, test = tfkit.datasets.california_housing(config.source, config.data_dir)
    n = len(train[0]) * 3 // 4  # the books' split: 3/4 of 3/4
    return tuple(a[:n] for a in train), tuple(a[n:] for a in train), test


def build_preprocessing(x_train):
    """Standardises; some districts (ski resorts) are 100 deviations off, so clips."""
    standardise = keras.layers.Normalization()
    standardise.adapt(x_train)
    inputs = keras.Input(x_train.shape[1:])
    return keras.Model(inputs, ops.clip(standardise(inputs), -4, 4))


def build_model(config, name, features):
    """Returns a fresh model of that class name, with the weights of the seed."""
    keras.utils.set_random_seed(config.seed)
    if name == "ResidualRegressor":
        model = ResidualRegressor(1, config.l2, config.max_norm)
    else:
        model = ReconstructingRegressor(1, config.reconstruction)
    model.build((None, features))
    return model


def build_optimizer(config, steps, clip):
    """Nadam; one object for each model, since it is bound to its variables."""
    return keras.optimizers.Nadam(
        keras.optimizers.schedules.CosineDecay(config.learning_rate, steps),
        global_clipnorm=clip,
    )


def batches(config, x, y):
    """The batches of all epochs, one after the other; their order hangs on the seed.

    `fit` draws a batch before it starts, to build the model. From a dataset with
    `shuffle(seed=...)` that uses up the order of one epoch (with Keras 3.15, fit's
    second epoch gets the third order), and no loop would see the same batches.
    """

    def epoch(number):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(x)), seed=(tf.cast(config.seed, tf.int64), number)
        )
        indices = tf.data.Dataset.from_tensor_slices(order).batch(config.batch_size)
        return indices.map(lambda i: (tf.gather(x, i), tf.gather(y, i)))

    return tf.data.Dataset.range(config.epochs).flat_map(epoch).prefetch(2)


def train(config, model, training, validation):
    """Trains by `fit`; returns its `{metric: value of each epoch}`."""
    steps = -(-len(training[0]) // config.batch_size)
    model.compile(
        build_optimizer(config, steps * config.epochs, config.clip),
        loss="mse",
        metrics=[keras.metrics.MeanSquaredError(name="mse")],
    )
    logs = f"{config.output}/logs/{model.name}_fit"
    return model.fit(
        batches(config, *training),
        steps_per_epoch=steps,
        epochs=config.epochs,
        validation_data=validation,
        validation_batch_size=config.batch_size,
        shuffle=False,  # `batches` does; Keras warns otherwise
        callbacks=[keras.callbacks.TensorBoard(logs, write_graph=False)]
        if config.tensorboard
        else [],
        verbose=2,
    ).history


def train_by_hand(config, model, training, validation, transform=None):
    """Does what `train` does, in a loop of its own.

    Args:
        config: The `Config`.
        model: The model, built; it need not be compiled.
        training: `(x, y)` to train with.
        validation: `(x, y)` to validate with at the end of each epoch.
        transform: Function from the list of gradients to those to apply. Clips them
            to the norm `config.clip` by default.

    Returns:
        `{metric: value of each epoch}`, as `fit` does.
    """
    steps = -(-len(training[0]) // config.batch_size)
    optimizer = build_optimizer(config, steps * config.epochs, None)
    transform = transform or (lambda g: tf.clip_by_global_norm(g, config.clip)[0])
    loss_function = keras.losses.MeanSquaredError()
    mean_loss = keras.metrics.Mean(name="loss")
    mse = keras.metrics.MeanSquaredError(name="mse")
    # A tf.function may make variables in its first call only: the optimizer's, here.
    optimizer.build(model.trainable_variables)
    metrics = [mean_loss, mse, *model.metrics]  # the last: those tracked inside

    def forward(x, y, training):
        # `training` reaches the layers that behave differently, such as dropout.
        predictions = model(x, training=training)
        # `model.losses`: one scalar for each regulariser and each `add_loss`.
        loss = sum([loss_function(y, predictions), *model.losses])
        # Weighted by its examples, or the small last batch would count for more.
        mean_loss.update_state(loss, sample_weight=tf.shape(x)[0])
        mse.update_state(y, predictions)
        return loss

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = forward(x, y, training=True)
        gradients = tape.gradient(loss, model.trainable_variables)
        # Keras optimizers apply the constraints of the variables themselves. After an
        # update without one: v.assign(v.constraint(v)) where v.constraint is not None.
        optimizer.apply(transform(gradients), model.trainable_variables)

    @tf.function
    def validation_step(x, y):
        forward(x, y, training=False)

    history = {}
    data = iter(batches(config, *training))
    validation = tf.data.Dataset.from_tensor_slices(validation).batch(config.batch_size)
    logs = f"{config.output}/logs/{model.name}_by_hand"
    writer = tf.summary.create_file_writer(logs) if config.tensorboard else None
    for epoch in range(config.epochs):
        results = {}
        for metric in metrics:
            metric.reset_state()
        for step in range(1, steps + 1):
            train_step(*next(data))
            if step % 20 == 0 or step == steps:  # reading a metric waits for the step
                results = {m.name: float(m.result()) for m in metrics}
                status_bar(config, epoch, step, steps, results)
        for metric in metrics:
            metric.reset_state()
        for batch in validation:
            validation_step(*batch)
        results.update({f"val_{m.name}": float(m.result()) for m in metrics})
        status_bar(config, epoch, steps, steps, results, end="\n")
        for name, value in results.items():
            history.setdefault(name, []).append(value)
        if writer:
            with writer.as_default(step=epoch):
                for name, value in results.items():
                    tf.summary.scalar(f"epoch_{name}", value)
    return history


def status_bar(config, epoch, step, steps, results, end=""):
    values = " - ".join(f"{name}: {value:.4f}" for name, value in results.items())
    line = f"epoch {epoch + 1}/{config.epochs} - step {step}/{steps} - {values}"
    print(f"\r{line}", end=end, flush=True)


def evaluate(config, preprocessing, model, test):
    """Saves preprocessing and model as one; tests what the file gives back."""
    inputs = keras.Input(test[0].shape[1:])
    whole = keras.Model(inputs, model(preprocessing(inputs)))
    path = f"{config.output}/{model.name}.keras"
    whole.save(path)
    prediction = keras.models.load_model(path).predict(test[0], verbose=0)
    np.testing.assert_array_equal(prediction, whole.predict(test[0], verbose=0))
    return {"test_mse": round(float(np.mean((prediction[:, 0] - test[1]) ** 2)), 4)}


def main(config):
    """Trains both models both ways and reports how far the two ways differ."""
    keras.utils.set_random_seed(config.seed)
    print(tfkit.datasets.describe("california_housing", config.source))
    training, validation, test = load_data(config)
    Path(config.output).mkdir(parents=True, exist_ok=True)
    preprocessing = build_preprocessing(training[0])
    training, validation = (
        (preprocessing.predict(x, verbose=0), y) for x, y in (training, validation)
    )
    results = {}
    for name in ("ResidualRegressor", "ReconstructingRegressor"):
        features = training[0].shape[1]
        model, twin = (build_model(config, name, features) for _ in range(2))
        print(f"\n{name}, {model.count_params():,} parameters, by fit")
        fitted = train(config, model, training, validation)
        print(f"\n{name}, by hand")
        by_hand = train_by_hand(config, twin, training, validation)
        weights = zip(model.get_weights(), twin.get_weights(), strict=True)
        results[name] = {
            **evaluate(config, preprocessing, model, test),
            "parameters": model.count_params(),
            "greatest_difference_of_weights": max(
                float(np.abs(a - b).max()) for a, b in weights
            ),
            "greatest_difference_of_losses": max(
                float(np.abs(np.subtract(fitted[key], by_hand[key])).max())
                for key in by_hand
            ),
        }
        figure = tfkit.plots.history({"fit": fitted, "by hand": by_hand})
        figure.suptitle(f"{name}: the loop's curves lie on those of fit")
        for line in (line for axes in figure.axes for line in axes.lines):
            if line.get_label().startswith("fit"):
                line.set(linewidth=5, alpha=0.4)
        figure.savefig(f"{config.output}/{name}.png", dpi=120)
    part = Path(config.output) / "metrics.json.part"
    part.write_text(json.dumps(results, indent=2))
    part.replace(part.with_suffix(""))
    print(json.dumps(results, indent=2))
    return results


if __name__ == "__main__":
    main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))
