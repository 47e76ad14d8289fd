"""Residual block of WaveNet."""

import keras
from keras import ops

from tfkit._checks import check_positive_int, check_rank
from tfkit._register import register
from tfkit.layers.gated_activation import GatedActivation


@register
class WaveNetBlock(keras.layers.Layer):
    """Gated, dilated, causal convolution with a residual and a skip output.

    `z = pointwise(tanh(a) * sigmoid(b))` with `a, b` the halves of a causal
    convolution of the input; the outputs are `inputs + z`, for the next block, and `z`,
    which the head of the network sums over all blocks. Step `t` sees the inputs
    `t, t - dilation_rate, ..., t - (kernel_size - 1) * dilation_rate` and none later.

    Masked steps count as the zeros that causal convolutions put before the start, so
    that padding, behind or in front, changes no other step; the mask is handed on.

    Args:
        filters: Channels of the input and of both outputs.
        kernel_size: Steps that the convolution sees.
        dilation_rate: Distance between these steps.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, filters)`.
        mask: Boolean tensor of shape `(batch, time)`, True at steps that count.

    Returns:
        `(residual, skip)`, each of shape `(batch, time, filters)`.

    Raises:
        TypeError: An argument is no integer.
        ValueError: An argument is below 1, or the input has other than `filters`
            channels or three axes.

    Example:
    >>> block = tfkit.layers.WaveNetBlock(8, dilation_rate=4)
    >>> residual, skip = block(np.ones((2, 50, 8), "float32"))
    >>> residual.shape, skip.shape
    (TensorShape([2, 50, 8]), TensorShape([2, 50, 8]))

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "WaveNet", footnote 14;
        [van den Oord et al., 2016](https://arxiv.org/abs/1609.03499), section 2.4
    """

    def __init__(self, filters, kernel_size=2, dilation_rate=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = check_positive_int("filters", filters)
        self.kernel_size = check_positive_int("kernel_size", kernel_size)
        self.dilation_rate = check_positive_int("dilation_rate", dilation_rate)
        self.supports_masking = True

    def build(self, input_shape):
        check_rank("inputs", input_shape, 3)
        if input_shape[-1] != self.filters:
            raise ValueError(
                f"Argument `inputs` must have {self.filters} channels, as many as "
                "`filters`, since they are added to the result. "
                f"Received: inputs with shape={tuple(input_shape)}"
            )
        self.convolution = keras.layers.Conv1D(
            2 * self.filters,
            self.kernel_size,
            padding="causal",
            dilation_rate=self.dilation_rate,
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.gate = GatedActivation(dtype=self.dtype_policy, name="gate")
        self.pointwise = keras.layers.Conv1D(
            self.filters, 1, dtype=self.dtype_policy, name="pointwise"
        )
        self.convolution.build(input_shape)
        self.gate.build((*input_shape[:-1], 2 * self.filters))
        self.pointwise.build(input_shape)

    def call(self, inputs, mask=None):
        seen = inputs
        if mask is not None:
            keep = ops.cast(mask, "bool")[..., None]
            seen = ops.where(keep, inputs, ops.zeros_like(inputs))
        skip = self.pointwise(self.gate(self.convolution(seen)))
        return inputs + skip, skip

    def compute_mask(self, inputs, previous_mask=None):
        return [previous_mask, previous_mask]

    def compute_output_shape(self, input_shape):
        return input_shape, input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dilation_rate": self.dilation_rate,
        }
