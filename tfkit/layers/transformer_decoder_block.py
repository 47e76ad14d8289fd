"""One block of a Transformer's decoder, or of a decoder-only language model."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.layers import _transformer


@register
class TransformerDecoderBlock(keras.layers.Layer):
    """Causal self-attention, attention to a memory, two dense layers.

    Each part is inside a residual connection. Without a memory the block has no
    attention to it: a GPT block. No step sees a later one.

    To decode step by step, keep keys and values instead of computing them anew:

        cache = block.cache(batch, length, memory, memory_mask)
        outputs, cache = block.extend(inputs, cache, position)

    where `inputs` are one or more steps from `position` on, and `outputs` what
    `block(...)` would have returned for them at the end of the whole sequence.

    Args:
        num_heads: Number of attention heads; divides the number of features.
        hidden_units: Width of the hidden dense layer.
        dropout: Rate of the dropout at the end of every residual branch. Attention
            weights are not dropped.
        activation: Activation of the hidden dense layer.
        normalize_first: Whether each branch normalises its input (GPT-2), which trains
            without warm-up, instead of the sum (the paper).
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, features)`.
        memory: Encoder outputs of shape `(batch, memory time, memory features)`, or
            None for a decoder-only block. All calls do as the first.
        inputs_mask: Boolean tensor of shape `(batch, time)`, True where to attend; the
            mask that Keras attached to `inputs` by default. Padding at the end needs
            none, since no step looks ahead.
        memory_mask: Boolean tensor of shape `(batch, memory time)`, True where to
            attend; the mask that Keras attached to `memory` by default.
        mask: Same as `inputs_mask`: the name that Keras looks for without a memory.
        training: Whether dropout is on.

    Output shape:
        Same as `inputs`.

    Raises:
        ValueError: An argument is out of its range, the features do not split into
            the heads, or a memory is given to a block built without or the reverse.

    Example:
    >>> block = tfkit.layers.TransformerDecoderBlock(num_heads=2, hidden_units=32)
    >>> block(keras.ops.ones((2, 5, 8)), keras.ops.ones((2, 7, 8))).shape
    TensorShape([2, 5, 8])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, The Transformer Architecture;
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)
    """

    def __init__(
        self,
        num_heads,
        hidden_units,
        dropout=0.1,
        activation="relu",
        normalize_first=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _transformer.check_arguments(num_heads, hidden_units, dropout)
        self.num_heads = num_heads
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.normalize_first = normalize_first
        self.supports_masking = True

    def build(self, inputs_shape, memory_shape=None):
        _transformer.check_features(inputs_shape, self.num_heads)
        shape = (None, None, inputs_shape[-1])

        def residual(name):
            layer = _transformer.Residual(
                self.dropout, self.normalize_first, dtype=self.dtype_policy, name=name
            )
            layer.build(shape)
            return layer

        def attention(name, memory_shape):
            layer = _transformer.HeadedAttention(
                self.num_heads, dtype=self.dtype_policy, name=name
            )
            layer.build(shape, memory_shape)
            return layer

        self.self_attention = attention("self_attention", shape)
        self.self_attention_residual = residual("self_attention_residual")
        self.memory_attention = None
        if memory_shape is not None:
            self.memory_attention = attention("memory_attention", memory_shape)
            self.memory_attention_residual = residual("memory_attention_residual")
        self.feed_forward = _transformer.FeedForward(
            self.hidden_units,
            self.activation,
            dtype=self.dtype_policy,
            name="feed_forward",
        )
        self.feed_forward.build(shape)
        self.feed_forward_residual = residual("feed_forward_residual")

    def call(
        self,
        inputs,
        memory=None,
        inputs_mask=None,
        memory_mask=None,
        mask=None,
        training=None,
    ):
        self._check_memory(memory)
        time = ops.arange(ops.shape(inputs)[1])
        attend_to = (time[:, None] >= time)[None, None]  # (batch, heads, time, time)
        inputs_mask = mask if inputs_mask is None else inputs_mask
        if inputs_mask is not None:
            attend_to = ops.logical_and(attend_to, inputs_mask[:, None, None, :])

        def attend(x):
            return self.self_attention(x, x, attention_mask=attend_to)

        memory_cache = () if memory is None else self._project(memory, memory_mask)
        return self._run(inputs, attend, memory_cache, training)

    def cache(self, batch, length, memory=None, memory_mask=None):
        """Returns the empty cache of a sequence of at most `length` steps.

        Args:
            batch: Number of rows, an integer or a scalar tensor.
            length: Number of steps there is room for, all parts together.
            memory: Encoder outputs, projected here once for all steps, or None.
            memory_mask: Boolean tensor, True where to attend, or None.

        Returns:
            Dictionary of tensors with leading dimension batch.
        """
        self._check_memory(memory)
        check_positive_int("length", length)
        attention = self.self_attention
        empty = ops.zeros((batch, length, *attention.head_shape), self.compute_dtype)
        cache = {"keys": empty, "values": empty}
        if memory is not None:
            names = ("memory_keys", "memory_values", "memory_mask")
            cache.update(zip(names, self._project(memory, memory_mask), strict=True))
        return cache

    def extend(self, inputs, cache, position):
        """Runs the next steps of a sequence.

        Args:
            inputs: Tensor of shape `(batch, time, features)`, usually of one step.
            cache: From `cache` or the last `extend`.
            position: Position of the first of these steps, an integer or a scalar
                tensor; there must be room for all in the cache.

        Returns:
            `(outputs, cache)`. What belongs to the memory is handed back as it came,
            so that beam search does not move it.
        """
        slots = ops.arange(cache["keys"].shape[1])
        position = ops.cast(position, "int32")
        steps = position + ops.arange(ops.shape(inputs)[1])
        attend_to = (steps[:, None] >= slots)[None, None]
        cache = dict(cache)

        def attend(x):
            keys, values = self.self_attention.keys_and_values(x)
            start = (0, position, 0, 0)
            cache["keys"] = ops.slice_update(cache["keys"], start, keys)
            cache["values"] = ops.slice_update(cache["values"], start, values)
            return self.self_attention.attend(
                x, cache["keys"], cache["values"], attend_to
            )

        memory_cache = ()
        if self.memory_attention is not None:
            names = ("memory_keys", "memory_values", "memory_mask")
            memory_cache = tuple(cache[name] for name in names)
        return self._run(inputs, attend, memory_cache, training=False), cache

    def _project(self, memory, mask):
        if mask is None:
            mask = ops.ones(ops.shape(memory)[:2], "bool")
        return (*self.memory_attention.keys_and_values(memory), mask)

    def _run(self, inputs, attend, memory_cache, training):
        x = self.self_attention_residual(inputs, branch=attend, training=training)
        if memory_cache:
            keys, values, mask = memory_cache

            def attend_memory(x):
                return self.memory_attention.attend(
                    x, keys, values, mask[:, None, None, :]
                )

            x = self.memory_attention_residual(
                x, branch=attend_memory, training=training
            )
        return self.feed_forward_residual(
            x, branch=self.feed_forward, training=training
        )

    def _check_memory(self, memory):
        if (memory is None) != (self.memory_attention is None):
            built = "without" if self.memory_attention is None else "with"
            raise ValueError(
                f"Argument `memory` must be given to all calls or none: this block was "
                f"built {built} one. Received: memory={memory!r}"
            )

    def compute_output_shape(self, inputs_shape, memory_shape=None):
        return inputs_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "normalize_first": self.normalize_first,
        }
