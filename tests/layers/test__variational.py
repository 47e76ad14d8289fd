import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest

import tfkit
from tests.layers import tfp_layers
from tests.layers.variational import draws
from tfkit.layers import Conv2DFlipout, DenseFlipout, DenseReparameterization


def test_agrees_with_tensorflow_probability(rng, tmp_path):
    """Its layers, through tf_keras: KL divergence, mean and variance of outputs."""
    built, weights = {}, {}
    for name in tfp_layers.NAMES:
        size = (3, 2) if name.startswith("Conv") else (3,)
        layer = built[name] = getattr(tfkit.layers, name)(*size, n_train=100)
        layer.build(tfp_layers.inputs(name).shape)
        shape = layer.kernel_mean.shape
        values = (
            rng.normal(size=shape),
            rng.uniform(0.1, 0.6, shape),
            rng.normal(size=3),
        )
        weights |= {f"{name}/{i}": value for i, value in enumerate(values)}
        layer.set_weights([values[0], np.log(values[1]), values[2]])
    path = tmp_path / "layers.npz"
    np.savez(path, **weights)
    run = subprocess.run(
        [sys.executable, "-m", "tests.layers.tfp_layers", str(path)],
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        cwd=pathlib.Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    expected = np.load(path)
    for name, layer in built.items():
        np.testing.assert_allclose(
            layer.kl_divergence(), expected[f"{name}/kl"], rtol=1e-5
        )
        samples = draws(layer, tfp_layers.inputs(name), tfp_layers.DRAWS)
        variance = expected[f"{name}/variance"]
        error = 5 * np.sqrt(2 * variance / len(samples))
        assert (np.abs(samples.mean(0) - expected[f"{name}/mean"]) < error).all(), name
        np.testing.assert_allclose(samples.var(0), variance, rtol=0.3, err_msg=name)
        np.testing.assert_allclose(samples.var(0).sum(), variance.sum(), rtol=0.05)


def closed_form(mean, spread, prior_mean, prior_spread):
    ratio = (spread**2 + (mean - prior_mean) ** 2) / prior_spread**2
    return np.sum(np.log(prior_spread / spread) + ratio / 2 - 0.5)


@pytest.mark.parametrize("prior", [(0, 1), (0.3, 0.5)])
def test_kl_divergence(rng, prior):
    mean, spread = rng.normal(size=(4, 3)), rng.uniform(0.01, 2, (4, 3))
    options = {"prior_mean": prior[0], "prior_spread": prior[1]}
    expected = closed_form(mean, spread, *prior)
    for n_train, kl_weight in ((100, 1), (200, 1), (100, 0.25), (100, 0)):
        layer = DenseFlipout(3, n_train, kl_weight=kl_weight, **options)
        layer.build((None, 4))
        layer.set_weights([mean, np.log(spread), np.zeros(3)])
        np.testing.assert_allclose(layer.kl_divergence(), expected, rtol=1e-5)
        (loss,) = layer.losses
        np.testing.assert_allclose(loss, expected * kl_weight / n_train, rtol=1e-5)
    at_prior = (np.full((4, 3), value) for value in (prior[0], np.log(prior[1])))
    layer.set_weights([*at_prior, np.zeros(3)])
    np.testing.assert_allclose(layer.kl_divergence(), 0, atol=1e-5)


def test_a_shared_layer_counts_once():
    layer = DenseReparameterization(4, 100)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layer(layer(layer(inputs))))
    model(np.ones((2, 4)))
    assert len(model.losses) == 1
    np.testing.assert_allclose(model.losses[0], layer.kl_divergence() / 100)
    layer.trainable = False  # nothing of it moves, as with any regularizer
    assert model.losses == []


def test_training_approaches_the_exact_posterior(rng):
    """Of a linear model with known noise, the posterior of one weight is normal."""
    n, noise = 200, 0.5
    x = rng.normal(size=(n, 1)).astype("float32")
    y = 1.5 * x + noise * rng.normal(size=(n, 1)).astype("float32")
    precision = 1 + np.sum(x**2) / noise**2  # prior N(0, 1)
    exact = np.sum(x * y) / noise**2 / precision, precision**-0.5
    layer = DenseFlipout(1, n, use_bias=False, initial_spread=0.2)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, 600)),
        lambda t, p: keras.ops.square(t - p)[:, 0] / (2 * noise**2),
    )
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat(300)
    model.fit(data.batch(100), verbose=0)
    found = [
        keras.ops.convert_to_numpy(v).item()
        for v in (layer.kernel_mean.value, layer.kernel_spread)
    ]
    np.testing.assert_allclose(found[0], exact[0], atol=0.02)
    np.testing.assert_allclose(found[1], exact[1], rtol=0.15)


@pytest.mark.parametrize("policy", ["float32", "float64", "mixed_float16"])
def test_noise_is_standard_normal(policy):
    keras.utils.set_random_seed(1)
    layer = DenseFlipout(301, 10, initial_spread=1.0, dtype=policy)
    layer.build((None, 301))
    noise = keras.ops.convert_to_numpy(layer.draw()).astype("float64")
    assert kstest(noise.ravel(), "norm").pvalue > 0.01
    assert 4 < np.abs(noise).max() < 6
    halves = np.split(noise.ravel()[1:], 2)  # the two that one pair of numbers gives
    assert abs(np.corrcoef(*halves)[0, 1]) < 0.02
    assert abs(np.corrcoef(np.square(halves))[0, 1]) < 0.02


def test_seed_reproduces():
    x = np.ones((2, 5, 5, 1), "float32")
    outputs = []
    for seed in (1, 1, 2):
        layer = Conv2DFlipout(3, 3, 10, kernel_initializer="ones", seed=seed)
        outputs.append(layer(x).numpy())
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.allclose(outputs[0], outputs[2])


def test_weight_of_kl_is_configuration_and_no_parameter(tmp_path):
    layer = DenseFlipout(3, 10, kl_weight=0.1)
    model = keras.Sequential([keras.Input((4,)), layer])
    assert model.count_params() == 4 * 3 * 2 + 3
    assert layer.get_config()["kl_weight"] == 0.1
    layer.kl_weight.assign(0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.layers[0].kl_weight.value) == pytest.approx(0.3)
    np.testing.assert_allclose(loaded.losses, model.losses)


def test_exports(tmp_path):
    """The draws go along into a SavedModel."""
    model = keras.Sequential([keras.Input((4,)), DenseFlipout(3, 10)])
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    x = np.ones((2, 4), "float32")
    assert not np.allclose(loaded.serve(x), loaded.serve(x))
