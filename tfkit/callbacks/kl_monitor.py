"""The KL divergence in the logs of training."""

import keras

from tfkit.callbacks._variational import variational_layers


class KLMonitor(keras.callbacks.Callback):
    """Adds the KL divergence of all Bayesian layers to the logs, as `kl`.

    `kl` is in nats per training example, `sum_layers KL / n_train`, of the weights as
    they stand at the end of the epoch and before the factor `kl_weight`. The loss is

        loss = nll + kl_weight * kl + other regularization

    so that `compile` with a metric of the negative log-likelihood shows the parts of
    the loss apart. (`loss` and `nll` are means over the epoch, in training.) A falling
    `nll` under a standing `kl` is learning; a `kl` near 0 is a posterior that has
    collapsed to its prior.

    Place it before callbacks that read the logs, such as `CSVLogger`. The progress bar
    and `History` come last by themselves.

    Raises:
        ValueError: The model has no Bayesian layer.

    Example:
    >>> model = keras.Sequential([
    ...     keras.Input((2,)), tfkit.layers.DenseFlipout(3, n_train=8)])
    >>> nll = keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nll")
    >>> model.compile(
    ...     "sgd", keras.losses.SparseCategoricalCrossentropy(True), metrics=[nll])
    >>> run = model.fit(np.ones((8, 2)), np.zeros(8), verbose=0,
    ...                 callbacks=[tfkit.callbacks.KLMonitor()])
    >>> sorted(run.history)
    ['kl', 'loss', 'nll']

    Reference:
        TensorFlow ML Projects, chapter 8, "Defining the loss function"
    """

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            layers = variational_layers(self.model, "KLMonitor")
            parts = [layer.kl_divergence() / layer.n_train for layer in layers]
            logs["kl"] = float(sum(parts))
