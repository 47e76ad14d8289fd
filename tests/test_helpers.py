"""The contract helpers bite: each broken component is refused, its twin passes.

Every broken class differs from a correct one in one method, so that nothing but the
fault can be what is caught. Where Keras itself refuses, its error is the proof.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tests.helpers import (
    check_config,
    check_layer,
    check_loss,
    check_metric,
    check_model,
)
from tfkit._register import register

X = np.array([[0.5, -1.0], [2.0, 0.25]], "float32")  # (batch, features)
SEQUENCE = np.array([[[1.0], [2.0], [3.0]], [[4.0], [0.5], [6.0]]], "float32")


# Layers ------------------------------------------------------------------------------


@register
class SoundLayer(keras.layers.Layer):
    """A dense layer plus a shift."""

    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.dense = keras.layers.Dense(
            self.units, dtype=self.dtype_policy, name="dense"
        )
        self.dense.build(input_shape)
        self.shift = self.add_weight(name="shift", shape=(self.units,))

    def call(self, inputs):
        return self.dense(inputs) + self.shift

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class UnregisteredLayer(SoundLayer):
    pass


@register
class ForgetfulLayer(SoundLayer):
    def get_config(self):
        config = super().get_config()
        del config["units"]
        return config


@register
class ChangedConfigLayer(SoundLayer):
    def get_config(self):
        return {**super().get_config(), "units": self.units + 1}


@register
class PolicyIgnoringLayer(SoundLayer):
    def build(self, input_shape):
        self.dense = keras.layers.Dense(self.units, dtype="float32", name="dense")
        self.dense.build(input_shape)
        self.shift = self.add_weight(name="shift", shape=(self.units,))

    def call(self, inputs):  # the output alone would not show it
        return ops.cast(self.dense(inputs), self.compute_dtype) + self.shift


@register
class UnbuiltSublayer(SoundLayer):
    def build(self, input_shape):
        self.dense = keras.layers.Dense(
            self.units, dtype=self.dtype_policy, name="dense"
        )
        self.shift = self.add_weight(name="shift", shape=(self.units,))


@register
class BuildlessLayer(keras.layers.Layer):
    """Sublayers made in `__init__` and left to be built by the first call."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(2, name="dense")

    def call(self, inputs):
        return self.dense(inputs)


@register
class WeightsInCall(keras.layers.Layer):
    def call(self, inputs):
        if not hasattr(self, "kernel"):
            self.kernel = self.add_weight(name="kernel", shape=(inputs.shape[-1], 2))
        return inputs @ self.kernel


@register
class CutGradientLayer(SoundLayer):
    def call(self, inputs):
        return self.dense(inputs) + ops.stop_gradient(self.shift)


@register
class OverflowingLayer(SoundLayer):
    def call(self, inputs):
        return ops.log(ops.exp(super().call(inputs)) + 1)


@register
class NanGradientLayer(SoundLayer):
    """The value is right; at 0 the gradient of the norm is 0 / 0."""

    def call(self, inputs):
        norm = ops.sqrt(ops.sum(ops.square(inputs), axis=-1, keepdims=True))
        return super().call(inputs) + norm


@register
class EagerOnlyLayer(SoundLayer):
    def call(self, inputs):
        scale = 1.0 if tf.executing_eagerly() else 1.01
        return super().call(inputs) * scale


@register
class KnownBatchLayer(SoundLayer):
    def call(self, inputs):
        return ops.reshape(super().call(inputs), (inputs.shape[0] * self.units,))


@register
class FixedBatchLayer(SoundLayer):
    """Works with every batch size in eager mode, and keeps the first in a graph."""

    def call(self, inputs):
        rows = inputs.shape[0] or 2
        return ops.slice(super().call(inputs), (0, 0), (rows, self.units))


@register
class WrongShapeLayer(SoundLayer):
    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units + 1)


@register
class ConstantNoiseLayer(SoundLayer):
    """NumPy runs once, when the graph is traced."""

    def call(self, inputs):
        return super().call(inputs) + np.random.rand()  # noqa: NPY002


@register
class HalfBlindLayer(SoundLayer):
    """A constant of a fixed dtype: an error with float16 and float64 inputs."""

    def call(self, inputs):
        return super().call(inputs) * tf.constant(1.0)


@register
class UnnamedSublayer(SoundLayer):
    """Keras numbers it anew when the file is loaded: no path of a weight is stable."""

    def build(self, input_shape):
        self.dense = keras.layers.Dense(self.units, dtype=self.dtype_policy)
        self.dense.build(input_shape)
        self.shift = self.add_weight(name="shift", shape=(self.units,))


BROKEN_LAYERS = {
    UnregisteredLayer: "not registered",
    ForgetfulLayer: "`get_config` omits `units`",
    ChangedConfigLayer: "the config changes",
    PolicyIgnoringLayer: "dense ignores mixed_float16",
    UnbuiltSublayer: "does not make all",
    BuildlessLayer: "does not make all|unbuilt",
    WeightsInCall: "cannot add new elements",
    CutGradientLayer: "no gradient reaches .*shift",
    OverflowingLayer: "output at scale 10000.0 is not finite",
    NanGradientLayer: "bad gradient at .*, scale 0.0",
    EagerOnlyLayer: "Not equal to tolerance",
    KnownBatchLayer: "unsupported operand|NoneType",
    FixedBatchLayer: "inferred shape",
    WrongShapeLayer: "inferred shape",
    ConstantNoiseLayer: "Not equal to tolerance",
    HalfBlindLayer: "must have the same type|expected to be|float",
    UnnamedSublayer: "name the sublayers",
}
KERAS_ERRORS = (TypeError, ValueError, RuntimeError, tf.errors.OpError)


def test_sound_layer_passes():
    check_layer(SoundLayer, X, shape=(2, 2), weights=3)


@pytest.mark.parametrize("broken", BROKEN_LAYERS, ids=lambda c: c.__name__)
def test_broken_layer_is_caught(broken):
    weights = {WeightsInCall: 1, BuildlessLayer: 2}.get(broken, 3)
    shape = (4,) if broken is KnownBatchLayer else (2, 2)
    with pytest.raises((AssertionError, *KERAS_ERRORS), match=BROKEN_LAYERS[broken]):
        check_layer(broken, X, shape=shape, weights=weights)


@register
class MaskPasser(keras.layers.Layer):
    """Treats each step alike."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return inputs * 2


@register
class MaskDropper(MaskPasser):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = False


@register
class MaskUser(keras.layers.Layer):
    """Sums the steps that the mask leaves."""

    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = inputs * ops.cast(ops.expand_dims(mask, -1), inputs.dtype)
        return ops.sum(inputs, axis=1)

    def compute_mask(self, inputs, previous_mask=None):
        return None


@register
class MaskIgnorer(MaskUser):
    def call(self, inputs, mask=None):
        return ops.sum(inputs, axis=1)


@register
class MaskKeeper(MaskUser):
    """Hands on a mask that no longer fits: there is no time axis any more."""

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask


def test_layers_that_treat_masks_right_pass():
    check_layer(MaskPasser, SEQUENCE, shape=(2, 3, 1), mask="passes")
    check_layer(MaskUser, SEQUENCE, shape=(2, 1), mask="stops")


@pytest.mark.parametrize(
    ("broken", "mask", "message"),
    [
        (MaskDropper, "passes", "mask handed on: False"),
        (MaskIgnorer, "stops", "Not equal to tolerance"),
        (MaskKeeper, "stops", "mask handed on: True"),
    ],
)
def test_layer_that_treats_masks_wrong_is_caught(broken, mask, message):
    shape = (2, 3, 1) if mask == "passes" else (2, 1)
    with pytest.raises(AssertionError, match=message):
        check_layer(broken, SEQUENCE, shape=shape, mask=mask)


# Losses ------------------------------------------------------------------------------

Y_TRUE = np.array([1.0, 2.0, 4.0, 0.0], "float32")
Y_PRED = np.array([[0.5], [2.0], [1.0], [1.0]], "float32")
SQUARES = np.array([0.25, 0.0, 9.0, 1.0], "float32")


@register
class SoundLoss(keras.losses.Loss):
    """Squared error, times a factor."""

    def __init__(self, factor=1.0, name="sound", **kwargs):
        super().__init__(name=name, **kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        error = ops.reshape(y_true, ops.shape(y_pred)) - y_pred
        return self.factor * ops.mean(ops.square(error), axis=-1)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@register
class BatchMeanLoss(SoundLoss):
    def call(self, y_true, y_pred):
        return ops.mean(super().call(y_true, y_pred))


@register
class BroadcastingLoss(SoundLoss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


@register
class NumpyLoss(SoundLoss):
    def call(self, y_true, y_pred):
        error = np.reshape(y_true, np.shape(y_pred)) - y_pred
        return ops.mean(np.square(error), axis=-1)


@register
class WeightIgnoringLoss(SoundLoss):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)


@register
class ConstantLoss(SoundLoss):
    def call(self, y_true, y_pred):
        return ops.stop_gradient(super().call(y_true, y_pred))


@register
class RootLoss(SoundLoss):
    """The root of the square, whose gradient at 0 is 0 * inf."""

    def call(self, y_true, y_pred):
        return ops.sqrt(super().call(y_true, y_pred))


@register
class ForgetfulLoss(SoundLoss):
    def get_config(self):
        return keras.losses.Loss.get_config(self)


BROKEN_LOSSES = {
    BatchMeanLoss: "not one loss per example",
    BroadcastingLoss: "Not equal to tolerance",
    NumpyLoss: "symbolic|NumPy|numpy|gradient",
    WeightIgnoringLoss: "Not equal to tolerance",
    ConstantLoss: "no gradient",
    RootLoss: "gradient at scale",
    ForgetfulLoss: "`get_config` omits `factor`",
}


def test_sound_loss_passes():
    check_loss(SoundLoss(), Y_TRUE, Y_PRED, SQUARES)
    check_loss(SoundLoss(2.0), Y_TRUE[:, None], Y_PRED, 2 * SQUARES)


@pytest.mark.parametrize("broken", BROKEN_LOSSES, ids=lambda c: c.__name__)
def test_broken_loss_is_caught(broken):
    # Labels of shape (n, 1) are given: that (n,) broadcasts, the helper must find.
    expected = np.sqrt(SQUARES) if broken is RootLoss else SQUARES
    with pytest.raises((AssertionError, *KERAS_ERRORS), match=BROKEN_LOSSES[broken]):
        check_loss(broken(), Y_TRUE[:, None], Y_PRED, expected)


# Metrics -----------------------------------------------------------------------------

BATCHES = [(Y_TRUE[:2], Y_PRED[:2]), (Y_TRUE[2:], Y_PRED[2:])]  # of equal size


@register
class SoundMetric(keras.metrics.Metric):
    """Mean squared error, weighted."""

    def __init__(self, name="sound", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def errors(self, y_true, y_pred):
        y_pred = ops.cast(y_pred, self.dtype)
        y_true = ops.reshape(ops.cast(y_true, self.dtype), ops.shape(y_pred))
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = self.errors(y_true, y_pred)
        weight = ops.ones_like(errors) if sample_weight is None else sample_weight
        weight = ops.cast(weight, self.dtype)
        self.total.assign_add(ops.sum(errors * weight))
        self.count.assign_add(ops.sum(weight))

    def result(self):
        return ops.divide_no_nan(self.total, self.count)


@register
class MeanOfMeansMetric(SoundMetric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = self.errors(y_true, y_pred)
        weight = ops.ones_like(errors) if sample_weight is None else sample_weight
        weight = ops.cast(weight, self.dtype)
        self.total.assign_add(ops.sum(errors * weight) / ops.sum(weight))
        self.count.assign_add(1)


@register
class ResetlessMetric(SoundMetric):
    """Twice the same data have the same mean: only other data can tell."""

    def reset_state(self):
        pass


@register
class WeightIgnoringMetric(SoundMetric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, y_pred)


@register
class BroadcastingMetric(SoundMetric):
    def errors(self, y_true, y_pred):
        y_pred = ops.cast(y_pred, self.dtype)
        return ops.mean(ops.square(ops.cast(y_true, self.dtype) - y_pred), axis=-1)


@register
class NanWithoutDataMetric(SoundMetric):
    def result(self):
        return self.total / self.count


@register
class PythonStateMetric(SoundMetric):
    """A Python attribute: in a graph it is added to once, when traced."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = 0.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, y_pred, sample_weight)
        self.seen = ops.convert_to_numpy(self.count)

    def result(self):
        return ops.divide_no_nan(self.total, self.seen)


BROKEN_METRICS = {
    MeanOfMeansMetric: "Not equal to tolerance",
    ResetlessMetric: "Not equal to tolerance",
    WeightIgnoringMetric: "Not equal to tolerance",
    BroadcastingMetric: "Not equal to tolerance",
    NanWithoutDataMetric: "no data",
    PythonStateMetric: "Not equal to tolerance|symbolic|numpy",
}


def test_sound_metric_passes():
    check_metric(SoundMetric, BATCHES, SQUARES.mean())


@pytest.mark.parametrize("broken", BROKEN_METRICS, ids=lambda c: c.__name__)
def test_broken_metric_is_caught(broken):
    with pytest.raises((AssertionError, *KERAS_ERRORS), match=BROKEN_METRICS[broken]):
        check_metric(broken, BATCHES, SQUARES.mean())


# Models ------------------------------------------------------------------------------


@register
class SoundModel(keras.Model):
    """The book's ReconstructingRegressor in small, with a `build` that is complete."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = keras.layers.Dense(3, activation="tanh", name="hidden")
        self.out = keras.layers.Dense(1, name="out")

    def build(self, input_shape):
        self.reconstruct = keras.layers.Dense(input_shape[-1], name="reconstruct")
        self.hidden.build(input_shape)
        self.out.build((None, 3))
        self.reconstruct.build((None, 3))

    def call(self, inputs):
        hidden = self.hidden(inputs)
        self.add_loss(ops.mean(ops.square(self.reconstruct(hidden) - inputs)))
        return self.out(hidden)

    def get_config(self):
        return super().get_config()


@register
class WeightLosingModel(SoundModel):
    """As printed in the book."""

    def build(self, input_shape):
        self.reconstruct = keras.layers.Dense(input_shape[-1], name="reconstruct")
        super(SoundModel, self).build(input_shape)


@register
class PartlyBuiltModel(SoundModel):
    """One layer is left to the first call: the file's weights of it are not read."""

    def build(self, input_shape):
        self.reconstruct = keras.layers.Dense(input_shape[-1], name="reconstruct")
        self.hidden.build(input_shape)
        self.reconstruct.build((None, 3))


class ConfiglessModel(SoundModel):
    get_config = keras.Model.get_config

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)


@register
class UntrainedModel(SoundModel):
    def call(self, inputs):
        hidden = self.hidden(inputs)
        self.add_loss(ops.mean(ops.square(self.reconstruct(hidden) - inputs)))
        return ops.stop_gradient(self.out(hidden))


@register
class UnregularisedModel(SoundModel):
    """The reconstructing layer is there, but nothing trains it."""

    def call(self, inputs):
        self.reconstruct(self.hidden(inputs))
        return self.out(self.hidden(inputs))


BROKEN_MODELS = {
    WeightLosingModel: "weights are lost",
    PartlyBuiltModel: "weights are lost",
    ConfiglessModel: "get_config",
    UntrainedModel: "out/.* did not train",
    UnregularisedModel: "reconstruct/.* did not train",
}


def test_sound_model_passes():
    check_model(SoundModel, X, outputs=(2, 1), params=21, y=np.ones((2, 1)))


@pytest.mark.parametrize("broken", BROKEN_MODELS, ids=lambda c: c.__name__)
def test_broken_model_is_caught(broken):
    create = (lambda: broken(3)) if broken is ConfiglessModel else broken
    with pytest.raises(
        (AssertionError, NotImplementedError, *KERAS_ERRORS),
        match=BROKEN_MODELS[broken],
    ):
        check_model(create, X, outputs=(2, 1), params=21, y=np.ones((2, 1)))


def test_wrong_figures_are_caught():
    with pytest.raises(AssertionError, match="got shape"):
        check_layer(SoundLayer, X, shape=(2, 3), weights=3)
    with pytest.raises(AssertionError):
        check_layer(SoundLayer, X, shape=(2, 2), weights=4)
    with pytest.raises(AssertionError, match="got 21 parameters"):
        check_model(SoundModel, X, outputs=(2, 1), params=20)
    with pytest.raises(AssertionError, match="Not equal"):
        check_loss(SoundLoss(), Y_TRUE, Y_PRED, SQUARES + 0.1)
    with pytest.raises(AssertionError, match="Not equal"):
        check_metric(SoundMetric, BATCHES, SQUARES.mean() + 0.1)
    with pytest.raises(AssertionError, match="not registered"):
        check_config(UnregisteredLayer())
