"""Sinusoidal positions, added to a sequence of vectors."""

import keras
import numpy as np
from keras import ops

from tfkit._checks import check_rank
from tfkit._register import register


@register
class PositionalEncoding(keras.layers.Layer):
    """Adds to each vector of a sequence a fixed code of its position.

    Component 2i of the code of position p is sin(p / 10000^(2i/d)), component 2i + 1
    the cosine of the same angle, d being the number of features (odd or even). It is
    computed for the positions that come, so there is no longest sequence, and the layer
    has no weights. The mask of the input is handed on.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, features)`.
        position: Position of the first step, an integer or a scalar tensor: 0 unless
            a sequence is fed in parts, as in decoding with a cache.

    Output shape:
        Same as the input.

    Raises:
        ValueError: The input has no time axis.

    Example:
    >>> layer = tfkit.layers.PositionalEncoding()
    >>> layer(keras.ops.zeros((1, 2, 4))).numpy().round(3)
    array([[[0.   , 1.   , 0.   , 1.   ],
            [0.841, 0.54 , 0.01 , 1.   ]]], dtype=float32)
    >>> layer(keras.ops.zeros((1, 1, 4)), position=1).numpy().round(3)
    array([[[0.841, 0.54 , 0.01 , 1.   ]]], dtype=float32)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Positional encodings;
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        check_rank("inputs", input_shape, 3)

    def call(self, inputs, position=0):
        time, features = ops.shape(inputs)[1], inputs.shape[-1]
        # In float16 neighbouring positions beyond 2048 would be the same number.
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        even = np.arange(features) // 2 * 2
        steps = ops.cast(ops.cast(position, "int32") + ops.arange(time), dtype)
        angles = steps[:, None] * ops.cast(10_000.0 ** (-even / features), dtype)
        code = ops.where(np.arange(features) % 2, ops.cos(angles), ops.sin(angles))
        return inputs + ops.cast(code, inputs.dtype)[None]

    def compute_output_shape(self, input_shape):
        return input_shape
