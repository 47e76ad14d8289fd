import keras
import numpy as np
import pytest

from tfkit.data import bucket_batches


@pytest.fixture
def sequences(rng):
    return [np.full(n, i + 1) for i, n in enumerate(rng.integers(1, 60, size=200))]


def test_every_sequence_once_an_epoch_padded_on_the_right(sequences):
    dataset = bucket_batches(sequences, np.arange(200), batch_size=16, seed=3)
    assert len(dataset) == 13
    for _ in range(2):
        seen = []
        for x, y in dataset:
            x, y = x.numpy(), y.numpy()
            lengths = [len(sequences[i]) for i in y]
            assert x.shape == (len(y), max(lengths))
            for row, i, length in zip(x, y, lengths, strict=True):
                np.testing.assert_array_equal(row[:length], sequences[i])
                assert not row[length:].any()
            seen.extend(y)
        assert sorted(seen) == list(range(200))


def padding(dataset):
    total = sum(int(np.size(x)) for x in dataset)
    return sum(int((x.numpy() == 0).sum()) for x in dataset) / total


def test_buckets_save_padding(sequences):
    one = bucket_batches(sequences, batch_size=16, buckets=1, seed=0)
    many = bucket_batches(sequences, batch_size=16, buckets=10, seed=0)
    assert padding(many) < 0.3 * padding(one)


def test_order(sequences):
    dataset = bucket_batches(sequences, batch_size=16, seed=5)
    first = [x.numpy() for x in dataset]
    second = [x.numpy() for x in dataset]
    again = [x.numpy() for x in bucket_batches(sequences, batch_size=16, seed=5)]
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    widths = [x.shape[1] for x in first]
    assert widths != sorted(widths)  # batches are shuffled too
    plain = [x.shape[1] for x in bucket_batches(sequences, shuffle=False)]
    assert plain == sorted(plain)


def test_features_and_sequence_targets(rng):
    x = [rng.random((n, 3), "float32") for n in (4, 2, 5)]
    y = [np.arange(1, n + 1) for n in (1, 3, 2)]
    ((bx, by),) = bucket_batches(x, y, batch_size=3, shuffle=False, pad=-1)
    assert bx.shape == (3, 5, 3)
    np.testing.assert_array_equal(by, [[1, 2, 3], [1, -1, -1], [1, 2, -1]])
    np.testing.assert_array_equal(bx[0, 2:], np.full((3, 3), -1))
    np.testing.assert_array_equal(bx[2], x[2])


def test_padding_changes_no_prediction(rng):
    """In a bucket or alone, a masked network says the same of a sequence."""
    sequences = [rng.integers(1, 9, size=n) for n in (3, 7, 5)]
    model = keras.Sequential(
        [keras.layers.Embedding(9, 4, mask_zero=True), keras.layers.GRU(3)]
    )
    (together,) = bucket_batches(sequences, batch_size=3, shuffle=False)
    together = model(together).numpy()
    for row, i in enumerate((0, 2, 1)):
        alone = model(sequences[i][None]).numpy()
        np.testing.assert_allclose(together[row], alone[0], atol=1e-6)


@pytest.mark.parametrize(
    ("sequences", "targets", "message"),
    [
        ([np.ones(2), np.ones(0)], None, "Received: an empty one at 1"),
        ([], None, "Received: no sequences"),
        ([np.ones(2)], [1, 0], "Received: 2 targets, 1 sequences"),
    ],
)
def test_rejects(sequences, targets, message):
    with pytest.raises(ValueError, match=message):
        bucket_batches(sequences, targets)
