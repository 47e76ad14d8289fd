"""Learning-rate range test."""

import math
import warnings

import keras
import numpy as np

from tfkit._checks import check_number, check_positive, check_positive_int
from tfkit._optional import require
from tfkit.callbacks._temporary import TemporaryChange


class RateFinder(keras.callbacks.Callback):
    """Finds a learning rate: raises it step by step until the loss diverges.

    Give it to `fit`. Step `i` trains with `min_rate * (max_rate / min_rate) ** (i /
    (steps - 1))`; after `steps` steps, or when the smoothed loss exceeds `divergence`
    times its lowest value or is no longer finite, it stops `fit` and puts back the
    weights, the optimizer's state (its learning rate included) and the seeds of
    dropout. They are also put back when `fit` is interrupted within a training step;
    when it is interrupted between two steps, by `restore()` or the next training call.

    `suggestion` is a tenth of the rate at which the smoothed loss was lowest: near
    that rate training is at the edge of divergence, and ten times less is the usual
    safe choice (the books', and fast.ai's "minimum over 10").

    Args:
        min_rate: First learning rate.
        max_rate: Last learning rate.
        steps: Number of rates. Each is used for one training step (one execution, if
            the model was compiled with `steps_per_execution`).
        smoothing: Weight of the past in the exponential moving average of the loss,
            from 0 (none) to below 1; corrected for its start at zero.
        divergence: Factor, above 1, of the lowest smoothed loss that ends the test.

    Attributes:
        history: Dict of three lists, one value a step: "rate", "loss" (of the step's
            batch, in the units of the compiled loss) and "smoothed".
        suggestion: Suggested learning rate, a float.

    Raises:
        ValueError: An argument is out of range; the model was compiled with a
            learning-rate schedule, or `fit` has fewer steps than `steps` (both before
            the first step); the first loss is not finite; the loss never fell
            (on reading `suggestion`).
        TypeError: An argument is not a number, or the optimizer has no single rate.

    Example:
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(), loss="mse")
    >>> x = np.linspace(-1, 1, 100)[:, None]
    >>> finder = tfkit.callbacks.RateFinder(1e-4, 100, steps=60)
    >>> run = model.fit(x, 2 * x, batch_size=50, epochs=30, verbose=0,
    ...                 callbacks=[finder])
    >>> 0.01 < finder.suggestion < 1
    True

    Reference:
        [Smith, 2017](https://arxiv.org/abs/1506.01186); Hands-On ML (2nd ed.),
        chapter 11, exercise 8
    """

    def __init__(
        self, min_rate=1e-6, max_rate=10.0, steps=100, smoothing=0.9, divergence=4.0
    ):
        super().__init__()
        self.min_rate = float(check_positive("min_rate", min_rate))
        self.max_rate = float(check_positive("max_rate", max_rate))
        if self.max_rate <= self.min_rate:
            raise ValueError(
                "Argument `max_rate` must be greater than `min_rate`. "
                f"Received: max_rate={max_rate}, min_rate={min_rate}"
            )
        self.steps = int(check_positive_int("steps", steps))
        if self.steps < 3:
            raise ValueError(
                f"Argument `steps` must be at least 3. Received: steps={steps}"
            )
        self.smoothing = float(check_number("smoothing", smoothing))
        if not 0 <= self.smoothing < 1:
            raise ValueError(
                "Argument `smoothing` must be at least 0 and less than 1. "
                f"Received: smoothing={smoothing}"
            )
        self.divergence = float(check_number("divergence", divergence))
        if not self.divergence > 1:
            raise ValueError(
                "Argument `divergence` must be greater than 1. "
                f"Received: divergence={divergence}"
            )
        self.history = {"rate": [], "loss": [], "smoothed": []}
        self._change = None

    @property
    def suggestion(self):
        smoothed = self._tested()["smoothed"]
        lowest = int(np.argmin(smoothed))
        if lowest == 0:
            raise ValueError(
                "The loss never fell below its first value: lower `min_rate`. "
                f"Received: min_rate={self.min_rate}, smoothed loss from "
                f"{smoothed[0]:.4g} to {smoothed[-1]:.4g}"
            )
        if lowest == self.steps - 1:
            warnings.warn(
                "The loss was still falling at the last rate: the suggestion may be "
                f"too low, raise `max_rate`. Received: max_rate={self.max_rate}",
                stacklevel=2,
            )
        return self.history["rate"][lowest] / 10

    def plot(self):
        """Draws the loss against the rate, with the suggestion marked.

        Returns:
            A `matplotlib.figure.Figure`, neither shown nor saved. The rate has a
            logarithmic axis; losses of the final divergence are cut off.
        """
        history = self._tested()
        figure = require("matplotlib.figure", "recipes").Figure(
            figsize=(6, 4), layout="constrained"
        )
        axes = figure.subplots()
        axes.semilogx(history["rate"], history["loss"], alpha=0.4, label="batch")
        axes.semilogx(history["rate"], history["smoothed"], label="smoothed")
        low, start = min(history["smoothed"]), history["smoothed"][0]
        if start > low:
            margin = 0.5 * (start - low)
            axes.set_ylim(low - margin, start + 2 * margin)
            suggestion = self.suggestion
            axes.axvline(suggestion, color="gray", linestyle="--")
            axes.set_title(f"suggested learning rate: {suggestion:.2g}")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.grid(alpha=0.3)
        axes.legend()
        return figure

    def restore(self):
        """Puts the model back as it was; without effect when that has happened."""
        if self._change is not None:
            self._change.end()

    def on_train_begin(self, logs=None):
        model, optimizer = self.model, self.model.optimizer
        try:
            rate = optimizer.learning_rate
        except AttributeError as error:
            raise TypeError(
                "The optimizer must have a single learning rate. "
                f"Received: {type(optimizer).__name__}"
            ) from error
        if not isinstance(rate, keras.Variable):
            raise ValueError(
                "The model must be compiled with a number as learning rate, which the "
                "test can change; set the schedule after the test. Received: "
                f"learning_rate={optimizer.get_config()['learning_rate']}"
            )
        epochs, batches = self.params["epochs"], self.params["steps"]
        if batches is not None:
            executions = epochs * -(-batches // model.steps_per_execution)
            if executions < self.steps:
                raise ValueError(
                    "Argument `steps` must be at most the steps of `fit`: lower it or "
                    f"raise `epochs`. Received: steps={self.steps}, "
                    f"{executions} steps in {epochs} epochs"
                )
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        self.history = {"rate": [], "loss": [], "smoothed": []}
        self._average, self._finished = 0.0, False
        state = [
            (variable, variable.numpy())
            for variable in model.variables + optimizer.variables
        ]

        def undo():
            for variable, value in state:
                variable.assign(value)

        self._undo = undo
        self._change = TemporaryChange(model, undo, retrace=False)

    def on_train_batch_begin(self, batch, logs=None):
        done = len(self.history["rate"]) / (self.steps - 1)
        self._rate = self.min_rate * (self.max_rate / self.min_rate) ** done
        self.model.optimizer.learning_rate = self._rate
        # `logs` holds means since the last reset, not the values of the batch.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        finite = math.isfinite(loss)
        smoothed = self.history["smoothed"]
        if finite:
            past = self.smoothing
            self._average = past * self._average + (1 - past) * loss
            self.history["rate"].append(self._rate)
            self.history["loss"].append(loss)
            smoothed.append(self._average / (1 - past ** len(self.history["loss"])))
        elif not smoothed:
            self.restore()
            raise ValueError(
                "The loss must be finite in the first step: check the data for NaN, "
                "and the model, or lower `min_rate`. "
                f"Received: loss={loss} at rate={self._rate}"
            )
        best = min(smoothed)
        # Losses may be negative: the bound lies above the best value in any case.
        bound = best + (self.divergence - 1) * abs(best)
        if not finite or smoothed[-1] > bound or len(smoothed) == self.steps:
            self._finished = True
            self.model.stop_training = True
            self.restore()  # before `fit` validates

    def on_train_end(self, logs=None):
        self.restore()
        # An optimizer with `use_ema` has overwritten the weights in the meantime.
        self._undo()
        self._undo = self._change = None  # the copy of the weights
        if not self._finished:
            raise ValueError(
                "Argument `steps` must be at most the steps of `fit`: lower it or "
                f"raise `epochs`. Received: steps={self.steps}, "
                f"{len(self.history['rate'])} steps trained"
            )

    def _tested(self):
        if not self.history["smoothed"]:
            raise ValueError(
                "The range test must run first: `model.fit(..., callbacks=[finder])`. "
                "Received: 0 steps"
            )
        return self.history
