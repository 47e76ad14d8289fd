"""Checks that every recurrent cell must pass in `keras.layers.RNN`."""

import tempfile

import keras
import numpy as np
import tensorflow as tf

from tests import fresh_process
from tests.helpers import check_config

UNITS = 4


def run(cell, x, **kwargs):
    """Outputs of the cell at every step of `x`."""
    return keras.layers.RNN(cell, return_sequences=True)(x, **kwargs)


def check_cell(create, *, weights, states=1):
    """Runs the contract of a cell; `create(**kwargs)` returns one of `UNITS` units.

    Args:
        create: Function of keyword arguments that returns a fresh cell.
        weights: Expected number of trainable weights.
        states: Expected number of state tensors.
    """
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32")
    cell = create()
    layer = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    eager, *state = layer(x)
    assert eager.shape == (2, 6, UNITS)
    assert [s.shape for s in state] == [(2, UNITS)] * states
    np.testing.assert_allclose(eager[:, -1], state[0])
    assert len(cell.trainable_weights) == weights
    check_config(cell)
    built = create()
    built.build((None, 3))
    assert len(built.weights) == len(cell.weights), "`build` does not make all"

    for jit_compile in (False, True):
        graph = tf.function(layer, jit_compile=jit_compile)(tf.constant(x))
        np.testing.assert_allclose(graph[0], eager, rtol=1e-4, atol=1e-5)

    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, run(create(), inputs))
    assert model.output.shape == (None, None, UNITS)
    _check_reload(model, x)

    _check_gradients(layer, x)
    _check_policies(create, x)
    _check_time(cell, x)
    _check_dropout(create, x)


def check_equal(cell, other, rng, **kwargs):
    """Given the weights of the Keras cell `other`, `cell` is the same function.

    Dropout included: both draw their masks from the same seed.
    """
    x = rng.normal(size=(2, 6, 3)).astype("float32")
    for c in (cell, other):
        c.build((None, 3))
    values = [rng.normal(size=w.shape) for w in other.weights]
    other.set_weights(values)
    cell.set_weights(values + [np.zeros(w.shape) for w in cell.weights[len(values) :]])
    for training in (False, True):
        np.testing.assert_allclose(
            run(cell, x, training=training),
            run(other, x, training=training),
            rtol=1e-5,
            atol=1e-6,
        )


def _check_reload(model, x):
    """As `helpers.check_reload`, but for the paths of the weights.

    A loaded `keras.layers.RNN` builds its cell outside its own name scope, so that
    "rnn/gru_cell/kernel" is "gru_cell/kernel" from then on: Keras' cells too.
    """
    model.compile(keras.optimizers.SGD(1e-3), loss="mse")
    prediction = model.predict(x, verbose=0)
    y = np.zeros_like(prediction)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.keras"
        model.save(path)
        loaded, loss, warned = fresh_process.call(
            fresh_process.load_and_step, path, x, y, 1
        )
    np.testing.assert_allclose(loaded, prediction, rtol=1e-4, atol=1e-5)
    assert not [w for w in warned if "build" in w or "variables" in w], warned
    model.train_on_batch(x, y)
    expected = model.test_on_batch(x, y, return_dict=True)["loss"]
    np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-6)


def _check_gradients(layer, x):
    # Written out for normalisation: against differences of the loss itself.
    weights = [w.value for w in layer.trainable_weights]
    directions = [np.random.default_rng(1).normal(size=w.shape) for w in weights]

    def loss():
        return keras.ops.mean(keras.ops.square(layer(x)[0]))

    with tf.GradientTape() as tape:
        value = loss()
    grads = tape.gradient(value, weights)
    slope = sum(np.sum(g * d) for g, d in zip(grads, directions, strict=True))
    around = []
    for step in (1e-3, -2e-3):  # from 0 to 1e-3, then to -1e-3
        for weight, direction in zip(weights, directions, strict=True):
            weight.assign_add(step * direction)
        around.append(float(loss()))
    np.testing.assert_allclose(slope, (around[0] - around[1]) / 2e-3, rtol=2e-2)

    for scale in (0.0, 1.0, 1e4):
        with tf.GradientTape() as tape:
            inputs = tf.Variable(x * np.float32(scale))
            loss = keras.ops.mean(keras.ops.square(layer(inputs, training=True)[0]))
        values = [w.value for w in layer.trainable_weights]
        names = [w.path for w in layer.trainable_weights] + ["the input"]
        grads = tape.gradient(loss, [*values, inputs])
        for name, grad in zip(names, grads, strict=True):
            assert grad is not None, f"no gradient reaches {name}"
            assert np.isfinite(grad).all(), f"bad gradient at {name}, scale {scale}"


def _check_policies(create, x):
    for policy, compute, store in [
        ("mixed_float16", "float16", "float32"),
        ("float64", "float64", "float64"),
    ]:
        layer = keras.layers.RNN(create(dtype=policy), return_state=True, dtype=policy)
        for factor in (1, 1000):  # squares of the second overflow in half precision
            for tensor in layer(x * factor):
                assert keras.backend.standardize_dtype(tensor.dtype) == compute
                assert np.isfinite(keras.ops.convert_to_numpy(tensor)).all()
        assert {w.dtype for w in layer.trainable_weights} == {store}


def _check_time(cell, x):
    """Later steps change nothing earlier, and masked steps nothing at all."""
    later = x.copy()
    later[:, -1] += 1
    full, moved = run(cell, x), run(cell, later)
    np.testing.assert_allclose(full[:, :-1], moved[:, :-1], rtol=1e-6)
    assert not np.allclose(full[:, -1], moved[:, -1])
    layer = keras.layers.RNN(cell, return_state=True)
    mask = np.ones(x.shape[:2], bool)
    mask[:, 4:] = False
    for masked, short in zip(layer(x, mask=mask), layer(x[:, :4]), strict=True):
        np.testing.assert_allclose(masked, short, rtol=1e-5, atol=1e-6)


def _check_dropout(create, x):
    plain = create()
    expected = run(plain, x)
    for rates in ({"dropout": 0.5}, {"recurrent_dropout": 0.5}):
        cell = create(**rates, seed=1)
        run(cell, x)
        cell.set_weights(plain.get_weights())
        np.testing.assert_allclose(run(cell, x), expected, rtol=1e-5, atol=1e-6)
        once, again = run(cell, x, training=True), run(cell, x, training=True)
        assert not np.allclose(once, expected)
        assert not np.allclose(once, again), "the mask is stuck"
