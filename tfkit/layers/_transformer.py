"""What the encoder and decoder blocks of a Transformer share."""

import keras
from keras import ops

from tfkit._checks import check_number, check_positive_int, check_rank


class HeadedAttention(keras.layers.Layer):
    """Multi-head attention in two halves: keys and values once, queries each time.

    `keras.layers.MultiHeadAttention` projects its keys and values at every call, so
    decoding with a cache would have to reach into its private parts. Here they are a
    public step, as is the layout of what a cache holds.

    Keys and values have shape `(batch, time, num_heads, features / num_heads)`.
    """

    def __init__(self, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.supports_masking = True

    def build(self, query_shape, memory_shape):
        features = query_shape[-1]
        self.head_shape = (self.num_heads, features // self.num_heads)

        def dense(units, shape, name):
            layer = keras.layers.Dense(units, dtype=self.dtype_policy, name=name)
            layer.build(shape)
            return layer

        self.query = dense(features, query_shape, "query")
        self.key_value = dense(2 * features, memory_shape, "key_value")
        self.output_projection = dense(features, query_shape, "output")

    def keys_and_values(self, memory):
        """Returns `(keys, values)` of a memory `(batch, time, memory features)`."""
        batch, time = ops.shape(memory)[:2]
        both = ops.reshape(self.key_value(memory), (batch, time, 2, *self.head_shape))
        return both[:, :, 0], both[:, :, 1]

    def attend(self, inputs, keys, values, mask=None):
        """Attends from `(batch, time, features)`; True in `mask` means attend.

        `mask` broadcasts to `(batch, num_heads, time, memory time)`.
        """
        batch, time = ops.shape(inputs)[:2]
        query = ops.reshape(self.query(inputs), (batch, time, *self.head_shape))
        heads = ops.dot_product_attention(query, keys, values, mask=mask)
        return self.output_projection(ops.reshape(heads, ops.shape(inputs)))

    def call(self, inputs, memory, attention_mask=None):
        return self.attend(inputs, *self.keys_and_values(memory), attention_mask)


class FeedForward(keras.layers.Layer):
    """Two dense layers applied to each step."""

    def __init__(self, hidden_units, activation, **kwargs):
        super().__init__(**kwargs)
        self.hidden_units = hidden_units
        self.activation = activation
        self.supports_masking = True

    def build(self, input_shape):
        hidden_shape = (*input_shape[:-1], self.hidden_units)
        self.hidden = keras.layers.Dense(
            self.hidden_units, self.activation, dtype=self.dtype_policy, name="hidden"
        )
        self.out = keras.layers.Dense(
            input_shape[-1], dtype=self.dtype_policy, name="out"
        )
        self.hidden.build(input_shape)
        self.out.build(hidden_shape)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


class Residual(keras.layers.Layer):
    """Adds to its input what `branch` makes of it, normalised before or after."""

    def __init__(self, dropout, normalize_first, **kwargs):
        super().__init__(**kwargs)
        self.dropout = dropout
        self.normalize_first = normalize_first
        self.supports_masking = True

    def build(self, input_shape):
        self.normalization = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy, name="normalization"
        )
        self.normalization.build(input_shape)
        self.drop = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)
        self.drop.build(input_shape)

    def call(self, inputs, branch, training=None):
        if self.normalize_first:
            outputs = branch(self.normalization(inputs))
            return inputs + self.drop(outputs, training=training)
        outputs = self.drop(branch(inputs), training=training)
        return self.normalization(inputs + outputs)


def check_arguments(num_heads, hidden_units, dropout):
    """Checks the arguments that both blocks have."""
    check_positive_int("num_heads", num_heads)
    check_positive_int("hidden_units", hidden_units)
    check_number("dropout", dropout)
    if not 0 <= dropout < 1:
        raise ValueError(
            "Argument `dropout` must be at least 0 and below 1. "
            f"Received: dropout={dropout}"
        )


def check_features(shape, num_heads):
    """Raises ValueError unless the features split into the heads."""
    check_rank("inputs", shape, 3)
    if shape[-1] is None or shape[-1] % num_heads:
        raise ValueError(
            "Argument `num_heads` must divide the number of features of the input. "
            f"Received: num_heads={num_heads}, features={shape[-1]}"
        )
