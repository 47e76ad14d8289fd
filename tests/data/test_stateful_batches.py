import keras
import numpy as np
import pytest

from tfkit.data import stateful_batches


def test_rows_go_on_from_batch_to_batch(rng):
    tokens = rng.integers(100, size=1234)
    batches = [(x.numpy(), y.numpy()) for x, y in stateful_batches(tokens, 10, 4)]
    assert len(batches) == (1234 - 1) // 40
    rows = np.concatenate([x for x, _ in batches], axis=1)
    part = rows.shape[1]
    for b in range(4):
        np.testing.assert_array_equal(rows[b], tokens[b * part : (b + 1) * part])
        np.testing.assert_array_equal(
            np.concatenate([y for _, y in batches], axis=1)[b],
            tokens[b * part + 1 : (b + 1) * part + 1],
        )


def test_exact_length_needs_one_step_more():
    """The book's function fails where the text has no step left for the last target."""
    assert len(stateful_batches(np.arange(81), 10, 4)) == 2
    assert len(stateful_batches(np.arange(80), 10, 4)) == 1


def test_stateful_network_sees_one_long_sequence(rng):
    series = rng.random((61, 2), "float32")
    dataset = stateful_batches(series, 5, 3)
    assert dataset.element_spec[0].shape.as_list() == [3, 5, 2]
    cells = keras.layers.GRU(4, return_sequences=True)
    inputs = keras.Input(batch_shape=(3, 5, 2))
    layer = keras.layers.GRU(4, return_sequences=True, stateful=True)
    model = keras.Model(inputs, layer(inputs))
    cells.build((None, None, 2))
    layer.set_weights(cells.get_weights())
    pieces = np.concatenate([model(x).numpy() for x, _ in dataset], axis=1)
    whole = cells(series[:60].reshape(3, 20, 2)).numpy()
    np.testing.assert_allclose(pieces, whole, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "length", "message"),
    [
        ((40,), 10, "at least batch_size \\* length \\+ 1 = 41 steps. Received: 40"),
        ((0,), 1, "Received: 0"),
        ((9, 1, 1), 1, "shape=\\(9, 1, 1\\)"),
        ((9,), 0, "Received: length=0"),
    ],
)
def test_rejects(shape, length, message):
    with pytest.raises(ValueError, match=message):
        stateful_batches(np.zeros(shape), length, 4)
