"""The Transformer, from one sequence of tokens to another."""

import functools

import keras
import tensorflow as tf
from keras import ops

from tfkit._register import register
from tfkit.models import _generate
from tfkit.models._transformer import TransformerDecoder, TransformerEncoder


@register
class Transformer(keras.Model):
    """Encoder and decoder of attention blocks, for translation and the like.

    Train it with `fit((source, target_in), target_out)`, where `target_in` begins with
    the start token, `target_out` is the same one step ahead and ends with the end
    token, and id 0 is padding, after the tokens. Padding counts neither in attention
    nor in loss and metrics. The outputs are logits, so compile with
    `SparseCategoricalCrossentropy(from_logits=True)`.

    Decode with `generate`, or with anything in `tfkit.decoding`:

        state = model.encode(source, length=60)
        tfkit.decoding.greedy(model.step, state, start, length=60, end=end)

    The state holds keys and values of what has been generated, so a step costs one
    token. `model.encoder` and `model.decoder` are layers, also in a loaded model.

    Args:
        source_vocabulary: Number of source token ids, padding included.
        target_vocabulary: Number of target token ids, padding included.
        features: Size of the vectors between blocks.
        num_blocks: Number of blocks of the encoder, and of the decoder.
        num_heads: Number of attention heads; divides `features`.
        hidden_units: Width of the hidden dense layer of each block.
        dropout: Rate of the dropout on embeddings and residual branches.
        normalize_first: Whether blocks normalise the inputs of their branches, which
            trains without warm-up, instead of the sums (the paper).
        **kwargs: Arguments of `keras.Model`.

    Input shape:
        Pair of integers `(batch, source time)` and `(batch, target time)`.

    Output shape:
        `(batch, target time, target_vocabulary)`, logits.

    Raises:
        ValueError: A size is below 1, or the features do not split into the heads.

    Example:
    >>> model = tfkit.models.Transformer(20, 30, 16, 2, num_heads=2, hidden_units=32)
    >>> source, target = np.array([[5, 6, 7, 0]]), np.array([[1, 8, 9]])
    >>> model((source, target)).shape
    TensorShape([1, 3, 30])
    >>> model.generate(source, start=1, end=2, length=5, beam_width=3).ids.shape
    TensorShape([1, 3, 5])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, The Transformer Architecture;
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762)
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        features=512,
        num_blocks=6,
        num_heads=8,
        hidden_units=2048,
        dropout=0.1,
        normalize_first=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.arguments = {
            "features": features,
            "num_blocks": num_blocks,
            "num_heads": num_heads,
            "hidden_units": hidden_units,
            "dropout": dropout,
            "normalize_first": normalize_first,
        }
        self.encoder = TransformerEncoder(
            source_vocabulary,
            **self.arguments,
            dtype=self.dtype_policy,
            name="encoder",
        )
        self.decoder = TransformerDecoder(
            target_vocabulary,
            **self.arguments,
            dtype=self.dtype_policy,
            name="decoder",
        )
        # Every size is known: weights from the start, so that a model can decode before
        # it has been called.
        self.encoder.build((None, None))
        self.decoder.build((None, None), (None, None, features))
        self.built = True

    def call(self, inputs, training=None):
        source, target = inputs
        memory = self.encoder(source, training=training)
        return self.decoder(
            target, memory, memory_mask=_generate.is_token(source), training=training
        )

    def compute_mask(self, inputs, previous_mask=None):
        return _generate.is_token(inputs[1])

    def encode(self, source, length=None):
        """Returns the decoder's state before its first token.

        Args:
            source: Token ids of shape `(batch, time)`.
            length: Number of tokens to make room for: 50 more than the source by
                default.

        Returns:
            Nest of tensors with leading dimension batch, for `step`.
        """
        source = _generate.check_source(source)
        if length is None:
            length = source.shape[1] + _generate.EXTRA_LENGTH
        memory = self.encoder(source)
        mask = _generate.is_token(source)
        return self.decoder.start(ops.shape(source)[0], length, memory, mask)

    def step(self, ids, state):
        """Runs one token of each row, ids `(batch,)`: `(logits, state)`."""
        logits, state = self.decoder.extend(ids[:, None], state)
        return logits[:, 0], state

    def generate(
        self,
        source,
        start,
        end,
        length=None,
        beam_width=None,
        length_penalty=0.0,
        jit_compile=False,
    ):
        """Decodes greedily, or with beams.

        Args:
            source: Token ids of shape `(batch, time)`.
            start: Id of the start token.
            end: Id of the end token.
            length: Most tokens to generate: 50 more than the source by default.
            beam_width: Number of beams, or None for greedy decoding.
            length_penalty: As in `tfkit.decoding.beam_search`.
            jit_compile: Whether to compile with XLA.

        Returns:
            Named tuple `(ids, scores, lengths)`, as from `tfkit.decoding`.
        """
        return _generate.generate(
            self, source, start, end, length, beam_width, length_penalty, jit_compile
        )

    @functools.cached_property
    def compiled_encode(self):
        """`encode` as a graph."""
        return tf.function(self.encode, reduce_retracing=True, autograph=False)

    def get_config(self):
        return {
            **super().get_config(),
            "source_vocabulary": self.encoder.vocabulary,
            "target_vocabulary": self.decoder.vocabulary,
            **self.arguments,
        }
