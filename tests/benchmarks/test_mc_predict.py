"""`mc_predict` against a stack of `predict` calls, and against its own two parts."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfkit.layers import MCDropout
from tfkit.uncertainty import mc_predict

SAMPLES = 100
X = np.random.default_rng(0).random((256, 28, 28, 1), "float32")


@pytest.fixture
def cnn():
    """A small CNN in two models, and the whole of both."""
    keras.utils.set_random_seed(0)
    prefix = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
        ]
    )
    suffix = keras.Sequential(
        [
            keras.Input((800,)),
            MCDropout(0.5),
            layers.Dense(64, "relu"),
            MCDropout(0.5),
            layers.Dense(10, "softmax"),
        ]
    )
    return prefix, suffix, keras.Sequential([*prefix.layers, *suffix.layers])


def test_against_a_stack_of_predict_calls(compare, cnn):
    *_, model = cnn
    compare(
        lambda: mc_predict(model, X, SAMPLES),
        lambda: np.stack([model.predict(X, verbose=0) for _ in range(SAMPLES)]),
        target=3,
        against="np.stack of 100 model.predict calls",
        rounds=3,
    )


def test_against_the_prefix_once_and_100_suffixes(compare, cnn):
    prefix, suffix, model = cnn
    first, second = (
        tf.function(lambda x, part=part: part(x, training=False), autograph=False)
        for part in (prefix, suffix)
    )

    def parts():
        outputs = []
        for i in range(0, len(X), 32):
            features = first(tf.constant(X[i : i + 32]))
            outputs.append([second(features).numpy() for _ in range(SAMPLES)])
        return np.concatenate(outputs, axis=1)

    compare(
        lambda: mc_predict(model, X, SAMPLES),
        parts,
        target=0.87,  # at most 1.15 times the time
        against="the compiled prefix once and suffix 100 times",
    )
