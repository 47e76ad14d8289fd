import keras
import numpy as np
import pytest

from tfkit.decoding import greedy
from tfkit.layers import LayerNormSimpleRNNCell
from tfkit.models import char_rnn, recurrent_step


def unroll(model, ids):
    step, state = recurrent_step(model, batch_size=len(ids))
    logits = []
    for t in range(ids.shape[1]):
        out, state = step(keras.ops.convert_to_tensor(ids[:, t]), state)
        logits.append(keras.ops.convert_to_numpy(out))
    return np.stack(logits, axis=1)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"cell": "gru", "units": (4, 3)},
        {"cell": "lstm", "units": (4, 3), "embedding_size": 5, "dropout": 0.5},
        {"cell": "lstm", "units": (4,), "stateful": True, "batch_size": 2},
    ],
)
def test_equals_the_model(rng, kwargs):
    model = char_rnn(7, **kwargs)
    ids = rng.integers(7, size=(2, 9)).astype("int32")
    expected = keras.ops.convert_to_numpy(model(ids))
    np.testing.assert_allclose(unroll(model, ids), expected, atol=1e-5)


def test_sequential_with_other_cells(rng):
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(6, 4),
            keras.layers.SimpleRNN(3, return_sequences=True),
            keras.layers.LayerNormalization(),
            keras.layers.RNN(LayerNormSimpleRNNCell(3), return_sequences=True),
            keras.layers.Dropout(0.9),
            keras.layers.Dense(6),
        ]
    )
    ids = rng.integers(6, size=(3, 8)).astype("int32")
    expected = keras.ops.convert_to_numpy(model(ids))
    np.testing.assert_allclose(unroll(model, ids), expected, atol=1e-5)


def test_generates_what_the_whole_model_would():
    model = char_rnn(11, units=(8,), embedding_size=4)
    step, state = recurrent_step(model)
    found = keras.ops.convert_to_numpy(greedy(step, state, [[3, 1]], length=6).ids)
    text = [3, 1]
    for _ in range(6):
        logits = keras.ops.convert_to_numpy(model(np.array([text])))
        text.append(int(logits[0, -1].argmax()))
    assert found[0].tolist() == text[2:]


def sequential(*layers):
    return keras.Sequential([keras.Input((None,), dtype="int32"), *layers])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([keras.layers.GRU(3)], "return sequences.*'last'"),
        (
            [keras.layers.GRU(3, return_sequences=True, go_backwards=True)],
            "run forwards.*'last'",
        ),
        ([keras.layers.Conv1D(3, 2)], "treat each step alone.*'last'"),
        (
            [keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))],
            "treat each step alone",
        ),
    ],
)
def test_rejects_what_mixes_steps(layers, message):
    config = {**layers[0].get_config(), "name": "last"}
    layer = type(layers[0]).from_config(config)
    with pytest.raises(ValueError, match=message):
        recurrent_step(sequential(keras.layers.Embedding(5, 4), layer))


def test_rejects_branches_and_others():
    ids = keras.Input((None,), dtype="int32")
    layer = keras.layers.Embedding(5, 4)
    model = keras.Model(ids, keras.layers.Add()([layer(ids), layer(ids)]))
    with pytest.raises(ValueError, match="each used once"):
        recurrent_step(model)
    embedded = keras.layers.Embedding(5, 4)(ids)
    x = keras.layers.GRU(3, return_sequences=True)(embedded)
    with pytest.raises(ValueError, match="treat each step alone"):
        recurrent_step(keras.Model(ids, keras.ops.cumsum(x, axis=1)))
    with pytest.raises(TypeError, match="must be a keras.Model"):
        recurrent_step(keras.layers.GRU(3))
    with pytest.raises(ValueError, match="Received: batch_size=0"):
        recurrent_step(char_rnn(5, units=(3,)), batch_size=0)
