"""Attention over the positions of a feature map."""

import keras
from keras import ops

from tfkit._checks import check_positive_int
from tfkit._register import register
from tfkit.layers.bahdanau_attention import BahdanauAttention


@register
class VisualAttention(keras.layers.Layer):
    """Attends to the positions of a feature map: where a caption's decoder looks.

    Each position scores `v^T tanh(W query + U feature)`; the context is the mean of the
    features weighted by the softmax of the scores over all positions. The scores, in
    the shape of the map, show what each word was drawn from.

    In a decoder's loop, compute `keys = layer.project(features)` once and call
    `context, scores = layer.attend(query, features, keys)` at each step.

    Args:
        units: Width of the hidden layer that compares query and features.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        query: State of the decoder, shape `(batch, size)` or `(batch, time, size)`.
        features: Feature map of shape `(batch, height, width, channels)` or
            `(batch, positions, channels)`.
        features_mask: Boolean tensor in the shape of `features` without the channels,
            True where to look; the mask that Keras attached to them by default.
        return_attention_scores: Whether to return `(context, scores)`.

    Output shape:
        `(batch, [time,] channels)`; the scores `(batch, [time,] height, width)` or
        `(batch, [time,] positions)`, with a sum of 1.

    Raises:
        TypeError: `units` is no integer.
        ValueError: `units` is below 1 or an input has the wrong rank.

    Example:
    >>> attention = tfkit.layers.VisualAttention(16)
    >>> state, image = keras.ops.ones((2, 32)), keras.ops.ones((2, 7, 7, 64))
    >>> context, scores = attention(state, image, return_attention_scores=True)
    >>> context.shape, scores.shape
    (TensorShape([2, 64]), TensorShape([2, 7, 7]))

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Visual Attention";
        [Xu et al., 2015](https://arxiv.org/abs/1502.03044), section 4.2
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.supports_masking = True

    def build(self, query_shape, features_shape):
        if len(query_shape) not in (2, 3) or len(features_shape) not in (3, 4):
            raise ValueError(
                "Argument `query` must have rank 2 or 3, and `features` (batch, "
                "[height, width | positions], channels) rank 4 or 3. Received: query "
                f"with shape={tuple(query_shape)}, features with "
                f"shape={tuple(features_shape)}"
            )
        self.attention = BahdanauAttention(
            self.units, dtype=self.dtype_policy, name="attention"
        )
        channels = features_shape[-1]
        self.attention.build(query_shape, (features_shape[0], None, channels))

    def project(self, features):
        """Returns the keys that `attend` compares queries with."""
        return self.attention.project(_flat(features, 1))

    def attend(self, query, features, keys, features_mask=None):
        """Returns `(context, scores)` given the keys of the features."""
        mask = None if features_mask is None else _flat(features_mask, 0)
        context, scores = self.attention.attend(query, _flat(features, 1), keys, mask)
        if len(features.shape) == 4:
            size = ops.shape(features)
            lead = ops.shape(scores)[:-1]
            scores = ops.reshape(scores, (*lead, size[1], size[2]))
        return context, scores

    def call(self, query, features, features_mask=None, return_attention_scores=False):
        keys = self.project(features)
        context, scores = self.attend(query, features, keys, features_mask)
        return (context, scores) if return_attention_scores else context

    def compute_mask(self, query, previous_mask=None):
        return None

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def _flat(x, inner):
    """Merges height and width, which `inner` axes follow; other maps have none."""
    if len(x.shape) - inner == 2:
        return x
    size = ops.shape(x)
    positions = None if None in x.shape[1:3] else x.shape[1] * x.shape[2]
    return ops.reshape(x, (size[0], positions or size[1] * size[2], *x.shape[3:]))
