"""Gated activation unit of WaveNet."""

import keras
from keras import ops

from tfkit._register import register


@register
class GatedActivation(keras.layers.Layer):
    """Multiplies one half of the channels by a gate computed from the other half.

    `activation(first half) * sigmoid(second half)`. Without weights: a dense or
    convolutional layer of twice the channels stands before it.

    Args:
        activation: Activation of the first half.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape:
        `(..., 2 * channels)`

    Output shape:
        `(..., channels)`

    Raises:
        ValueError: The number of channels is not even.

    Example:
    >>> gate = tfkit.layers.GatedActivation()
    >>> gate(np.array([[[1.0, 0.0]]])).numpy().round(3)  # tanh(1) * sigmoid(0)
    array([[[0.381]]], dtype=float32)

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "WaveNet";
        [van den Oord et al., 2016](https://arxiv.org/abs/1609.03499), equation 2
    """

    def __init__(self, activation="tanh", **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.supports_masking = True

    def build(self, input_shape):
        if not input_shape[-1] or input_shape[-1] % 2:
            raise ValueError(
                "Argument `inputs` must have an even number of channels. "
                f"Received: inputs with shape={tuple(input_shape)}"
            )

    def call(self, inputs):
        signal, gate = ops.split(inputs, 2, axis=-1)
        return self.activation(signal) * ops.sigmoid(gate)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // 2)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
        }
