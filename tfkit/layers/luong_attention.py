"""Multiplicative attention of a decoder over an encoder's outputs."""

import keras
from keras import ops

from tfkit._checks import check_one_of, check_positive_int
from tfkit._register import register
from tfkit.layers import _scores

SCORES = ("dot", "general", "concat")


@register
class LuongAttention(keras.layers.Layer):
    """Attends to a memory by one of three scores, softmax over the memory.

    "dot" is query^T memory, "general" query^T W memory, "concat"
    v^T tanh(W [query; memory]). The query is the state of the decoder *after* the
    step, h_t; the result goes into the prediction of that step. So a whole target
    sequence can be attended to at once.

    Args:
        score: "dot" (query and memory of the same size), "general" or "concat".
        units: Width of the hidden layer of "concat", which needs it; else None.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        query: Tensor of shape `(batch, features)` or `(batch, time, features)`.
        memory: Encoder outputs (not states), `(batch, memory time, memory features)`.
        memory_mask: Boolean tensor of shape `(batch, memory time)`, True where to
            attend; the mask that Keras attached to `memory` by default. Where all is
            masked, context and scores are 0.
        return_attention_scores: Whether to return `(context, scores)`, scores being
            the softmax weights of shape `(batch, [time,] memory time)`.

    Output shape:
        `(batch, memory features)` or `(batch, time, memory features)`.

    Raises:
        ValueError: `score` is unknown, `units` does not go with it, or an input has
            the wrong rank or, for "dot", size.

    Example:
    >>> attention = tfkit.layers.LuongAttention("general")
    >>> states, outputs = keras.ops.ones((2, 4, 5)), keras.ops.ones((2, 7, 3))
    >>> attention(states, outputs).shape
    TensorShape([2, 4, 3])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Attention Mechanisms, equation 16-1;
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025)
    """

    def __init__(self, score="dot", units=None, **kwargs):
        super().__init__(**kwargs)
        self.score = check_one_of("score", score, SCORES)
        if score == "concat":
            check_positive_int("units", 0 if units is None else units)
        elif units is not None:
            raise ValueError(
                'Argument `units` must be None unless `score` is "concat". '
                f"Received: units={units}, score={score!r}"
            )
        self.units = units
        self.supports_masking = True

    def build(self, query_shape, memory_shape):
        _scores.check_shapes(query_shape, memory_shape)
        if self.score == "dot" and query_shape[-1] != memory_shape[-1]:
            raise ValueError(
                'Arguments `query` and `memory` must be of one size for score "dot" '
                '(use "general"). '
                f"Received: sizes {query_shape[-1]} and {memory_shape[-1]}"
            )
        if self.score == "general":
            self.memory_projection = _scores.dense(
                query_shape[-1], memory_shape, self, "memory"
            )
        elif self.score == "concat":
            # W [query; memory] is one product with each half of W, without the tiling.
            self.query_projection = _scores.dense(
                self.units, query_shape, self, "query"
            )
            self.memory_projection = _scores.dense(
                self.units, memory_shape, self, "memory"
            )
            self.scale = self.add_weight(
                name="scale", shape=(self.units, 1), initializer="glorot_uniform"
            )

    def project(self, memory):
        """Returns the keys that `attend` compares queries with."""
        return memory if self.score == "dot" else self.memory_projection(memory)

    def attend(self, query, memory, keys, memory_mask=None):
        """Returns `(context, scores)` given the keys of the memory."""
        return _scores.attend(self._score, query, memory, keys, memory_mask)

    def _score(self, query, keys):
        if self.score == "concat":
            scale = ops.cast(self.scale, keys.dtype)
            return _scores.additive(self.query_projection(query), keys, scale)
        return ops.einsum("bqd,bmd->bqm", query, keys)

    def call(self, query, memory, memory_mask=None, return_attention_scores=False):
        context, scores = self.attend(query, memory, self.project(memory), memory_mask)
        return (context, scores) if return_attention_scores else context

    def get_config(self):
        return {**super().get_config(), "score": self.score, "units": self.units}
