import dataclasses
import json

import keras
import numpy as np
import pytest

from recipes import fashion_mnist_two_optimizers as recipe
from tests.files import write_idx


@pytest.fixture
def config(tmp_path):
    write_idx(tmp_path / "data" / "fashion_mnist", train=72, test=16)
    return recipe.Config(
        source="full",
        data_dir=str(tmp_path / "data"),
        output=str(tmp_path / "run"),
        epochs=2,
        batch_size=16,
        status_every=2,
    )


def test_full_run(config, tmp_path, capsys):
    results = recipe.main(config)
    assert results["greatest_difference_of_weights"] < 1e-6
    assert results["greatest_difference_of_losses"] < 1e-5
    assert results["by_hand"] == results["multi_optimizer"]
    assert json.loads((tmp_path / "run/metrics.json").read_text()) == results
    assert (tmp_path / "run/history.png").stat().st_size > 10_000
    out = capsys.readouterr().out
    assert out.startswith("full: Fashion-MNIST")
    # Epoch, iteration, running loss and accuracy; those of validation at its end.
    assert "\repoch 1/2 - iteration 2/5 - loss: " in out
    last = next(x for x in out.split("\r") if x.startswith("epoch 2/2") and "val_" in x)
    for name in ("iteration 5/5", "accuracy: ", "val_loss: ", "val_accuracy: "):
        assert name in last

    # The file holds both optimizers and their state: training goes on alike.
    (x, y), _, (x_test, _) = recipe.load_data(config)
    first, second = (
        keras.models.load_model(tmp_path / "run/model.keras") for _ in range(2)
    )
    kinds = [type(o) for o in first.optimizer.optimizers]
    assert kinds == [keras.optimizers.SGD, keras.optimizers.Nadam]
    assert first.optimizer.iterations == 10
    for model in (first, second):
        model.train_on_batch(x, y)
    np.testing.assert_array_equal(first.predict(x_test), second.predict(x_test))


@pytest.mark.parametrize("train", [recipe.train, recipe.train_by_hand])
@pytest.mark.parametrize("part", ["lower", "upper"])
def test_each_optimizer_has_its_layers(config, train, part):
    """At a rate of 0 the layers of one part stand still, and the others move."""
    config = dataclasses.replace(config, epochs=1, **{f"{part}_rate": 0.0})
    training, validation, _ = recipe.load_data(config)
    model = recipe.build_model(config)
    before = {w.path: w.numpy() for w in model.weights}
    train(config, model, training, validation)
    for weight in model.weights:
        stood_still = np.array_equal(weight.numpy(), before[weight.path])
        assert stood_still == (f"{part}_" in weight.path), weight.path


def test_the_sample_is_learned(tmp_path):
    config = recipe.Config(output=str(tmp_path), epochs=1)
    training, validation, _ = recipe.load_data(config)
    assert len(validation[0]) == 333
    model = recipe.build_model(config)
    history = recipe.train_by_hand(config, model, training, validation)
    assert history["val_accuracy"][-1] > 0.8


def test_an_optimizer_is_bound_to_its_variables():
    lower, upper = (keras.layers.Dense(2) for _ in range(2))
    for layer in (lower, upper):
        layer.build((None, 2))
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(lower.trainable_variables)
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply(
            [np.zeros(v.shape) for v in upper.trainable_variables],
            upper.trainable_variables,
        )


def test_a_function_for_multi_optimizer_must_not_make_optimizers():
    """The one in Keras' docstring does: an optimizer for every single variable."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.MultiOptimizer(lambda v: keras.optimizers.SGD(0.1))
    optimizer.build(model.trainable_variables)
    assert len(optimizer.optimizers) == 2
