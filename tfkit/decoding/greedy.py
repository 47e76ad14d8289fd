"""Greedy decoding: the most likely token at every step."""

from keras import ops

from tfkit.decoding._loop import compiled, prepare, roll_out


def greedy(step, state, start, *, length, end=None, jit_compile=False):
    """Generates the most likely token, feeds it back, and so on, in a compiled loop.

    The loop stops when every row has produced `end`. It is compiled at the first
    call and kept on the owner of `step` (the model of a bound method, else the
    function), so pass the same function each time: a new lambda compiles again. So
    does a new `length`. `step` may close over layers and variables, whose current
    values it reads; everything else that changes belongs in `state`.

    Args:
        step: Function `(ids, state) -> (logits, state)`: token ids of shape `(batch,)`
            to logits of shape `(batch, vocabulary)`. It returns a state of the
            structure, shapes and types it was given.
        state: Nest (dict, list, tuple) of tensors with leading dimension batch: hidden
            states, key/value caches, an encoder's outputs.
        start: The first token of each row, integers of shape `(batch,)`, or prompts of
            equal lengths, of shape `(batch, time)`, fed token by token.
        length: Number of tokens to generate at most.
        end: Id of the token that ends a row, or None to generate `length` tokens.
        jit_compile: Whether to compile with XLA: slower to compile, and again for every
            batch size, but several times as fast to run where steps are small.

    Returns:
        Named tuple `(ids, scores, lengths)` of tensors. `ids`, of shape
        `(batch, length)`, holds what was generated, `end` included, then 0. `scores`
        are log-probabilities (natural logarithm) and `lengths` counts of generated
        tokens, `end` included, both of shape `(batch,)`.

    Raises:
        ValueError: `length` is below 1, a prompt is empty, or a shape does not fit.
        TypeError: `step` is no function, or ids are no integers.

    Example:
    >>> def step(ids, state):  # after token i comes token i + 1
    ...     return keras.ops.one_hot(ids + 1, 5) * 9.0, state
    >>> tfkit.decoding.greedy(step, (), [0, 2], length=4, end=4).ids.numpy()
    array([[1, 2, 3, 4],
           [3, 4, 0, 0]], dtype=int32)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Generating Fake Shakespearean Text;
        replaces TensorFlow Addons' GreedyEmbeddingSampler.
    """
    state, start = prepare(step, state, start, length, end)
    loop = compiled(step, _greedy, jit_compile, length=length, end=end)
    return loop(state, start)


def _greedy(step, state, start, *, length, end):
    def choose(logits, index):
        return ops.argmax(logits, axis=-1)

    return roll_out(step, choose, state, start, length=length, end=end)
