import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import check_layer
from tfkit.layers import SampledSoftmax


def test_contract(rng):
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    check_layer(
        lambda: SampledSoftmax(9, 3, seed=0),
        x,
        shape=(2, 3, 9),
        weights=2,
        mask="passes",
    )


@pytest.mark.parametrize("distribution", ["log_uniform", "uniform"])
def test_contract_with_labels(rng, distribution):
    inputs = {
        "inputs": rng.normal(size=(2, 3, 4)).astype("float32"),
        "labels": rng.integers(9, size=(2, 3)).astype("int32"),
    }
    check_layer(
        lambda: SampledSoftmax(9, 3, distribution, use_bias=False, seed=0),
        inputs,
        shape=(2, 3),
        weights=1,
    )


def exact(layer, x, labels):
    return keras.losses.sparse_categorical_crossentropy(
        labels, layer(x), from_logits=True
    )


def data(rng, count=6, classes=30):
    x = rng.normal(size=(count, 4)).astype("float32")
    return x, rng.integers(classes, size=count)


@pytest.mark.parametrize("training", [True, False])
def test_all_classes_equal_full_softmax(rng, training):
    x, labels = data(rng)
    layer = SampledSoftmax(30, num_sampled=30)
    layer.build(x.shape)
    layer.bias.assign(rng.normal(size=30))
    loss = layer(x, labels, training=training)
    np.testing.assert_allclose(loss, exact(layer, x, labels), rtol=1e-5)


def test_evaluation_is_exact(rng):
    x, labels = data(rng)
    layer = SampledSoftmax(30, num_sampled=2)
    np.testing.assert_allclose(
        layer(x, labels), exact(layer, x, labels), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("distribution", ["log_uniform", "uniform"])
@pytest.mark.parametrize("num_sampled", [1, 10])
def test_estimate_of_the_sum_is_unbiased(rng, distribution, num_sampled):
    """exp(loss) is the sum over all classes divided by the true class's part."""
    x, labels = data(rng)
    layer = SampledSoftmax(30, num_sampled, distribution, seed=0)
    layer.build(x.shape)
    layer.bias.assign(0.5 * rng.normal(size=30))
    step = tf.function(lambda: tf.exp(layer(x, labels, training=True)))
    draws = np.stack([step() for _ in range(800)])
    expected = np.exp(exact(layer, x, labels))
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - expected) < 4 * error + 1e-3).all()


@pytest.mark.parametrize("distribution", ["log_uniform", "uniform"])
def test_draws_follow_the_distribution(distribution):
    """Of a single class: its share of the draws is its probability."""
    layer = SampledSoftmax(5, 1, distribution, seed=0)
    draw = tf.function(lambda: layer._draw()[0])
    drawn = [int(draw()[0]) for _ in range(2000)]
    ids = np.arange(5)
    expected = np.log((ids + 2) / (ids + 1)) / np.log(6)
    if distribution == "uniform":
        expected = np.full(5, 0.2)
    share = np.bincount(drawn, minlength=5) / len(drawn)
    np.testing.assert_allclose(share, expected, atol=0.04)


def test_draws_without_replacement():
    layer = SampledSoftmax(50, 40, seed=0)
    ids, log_probability = layer._draw()
    assert len(set(ids.numpy())) == 40
    assert (log_probability.numpy() <= 0).all()
    again, _ = layer._draw()
    assert set(ids.numpy()) != set(again.numpy())


def build_trainer(classes=20, **kwargs):
    words, labels = keras.Input((None,), dtype="int32"), keras.Input((None,))
    x = keras.layers.Embedding(classes, 8, mask_zero=True)(words)
    softmax = SampledSoftmax(classes, num_sampled=8, seed=1)
    trainer = keras.Model([words, labels], softmax(x, labels))
    trainer.compile(keras.optimizers.Adam(0.1), **kwargs)
    return trainer, keras.Model(words, softmax(x))


def test_trains_and_predicts(rng):
    """Learns a permutation; the second model has the weights of the first."""
    trainer, predictor = build_trainer()
    words = rng.integers(1, 20, size=(64, 6))
    labels = (words * 7) % 20
    trainer.fit([words, labels], epochs=25, batch_size=32, verbose=0)
    logits = predictor.predict(words, verbose=0)
    assert np.mean(logits.argmax(axis=-1) == labels) > 0.95
    each = keras.losses.sparse_categorical_crossentropy(
        labels, logits, from_logits=True
    )
    loss = trainer.evaluate([words, labels], verbose=0)
    np.testing.assert_allclose(loss, np.mean(each), rtol=1e-4)


def test_padding_changes_nothing(rng):
    words = rng.integers(1, 20, size=(4, 5))
    labels = rng.integers(20, size=(4, 5))
    more = ((0, 0), (0, 3))
    results = []
    for x, y in (
        (words, labels),
        (np.pad(words, more), np.pad(labels, more, constant_values=-1)),
    ):
        keras.utils.set_random_seed(0)
        trainer, _ = build_trainer(jit_compile=False)  # compiles each length anew
        before = trainer.evaluate([x, y], verbose=0)
        trainer.train_on_batch([x, y])
        results.append([before, *trainer.get_weights()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"num_classes": 0, "num_sampled": 1}, ValueError, "num_classes=0"),
        ({"num_classes": 5, "num_sampled": 6}, ValueError, "num_sampled=6"),
        ({"num_classes": 5, "num_sampled": 0}, ValueError, "num_sampled=0"),
        ({"num_classes": 5, "num_sampled": 1.0}, TypeError, "1.0"),
        (
            {"num_classes": 5, "num_sampled": 1, "distribution": "zipf"},
            ValueError,
            "distribution='zipf'",
        ),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        SampledSoftmax(**kwargs)
