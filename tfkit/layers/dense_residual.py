"""Dense layers with a shortcut around them."""

import keras

from tfkit._checks import check_positive_int
from tfkit._register import register


@register
class DenseResidual(keras.layers.Layer):
    """A stack of dense layers whose output is added to its input.

    Computes `inputs + dense_depth(...dense_1(inputs))`. The shortcut keeps gradients
    alive in deep stacks. The book calls it `ResidualBlock`.

    Args:
        units: Width of every dense layer, and of the inputs.
        depth: Number of dense layers.
        activation: Activation of every dense layer.
        kernel_initializer: Initializer of every kernel; each kernel gets its own
            draw, unless the initializer carries an integer seed.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape:
        `(batch, ..., units)`

    Output shape:
        Same as the input. A mask is passed on.

    Raises:
        ValueError: The last axis of the inputs is not `units` wide.

    Example:
    >>> layer = tfkit.layers.DenseResidual(30, depth=2)
    >>> layer(keras.ops.ones((2, 30))).shape
    TensorShape([2, 30])

    Reference:
        Hands-On ML (2nd ed.), chapter 12, Custom Models;
        [He et al., 2016](https://arxiv.org/abs/1512.03385)
    """

    def __init__(
        self,
        units,
        depth=2,
        activation="elu",
        kernel_initializer="he_normal",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = int(check_positive_int("units", units))
        self.depth = int(check_positive_int("depth", depth))
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] != self.units:
            raise ValueError(
                "Argument `units` must equal the width of the inputs, which are added "
                f"to the output. Received: units={self.units}, inputs with "
                f"shape={tuple(input_shape)}"
            )
        self.dense = [
            keras.layers.Dense(
                self.units,
                activation=self.activation,
                # One initializer object draws the same values each time it is used.
                kernel_initializer=self.kernel_initializer.clone(),
                dtype=self.dtype_policy,
                name=f"dense_{i}",
            )
            for i in range(self.depth)
        ]
        for dense in self.dense:
            dense.build(input_shape)

    def call(self, inputs):
        outputs = inputs
        for dense in self.dense:
            outputs = dense(outputs)
        return inputs + outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "depth": self.depth,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
