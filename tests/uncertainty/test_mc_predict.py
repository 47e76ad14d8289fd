import random
import sys
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tests import fresh_process
from tfkit.layers import (
    DenseFlipout,
    DenseReparameterization,
    MCAlphaDropout,
    MCDropout,
)
from tfkit.uncertainty import mc_predict, to_mc_dropout


@keras.saving.register_keras_serializable("tests")
class Counter(layers.Layer):
    """Counts how often it runs on rows; the identity otherwise."""

    def build(self, _):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1)
        return x


class Noise(layers.Layer):
    """Takes part by the protocol: random under `training=False`."""

    stochastic_at_inference = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x):
        return x + keras.random.normal((1, x.shape[-1]), seed=self.seed_generator)


class BookMCDropout(layers.Dropout):
    """As chapter 11 prints it."""

    def call(self, inputs):
        return super().call(inputs, training=True)


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.counter = Counter()
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.drop(self.norm(self.counter(x)), training=training)


def mlp(*hidden, inputs=6):
    return keras.Sequential([keras.Input((inputs,)), *hidden, layers.Dense(3)])


def is_random(samples):
    """Whether every sample differs from the next, and is finite."""
    assert np.isfinite(samples).all()
    return all(not np.array_equal(a, b) for a, b in pairwise(samples))


X = np.random.default_rng(1).normal(size=(7, 6)).astype("float32")


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dropout(0.5),
        layers.AlphaDropout(0.5),
        layers.GaussianDropout(0.5),
        MCDropout(0.5),
        MCAlphaDropout(0.5),
        BookMCDropout(0.5),
        Noise(),
        DenseFlipout(4, n_train=10),
        DenseReparameterization(4, n_train=10),
        keras.Sequential([layers.Dense(4), layers.Dropout(0.5)]),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_kind_of_layer_takes_part(layer):
    samples = mc_predict(mlp(layer), X, n_samples=4, batch_size=3)
    assert samples.shape == (4, 7, 3)
    assert is_random(samples)


@pytest.mark.parametrize(
    "layer",
    [
        layers.SpatialDropout1D(0.5),
        layers.LSTM(4, dropout=0.5),
        layers.GRU(4, recurrent_dropout=0.5, return_sequences=True),
        layers.RNN(layers.StackedRNNCells([layers.GRUCell(4, dropout=0.5)])),
        layers.Bidirectional(layers.SimpleRNN(4, dropout=0.5)),
        layers.TimeDistributed(layers.Dropout(0.5)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_of_sequences_take_part(rng, layer):
    model = keras.Sequential([keras.Input((5, 6)), layer, layers.Flatten()])
    x = rng.random((3, 5, 6), "float32")
    assert is_random(mc_predict(model, x, n_samples=4))
    np.testing.assert_array_equal(*[model.predict(x, verbose=0) for _ in range(2)])


@pytest.mark.parametrize("name", ["MultiHeadAttention", "Attention"])
def test_attention_takes_part(rng, name):
    inputs = keras.Input((5, 6))
    if name == "Attention":
        outputs = layers.Attention(dropout=0.5)([inputs, inputs])
    else:
        outputs = layers.MultiHeadAttention(2, 3, dropout=0.5)(inputs, inputs)
    x = rng.random((3, 5, 6), "float32")
    assert is_random(mc_predict(keras.Model(inputs, outputs), x, n_samples=4))


def test_statistics_match_dropout():
    """Mean and variance of a linear model with dropout are known exactly."""
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dropout(0.25), layers.Dense(1, use_bias=False)]
    )
    w = model.get_weights()[0]
    samples = mc_predict(model, X, n_samples=4000, seed=0)
    variance = np.square(X) @ np.square(w) * (0.25 / 0.75)
    error = 5 * np.sqrt(variance / 4000)
    assert (np.abs(samples.mean(axis=0) - X @ w) < error).all()
    np.testing.assert_allclose(samples.var(axis=0), variance, rtol=0.15)
    # Rows are independent of each other.
    correlation = np.corrcoef(samples[..., 0].T) - np.eye(len(X))
    assert np.abs(correlation).max() < 0.1


def test_equals_predict_where_nothing_is_dropped():
    """The split into two parts computes the same function as the model."""
    model = every_kind_of_graph(rate=1e-9)
    x = np.random.default_rng(0).random((5, 4), "float32")
    expected = model.predict([x, 2 * x], verbose=0)
    got = mc_predict(model, [x, 2 * x], n_samples=3, batch_size=2)
    assert sorted(got) == sorted(expected)
    for name, value in expected.items():
        for sample in got[name]:
            np.testing.assert_allclose(sample, value, rtol=1e-5, atol=1e-6)


def every_kind_of_graph(rate):
    """Branches, skips, nests, shared layers, operations, two inputs and outputs."""
    one, two = keras.Input((4,), name="one"), keras.Input((4,), name="two")
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4), Counter(), layers.Dropout(rate)]
    )
    a = keras.Input((4,))
    pair = keras.Model(a, [layers.Dense(4)(a), layers.Dropout(rate)(a)])
    shared = layers.Dense(4)
    x = shared(one)
    y = inner(x)
    z, late = pair(ops.tanh(two))
    early = ops.concatenate([x, z], axis=-1)  # past all dropout
    deep = inner(y)  # the same model, now on random input
    mixed = layers.add([shared(deep), late, x])
    return keras.Model(
        [one, two], {"mixed": layers.Dense(2)(mixed), "early": layers.Dense(1)(early)}
    )


def test_graphs_of_every_kind_are_random_where_they_should_be():
    model = every_kind_of_graph(rate=0.5)
    x = np.random.default_rng(0).random((5, 4), "float32")
    got = mc_predict(model, [x, 2 * x], n_samples=4)
    assert got["mixed"].shape == (4, 5, 2)
    assert is_random(got["mixed"])
    assert np.ptp(got["early"], axis=0).max() == 0


def test_prefix_runs_once_a_batch():
    first, second, third = Counter(), Counter(), Counter()
    inner = keras.Sequential([second, layers.Dropout(0.5), third])
    model = mlp(first, layers.Dense(4), inner)
    mc_predict(model, X, n_samples=10, batch_size=4)
    assert (float(first.calls.value), float(second.calls.value)) == (2, 2)
    assert float(third.calls.value) == 20


@pytest.mark.parametrize("layer", [DenseFlipout, DenseReparameterization])
def test_draws_of_bayesian_layers(layer):
    """By seed, after a prefix that runs once, shared by a batch or not."""
    counter = Counter()
    model = mlp(counter, layer(4, n_train=10))
    same = np.repeat(X[:1], 4, axis=0)
    samples = mc_predict(model, same, n_samples=6, batch_size=2, seed=1)
    assert float(counter.calls.value) == 2  # batches
    again = mc_predict(model, same, n_samples=6, batch_size=2, seed=1)
    np.testing.assert_array_equal(samples, again)
    shared = np.isclose(samples[:, 0], samples[:, 1], rtol=1e-5).all()
    assert shared == (layer is DenseReparameterization)
    assert not np.isclose(samples[:, 1], samples[:, 2]).all()  # of two batches


def test_only_dropout_is_in_training_mode(rng):
    model = mlp(
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(4),
        layers.BatchNormalization(),
        layers.GaussianNoise(1.0),
    )
    model.compile("sgd", "mse")
    model.fit(X, rng.random((7, 3)), verbose=0)
    before = model.get_weights()
    mc_predict(model, X, n_samples=5)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # Without its dropout the model is deterministic.
    model.layers[1].rate = 0.0
    with pytest.raises(ValueError, match="random at inference"):
        mc_predict(model, X)


def test_a_flag_fixed_at_construction_does_not_reach_other_layers():
    inputs = keras.Input((6,))
    norm = layers.BatchNormalization()
    x = norm(inputs, training=True)
    model = keras.Model(inputs, layers.Dropout(0.5)(x, training=False))
    before = norm.get_weights()
    assert is_random(mc_predict(model, X, n_samples=3))
    for old, new in zip(before, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_seed_reproduces_and_leaves_no_trace():
    model = mlp(layers.Dropout(0.5, seed=1), layers.Dense(5), MCDropout(0.5, seed=2))
    states = [v for v in model.variables if v.name == "seed_generator_state"]
    assert len(states) == 2
    model.layers[2](np.ones((1, 5)))  # some state that is not the first
    before = [v.numpy() for v in states]
    python = random.getstate()
    first = mc_predict(model, X, n_samples=5, batch_size=3, seed=9)
    for value, state in zip(before, states, strict=True):
        np.testing.assert_array_equal(value, state.numpy())
    assert random.getstate() == python
    assert "call" not in vars(model.layers[0])
    np.testing.assert_array_equal(
        first, mc_predict(model, X, n_samples=5, batch_size=3, seed=9)
    )
    # More samples begin with the same ones; another seed has others.
    more = mc_predict(model, X, n_samples=8, batch_size=3, seed=9)
    np.testing.assert_array_equal(first, more[:5])
    assert not np.array_equal(first, mc_predict(model, X, 5, 3, seed=10))
    # Layers of the same seed draw different numbers.
    twins = mlp(layers.Dropout(0.5, seed=1))
    assert is_random(mc_predict(twins, np.ones((2, 6)), 6, seed=0))


def test_without_a_seed_keras_decides():
    model, drawn = mlp(layers.Dropout(0.5)), []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        drawn.append([mc_predict(model, X, 3) for _ in range(2)])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0][0], drawn[0][1])


def test_an_error_leaves_no_trace():
    class Broken(layers.Layer):
        def call(self, x, training=None):
            raise RuntimeError("broken")

        def compute_output_shape(self, shape):
            return shape

    drop = layers.Dropout(0.5)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, drop(inputs))
    before = drop.seed_generator.state.numpy()
    drop.call = call = Broken().call
    with pytest.raises(RuntimeError, match="broken"):
        mc_predict(model, X)
    assert vars(drop)["call"] is call
    del drop.call
    np.testing.assert_array_equal(drop.seed_generator.state.numpy(), before)
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)


def test_reloaded_model(tmp_path):
    model = mlp(layers.Dense(8, "relu"), layers.Dropout(0.5))
    expected = mc_predict(model, X, 4, seed=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(mc_predict(loaded, X, 4, seed=3), expected)
    swapped = to_mc_dropout(loaded)
    np.testing.assert_array_equal(mc_predict(swapped, X, 4, seed=3), expected)
    swapped.save(tmp_path / "swapped.keras")
    got = fresh_process.call(_load_and_sample, tmp_path / "swapped.keras", X)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def _load_and_sample(path, x):
    return mc_predict(keras.models.load_model(path), x, 4, seed=3)


def test_subclassed_model():
    model = Subclassed()
    samples = mc_predict(model, X, n_samples=5, batch_size=4, seed=1)
    assert is_random(samples)
    np.testing.assert_array_equal(
        samples, mc_predict(model, X, n_samples=5, batch_size=4, seed=1)
    )
    np.testing.assert_array_equal(model.norm.get_weights()[2], np.zeros(6))
    nested = keras.Sequential([keras.Input((6,)), layers.Dense(6), model])
    assert is_random(mc_predict(nested, X, n_samples=4))


def test_unbuilt_sequential():
    model = keras.Sequential([layers.Dense(4), layers.Dropout(0.5)])
    assert is_random(mc_predict(model, X, n_samples=3))


def test_masks_reach_layers_behind_the_dropout():
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(5, 3, mask_zero=True),
            layers.Dropout(1e-9),
            layers.GlobalAveragePooling1D(),
        ]
    )
    x = np.array([[1, 2, 0, 0], [3, 4, 1, 0]])
    expected = model.predict(x, verbose=0)
    (got,) = mc_predict(model, x, n_samples=1)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_forms_of_input():
    model = mlp(layers.Dropout(0.5))
    expected = mc_predict(model, X, 3, batch_size=4, seed=0)
    data = tf.data.Dataset.from_tensor_slices((X, np.zeros(7)))
    same = (
        X.astype("float64"),
        X.tolist(),
        tf.constant(X),
        data.batch(4),
        data.map(lambda x, _: x).batch(4),
        data.filter(lambda *_: True).batch(4),  # of unknown length
    )
    for x in same:
        got = mc_predict(model, x, 3, batch_size=4, seed=0)
        np.testing.assert_array_equal(got, expected)


def test_one_graph_serves_every_batch_and_call():
    model = mlp(layers.Dropout(0.5))
    for rows, n_samples in ((7, 3), (2, 5), (1, 1)):
        mc_predict(model, X[:rows], n_samples, batch_size=3)
    sampler = model._tfkit_sampler
    assert sampler.function.experimental_get_tracing_count() == 1
    # A changed rate or another layer is seen.
    model.layers[0].rate = 1e-9
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(mc_predict(model, X, 1)[0], expected, rtol=1e-5)
    model.pop()
    assert mc_predict(model, X, 1).shape == (1, 7, 6)


def test_trained_weights_are_seen(rng):
    model = mlp(layers.Dropout(1e-9))
    mc_predict(model, X, 1)
    model.compile("sgd", "mse")
    model.fit(X, rng.random((7, 3)), verbose=0)
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(mc_predict(model, X, 1)[0], expected, rtol=1e-5)


def test_lengths_that_vary(rng):
    model = keras.Sequential(
        [
            keras.Input((None, 2)),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling1D(),
        ]
    )
    for length in (3, 4, 5, 6):
        assert mc_predict(model, rng.random((2, length, 2)), 3).shape == (3, 2, 2)
    assert model._tfkit_sampler.function.experimental_get_tracing_count() == 2


@pytest.mark.parametrize("policy", ["mixed_float16", "float64"])
def test_policies(policy):
    keras.config.set_dtype_policy(policy)
    samples = mc_predict(mlp(layers.Dropout(0.5), layers.LayerNormalization()), X, 4)
    assert samples.dtype == {"mixed_float16": "float16"}.get(policy, policy)
    assert is_random(samples)


def test_progress_bar(capsys, monkeypatch):
    model = mlp(layers.Dropout(0.5))
    keras.utils.enable_interactive_logging()
    mc_predict(model, X, 2, batch_size=3)
    assert capsys.readouterr().out == ""
    mc_predict(model, X, 2, batch_size=3, verbose=1)
    assert "3/3" in capsys.readouterr().out
    module = sys.modules["tfkit.uncertainty.mc_predict"]  # not the function
    monkeypatch.setattr(module, "_PATIENCE", -1)
    mc_predict(model, X, 2, batch_size=3)
    assert "3/3" in capsys.readouterr().out
    mc_predict(model, X, 2, batch_size=3, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"model": layers.Dropout(0.5)}, TypeError, "Received: <Dropout"),
        ({"model": mlp()}, ValueError, "random at inference.*Received: model="),
        ({"model": mlp(layers.Dropout(0))}, ValueError, "random at inference"),
        ({"x": X[:0]}, ValueError, r"Received: x with shapes=\[\(0, 6\)\]"),
        ({"x": [X, X[:2]]}, ValueError, r"shapes=\[\(7, 6\), \(2, 6\)\]"),
        ({"x": X[:, 1:]}, ValueError, r"expected shape=\(None, 6\)"),
        ({"n_samples": 0}, ValueError, "Received: n_samples=0"),
        ({"batch_size": 1.5}, TypeError, r"Received: 1\.5"),
        ({"seed": -1}, ValueError, "Received: seed=-1"),
        ({"seed": 0.5}, ValueError, r"Received: seed=0\.5"),
        ({"verbose": 2}, ValueError, "Received: verbose=2"),
    ],
)
def test_rejects(kwargs, error, message):
    with pytest.raises(error, match=message):
        mc_predict(**{"model": mlp(layers.Dropout(0.5)), "x": X, **kwargs})


def test_rejects_endless_and_empty_datasets():
    model, data = mlp(layers.Dropout(0.5)), tf.data.Dataset.from_tensors(X)
    with pytest.raises(ValueError, match="which repeats"):
        mc_predict(model, data.repeat())
    with pytest.raises(ValueError, match="at least one batch"):
        mc_predict(model, data.take(0))
