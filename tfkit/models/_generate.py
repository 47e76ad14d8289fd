"""What the models that turn one sequence into another share."""

import keras
from keras import ops

from tfkit._checks import check_rank
from tfkit.decoding import beam_search, greedy

# Room for a target that is longer than its source: the rule of Vaswani et al., 2017.
EXTRA_LENGTH = 50


def is_token(ids):
    """Mask that is True where there is a token and False where there is padding."""
    return ops.not_equal(ids, 0)


def check_source(source):
    """Returns the source as a tensor of token ids `(batch, time)`."""
    source = ops.convert_to_tensor(source)
    if not keras.backend.is_int_dtype(source.dtype):
        raise TypeError(f"Argument `source` must hold token ids. Received: {source!r}")
    check_rank("source", source.shape, 2)
    if 0 in source.shape:
        raise ValueError(
            "Argument `source` must hold at least one row and one token. "
            f"Received: source with shape={tuple(source.shape)}"
        )
    return source


def generate(
    model, source, start, end, length, beam_width, length_penalty, jit_compile
):
    """Encodes the source and decodes from it, greedily or with beams."""
    source = check_source(source)
    if length is None:
        length = source.shape[1] + EXTRA_LENGTH
    state = model.compiled_encode(source, length)
    first = ops.full((source.shape[0],), start, "int32")
    options = {"length": length, "end": end, "jit_compile": jit_compile}
    if beam_width is None:
        return greedy(model.step, state, first, **options)
    return beam_search(
        model.step,
        state,
        first,
        beam_width=beam_width,
        length_penalty=length_penalty,
        **options,
    )
