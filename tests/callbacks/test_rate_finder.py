import keras
import numpy as np
import pytest

from tests.callbacks.test_one_cycle_momentum import Interrupt
from tfkit.callbacks import RateFinder
from tfkit.schedules import OneCycle


def make_data(count=40):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 3)).astype("float32")
    return x, (x @ [1.0, -2.0, 0.5])[:, None].astype("float32")


def make_model(optimizer="sgd", loss="mse", **kwargs):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer, loss=loss, **kwargs)
    return model


def fit(model, callbacks, epochs=10, **kwargs):
    x, y = make_data()
    return model.fit(
        x, y, batch_size=10, epochs=epochs, verbose=0, callbacks=callbacks, **kwargs
    )


def state(model):
    variables = model.variables + model.optimizer.variables
    return {variable.path: variable.numpy() for variable in variables}


def assert_unchanged(model, before):
    after = state(model)
    assert after.keys() == before.keys()
    for path, value in before.items():
        np.testing.assert_array_equal(after[path], value, path)
    assert "make_train_function" not in vars(model)


def test_rates_and_losses_match_reference():
    """Plain gradient descent in NumPy, one batch and one rate at a time."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    kernel, bias = model.get_weights()
    finder = RateFinder(1e-3, 0.1, steps=8, smoothing=0.5)
    fit(model, [finder], epochs=2, shuffle=False)
    x, y = make_data()
    losses, smoothed, average = [], [], 0.0
    rates = np.geomspace(1e-3, 0.1, 8)
    for step, rate in enumerate(rates):
        part = slice(step % 4 * 10, step % 4 * 10 + 10)
        error = x[part] @ kernel + bias - y[part]
        losses.append(np.mean(error**2))
        kernel = kernel - rate * 2 / 10 * x[part].T @ error
        bias = bias - rate * 2 / 10 * error.sum(axis=0)
        average = 0.5 * average + 0.5 * losses[-1]
        smoothed.append(average / (1 - 0.5 ** (step + 1)))
    np.testing.assert_allclose(finder.history["rate"], rates, rtol=1e-6)
    np.testing.assert_allclose(finder.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(finder.history["smoothed"], smoothed, rtol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.SGD(0.02, momentum=0.9),
        lambda: keras.optimizers.Nadam(use_ema=True),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
    ],
    ids=["sgd", "ema", "loss scaling"],
)
def test_stops_on_divergence_and_restores(make):
    model = make_model(make())
    fit(model, [], epochs=1)
    before = state(model)
    finder = RateFinder(1e-4, 1e6, steps=40)
    run = fit(model, [finder], validation_data=make_data())
    assert_unchanged(model, before)
    history = finder.history
    assert len(history["rate"]) == len(history["loss"]) == len(history["smoothed"])
    assert len(history["rate"]) < 40, "did not stop"
    assert history["smoothed"][-1] > 4 * min(history["smoothed"])
    lowest = history["rate"][np.argmin(history["smoothed"])]
    assert finder.suggestion == pytest.approx(lowest / 10)
    # Validation after the divergence sees the restored weights.
    x, y = make_data()
    assert run.history["val_loss"][-1] == pytest.approx(model.evaluate(x, y, verbose=0))


def test_suggestion_trains():
    """Near the stable limit of a quadratic: 1 over its largest curvature, or below."""
    x, _ = make_data()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    finder = RateFinder(1e-4, 1e3, steps=60)
    fit(model, [finder], epochs=20)
    ones = np.c_[x, np.ones(len(x))]
    curvature = np.linalg.eigvalsh(2 * ones.T @ ones / len(x)).max()
    assert 0.01 / curvature < finder.suggestion < 1 / curvature
    model.optimizer.learning_rate = finder.suggestion
    losses = fit(model, [], epochs=20).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_second_test_starts_afresh():
    model, finder = make_model(), RateFinder(1e-4, 1e-2, steps=5)
    fit(model, [finder], epochs=2)
    first = finder.history
    fit(model, [finder], epochs=2)
    assert finder.history is not first
    assert len(finder.history["rate"]) == 5


@pytest.mark.parametrize("inside", [True, False])
def test_interrupted_fit(inside):
    model = make_model()
    fit(model, [], epochs=1)
    before = state(model)
    finder = RateFinder(steps=10)
    with pytest.raises(KeyboardInterrupt):
        fit(model, [finder, Interrupt(inside)])
    if not inside:
        kernel = model.layers[-1].kernel
        assert not np.array_equal(kernel.numpy(), before[kernel.path])
        finder.restore()
    assert_unchanged(model, before)
    finder.restore()
    fit(model, [], epochs=1)


def test_next_training_call_restores():
    model, other = make_model(), make_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, [RateFinder(1.0, 2.0, steps=10), Interrupt(False)])
    x, y = make_data()
    for each in (model, other):
        keras.utils.set_random_seed(2)
        each.train_on_batch(x, y)
    for got, want in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_steps_per_execution():
    model = make_model(steps_per_execution=2)
    finder = RateFinder(1e-4, 1e-2, steps=6)
    fit(model, [finder], epochs=3)
    assert len(finder.history["rate"]) == 6


def test_infinite_loss_ends_the_test():
    class Growing(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.exp(1e4 * keras.ops.square(y_pred - y_true)[:, 0])

    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    model.compile("sgd", loss=Growing())
    x = np.ones((40, 3), "float32")
    finder = RateFinder(1e-9, 1.0, steps=20)
    target = np.full((40, 1), 0.01, "float32")
    model.fit(x, target, batch_size=10, epochs=5, verbose=0, callbacks=[finder])
    assert np.isfinite(finder.history["loss"]).all()
    assert len(finder.history["rate"]) < 20
    assert not model.get_weights()[0].any()


def test_negative_losses():
    """The bound on divergence lies above the best loss whatever its sign."""
    finder = RateFinder(1e-4, 1.0, steps=10)
    model = make_model(loss=lambda y, p: keras.ops.mean((p - y) ** 2, -1) - 100)
    fit(model, [finder], epochs=5)
    assert len(finder.history["rate"]) == 10


def test_plot():
    model, finder = make_model(), RateFinder(1e-4, 1e3, steps=40)
    fit(model, [finder])
    axes = finder.plot().axes[0]
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "learning rate"
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), finder.history["smoothed"])
    assert f"{finder.suggestion:.2g}" in axes.get_title()


def test_refuses_arguments():
    for kwargs, message in [
        ({"min_rate": 0}, "min_rate=0"),
        ({"min_rate": 1.0, "max_rate": 0.1}, "max_rate=0.1, min_rate=1.0"),
        ({"steps": 2}, "steps=2"),
        ({"smoothing": 1}, "smoothing=1"),
        ({"divergence": 1}, "divergence=1"),
    ]:
        with pytest.raises(ValueError, match=message):
            RateFinder(**kwargs)
    with pytest.raises(ValueError, match="must run first"):
        _ = RateFinder().suggestion


def test_refuses_runs():
    finder = RateFinder(steps=10)
    with pytest.raises(ValueError, match="schedule.*OneCycle"):
        fit(make_model(keras.optimizers.SGD(OneCycle(0.1, 10))), [finder])
    sgd = keras.optimizers.SGD
    with pytest.raises(TypeError, match="single learning rate.*MultiOptimizer"):
        optimizers = keras.optimizers.MultiOptimizer({".*": sgd()})
        fit(make_model(optimizers), [finder])
    with pytest.raises(ValueError, match="steps=10, 8 steps in 2 epochs"):
        fit(make_model(), [finder], epochs=2)


def test_refuses_short_data_of_unknown_length():
    model = make_model()
    before = state(model)
    batches = (make_data(10) for _ in range(4))
    with pytest.raises(ValueError, match="steps=10, 4 steps trained"):
        model.fit(batches, verbose=0, callbacks=[RateFinder(steps=10)])
    after = state(model)
    for path, value in before.items():
        np.testing.assert_array_equal(after[path], value, path)


def test_refuses_nan_from_the_start():
    model = make_model()
    x, y = make_data()
    x[:] = np.nan
    before = model.get_weights()
    with pytest.raises(ValueError, match="finite in the first step.*loss=nan"):
        model.fit(x, y, verbose=0, callbacks=[RateFinder(steps=3)], epochs=3)
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_loss_that_only_rises_or_only_falls():
    finder = RateFinder(10.0, 100.0, steps=4)
    fit(make_model(), [finder], epochs=1)
    with pytest.raises(ValueError, match="lower `min_rate`"):
        _ = finder.suggestion
    assert finder.plot().axes[0].get_title() == ""
    finder = RateFinder(1e-3, 1e-2, steps=5)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    model.fit(*make_data(), batch_size=40, epochs=5, verbose=0, callbacks=[finder])
    with pytest.warns(UserWarning, match="raise `max_rate`"):
        assert finder.suggestion == pytest.approx(1e-3)
