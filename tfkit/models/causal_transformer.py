"""A decoder-only language model."""

import functools

import keras
import tensorflow as tf
from keras import ops

from tfkit._register import register
from tfkit.models import _generate
from tfkit.models._transformer import TransformerDecoder


@register
class CausalTransformer(keras.Model):
    """Predicts each next token from those before it: a small GPT.

    Train it with `fit(ids[:, :-1], ids[:, 1:])` and a loss on logits. Id 0 is padding,
    after the tokens; it counts neither in loss nor metrics. To generate:

        state = model.encode(prompt, length=100)
        tfkit.decoding.sample(model.step, state, prompt[:, -1], length=100, top_p=0.9)

    `encode` runs all of the prompt but its last token at once.

    Args:
        vocabulary: Number of token ids, padding included.
        features: Size of the vectors between blocks.
        num_blocks: Number of blocks.
        num_heads: Number of attention heads; divides `features`.
        hidden_units: Width of the hidden dense layer of each block.
        dropout: Rate of the dropout on embeddings and residual branches.
        normalize_first: Whether blocks normalise the inputs of their branches (GPT-2)
            instead of the sums.
        **kwargs: Arguments of `keras.Model`.

    Input shape:
        `(batch, time)`, integers.

    Output shape:
        `(batch, time, vocabulary)`, logits.

    Raises:
        ValueError: A size is below 1, or the features do not split into the heads.

    Example:
    >>> model = tfkit.models.CausalTransformer(30, 16, 2, num_heads=2, hidden_units=32)
    >>> prompt = np.array([[5, 6, 7]])
    >>> model(prompt).shape
    TensorShape([1, 3, 30])
    >>> state = model.encode(prompt, length=8)
    >>> tokens = tfkit.decoding.greedy(model.step, state, prompt[:, -1], length=8)
    >>> tokens.ids.shape
    TensorShape([1, 8])

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Recent Innovations in Language Models;
        [Radford et al., 2019](https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf)
    """

    def __init__(
        self,
        vocabulary,
        features=128,
        num_blocks=2,
        num_heads=4,
        hidden_units=512,
        dropout=0.1,
        normalize_first=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.arguments = {
            "vocabulary": vocabulary,
            "features": features,
            "num_blocks": num_blocks,
            "num_heads": num_heads,
            "hidden_units": hidden_units,
            "dropout": dropout,
            "normalize_first": normalize_first,
        }
        self.decoder = TransformerDecoder(
            **self.arguments, dtype=self.dtype_policy, name="decoder"
        )
        # Every size is known: weights from the start, so that a model can decode before
        # it has been called.
        self.decoder.build((None, None))
        self.built = True

    def call(self, ids, training=None):
        return self.decoder(ids, training=training)

    def compute_mask(self, ids, previous_mask=None):
        return _generate.is_token(ids)

    def encode(self, prompt, length):
        """Returns the state after all of the prompt but its last token.

        Args:
            prompt: Token ids of shape `(batch, time)`, without padding.
            length: Number of tokens to be generated.

        Returns:
            Nest of tensors with leading dimension batch, for `step`.
        """
        prompt = _generate.check_source(prompt)
        return self._compiled_encode(prompt, length)

    @functools.cached_property
    def _compiled_encode(self):
        return tf.function(self._encode, reduce_retracing=True, autograph=False)

    def _encode(self, prompt, length):
        batch, time = ops.shape(prompt)
        state = self.decoder.start(batch, length + time - 1)
        if time == 1:
            return state
        return self.decoder.extend(prompt[:, :-1], state, last_only=True)[1]

    def step(self, ids, state):
        """Runs one token of each row, ids `(batch,)`: `(logits, state)`."""
        logits, state = self.decoder.extend(ids[:, None], state)
        return logits[:, 0], state

    def get_config(self):
        return {**super().get_config(), **self.arguments}
