"""Cells with layer normalization against the plain cells of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfkit

CELLS = [
    (tfkit.layers.LayerNormSimpleRNNCell, keras.layers.SimpleRNNCell),
    (tfkit.layers.LayerNormLSTMCell, keras.layers.LSTMCell),
    (tfkit.layers.LayerNormGRUCell, keras.layers.GRUCell),
    (tfkit.layers.PeepholeLSTMCell, keras.layers.LSTMCell),
]
BATCH, STEPS, FEATURES, UNITS = 32, 100, 64, 128


def runner(cell, training):
    """One training step, or one inference, of a layer on one batch."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(BATCH, STEPS, FEATURES)), "float32")
    layer = keras.layers.RNN(cell(UNITS), return_sequences=True)
    layer.build(x.shape)
    optimizer = keras.optimizers.SGD(1e-3)
    optimizer.build(layer.trainable_variables)

    @tf.function
    def step():
        if not training:
            return layer(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x, training=True)))
        variables = layer.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return lambda: step().numpy()


@pytest.mark.parametrize("training", [True, False], ids=["train", "infer"])
@pytest.mark.parametrize(("ours", "plain"), CELLS, ids=lambda cell: cell.__name__)
def test_against_plain_cell(compare, ours, plain, training):
    compare(
        runner(ours, training),
        runner(plain, training),
        target=0.5,
        against=f"keras.layers.RNN({plain.__name__})",
        rounds=15,
    )
