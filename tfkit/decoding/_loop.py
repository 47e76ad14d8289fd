"""What greedy decoding, sampling and beam search share."""

import functools
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from tfkit._checks import check_positive_int

PAD = 0


class Decoded(NamedTuple):
    """Generated tokens, their log-probability and how many there are."""

    ids: Any
    scores: Any
    lengths: Any


def prepare(step, state, start, length, end):
    """Returns `(state, start)` as tensors, `start` of shape `(batch, time)`."""
    if not callable(step):
        raise TypeError(f"Argument `step` must be callable. Received: {step!r}")
    check_positive_int("length", length)
    if end is not None and (isinstance(end, bool) or not isinstance(end, int)):
        raise TypeError(f"Argument `end` must be an integer or None. Received: {end!r}")
    start = ops.convert_to_tensor(start)
    if not keras.backend.is_int_dtype(start.dtype):
        raise TypeError(f"Argument `start` must hold token ids. Received: {start!r}")
    if len(start.shape) not in (1, 2) or 0 in start.shape:
        raise ValueError(
            "Argument `start` must be a first token for each row, of shape (batch,), "
            "or a prompt of shape (batch, time) with at least one token. "
            f"Received: start with shape={tuple(start.shape)}"
        )
    start = ops.cast(start, "int32")
    if len(start.shape) == 1:
        start = start[:, None]
    state = keras.tree.map_structure(ops.convert_to_tensor, state)
    for tensor in keras.tree.flatten(state):
        if not len(tensor.shape) or not _agree(tensor.shape[:1], start.shape[:1]):
            raise ValueError(
                "Argument `state` must hold tensors whose first dimension is the "
                f"batch size of `start`, {start.shape[0]}. "
                f"Received: a tensor with shape={tuple(tensor.shape)}"
            )
    return state, start


def compiled(step, loop, jit_compile, **options):
    """Returns `loop(step, ...)` compiled: once for each step and set of options.

    The compiled loops live on the object that owns `step` (the model of a bound
    method, or the function itself), so they are freed with it.
    """
    owner = getattr(step, "__self__", step)
    try:
        # Past `__setattr__`, which Keras layers track and may have locked.
        loops = vars(owner).setdefault("_decoding_loops", {})
    except TypeError:  # an object without `__dict__` keeps nothing
        loops = {}
    function = getattr(step, "__func__", None)
    key = (function, loop, jit_compile, *sorted(options.items()))
    if key not in loops:
        loops[key] = tf.function(
            functools.partial(loop, step, **options),
            jit_compile=jit_compile,
            reduce_retracing=True,
            autograph=False,
        )
    return loops[key]


def advance(step, ids, state):
    """Runs `step` and checks what it returns: `(logits in float32, state)`."""
    logits, new = step(ids, state)
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 2 or not _agree(logits.shape[:1], ids.shape[:1]):
        raise ValueError(
            "Argument `step` must return logits of shape (batch, vocabulary) for ids "
            f"of shape {tuple(ids.shape)}. "
            f"Received: logits with shape={tuple(logits.shape)}"
        )
    keras.tree.assert_same_structure(state, new)
    keras.tree.map_structure(_check_same, state, new)
    return ops.cast(logits, "float32"), new


def check_end(end, vocabulary):
    """Raises ValueError unless the token `end` is one of the vocabulary."""
    if not 0 <= end < vocabulary:
        raise ValueError(
            f"Argument `end` must be a token id below {vocabulary}, the number of "
            f"logits that `step` returns. Received: end={end}"
        )


def _check_same(old, new):
    if not _agree(old.shape, new.shape) or old.dtype != new.dtype:
        raise ValueError(
            "Argument `step` must return a state of the shapes and types it was given: "
            "a compiled loop has no other place for it. "
            f"Received: {new.dtype} of shape {tuple(new.shape)} "
            f"for {old.dtype} of shape {tuple(old.shape)}"
        )


def _agree(shape, other):
    return len(shape) == len(other) and all(
        a is None or b is None or a == b for a, b in zip(shape, other, strict=True)
    )


def consume(step, state, start):
    """Feeds all of the prompt but its last token; returns the state after it."""
    time = start.shape[1] if start.shape[1] is not None else ops.shape(start)[1]
    if isinstance(time, int) and time == 1:
        return state

    def body(index, state):
        ids = ops.take(start, index, axis=1)
        return index + 1, advance(step, ids, state)[1]

    _, state = ops.while_loop(lambda i, _: i < time - 1, body, (0, state))
    return state


def roll_out(step, choose, state, start, *, length, end):
    """Extends every row by the token `choose(logits, index)` until all have ended."""
    state = consume(step, state, start)
    batch = ops.shape(start)[0]
    rows = (batch,)

    def unfinished(index, tokens, state, ids, scores, lengths, finished):
        return ops.logical_not(ops.all(finished))

    def body(index, tokens, state, ids, scores, lengths, finished):
        logits, state = advance(step, tokens, state)
        if end is not None:
            check_end(end, logits.shape[-1])
        tokens = ops.cast(choose(logits, index), "int32")
        chosen = ops.take_along_axis(
            ops.log_softmax(logits, axis=-1), tokens[:, None], axis=1
        )[:, 0]
        tokens = ops.where(finished, PAD, tokens)
        scores = scores + ops.where(finished, 0.0, chosen)
        lengths = lengths + ops.cast(ops.logical_not(finished), "int32")
        ids = ops.slice_update(ids, [0, index], tokens[:, None])
        if end is not None:
            finished = ops.logical_or(finished, ops.equal(tokens, end))
        return index + 1, tokens, state, ids, scores, lengths, finished

    loop = (
        ops.convert_to_tensor(0, "int32"),
        start[:, -1],
        state,
        ops.full((batch, length), PAD, "int32"),
        ops.zeros(rows, "float32"),
        ops.zeros(rows, "int32"),
        ops.zeros(rows, "bool"),
    )
    _, _, _, ids, scores, lengths, _ = ops.while_loop(
        unfinished, body, loop, maximum_iterations=length
    )
    return Decoded(ids, scores, lengths)
