import keras
import numpy as np
import pytest

from tests.helpers import check_model
from tfkit.models import char_rnn


@pytest.mark.parametrize(
    ("kwargs", "params"),
    [
        # GRU: 3 (in * n + n * n + 2 n); LSTM: 4 (in * n + n * n + n); Dense after it
        ({"units": (4, 3)}, 3 * (28 + 16 + 8) + 3 * (12 + 9 + 6) + 28),
        ({"units": (4,), "cell": "lstm"}, 4 * (28 + 16 + 4) + 35),
        ({"units": (4,), "embedding_size": 5}, 35 + 3 * (20 + 16 + 8) + 35),
    ],
)
def test_contract(rng, kwargs, params):
    ids = rng.integers(7, size=(2, 5))
    check_model(
        lambda: char_rnn(7, **kwargs),
        ids,
        outputs=(2, 5, 7),
        params=params,
        y=rng.integers(7, size=(2, 5)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )


def test_sees_nothing_later(rng):
    ids = rng.integers(7, size=(2, 6))
    later = ids.copy()
    later[:, 4] = (ids[:, 4] + 1) % 7
    model = char_rnn(7, units=(4, 4))
    one, other = model(ids).numpy(), model(later).numpy()
    np.testing.assert_allclose(one[:, :4], other[:, :4], rtol=1e-5)
    assert not np.allclose(one[:, 4:], other[:, 4:])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_stateful_goes_on_where_it_stopped(rng, cell):
    """Two halves one after the other give what the whole gives at once."""
    ids = rng.integers(7, size=(2, 10))
    model = char_rnn(7, units=(4, 3), cell=cell, stateful=True, batch_size=2)
    stateless = char_rnn(7, units=(4, 3), cell=cell)
    stateless.set_weights(model.get_weights())
    halves = [model.predict(part, verbose=0) for part in (ids[:, :5], ids[:, 5:])]
    np.testing.assert_allclose(
        np.concatenate(halves, axis=1), stateless(ids), rtol=1e-4, atol=1e-6
    )


def test_a_stateful_model_refuses_other_batch_sizes():
    model = char_rnn(7, units=(4,), stateful=True, batch_size=2)
    with pytest.raises(ValueError, match="Expected batch size: 2\n.*size: 3"):
        model(np.ones((3, 5), "int32"))


def test_predicts_texts_of_changing_length(rng):
    """Of one token too, in one compiled function."""
    model = char_rnn(7, units=(4,))
    ids = rng.integers(7, size=(2, 9))
    whole = model.predict(ids, verbose=0)
    for time in (1, 5, 1):
        logits = model.predict(ids[:, :time], verbose=0)
        np.testing.assert_allclose(logits, whole[:, :time], rtol=1e-4, atol=1e-6)


def test_dropout_reaches_every_layer():
    model = char_rnn(7, units=(4, 3), dropout=0.25, recurrent_dropout=0.5)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.GRU)]
    assert [(r.dropout, r.recurrent_dropout) for r in layers] == [(0.25, 0.5)] * 2


@pytest.mark.parametrize(
    ("kwargs", "error", "received"),
    [
        ({"vocabulary_size": 0}, ValueError, "vocabulary_size=0"),
        ({"units": ()}, ValueError, "units=\\(\\)"),
        ({"units": (4, 0)}, ValueError, "units=0"),
        ({"units": (4.0,)}, TypeError, "4.0"),
        ({"cell": "rnn"}, ValueError, "cell='rnn'"),
        ({"embedding_size": 0}, ValueError, "embedding_size=0"),
        ({"stateful": True}, ValueError, "stateful=True, batch_size=None"),
        ({"batch_size": 2}, ValueError, "stateful=False, batch_size=2"),
        ({"stateful": True, "batch_size": 0}, ValueError, "batch_size=0"),
    ],
)
def test_rejects(kwargs, error, received):
    with pytest.raises(error, match=f"Received: {received}"):
        char_rnn(**{"vocabulary_size": 7, **kwargs})
