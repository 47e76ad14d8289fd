"""Additive attention of a decoder over an encoder's outputs."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.layers import _scores


@register
class BahdanauAttention(keras.layers.Layer):
    """Attends to a memory by v^T tanh(W query + U memory), softmax over the memory.

    The query is the state of the decoder *before* the step, h_(t-1); the result goes
    into that step together with its input. Unlike `keras.layers.AdditiveAttention`
    it projects query and memory, which may have different sizes.

    In a loop, compute `keys = layer.project(memory)` once and then
    `context, scores = layer.attend(query, memory, keys, memory_mask)` at each step.

    Args:
        units: Width of the hidden layer that compares query and memory.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        query: Tensor of shape `(batch, features)` or `(batch, time, features)`.
        memory: Encoder outputs, of shape `(batch, memory time, memory features)`.
        memory_mask: Boolean tensor of shape `(batch, memory time)`, True where to
            attend; the mask that Keras attached to `memory` by default. Where all is
            masked, context and scores are 0.
        return_attention_scores: Whether to return `(context, scores)`, scores being
            the softmax weights of shape `(batch, [time,] memory time)`.

    Output shape:
        `(batch, memory features)` or `(batch, time, memory features)`.

    Raises:
        ValueError: `units` is below 1 or an input has the wrong rank.

    Example:
    >>> attention = tfkit.layers.BahdanauAttention(8)
    >>> state, outputs = keras.ops.ones((2, 5)), keras.ops.ones((2, 7, 3))
    >>> context, scores = attention(state, outputs, return_attention_scores=True)
    >>> context.shape, scores.shape
    (TensorShape([2, 3]), TensorShape([2, 7]))

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Attention Mechanisms, equation 16-1;
        [Bahdanau et al., 2015](https://arxiv.org/abs/1409.0473)
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.supports_masking = True

    def build(self, query_shape, memory_shape):
        _scores.check_shapes(query_shape, memory_shape)
        self.query_projection = _scores.dense(self.units, query_shape, self, "query")
        self.memory_projection = _scores.dense(self.units, memory_shape, self, "memory")
        self.scale = self.add_weight(
            name="scale", shape=(self.units, 1), initializer="glorot_uniform"
        )

    def project(self, memory):
        """Returns the keys that `attend` compares queries with."""
        return self.memory_projection(memory)

    def attend(self, query, memory, keys, memory_mask=None):
        """Returns `(context, scores)` given the keys of the memory."""
        return _scores.attend(self._score, query, memory, keys, memory_mask)

    def _score(self, query, keys):
        scale = ops.cast(self.scale, keys.dtype)
        return _scores.additive(self.query_projection(query), keys, scale)

    def call(self, query, memory, memory_mask=None, return_attention_scores=False):
        context, scores = self.attend(query, memory, self.project(memory), memory_mask)
        return (context, scores) if return_attention_scores else context

    def get_config(self):
        return {**super().get_config(), "units": self.units}
