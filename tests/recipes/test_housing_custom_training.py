import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from recipes import housing_custom_training as recipe
from tests.files import write_california_housing
from tests.helpers import check_config, check_model

MODELS = {"ResidualRegressor": 4021, "ReconstructingRegressor": 4269}


@pytest.fixture
def data(rng):
    x = rng.normal(size=(56, 8)).astype("float32")
    y = (x[:, 0] + np.abs(x[:, 1])).astype("float32")
    return (x[:40], y[:40]), (x[40:], y[40:])


def config_for(tmp_path, **kwargs):
    # 40 rows in batches of 16: the last one is smaller.
    kwargs = {"epochs": 3, "batch_size": 16, **kwargs}
    return recipe.Config(output=str(tmp_path), **kwargs)


@pytest.mark.parametrize("name", MODELS)
def test_fit_and_hand_loop_agree(tmp_path, data, name):
    """The same weights, batches and seeds: the same losses, metrics and weights."""
    config = config_for(tmp_path, l2=0.01, max_norm=0.9)
    model, twin = (recipe.build_model(config, name, 8) for _ in range(2))
    start = model.get_weights()
    fitted = recipe.train(config, model, *data)
    by_hand = recipe.train_by_hand(config, twin, *data)
    assert set(by_hand) == set(fitted)
    assert ("val_reconstruction_error" in by_hand) == (name != "ResidualRegressor")
    for key in by_hand:
        np.testing.assert_allclose(by_hand[key], fitted[key], rtol=1e-5, err_msg=key)
    pairs = zip(model.get_weights(), twin.get_weights(), start, strict=True)
    for ours, theirs, before in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
        assert not np.array_equal(ours, before)
    assert by_hand["loss"][-1] < by_hand["loss"][0]
    # What the loss has beyond the mean squared error reached the loop.
    assert (np.array(by_hand["loss"]) > np.array(by_hand["mse"]) + 1e-4).all()
    if name == "ResidualRegressor":
        norms = np.linalg.norm(twin.hidden.get_weights()[0], axis=0)
        np.testing.assert_allclose(norms.max(), 0.9, rtol=1e-5)


def test_clipping_by_hand_equals_that_of_the_optimizer(tmp_path, data):
    """A norm that clips; one step, since Nadam magnifies rounding in later ones."""
    config = config_for(tmp_path, epochs=1, batch_size=40, clip=1e-4)
    model, twin = (recipe.build_model(config, "ResidualRegressor", 8) for _ in range(2))
    recipe.train(config, model, *data)
    recipe.train_by_hand(config, twin, *data)
    for ours, theirs in zip(twin.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)  # unclipped: 1e-4 or more


def test_transform_and_status_bar(tmp_path, data, capsys):
    """Gradients made zero move nothing; the bar shows running and final values."""
    config = config_for(tmp_path, epochs=1, batch_size=1)
    model = recipe.build_model(config, "ReconstructingRegressor", 8)
    before = model.get_weights()
    recipe.train_by_hand(
        config, model, *data, transform=lambda g: [tf.zeros_like(v) for v in g]
    )
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    lines = capsys.readouterr().out.split("\r")
    assert lines[1].startswith("epoch 1/1 - step 20/40 - loss: ")
    assert "val_loss" not in lines[-2]
    assert lines[-1].endswith("\n")
    for name in ("mse", "reconstruction_error", "val_loss"):
        assert f" - {name}: " in lines[-1]


def test_max_norm_moves_weights_below_it():
    """Keras divides by norm + 1e-7: no step leaves a constrained kernel as it was."""
    kernel = np.full((4, 3), 0.1, "float32")
    moved = ops.convert_to_numpy(keras.constraints.MaxNorm(5.0)(kernel))
    assert not np.array_equal(moved, kernel)
    np.testing.assert_allclose(moved, kernel, rtol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_models(rng, name):
    """The parameters of the book, and every weight trains and survives a reload."""
    x = rng.normal(size=(4, 8)).astype("float32")
    model = check_model(
        getattr(recipe, name),
        x,
        outputs=(4, 1),
        params=MODELS[name],
        y=np.ones((4, 1), "float32"),
    )
    check_config(model)


def test_blocks_share_their_weights(rng):
    model = recipe.build_model(recipe.Config(), "ResidualRegressor", 8)
    x = rng.normal(size=(4, 8)).astype("float32")
    z = model.hidden(x)
    got = model(x)
    for block in [model.block1] * 4 + [model.block2]:
        kernel1, bias1, kernel2, bias2 = block.get_weights()
        z = z + ops.elu(ops.elu(z @ kernel1 + bias1) @ kernel2 + bias2)
    np.testing.assert_allclose(got, model.out(z), rtol=1e-4, atol=1e-5)


def test_reconstruction_loss(rng):
    config = recipe.Config(reconstruction=0.5)
    model = recipe.build_model(config, "ReconstructingRegressor", 8)
    x = rng.normal(size=(4, 8)).astype("float32")
    model(x)
    z = x
    for layer in model.hidden:
        z = layer(z)
    error = np.mean((model.reconstruct(z) - x) ** 2)
    np.testing.assert_allclose(model.losses, [0.5 * error], rtol=1e-5)
    np.testing.assert_allclose(model.error.result(), error, rtol=1e-5)


def test_nested_model_keeps_its_loss_but_not_its_metric(rng):
    """Why the models are trained on standardised data, not inside another model."""
    x = rng.normal(size=(4, 8)).astype("float32")
    inputs = keras.Input((8,))
    outer = keras.Model(inputs, recipe.ReconstructingRegressor()(inputs))
    outer.compile("sgd", loss="mse")
    logs = outer.fit(x, x[:, 0], verbose=0).history
    assert len(outer.losses) == 1
    assert "reconstruction_error" not in logs


def test_fit_skips_an_order_of_a_shuffled_dataset():
    """Why `batches` makes the order from the seed and the number of the epoch."""
    seen = []

    class Recorder(keras.layers.Layer):
        def call(self, inputs):
            tf.py_function(lambda v: seen.append(tuple(v.numpy()[:, 0])), [inputs], [])
            return inputs

    def shuffled():
        x = np.arange(8, dtype="float32")[:, None]
        data = tf.data.Dataset.from_tensor_slices((x, x))
        return data.shuffle(8, seed=3).batch(8)

    data = shuffled()
    orders = [tuple(x.numpy()[:, 0]) for _ in range(3) for x, _ in data]
    model = keras.Sequential([Recorder(), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    model.fit(shuffled(), epochs=2, shuffle=False, verbose=0)
    assert seen == [orders[0], orders[2]]


def test_batches(tmp_path):
    config = config_for(tmp_path)
    x = np.arange(40, dtype="float32")
    epochs = np.split(
        np.concatenate([b.numpy() for b, _ in recipe.batches(config, x, x)]), 3
    )
    for values in epochs:
        np.testing.assert_array_equal(np.sort(values), x)
    assert not np.array_equal(epochs[0], epochs[1])
    other = dataclasses.replace(config, seed=1)
    (first, _), *_ = recipe.batches(other, x, x)
    assert not np.array_equal(first, epochs[0][:16])


def test_full_run(tmp_path):
    write_california_housing(tmp_path / "data" / "california_housing")
    config = config_for(
        tmp_path / "run",
        source="full",
        data_dir=str(tmp_path / "data"),
        epochs=2,
        tensorboard=True,
    )
    results = recipe.main(config)
    for name, parameters in MODELS.items():
        assert results[name]["parameters"] == parameters
        assert results[name]["greatest_difference_of_losses"] < 1e-4
        assert np.isfinite(results[name]["test_mse"])
        assert (tmp_path / f"run/{name}.png").stat().st_size > 10_000
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == results
    logs = {path.name for path in (tmp_path / "run/logs").iterdir()}
    assert any(name.endswith("_by_hand") for name in logs) and len(logs) == 4
    _, _, (x, y) = recipe.load_data(config)
    (path, _) = sorted((tmp_path / "run").glob("*.keras"))
    prediction = keras.models.load_model(path).predict(x, verbose=0)
    mse = results["ReconstructingRegressor"]["test_mse"]
    np.testing.assert_allclose(np.mean((prediction[:, 0] - y) ** 2), mse, rtol=1e-3)
