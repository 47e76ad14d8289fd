import keras
import numpy as np
import pytest

from tfkit.callbacks import KLAnnealing
from tfkit.layers import DenseFlipout, DenseReparameterization

X = np.ones((8, 3), "float32")


def nested():
    """Two Bayesian layers, one of them in an inner model."""
    inner = keras.Sequential([keras.Input((3,)), DenseFlipout(4, 8)])
    model = keras.Sequential([keras.Input((3,)), inner, DenseReparameterization(1, 8)])
    model.compile("sgd", "mse")
    return model, [inner.layers[0], model.layers[1]]


class Recorder(keras.callbacks.Callback):
    """Notes the weights of all layers during each step."""

    def __init__(self, layers):
        super().__init__()
        self.layers, self.seen = layers, []

    def on_train_batch_end(self, batch, logs=None):
        weights = {float(layer.kl_weight.value) for layer in self.layers}
        assert len(weights) == 1
        self.seen += weights


def fit(model, callbacks, **options):
    return model.fit(
        X, X[:, :1], batch_size=2, callbacks=callbacks, verbose=0, **options
    )


def test_by_epochs():
    model, layers = nested()
    recorder = Recorder(layers)
    run = fit(model, [KLAnnealing(epochs=2), recorder], epochs=4)
    assert recorder.seen == [0.0] * 4 + [0.5] * 4 + [1.0] * 8
    assert run.history["kl_weight"] == [0.0, 0.5, 1.0, 1.0]
    fit(model, [KLAnnealing(epochs=4), recorder], initial_epoch=3, epochs=4)
    assert recorder.seen[16:] == [0.75] * 4


def test_by_steps():
    model, layers = nested()
    recorder = Recorder(layers)
    fit(model, [KLAnnealing(steps=8), recorder], epochs=2)
    np.testing.assert_allclose(recorder.seen, np.arange(8) / 8)
    fit(model, [KLAnnealing(steps=16), recorder])  # the optimizer counts on
    np.testing.assert_allclose(recorder.seen[8:], np.arange(8, 12) / 16)


def test_to_another_weight():
    model, layers = nested()
    recorder = Recorder(layers)
    fit(model, [KLAnnealing(steps=2, weight=0.5), recorder])
    assert recorder.seen == [0.0, 0.25, 0.5, 0.5]


def test_the_compiled_step_sees_the_weight():
    model, layers = nested()
    losses, kl = {}, sum(float(layer.kl_divergence()) for layer in layers) / 8
    model.compile(keras.optimizers.SGD(0.0), lambda y, p: 0 * p[:, 0])
    for epoch in (0, 1, 2):
        run = fit(model, [KLAnnealing(epochs=2)], initial_epoch=epoch, epochs=epoch + 1)
        losses[epoch] = run.history["loss"][0]
    np.testing.assert_allclose([*losses.values()], [0, kl / 2, kl], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "received"),
    [
        ({}, ValueError, "epochs=None, steps=None"),
        ({"epochs": 1, "steps": 1}, ValueError, "epochs=1, steps=1"),
        ({"epochs": 0}, ValueError, "epochs=0"),
        ({"steps": 0.5}, TypeError, "0.5"),
        ({"steps": 2, "weight": 0}, ValueError, "weight=0"),
    ],
)
def test_rejects(options, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        KLAnnealing(**options)


def test_rejects_a_model_without_bayesian_layers():
    model = keras.Sequential([keras.layers.Dense(1)], name="plain")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Received: model='plain'"):
        fit(model, [KLAnnealing(epochs=2)])
