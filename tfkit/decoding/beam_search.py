"""Beam search: the most likely sequences, not the most likely next token."""

import keras
import numpy as np
from keras import ops

from tfkit._checks import check_non_negative, check_positive_int
from tfkit.decoding._loop import (
    PAD,
    Decoded,
    advance,
    check_end,
    compiled,
    consume,
    prepare,
)


def beam_search(
    step,
    state,
    start,
    *,
    length,
    end=None,
    beam_width=10,
    length_penalty=0.0,
    jit_compile=False,
):
    """Keeps the `beam_width` best partial sequences of each row, in a compiled loop.

    Every step extends each beam by every token and keeps the best of
    `beam_width * vocabulary` candidates. A beam that has produced `end` is frozen: it
    competes with its score but is extended no more. Candidates are ranked by

        log P(tokens) / ((5 + len(tokens)) / 6) ** length_penalty

    Beams are rows of one batch, so `step` sees `batch * beam_width` ids at a time.
    After each step the state follows its beams, with one `take` a tensor; a tensor
    that `step` returns as it came (an encoder's outputs, their projections) is the
    same for all beams of a row and stays where it is. Compiled once for each step
    function and set of options, like `greedy`.

    Args:
        step: Function `(ids, state) -> (logits, state)`, as in `greedy`.
        state: Nest of tensors with leading dimension batch (not yet one row a beam).
        start: First tokens of shape `(batch,)` or prompts of shape `(batch, time)`.
        length: Number of tokens to generate at most.
        end: Id of the token that ends a row, or None to generate `length` tokens.
        beam_width: Number of sequences kept for each row; 1 is greedy decoding.
        length_penalty: Exponent of the length in the ranking. 0 ranks by probability,
            which favours short sequences; 0.6 to 1 is usual for translation.
        jit_compile: Whether to compile with XLA. On a CPU it moves large states such as
            key/value caches more slowly than TensorFlow does: measure.

    Returns:
        Named tuple `(ids, scores, lengths)`, best beam first. `ids`, of shape
        `(batch, beam, length)`, holds what was generated, `end` included, then 0.
        `scores`, of shape `(batch, beam)`, are the log-probabilities above after the
        penalty, `lengths`, of the same shape, the tokens generated, `end` included.
        Beams beyond the number of possible sequences score minus infinity.

    Raises:
        ValueError: An argument is out of its range, or a shape does not fit.
        TypeError: `step` is no function, or ids are no integers.

    Example:
    >>> probs = np.log([[0, .6, .4], [0, .5, .5], [0, .1, .9]] + np.float32(1e-9))
    >>> def step(ids, state):
    ...     return keras.ops.take(probs, ids, axis=0), state
    >>> tfkit.decoding.greedy(step, (), [0], length=2).ids.numpy()  # .6 * .5
    array([[1, 1]], dtype=int32)
    >>> best = tfkit.decoding.beam_search(step, (), [0], length=2, beam_width=2)
    >>> best.ids.numpy()  # .4 * .9, then .6 * .5
    array([[[2, 2],
            [1, 1]]], dtype=int32)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Beam Search; length penalty of
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144); replaces TensorFlow Addons'
        BeamSearchDecoder.
    """
    check_positive_int("beam_width", beam_width)
    check_non_negative("length_penalty", length_penalty)
    state, start = prepare(step, state, start, length, end)
    loop = compiled(
        step, _beam_search, jit_compile, length=length, end=end, width=beam_width
    )
    return loop(state, start, ops.convert_to_tensor(length_penalty, "float32"))


def _beam_search(step, state, start, length_penalty, *, length, end, width):
    state = consume(step, state, start)  # once a row, before it becomes many
    state = keras.tree.map_structure(lambda x: ops.repeat(x, width, axis=0), state)
    batch = ops.shape(start)[0]
    beams = (batch, width)
    first_beam = width * ops.arange(batch, dtype="int32")[:, None]  # of each row

    def unfinished(index, tokens, state, ids, log_probs, scores, lengths, finished):
        dead = ops.equal(log_probs, -np.inf)
        return ops.logical_not(ops.all(ops.logical_or(finished, dead)))

    def body(index, tokens, state, ids, log_probs, scores, lengths, finished):
        logits, new = advance(step, tokens, state)
        vocabulary = logits.shape[-1]
        extended = ops.reshape(
            ops.log_softmax(logits, axis=-1), (batch, width, vocabulary)
        )
        if end is not None:
            check_end(end, vocabulary)
            frozen = np.full(vocabulary, -np.inf, "float32")
            frozen[end] = 0.0
            extended = ops.where(finished[:, :, None], frozen, extended)
        totals = log_probs[:, :, None] + extended
        lengths = lengths + ops.cast(ops.logical_not(finished), "int32")
        penalty = ((5.0 + ops.cast(lengths, "float32")) / 6.0) ** length_penalty
        candidates = (batch, width * vocabulary)
        ranked = ops.reshape(totals / penalty[:, :, None], candidates)
        scores, best = ops.top_k(ranked, width)
        log_probs = ops.take_along_axis(ops.reshape(totals, candidates), best, axis=1)
        parents, tokens = best // vocabulary, best % vocabulary
        lengths = ops.take_along_axis(lengths, parents, axis=1)
        finished = ops.take_along_axis(finished, parents, axis=1)
        ids = ops.take_along_axis(ids, parents[:, :, None], axis=1)
        rows = ops.reshape(first_beam + parents, (-1,))
        written = ops.where(finished, PAD, tokens)
        ids = ops.slice_update(ids, [0, 0, index], written[:, :, None])
        if end is not None:
            finished = ops.logical_or(finished, ops.equal(tokens, end))
        state = keras.tree.map_structure(
            lambda old, x: x if x is old else ops.take(x, rows, axis=0), state, new
        )
        tokens = ops.reshape(tokens, (-1,))
        return index + 1, tokens, state, ids, log_probs, scores, lengths, finished

    # All beams of a row start the same: only the first counts, or all would stay so.
    only_first = np.full((1, width), -np.inf, "float32")
    only_first[:, 0] = 0.0
    log_probs = ops.broadcast_to(only_first, beams)
    loop = (
        ops.convert_to_tensor(0, "int32"),
        ops.repeat(start[:, -1], width, axis=0),
        state,
        ops.full((batch, width, length), PAD, "int32"),
        log_probs,
        log_probs,
        ops.zeros(beams, "int32"),
        ops.zeros(beams, "bool"),
    )
    _, _, _, ids, _, scores, lengths, _ = ops.while_loop(
        unfinished, body, loop, maximum_iterations=length
    )
    return Decoded(ids, scores, lengths)
