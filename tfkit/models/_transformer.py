"""Encoder and decoder stacks of the Transformer models."""

import keras
import tensorflow as tf
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.layers import (
    PositionalEncoding,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)
from tfkit.models._generate import is_token


def embedding(layer):
    """Returns `(embedding, positions, dropout)`, built, for a stack."""
    parts = (
        keras.layers.Embedding(
            layer.vocabulary,
            layer.features,
            # Scaled up by sqrt(features) below, as large as the positions they meet.
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=layer.features**-0.5
            ),
            dtype=layer.dtype_policy,
            name="embedding",
        ),
        PositionalEncoding(dtype=layer.dtype_policy, name="positions"),
        keras.layers.Dropout(layer.dropout, dtype=layer.dtype_policy),
    )
    parts[0].build((None, None))
    for part in parts[1:]:
        part.build((None, None, layer.features))
    return parts


def blocks(layer, block, *shapes):
    """Returns the blocks of a stack, built."""
    made = [
        block(
            layer.num_heads,
            layer.hidden_units,
            dropout=layer.dropout,
            normalize_first=layer.normalize_first,
            dtype=layer.dtype_policy,
            name=f"block_{i}",
        )
        for i in range(layer.num_blocks)
    ]
    for one in made:
        one.build(*shapes)
    return made


def final_normalization(layer):
    """Normalises the sum of the residual branches, if no block has done so."""
    if not layer.normalize_first:
        return None
    normalization = keras.layers.LayerNormalization(
        epsilon=1e-5, dtype=layer.dtype_policy, name="normalization"
    )
    normalization.build((None, None, layer.features))
    return normalization


def set_arguments(layer, arguments):
    """Checks and stores the arguments that both stacks have."""
    for name in ("vocabulary", "features", "num_blocks", "num_heads", "hidden_units"):
        check_positive_int(name, arguments[name])
    for name, value in arguments.items():
        setattr(layer, name, value)
    layer.supports_masking = True


def get_arguments(layer):
    """Returns the arguments that both stacks have."""
    names = ("vocabulary", "features", "num_blocks", "num_heads", "hidden_units")
    return {
        name: getattr(layer, name) for name in (*names, "dropout", "normalize_first")
    }


@register
class TransformerEncoder(keras.layers.Layer):
    """Token ids `(batch, time)`, 0 being padding, to `(batch, time, features)`."""

    def __init__(
        self,
        vocabulary,
        features,
        num_blocks,
        num_heads,
        hidden_units,
        dropout=0.1,
        normalize_first=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_arguments(
            self,
            {
                "vocabulary": vocabulary,
                "features": features,
                "num_blocks": num_blocks,
                "num_heads": num_heads,
                "hidden_units": hidden_units,
                "dropout": dropout,
                "normalize_first": normalize_first,
            },
        )

    def build(self, input_shape):
        self.embedding, self.positions, self.drop = embedding(self)
        self.blocks = blocks(self, TransformerEncoderBlock, (None, None, self.features))
        self.normalization = final_normalization(self)

    def call(self, ids, training=None):
        mask = is_token(ids)
        x = self.positions(self.embedding(ids) * self.features**0.5)
        x = self.drop(x, training=training)
        for block in self.blocks:
            x = block(x, mask=mask, training=training)
        return x if self.normalization is None else self.normalization(x)

    def compute_mask(self, ids, previous_mask=None):
        return is_token(ids)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.features)

    def get_config(self):
        return {**super().get_config(), **get_arguments(self)}


@register
class TransformerDecoder(keras.layers.Layer):
    """Token ids, and a memory if any, to logits `(batch, time, vocabulary)`."""

    def __init__(
        self,
        vocabulary,
        features,
        num_blocks,
        num_heads,
        hidden_units,
        dropout=0.1,
        normalize_first=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        set_arguments(
            self,
            {
                "vocabulary": vocabulary,
                "features": features,
                "num_blocks": num_blocks,
                "num_heads": num_heads,
                "hidden_units": hidden_units,
                "dropout": dropout,
                "normalize_first": normalize_first,
            },
        )

    def build(self, ids_shape, memory_shape=None):
        shape = (None, None, self.features)
        self.embedding, self.positions, self.drop = embedding(self)
        memory = () if memory_shape is None else ((None, None, memory_shape[-1]),)
        self.blocks = blocks(self, TransformerDecoderBlock, shape, *memory)
        self.normalization = final_normalization(self)
        self.logits = keras.layers.Dense(
            self.vocabulary, dtype=self.dtype_policy, name="logits"
        )
        self.logits.build(shape)

    def call(self, ids, memory=None, memory_mask=None, training=None):
        # Padding follows the tokens, and no token looks ahead: no mask is needed.
        x = self.positions(self.embedding(ids) * self.features**0.5)
        x = self.drop(x, training=training)
        for block in self.blocks:
            x = block(x, memory, memory_mask=memory_mask, training=training)
        return self._read_out(x)

    def start(self, batch, length, memory=None, memory_mask=None):
        """Returns the state before the first token, with room for `length` tokens."""
        return {
            "position": ops.zeros((batch,), "int32"),
            "blocks": [
                block.cache(batch, length, memory, memory_mask) for block in self.blocks
            ],
        }

    def extend(self, ids, state, last_only=False):
        """Runs the next tokens, of shape `(batch, time)`: `(logits, state)`."""
        position, time = state["position"][0], ops.shape(ids)[1]
        room = state["blocks"][0]["keys"].shape[1]
        # Writing past the end of the cache would silently overwrite its last step. XLA
        # drops the assertion; `generate` makes enough room by itself.
        tf.debugging.assert_less_equal(
            position + time,
            room,
            f"The cache has room for {room} tokens: start with a larger `length`.",
        )
        x = self.embedding(ids) * self.features**0.5
        x = self.positions(x, position=position)
        caches = []
        for block, cache in zip(self.blocks, state["blocks"], strict=True):
            x, cache = block.extend(x, cache, position)
            caches.append(cache)
        if last_only:
            x = x[:, -1:]
        state = {"position": state["position"] + time, "blocks": caches}
        return self._read_out(x), state

    def _read_out(self, x):
        return self.logits(x if self.normalization is None else self.normalization(x))

    def compute_mask(self, ids, previous_mask=None):
        return is_token(ids)

    def compute_output_shape(self, ids_shape, memory_shape=None):
        return (*ids_shape, self.vocabulary)

    def get_config(self):
        return {**super().get_config(), **get_arguments(self)}
