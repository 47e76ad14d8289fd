"""One-hot codes of ids, of any shape."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register


@register
class OneHot(keras.layers.Layer):
    """Codes each id as a vector of zeros with a one at its place.

    `keras.layers.CategoryEncoding` does so too, but drops the last axis where its size
    is 1, so that a sequence of one token loses its time axis; in a compiled model over
    texts of changing length it fails. Ids out of range give zeros alone. The mask is
    handed on.

    Args:
        size: Length of each vector: ids are from `0` to `size - 1`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Integer tensor of any shape `(batch, ...)`.

    Output shape:
        `(batch, ..., size)`

    Raises:
        TypeError: `size` is no integer.
        ValueError: `size` is below 1.

    Example:
    >>> tfkit.layers.OneHot(3)(np.array([[2], [0]])).numpy().tolist()
    [[[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]]

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Building and Training the Char-RNN Model"
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = check_positive_int("size", size)
        self.supports_masking = True

    def call(self, inputs):
        return ops.one_hot(inputs, self.size, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.size)

    def get_config(self):
        return {**super().get_config(), "size": self.size}
