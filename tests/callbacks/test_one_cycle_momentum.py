import keras
import numpy as np
import pytest

from tfkit.callbacks import OneCycleMomentum
from tfkit.schedules import OneCycle

OPTIMIZERS = {
    "sgd": lambda rate, **kw: keras.optimizers.SGD(rate, momentum=0.9, **kw),
    "nesterov": lambda rate, **kw: keras.optimizers.SGD(
        rate, momentum=0.9, nesterov=True, **kw
    ),
    "rmsprop": lambda rate, **kw: keras.optimizers.RMSprop(rate, momentum=0.9, **kw),
    "adam": keras.optimizers.Adam,
    "nadam": keras.optimizers.Nadam,
}
NAMES = {"sgd": "momentum", "nesterov": "momentum", "rmsprop": "momentum"}


def make_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3)).astype("float32")
    return x, (x @ [1.0, -2.0, 0.5])[:, None].astype("float32")


def make_model(optimizer, **kwargs):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer, loss="mse", **kwargs)
    return model


def fit(model, callbacks, epochs=2, batch_size=10):
    x, y = make_data()
    return model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


def reference(kind, schedule, momentum, steps=6, batch_size=10):
    """Eager steps; before each one, its momentum becomes the optimizer's number."""
    optimizer = OPTIMIZERS[kind](schedule)
    model = make_model(optimizer, run_eagerly=True)
    x, y = make_data()
    for step in range(steps):
        value = np.float32(momentum.at(step))
        setattr(optimizer, NAMES.get(kind, "beta_1"), float(value))
        part = slice(step % 3 * batch_size, (step % 3 + 1) * batch_size)
        model.train_on_batch(x[part], y[part])
    return model.get_weights()


def assert_equal(model, expected):
    for got, want in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_takes_effect_in_the_compiled_step(kind):
    """The same updates as setting the number by hand in eager mode, each step."""
    schedule = OneCycle(0.05, 6)
    momentum = OneCycleMomentum(schedule, 0.9, 0.3)
    expected = reference(kind, schedule, momentum)
    model = make_model(OPTIMIZERS[kind](schedule))
    name = NAMES.get(kind, "beta_1")
    before = getattr(model.optimizer, name)
    fit(model, [momentum])
    assert_equal(model, expected)
    assert type(getattr(model.optimizer, name)) is float
    assert getattr(model.optimizer, name) == before
    if kind == "sgd":  # the cycle does change the result
        without = make_model(OPTIMIZERS[kind](schedule))
        fit(without, [])
        assert not np.allclose(without.get_weights()[0], expected[0], rtol=1e-3)


@pytest.mark.parametrize(
    "kwargs",
    [{"steps_per_execution": 2}, {"jit_compile": True}, {"run_eagerly": True}],
    ids=lambda kwargs: next(iter(kwargs)),
)
def test_ways_to_run(kwargs):
    schedule = OneCycle(0.05, 6)
    momentum = OneCycleMomentum(schedule)
    model = make_model(OPTIMIZERS["adam"](schedule), **kwargs)
    fit(model, [momentum])
    assert_equal(model, reference("adam", schedule, momentum))


def test_loss_scaling():
    schedule = OneCycle(0.05, 6)
    momentum = OneCycleMomentum(schedule, 0.9, 0.3)
    optimizer = keras.optimizers.LossScaleOptimizer(OPTIMIZERS["sgd"](schedule))
    model = make_model(optimizer)
    fit(model, [momentum])
    assert_equal(model, reference("sgd", schedule, momentum))


def test_accumulated_gradients():
    """The momentum is that of the step whose learning rate is applied."""
    schedule = OneCycle(0.05, 12)
    momentum = OneCycleMomentum(schedule, 0.9, 0.3)
    model = make_model(OPTIMIZERS["sgd"](schedule, gradient_accumulation_steps=2))
    fit(model, [momentum], epochs=4, batch_size=10)
    weights = make_model("sgd").get_weights()
    velocity = [0.0, 0.0]
    x, y = make_data()
    for step in range(1, 12, 2):
        batches = [slice(i % 3 * 10, i % 3 * 10 + 10) for i in (step - 1, step)]
        gradients = [0.0, 0.0]
        for part in batches:
            error = 2 / 10 * (x[part] @ weights[0] + weights[1] - y[part])
            gradients[0] += x[part].T @ error / 2
            gradients[1] += error.sum(axis=0) / 2
        for i, gradient in enumerate(gradients):
            velocity[i] = float(momentum.at(step)) * velocity[i]
            velocity[i] = velocity[i] - float(schedule(step)) * gradient
            weights[i] = weights[i] + velocity[i]
    assert_equal(model, weights)


def test_mirrors_the_rate():
    schedule = OneCycle(1.0, 100)
    momentum = OneCycleMomentum(schedule)
    steps = np.arange(0, 130)
    np.testing.assert_allclose(
        [float(momentum.at(step)) for step in steps],
        np.interp(steps, [0, 45, 90], [0.95, 0.85, 0.95]),
        rtol=1e-5,
    )


def test_next_fit_is_plain_and_model_saves(tmp_path):
    schedule = OneCycle(0.05, 6)
    model = make_model(OPTIMIZERS["sgd"](schedule))
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "during.keras")
    fit(model, [OneCycleMomentum(schedule, 0.5, 0.1), checkpoint])
    model.save(tmp_path / "after.keras")
    for name in ("during", "after"):
        loaded = keras.models.load_model(tmp_path / f"{name}.keras")
        assert loaded.optimizer.momentum == 0.9
        assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    fit(model, [])
    fit(loaded, [])
    assert_equal(model, loaded.get_weights())


class Interrupt(keras.callbacks.Callback):
    """Presses Ctrl-C inside the step, or between two steps."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 1 and self.inside:
            guarded = self.model.train_function.__self__
            original = guarded._step

            def step(iterator):
                guarded._step = original
                raise KeyboardInterrupt

            guarded._step = step

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("inside", [True, False])
def test_interrupted_fit(inside):
    """Afterwards the model trains like one that never met the callback."""
    schedule = OneCycle(0.05, 6)
    model = make_model(OPTIMIZERS["sgd"](schedule))
    with pytest.raises(KeyboardInterrupt):
        fit(model, [OneCycleMomentum(schedule, 0.5, 0.1), Interrupt(inside)])
    assert type(model.optimizer.momentum) is float
    plain = make_model(OPTIMIZERS["sgd"](schedule))
    plain.optimizer.build(plain.trainable_variables)
    plain.set_weights(model.get_weights())
    plain.optimizer.set_weights([v.numpy() for v in model.optimizer.variables])
    fit(model, [])
    fit(plain, [])
    assert_equal(model, plain.get_weights())
    assert "train_step" not in vars(model)
    assert "make_train_function" not in vars(model)


def test_resumes_where_the_iterations_are():
    schedule = OneCycle(0.05, 6)
    momentum = OneCycleMomentum(schedule, 0.9, 0.3)
    model = make_model(OPTIMIZERS["adam"](schedule))
    fit(model, [momentum], epochs=1)
    fit(model, [OneCycleMomentum(schedule, 0.9, 0.3)], epochs=1)
    assert_equal(model, reference("adam", schedule, momentum))


def test_refuses():
    schedule = OneCycle(0.05, 6)
    with pytest.raises(TypeError, match="`schedule`.*0.1"):
        OneCycleMomentum(0.1)
    with pytest.raises(ValueError, match="max_momentum=1.5"):
        OneCycleMomentum(schedule, 1.5)
    with pytest.raises(ValueError, match="min_momentum=0.95, max_momentum=0.85"):
        OneCycleMomentum(schedule, 0.85, 0.95)
    with pytest.raises(ValueError, match="momentum=0.0"):
        fit(make_model(keras.optimizers.SGD(0.1)), [OneCycleMomentum(schedule)])
    with pytest.raises(TypeError, match="Adagrad"):
        fit(make_model(keras.optimizers.Adagrad(0.1)), [OneCycleMomentum(schedule)])
