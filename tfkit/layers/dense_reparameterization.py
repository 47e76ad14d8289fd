"""Bayesian dense layer, one draw of the weights for the batch."""

from tfkit._register import register
from tfkit.layers._variational import VariationalDense


@register
class DenseReparameterization(VariationalDense):
    """Bayesian dense layer, one draw of the weights for the batch.

    Each weight of the kernel has a normal posterior of its own, `N(mean, spread^2)`. A
    call draws one kernel for the whole batch,

    `outputs = activation(x @ (mean + spread * noise) + bias)`

    with noise from the standard normal distribution. One call is one network drawn
    from the posterior. In training, the gradients of `layers.DenseFlipout` vary less.

    The layer draws at inference too: calls differ, and `uncertainty.mc_predict` draws
    many of them at once.

    The KL divergence from the normal prior, in closed form,

    `sum_ij log(prior_spread / spread_ij)
    + (spread_ij^2 + (mean_ij - prior_mean)^2) / (2 prior_spread^2) - 1/2`

    is a loss of the layer, times `kl_weight / n_train`. With a data loss that is the
    negative log-likelihood per example, the whole is the negative evidence lower bound
    per example. It is counted once however often the layer is called. In `fit`, a
    metric such as `keras.metrics.SparseCategoricalCrossentropy(name="nll")` shows the
    one part and `callbacks.KLMonitor` the other.

    Weights: `kernel_mean`, `kernel_log_spread` (the logarithm of the standard
    deviations, property `kernel_spread`) and `bias`. Method `kl_divergence()` gives the
    divergence in nats, not scaled.

    Args:
        units: Number of outputs.
        n_train: Number of training examples (not batches), which scales the KL
            divergence.
        activation: Activation of the outputs.
        use_bias: Whether to add a bias. It has no distribution.
        kernel_initializer: Initializer of the means of the kernel.
        bias_initializer: Initializer of the bias.
        initial_spread: Standard deviation of each weight of the kernel at the start.
        prior_mean: Mean of the prior of each weight.
        prior_spread: Standard deviation of the prior of each weight.
        kl_weight: Factor of the KL divergence at the start. The variable `kl_weight`
            of the layer holds it; `callbacks.KLAnnealing` moves it.
        seed: Integer that seeds the draws. By default
            `keras.utils.set_random_seed` decides.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape:
        `(batch, ..., features)`

    Output shape:
        `(batch, ..., units)`. A mask is passed on.

    Raises:
        TypeError: A number is of another kind.
        ValueError: A number is out of range.

    Example:
    >>> layer = tfkit.layers.DenseReparameterization(3, n_train=1000)
    >>> x = np.ones((2, 4), "float32")
    >>> first, second = layer(x), layer(x)
    >>> first.shape, bool(np.allclose(first, second))
    (TensorShape([2, 3]), False)
    >>> kl = layer.kl_divergence()
    >>> bool(np.isclose(layer.losses[0], kl / 1000))
    True

    Reference:
        TensorFlow ML Projects, chapter 8;
        [Kingma and Welling, 2014](https://arxiv.org/abs/1312.6114)
    """

    def call(self, inputs):
        return self.reparameterized(inputs)
