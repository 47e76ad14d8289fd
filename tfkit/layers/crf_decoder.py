"""Most likely tags of a conditional random field."""

import keras

from tfkit import _crf
from tfkit._checks import check_rank
from tfkit._register import register


@register
class CRFDecoder(keras.layers.Layer):
    """Finds the tagging of highest score with the Viterbi algorithm.

    Put it behind `layers.CRF` to get tags from `predict`; it has no weights, so the
    model it completes shares those of the one that was trained. `layers.CRF` has an
    example. It also takes the array that `predict` of the trained model returns.

    Args:
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Output of `layers.CRF`.

    Output shape:
        `(batch, time)`, integers; 0 at masked steps.

    Raises:
        ValueError: The input is not what `layers.CRF` returns.

    Example:
    >>> potentials = np.array([[[2.0, 0.0], [0.0, 0.1], [3.0, 0.0]]], "float32")
    >>> crf = tfkit.layers.CRF()
    >>> tfkit.layers.CRFDecoder()(crf(potentials)).numpy()
    array([[0, 1, 0]], dtype=int32)
    >>> _ = crf.transitions.assign([[0.0, -9.0], [-9.0, 0.0]])  # hardly ever change
    >>> tfkit.layers.CRFDecoder()(crf(potentials)).numpy()
    array([[0, 0, 0]], dtype=int32)

    Reference:
        [Lample et al., 2016](https://arxiv.org/abs/1603.01360), section 2.2
    """

    def build(self, input_shape):
        check_rank("inputs", input_shape, 3)
        tags = input_shape[-1] - 1
        if tags < 1 or (input_shape[1] is not None and input_shape[1] < tags + 3):
            raise ValueError(
                "Argument `inputs` must be the output of `tfkit.layers.CRF`. "
                f"Received: inputs with shape={tuple(input_shape)}"
            )

    def call(self, inputs):
        return _crf.Chains(inputs).best()

    def compute_output_spec(self, inputs):
        batch, rows, columns = inputs.shape
        time = None if rows is None else rows - columns - 1
        return keras.KerasTensor((batch, time), dtype="int32")
