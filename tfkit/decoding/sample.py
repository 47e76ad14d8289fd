"""Sampling with a temperature, from the top tokens only if asked."""

import random

import numpy as np
import tensorflow as tf
from keras import ops

from tfkit._checks import check_non_negative, check_number, check_positive_int
from tfkit.decoding._loop import compiled, prepare, roll_out


def sample(
    step,
    state,
    start,
    *,
    length,
    end=None,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=None,
    jit_compile=False,
):
    """Draws each token from the step's distribution, in a compiled loop.

    Logits are divided by `temperature`; then all but the `top_k` largest are
    dropped; then all but the smallest set of tokens whose probability reaches `top_p`
    (nucleus sampling). Compiled once for each step function and set of options, like
    `greedy`; `temperature`, `top_p` and `seed` may change without compiling again.

    Args:
        step: Function `(ids, state) -> (logits, state)`, as in `greedy`.
        state: Nest of tensors with leading dimension batch.
        start: First tokens of shape `(batch,)` or prompts of shape `(batch, time)`.
        length: Number of tokens to generate at most.
        end: Id of the token that ends a row, or None to generate `length` tokens.
        temperature: Below 1 favours likely tokens, above 1 evens them out; 0 takes the
            most likely one.
        top_k: Number of tokens to draw from, or None for all.
        top_p: Probability in `(0, 1]` of the tokens to draw from, or None for all.
        seed: Integer that makes the draw repeatable, or None for a new draw at each
            call (repeatable after `keras.utils.set_random_seed`).
        jit_compile: Whether to compile with XLA, whose draws for a seed are others.

    Returns:
        Named tuple `(ids, scores, lengths)` of shapes `(batch, length)`, `(batch,)`
        and `(batch,)`, as from `greedy`. `scores` are log-probabilities under the
        model: at temperature 1 and among all tokens.

    Raises:
        ValueError: An argument is out of its range, or a shape does not fit.
        TypeError: `step` is no function, or ids are no integers.

    Example:
    >>> def step(ids, state):
    ...     return keras.ops.one_hot(ids + 1, 5) * 9.0, state
    >>> tokens = tfkit.decoding.sample(step, (), [0, 2], length=2, temperature=0.1)
    >>> tokens.ids.numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Generating Fake Shakespearean Text;
        [Holtzman et al., 2020](https://arxiv.org/abs/1904.09751).
    """
    check_non_negative("temperature", temperature)
    if top_k is not None:
        check_positive_int("top_k", top_k)
    if top_p is not None:
        check_number("top_p", top_p)
        if not 0 < top_p <= 1:
            raise ValueError(
                "Argument `top_p` must be greater than 0 and at most 1. "
                f"Received: top_p={top_p}"
            )
    state, start = prepare(step, state, start, length, end)
    loop = compiled(
        step,
        _sample,
        jit_compile,
        length=length,
        end=end,
        top_k=top_k,
        nucleus=top_p is not None,
    )
    seed = random.randrange(2**31) if seed is None else check_number("seed", seed)
    return loop(
        state,
        start,
        # Tensors, so that a new value does not compile again.
        ops.convert_to_tensor(temperature, "float32"),
        ops.convert_to_tensor(1.0 if top_p is None else top_p, "float32"),
        ops.convert_to_tensor(seed, "int32"),
    )


def _sample(
    step, state, start, temperature, top_p, seed, *, length, end, top_k, nucleus
):
    tiny = np.finfo("float32").tiny

    def choose(logits, index):
        # From the largest down, so that a temperature of 0 leaves it 0 and no NaN.
        logits = logits - ops.max(logits, axis=-1, keepdims=True)
        logits = logits / ops.maximum(temperature, tiny)
        logits = _keep_top(logits, top_k, top_p if nucleus else None)
        # The largest of logits plus Gumbel noise is a draw from their softmax. The
        # noise is a function of (seed, step): keras.random cannot take the step in.
        uniform = tf.random.stateless_uniform(
            ops.shape(logits), ops.stack([seed, index]), minval=tiny
        )
        return ops.argmax(logits - ops.log(-ops.log(uniform)), axis=-1)

    return roll_out(step, choose, state, start, length=length, end=end)


def _keep_top(logits, top_k, top_p):
    """Sets to minus infinity what `top_k` and `top_p` rule out."""
    vocabulary = logits.shape[-1]
    if top_k is not None and top_k < vocabulary:
        least = ops.top_k(logits, top_k)[0][:, -1:]
        logits = ops.where(logits < least, -np.inf, logits)
    if top_p is not None:
        descending = ops.top_k(logits, vocabulary)[0]
        probs = ops.softmax(descending, axis=-1)
        before = ops.cumsum(probs, axis=-1) - probs
        # A token stays if those before it do not yet reach `top_p`: the first always.
        kept = ops.where(before < top_p, descending, np.inf)
        kept = ops.concatenate([descending[:, :1], kept[:, 1:]], axis=-1)
        logits = ops.where(
            logits < ops.min(kept, axis=-1, keepdims=True), -np.inf, logits
        )
    return logits
