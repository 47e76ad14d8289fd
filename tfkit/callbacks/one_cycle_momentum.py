"""Momentum that mirrors a one-cycle learning rate."""

import keras
import tensorflow as tf
from keras import ops

from tfkit._checks import check_unit_interval
from tfkit.callbacks._temporary import TemporaryChange


class OneCycleMomentum(keras.callbacks.Callback):
    """Lowers the momentum while the learning rate is high.

    The momentum falls from `max_momentum` to `min_momentum` while the rate climbs to
    its peak, rises again while it returns, and stays at `max_momentum` in the final
    drop:

        momentum = max_momentum - (max_momentum - min_momentum) * height
        height   = (rate - start_rate) / (max_rate - start_rate), within 0 and 1

    It takes the place of `momentum` in SGD and RMSprop, of `beta_1` in Adam and its
    kin. It is computed inside the training step from the optimizer's count of
    iterations: it holds for every step with `steps_per_execution`, under XLA and loss
    scaling, and in a run that `BackupAndRestore` resumes. `fit` compiles its training
    step anew for it, and once more when `fit` is next called without it. Outside the
    step the optimizer keeps its plain number, so that checkpoints and the trained
    model save as usual; an interrupted `fit` leaves nothing behind either.

    Adam corrects its bias as if `beta_1` had always been what it is now, as in PyTorch.

    Args:
        schedule: The `schedules.OneCycle` with which the optimizer was made.
        max_momentum: Momentum at the start and at the end of the cycle.
        min_momentum: Momentum at the peak of the learning rate.

    Raises:
        TypeError: `schedule` is no one-cycle schedule, or the optimizer has no
            momentum.
        ValueError: A momentum is not between 0 and 1, `min_momentum` is above
            `max_momentum`, or the optimizer was made with a momentum of 0.

    Example:
    >>> rate = tfkit.schedules.OneCycle(0.1, steps=40)
    >>> momentum = tfkit.callbacks.OneCycleMomentum(rate)
    >>> [round(float(momentum.at(step)), 3) for step in (0, 18, 36, 40)]
    [0.95, 0.85, 0.95, 0.95]
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(rate, momentum=0.95), loss="mse")
    >>> x = np.linspace(-1, 1, 80)[:, None]
    >>> run = model.fit(x, 2 * x, epochs=20, batch_size=40, verbose=0,
    ...                 callbacks=[momentum])
    >>> run.history["loss"][-1] < run.history["loss"][0]
    True

    Reference:
        [Smith, 2018](https://arxiv.org/abs/1803.09820); Hands-On ML (2nd ed.),
        chapter 11, exercise 8
    """

    def __init__(self, schedule, max_momentum=0.95, min_momentum=0.85):
        super().__init__()
        if not (hasattr(schedule, "start_rate") and hasattr(schedule, "max_rate")):
            raise TypeError(
                "Argument `schedule` must be a `tfkit.schedules.OneCycle`. "
                f"Received: {schedule!r}"
            )
        self.schedule = schedule
        self.max_momentum = float(check_unit_interval("max_momentum", max_momentum))
        self.min_momentum = float(check_unit_interval("min_momentum", min_momentum))
        if self.min_momentum > self.max_momentum:
            raise ValueError(
                "Argument `min_momentum` must be at most `max_momentum`. Received: "
                f"min_momentum={min_momentum}, max_momentum={max_momentum}"
            )
        self._change = None

    def at(self, step):
        """Returns the momentum at optimizer step `step`, as a float32 tensor."""
        low, high = self.schedule.start_rate, self.schedule.max_rate
        height = ops.clip((self.schedule(step) - low) / (high - low), 0, 1)
        return self.max_momentum - (self.max_momentum - self.min_momentum) * height

    def on_train_begin(self, logs=None):
        model = self.model
        # Under loss scaling, the optimizer with the momentum is the inner one.
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        name, number = _momentum(optimizer)
        accumulated = optimizer.gradient_accumulation_steps or 1
        train_step = model.train_step
        own_step = vars(model).get("train_step")

        def step(data):
            # Keras bakes the number into the graph: it has to be another one only
            # while the step is traced. Weights change at the last of the accumulated
            # steps, which is the one whose learning rate counts.
            now = ops.cast(optimizer.iterations, "int64") * accumulated
            tensor = self.at(now + (accumulated - 1))
            setattr(optimizer, name, _Traced(number, tensor))
            try:
                return train_step(data)
            finally:
                setattr(optimizer, name, number)

        def undo():
            if own_step is None:
                vars(model).pop("train_step", None)
            else:
                model.train_step = own_step

        model.train_step = step
        model.make_train_function(force=True)
        self._change = TemporaryChange(model, undo, retrace=True)

    def on_train_end(self, logs=None):
        self._change.end()


class _Traced(float):
    """A number to Python (`momentum > 0`, JSON), a tensor to every computation."""

    def __new__(cls, number, tensor):
        self = super().__new__(cls, number)
        self.tensor = tensor
        return self

    @property
    def dtype(self):
        return self.tensor.dtype.name

    def __tf_tensor__(self, dtype=None, name=None):
        return tf.cast(self.tensor, dtype or self.tensor.dtype, name=name)

    def __add__(self, other):
        return ops.add(self.tensor, other)

    def __sub__(self, other):
        return ops.subtract(self.tensor, other)

    def __rsub__(self, other):
        return ops.subtract(other, self.tensor)

    def __mul__(self, other):
        return ops.multiply(self.tensor, other)

    def __truediv__(self, other):
        return ops.divide(self.tensor, other)

    def __rtruediv__(self, other):
        return ops.divide(other, self.tensor)

    def __pow__(self, other):
        return ops.power(self.tensor, other)

    def __neg__(self):
        return ops.negative(self.tensor)

    __radd__ = __add__
    __rmul__ = __mul__


def _momentum(optimizer):
    """Returns the name and value of what plays the part of momentum."""
    for name in ("momentum", "beta_1"):
        number = getattr(optimizer, name, None)
        if number:
            return name, number
        if number is not None:
            raise ValueError(
                "The optimizer must be made with a momentum above 0, such as "
                f"SGD(rate, momentum=0.95). Received: {name}={number}"
            )
    raise TypeError(
        "The optimizer must have a `momentum` or a `beta_1`. "
        f"Received: {type(optimizer).__name__}"
    )
