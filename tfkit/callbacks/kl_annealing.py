"""Warm-up of the KL divergence."""

import keras

from tfkit._checks import check_positive, check_positive_int
from tfkit.callbacks._variational import variational_layers


class KLAnnealing(keras.callbacks.Callback):
    """Raises the weight of the KL divergence from 0 at the start of training.

    Before the data have been fitted, the divergence draws the posterior to its prior:
    the network then explains nothing, and may stay so. With this callback the data come
    first: `kl_weight` of every Bayesian layer, at any depth, is

        weight * min(1, epoch / epochs)   or   weight * min(1, step / steps)

    Steps are those of the optimizer, which counts on in a run that `BackupAndRestore`
    resumes and in a second `fit`. Under `steps_per_execution` the weight changes once
    an execution. Logs receive `kl_weight`, as it is at the end of the epoch.

    While the weight moves, so does what `loss` and `val_loss` mean: watch the negative
    log-likelihood, a metric of its own. The last weight stays after `fit`.

    Args:
        epochs: Number of epochs that the warm-up takes; the first has weight 0.
        steps: Number of training steps that it takes, in the place of `epochs`.
        weight: Weight after the warm-up. 1 makes the loss the evidence lower bound;
            below it the posterior is tempered ("cold"), which large networks need on
            few data, where the divergence outweighs them.

    Raises:
        ValueError: Both or none of `epochs` and `steps` are given, an argument is not
            positive, or the model has no Bayesian layer.

    Example:
    >>> model = keras.Sequential([tfkit.layers.DenseFlipout(1, n_train=8)])
    >>> model.compile("sgd", "mse")
    >>> x = np.ones((8, 2))
    >>> run = model.fit(x, x[:, :1], epochs=3, verbose=0,
    ...                 callbacks=[tfkit.callbacks.KLAnnealing(epochs=2)])
    >>> run.history["kl_weight"]
    [0.0, 0.5, 1.0]

    Reference:
        [Bowman et al., 2016](https://arxiv.org/abs/1511.06349), section 3.1;
        [Wenzel et al., 2020](https://arxiv.org/abs/2002.02405);
        TensorFlow ML Projects, chapter 8
    """

    def __init__(self, epochs=None, steps=None, weight=1.0):
        super().__init__()
        if (epochs is None) == (steps is None):
            raise ValueError(
                "Either argument `epochs` or `steps` must be given. "
                f"Received: epochs={epochs}, steps={steps}"
            )
        self.epochs = None if epochs is None else check_positive_int("epochs", epochs)
        self.steps = None if steps is None else check_positive_int("steps", steps)
        self.weight = float(check_positive("weight", weight))

    def set_model(self, model):
        super().set_model(model)
        self._layers = None  # those of a model that is not built yet may not exist

    def _set(self, done):
        if self._layers is None:
            self._layers = variational_layers(self.model, "KLAnnealing")
        self._weight = self.weight * min(1.0, done)
        for layer in self._layers:
            layer.kl_weight.assign(self._weight)

    def on_epoch_begin(self, epoch, logs=None):
        if self.epochs is not None:
            self._set(epoch / self.epochs)

    def on_train_batch_begin(self, batch, logs=None):
        if self.steps is not None:
            self._set(int(self.model.optimizer.iterations.value) / self.steps)

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["kl_weight"] = self._weight
