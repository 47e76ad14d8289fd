import keras
import numpy as np
import pytest
import tensorflow as tf

from tfkit.data import forecast_targets, windows


def collect(dataset):
    batches = [tuple(part.numpy() for part in batch) for batch in dataset]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def reference(sequence, length, shift):
    """The book's pipeline, window by window in Python."""
    starts = range(0, len(sequence) - length, shift)
    cut = [sequence[i : i + length + 1] for i in starts]
    return np.array([w[:-1] for w in cut]), np.array([w[1:] for w in cut])


@pytest.mark.parametrize(("length", "shift"), [(5, 1), (4, 4), (3, 7), (36, 1)])
def test_next_token_matches_reference(rng, length, shift):
    tokens = rng.integers(50, size=37).astype("int32")
    x, y = collect(windows(tokens, length, shift, batch_size=4))
    expected = reference(tokens, length, shift)
    np.testing.assert_array_equal(x, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    assert x.dtype == np.int32


def test_equals_the_window_and_flat_map_pipeline(rng):
    """The oracle is tf.data's own `window`, used as chapter 16 does."""
    tokens = rng.integers(50, size=100)
    dataset = tf.data.Dataset.from_tensor_slices(tokens)
    dataset = dataset.window(11, shift=3, drop_remainder=True)
    dataset = dataset.flat_map(lambda window: window.batch(11)).batch(8)
    theirs = [(w[:, :-1].numpy(), w[:, 1:].numpy()) for w in dataset]
    ours = list(windows(tokens, 10, 3, batch_size=8))
    assert len(ours) == len(theirs)
    for (x, y), (x2, y2) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)


@pytest.mark.parametrize("targets", ["sequence", "vector"])
def test_forecasts_match_forecast_targets(rng, targets):
    series = rng.random((30, 3), "float32")
    x, y = collect(windows(series, 8, 2, horizon=4, targets=targets, feature=1))
    assert x.shape == (10, 8, 3)
    for i in range(10):
        expected_x, expected_y = forecast_targets(
            series[None, 2 * i : 2 * i + 12], 4, targets == "sequence", feature=1
        )
        np.testing.assert_array_equal(x[i], expected_x[0])
        np.testing.assert_array_equal(y[i], expected_y[0])


@pytest.mark.parametrize("horizon", [None, 3])
def test_targets_fit_a_valid_convolution(rng, horizon):
    series = rng.random((60, 1), "float32")
    full = collect(windows(series, 20, horizon=horizon))[1]
    x, y = collect(windows(series, 20, horizon=horizon, kernel_size=4, strides=2))
    np.testing.assert_array_equal(y, full[:, 3::2])
    assert keras.layers.Conv1D(1, 4, strides=2)(x).shape[1] == y.shape[1]


def test_no_window_crosses_from_one_sequence_to_the_next():
    sequences = [np.arange(0, 10), np.arange(100, 103), np.arange(200, 205)]
    x, y = collect(windows(sequences, 4, batch_size=3))
    np.testing.assert_array_equal(x[:, 0], [0, 1, 2, 3, 4, 5, 200])
    assert (np.diff(x, axis=1) == 1).all()
    np.testing.assert_array_equal(y, x + 1)


def test_shuffle_is_a_new_permutation_each_epoch():
    tokens = np.arange(1000)
    dataset = windows(tokens, 5, batch_size=64, shuffle=True, seed=1)
    first, second = collect(dataset)[0], collect(dataset)[0]
    assert len(dataset) == 16
    for x in (first, second):
        np.testing.assert_array_equal(np.sort(x[:, 0]), np.arange(995))
        assert np.corrcoef(x[:, 0], np.arange(995))[0, 1] < 0.2
        np.testing.assert_array_equal(x[:, -1] - x[:, 0], 4)
    assert not np.array_equal(first, second)
    again = windows(tokens, 5, batch_size=64, shuffle=True, seed=1)
    np.testing.assert_array_equal(collect(again)[0], first)


def test_shapes_are_known():
    spec = windows(np.zeros((9, 2), "float32"), 4).element_spec
    assert [s.shape.as_list() for s in spec] == [[None, 4, 2], [None, 4, 2]]
    dataset = windows(np.arange(11), 4, batch_size=3, drop_remainder=True, shuffle=True)
    assert [s.shape.as_list() for s in dataset.element_spec] == [[3, 4], [3, 4]]
    assert len(dataset) == len(list(dataset)) == 2


def test_trains_a_model(rng):
    tokens = np.tile([1, 2, 3], 40)
    model = keras.Sequential(
        [keras.layers.Embedding(4, 4), keras.layers.Dense(4, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    dataset = windows(tokens, 6, shuffle=True, seed=0)
    history = model.fit(dataset, epochs=3, verbose=0, shuffle=False).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        (np.arange(5), {}, "at least 6 steps.*Received: 1 of at most 5 steps"),
        ([np.arange(3), np.arange(4)], {}, "Received: 2 of at most 4 steps"),
        ([], {}, "Received: 1 of at most 0 steps"),
        (np.zeros((9, 2, 2)), {}, "Received: shapes=\\[\\(9, 2, 2\\)\\]"),
        ([np.zeros((9, 2)), np.zeros((9, 3))], {}, "all with the same features"),
        (
            np.arange(9),
            {"targets": "vector"},
            "Received: targets='vector', horizon=None",
        ),
        (np.arange(9), {"kernel_size": 6}, "Received: kernel_size=6, length=5"),
        (np.arange(9), {"shift": 0}, "Received: shift=0"),
        (
            np.arange(9),
            {"drop_remainder": True},
            "Received: batch_size=32, 4 windows",
        ),
        (
            np.arange(9),
            {"horizon": 2, "targets": "vector", "strides": 2},
            "Received: kernel_size=1, strides=2",
        ),
    ],
)
def test_rejects(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        windows(sequences, 5, **options)


def test_rejects_text():
    with pytest.raises(TypeError, match="encode a text"):
        windows(np.array(list("hello there")), 5)
