"""Dropout that stays on at inference."""

import keras

from tfkit._register import register


@register
class MCDropout(keras.layers.Dropout):
    """Dropout that stays on at inference, for Monte Carlo estimates.

    The layer ignores the `training` flag: under `predict`, `evaluate` and
    `training=False` it drops as in training, so repeated calls on one input give
    different samples. `uncertainty.mc_predict` draws many of them at once. Passing
    `training=True` to the whole model instead would also move the statistics of
    `BatchNormalization`.

    Args:
        *args: `rate`, `noise_shape` and `seed` of `keras.layers.Dropout`: the fraction
            of units to drop, the shape of the mask (such as `(None, 1, 8)` to drop
            whole features), and the seed of its random numbers.
        **kwargs: The same by name; `name` and `dtype` of `keras.layers.Layer`.

    Call arguments:
        inputs: Array of any shape. Its mask is passed on.
        training: Accepted and ignored.

    Output shape: Same as input.

    Example:
    >>> layer = tfkit.layers.MCDropout(0.5, seed=1)
    >>> x = np.ones((1, 1000), "float32")
    >>> dropped = np.mean(layer(x, training=False) == 0.0)
    >>> bool(0.4 < dropped < 0.6)
    True

    Reference:
        Hands-On ML (2nd ed.), chapter 11, "Monte Carlo (MC) Dropout";
        [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    @property
    def stochastic_at_inference(self):
        return self.rate > 0

    def call(self, inputs, training=None):
        return super().call(inputs, training=True)


@register
class MCAlphaDropout(keras.layers.AlphaDropout):
    """Alpha dropout that stays on at inference, for self-normalizing networks.

    What `MCDropout` is to `Dropout`: it ignores the `training` flag. It sets units to
    the negative saturation value of SELU and keeps mean and variance of its input.

    Args:
        *args: `rate`, `noise_shape` and `seed` of `keras.layers.AlphaDropout`.
        **kwargs: The same by name; `name` and `dtype` of `keras.layers.Layer`.

    Call arguments:
        inputs: Array of any shape. Its mask is passed on.
        training: Accepted and ignored.

    Output shape: Same as input.

    Example:
    >>> layer = tfkit.layers.MCAlphaDropout(0.1, seed=1)
    >>> x = np.random.default_rng(0).normal(size=(1, 10000)).astype("float32")
    >>> y = layer(x, training=False)
    >>> round(float(np.std(y)), 1)
    1.0

    Reference:
        Hands-On ML (2nd ed.), chapter 11, "Monte Carlo (MC) Dropout";
        [Klambauer et al., 2017](https://arxiv.org/abs/1706.02515)
    """

    @property
    def stochastic_at_inference(self):
        return self.rate > 0

    def call(self, inputs, training=None):
        return super().call(inputs, training=True)
