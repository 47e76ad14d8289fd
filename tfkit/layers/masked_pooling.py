"""One vector from a sequence of vectors, without its padding."""

import keras
from keras import ops

from tfkit._checks import check_one_of, check_rank
from tfkit._register import register

MODES = ("mean", "sum", "sqrtn")


@register
class MaskedPooling(keras.layers.Layer):
    """Pools the steps of a sequence that its mask keeps.

    With `n` steps kept, "sum" is their sum, "mean" divides it by `n` and "sqrtn" by
    the square root of `n`, which is the mean times the square root of the number of
    words. Without a mask every step counts. A row without any kept step gives zeros.
    What stands behind the mask has no influence, not even NaN. The mask ends here.

    Args:
        mode: "mean", "sum" or "sqrtn".
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, features)`. Under a half-precision
            policy the sum is taken in float32, so that long sequences stay exact.
        mask: Boolean tensor of shape `(batch, time)`, True for the steps to keep.
            Layers such as `Embedding(mask_zero=True)` hand it on by themselves.

    Output shape:
        `(batch, features)`

    Raises:
        ValueError: `mode` is unknown, or the inputs are not three-dimensional.

    Example:
    >>> words = np.array([[[1.0], [2.0], [9.0]]])
    >>> mask = np.array([[True, True, False]])
    >>> tfkit.layers.MaskedPooling("mean")(words, mask=mask).numpy()
    array([[1.5]], dtype=float32)

    Reference:
        Hands-On ML (2nd ed.), chapter 13, exercise 10
    """

    def __init__(self, mode="mean", **kwargs):
        super().__init__(**kwargs)
        self.mode = check_one_of("mode", mode, MODES)
        self.supports_masking = True

    def build(self, input_shape):
        check_rank("inputs", input_shape, 3)

    def call(self, inputs, mask=None):
        half = self.compute_dtype in ("float16", "bfloat16")
        x = ops.cast(inputs, "float32") if half else inputs
        if mask is None:
            count = ops.cast(ops.shape(x)[1], x.dtype)
        else:
            mask = ops.cast(mask, "bool")[..., None]  # (batch, time, 1)
            # A product with the mask would let NaN through.
            x = ops.where(mask, x, ops.zeros_like(x))
            count = ops.sum(ops.cast(mask, x.dtype), axis=1)  # (batch, 1)
        outputs = ops.sum(x, axis=1)  # (batch, features)
        if self.mode != "sum":
            count = ops.maximum(count, 1)
            outputs /= ops.sqrt(count) if self.mode == "sqrtn" else count
        return ops.cast(outputs, self.compute_dtype)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}
