import keras
import numpy as np
import pytest

from tests.helpers import check_reload
from tfkit.layers import LayerNormLSTMCell
from tfkit.models import char_rnn, to_stateless


def char_model():
    return char_rnn(5, units=(4, 3), stateful=True, batch_size=2)


def sequential():
    return keras.Sequential(
        [
            keras.Input(batch_shape=(2, None)),
            keras.layers.Embedding(5, 4),
            keras.layers.Bidirectional(
                keras.layers.GRU(3, stateful=True, return_sequences=True)
            ),
            keras.layers.RNN(LayerNormLSTMCell(3), stateful=True),
        ]
    )


def nested():
    inner_inputs = keras.Input(batch_shape=(2, None, 4))
    gru = keras.layers.GRU(3, stateful=True, return_sequences=True)
    inner = keras.Model(inner_inputs, gru(inner_inputs))
    inputs = keras.Input(batch_shape=(2, None))
    return keras.Model(inputs, inner(keras.layers.Embedding(5, 4)(inputs)))


@pytest.mark.parametrize("build", [char_model, sequential, nested])
def test_same_function_for_any_batch(rng, build):
    ids = rng.integers(5, size=(2, 6))
    model = build()
    expected = model.predict(ids, verbose=0)  # from zero states
    copy = to_stateless(model)
    for _ in range(2):  # nothing is kept
        np.testing.assert_allclose(copy(ids), expected, rtol=1e-5, atol=1e-6)
    assert copy.input_shape == (None, None)
    one = copy.predict(ids[:1], verbose=0)
    np.testing.assert_allclose(one, expected[:1], rtol=1e-5, atol=1e-6)
    assert copy.predict(np.tile(ids, (4, 1)), verbose=0).shape[0] == 8
    assert not any(
        getattr(layer, "stateful", False) for layer in copy._flatten_layers()
    )


def test_copy_has_weights_of_its_own(rng):
    model = char_model()
    copy = to_stateless(model)
    before = copy.get_weights()
    for weight in model.weights:
        weight.assign_add(keras.ops.ones_like(weight))
    for old, new in zip(before, copy.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_copy_reloads(rng):
    check_reload(to_stateless(char_model()), rng.integers(5, size=(3, 4)))


class Subclassed(keras.Model):
    pass


def test_rejects():
    with pytest.raises(ValueError, match="stateful=True.*Received: model='char_rnn'"):
        to_stateless(char_rnn(5, units=(4,)))
    with pytest.raises(ValueError, match="Received: Subclassed"):
        to_stateless(Subclassed())
    with pytest.raises(TypeError, match="Received: 3"):
        to_stateless(3)
