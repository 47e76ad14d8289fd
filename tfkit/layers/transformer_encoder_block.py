"""One block of a Transformer's encoder."""

import keras

from tfkit._register import register
from tfkit.layers import _transformer


@register
class TransformerEncoderBlock(keras.layers.Layer):
    """Self-attention, then two dense layers, each inside a residual connection.

    Steps that the mask rules out are attended to by none, so a batch padded further
    gives the same outputs. The mask is handed on.

    Args:
        num_heads: Number of attention heads; divides the number of features.
        hidden_units: Width of the hidden dense layer.
        dropout: Rate of the dropout at the end of both residual branches. Attention
            weights are not dropped.
        activation: Activation of the hidden dense layer.
        normalize_first: Whether each branch normalises its input (GPT-2), which trains
            without warm-up, instead of the sum (the paper).
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch, time, features)`.
        mask: Boolean tensor of shape `(batch, time)`, True where to attend; the mask
            that Keras attached to `inputs` by default.
        training: Whether dropout is on.

    Output shape:
        Same as the input.

    Raises:
        ValueError: An argument is out of its range, or the features do not split
            into the heads.

    Example:
    >>> block = tfkit.layers.TransformerEncoderBlock(num_heads=2, hidden_units=32)
    >>> block(keras.ops.ones((2, 5, 8))).shape
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

    def build(self, input_shape):
        _transformer.check_features(input_shape, self.num_heads)
        shape = (None, None, input_shape[-1])

        def residual(name):
            layer = _transformer.Residual(
                self.dropout, self.normalize_first, dtype=self.dtype_policy, name=name
            )
            layer.build(shape)
            return layer

        self.attention = _transformer.HeadedAttention(
            self.num_heads, dtype=self.dtype_policy, name="attention"
        )
        self.attention.build(shape, shape)
        self.attention_residual = residual("attention_residual")
        self.feed_forward = _transformer.FeedForward(
            self.hidden_units,
            self.activation,
            dtype=self.dtype_policy,
            name="feed_forward",
        )
        self.feed_forward.build(shape)
        self.feed_forward_residual = residual("feed_forward_residual")

    def call(self, inputs, mask=None, training=None):
        if mask is not None:
            mask = mask[:, None, None, :]  # (batch, heads, time, memory time)

        def attend(x):
            return self.attention(x, x, attention_mask=mask)

        x = self.attention_residual(inputs, branch=attend, training=training)
        return self.feed_forward_residual(
            x, branch=self.feed_forward, training=training
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "normalize_first": self.normalize_first,
        }
