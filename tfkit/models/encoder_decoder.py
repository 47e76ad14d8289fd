"""The recurrent encoder-decoder, with or without attention."""

import functools

import keras
import tensorflow as tf

from tfkit._checks import check_one_of, check_positive_int, check_unit_interval
from tfkit._register import register
from tfkit.models import _generate
from tfkit.models._recurrent import (
    ATTENTIONS,
    CELLS,
    RecurrentDecoder,
    RecurrentEncoder,
)


@register
class EncoderDecoder(keras.Model):
    """Reads one sequence of tokens, then writes another.

    The encoder's final states start the decoder. With attention the decoder also looks
    at all of the encoder's outputs: "bahdanau" before each of its steps, from the state
    h_(t-1) and into that step; "luong" (score "general") after it, from the state h_t
    and into the prediction, which trains much faster because all target steps run in
    one layer. Either way the prediction comes from tanh(W [context; h_t]).

    Train it with `fit((source, target_in), target_out)`, where `target_in` begins with
    the start token, `target_out` is the same one step ahead and ends with the end
    token, and id 0 is padding, after the tokens. Padding counts neither in attention
    nor in loss and metrics. The outputs are logits, so compile with
    `SparseCategoricalCrossentropy(from_logits=True)`.

    Decode with `generate`, or with anything in `tfkit.decoding`:

        state = model.encode(source)
        tfkit.decoding.beam_search(model.step, state, start, length=60, end=end)

    `model.encoder` and `model.decoder` are layers, also in a loaded model.

    Args:
        source_vocabulary: Number of source token ids, padding included.
        target_vocabulary: Number of target token ids, padding included.
        features: Size of the embeddings.
        units: Size of the states. Each direction of a bidirectional encoder has half.
        cell: "gru" or "lstm".
        attention: None, "luong" or "bahdanau".
        bidirectional: Whether the encoder also reads from the end.
        sampling_probability: None, or for scheduled sampling the probability that in
            training a step is fed the decoder's most likely token instead of the
            target's. It is the start value of the variable `sampling_probability`,
            which a callback may raise: `model.sampling_probability.assign(0.2)`.
        **kwargs: Arguments of `keras.Model`.

    Input shape:
        Pair of integers `(batch, source time)` and `(batch, target time)`.

    Output shape:
        `(batch, target time, target_vocabulary)`, logits.

    Raises:
        ValueError: An argument is out of its range, or `units` is odd and the encoder
            bidirectional.

    Example:
    >>> model = tfkit.models.EncoderDecoder(20, 30, 8, 16, attention="luong")
    >>> source, target = np.array([[5, 6, 7, 0]]), np.array([[1, 8, 9]])
    >>> model((source, target)).shape
    TensorShape([1, 3, 30])
    >>> model.attention_scores((source, target)).shape
    TensorShape([1, 3, 4])
    >>> model.generate(source, start=1, end=2, length=5).ids.shape
    TensorShape([1, 5])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, An Encoder-Decoder Network for Neural
        Machine Translation, and Attention Mechanisms; scheduled sampling of
        [Bengio et al., 2015](https://arxiv.org/abs/1506.03099)
    """

    def __init__(
        self,
        source_vocabulary,
        target_vocabulary,
        features=128,
        units=512,
        cell="gru",
        attention=None,
        bidirectional=False,
        sampling_probability=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive_int("source_vocabulary", source_vocabulary)
        check_positive_int("target_vocabulary", target_vocabulary)
        check_positive_int("features", features)
        check_positive_int("units", units)
        check_one_of("cell", cell, tuple(CELLS))
        check_one_of("attention", attention, ATTENTIONS)
        if bidirectional and units % 2:
            raise ValueError(
                "Argument `units` must be even when `bidirectional`: half for each "
                f"direction. Received: units={units}"
            )
        if sampling_probability is not None:
            check_unit_interval("sampling_probability", sampling_probability)
        self.encoder = RecurrentEncoder(
            source_vocabulary,
            features,
            units,
            cell=cell,
            bidirectional=bidirectional,
            dtype=self.dtype_policy,
            name="encoder",
        )
        self.decoder = RecurrentDecoder(
            target_vocabulary,
            features,
            units,
            cell=cell,
            attention=attention,
            sampling_probability=sampling_probability,
            dtype=self.dtype_policy,
            name="decoder",
        )
        # Every size is known: weights from the start, so that a model can decode before
        # it has been called.
        self.encoder.build((None, None))
        self.decoder.build((None, None))
        self.built = True

    @property
    def sampling_probability(self):
        """The variable of scheduled sampling, or None."""
        return self.decoder.sampling_probability

    def call(self, inputs, training=None):
        source, target = inputs
        state = self._start(source, training)
        return self.decoder(target, state=state, training=training)

    def compute_mask(self, inputs, previous_mask=None):
        return _generate.is_token(inputs[1])

    def attention_scores(self, inputs):
        """Returns what each target step attends to.

        Args:
            inputs: Pair `(source, target_in)`, as for training.

        Returns:
            Tensor of shape `(batch, target time, source time)` whose rows add up to 1.
        """
        if self.decoder.attention is None:
            raise ValueError(
                'The model needs `attention="luong"` or "bahdanau" to have scores. '
                "Received: attention=None"
            )
        source, target = inputs
        state = self._start(_generate.check_source(source))
        return self.decoder.attention_scores(target, state)

    def encode(self, source, length=None):
        """Returns the decoder's state before its first token.

        Args:
            source: Token ids of shape `(batch, time)`.
            length: Not used: recurrent states are as large for any length.

        Returns:
            Nest of tensors with leading dimension batch, for `step`.
        """
        return self._start(_generate.check_source(source))

    def step(self, ids, state):
        """Runs one token of each row, ids `(batch,)`: `(logits, state)`."""
        return self.decoder.step(ids, state)

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

    def _start(self, source, training=None):
        memory, hidden = self.encoder(source, training=training)
        return self.decoder.start(memory, _generate.is_token(source), hidden)

    def get_config(self):
        return {
            **super().get_config(),
            "source_vocabulary": self.encoder.vocabulary,
            "target_vocabulary": self.decoder.vocabulary,
            "features": self.encoder.features,
            "units": self.encoder.units,
            "cell": self.encoder.cell,
            "attention": self.decoder.attention,
            "bidirectional": self.encoder.bidirectional,
            "sampling_probability": self.decoder.initial_sampling_probability,
        }
