"""Windows, gathered by the batch, against windows nested in a dataset."""

import numpy as np
import tensorflow as tf

from tfkit.data import windows

LENGTH, BATCH = 100, 32


def consume(dataset):
    for _ in dataset:
        pass


def test_windows(compare):
    """Characters of chapter 16: windows of 101, shift 1, shuffled, batches of 32."""
    tokens = np.random.default_rng(0).integers(39, size=20_000).astype("int32")

    def book():
        dataset = tf.data.Dataset.from_tensor_slices(tokens)
        dataset = dataset.window(LENGTH + 1, shift=1, drop_remainder=True)
        dataset = dataset.flat_map(lambda window: window.batch(LENGTH + 1))
        dataset = dataset.shuffle(10_000).batch(BATCH)
        return dataset.map(lambda w: (w[:, :-1], w[:, 1:])).prefetch(1)

    theirs, ours = book(), windows(tokens, LENGTH, batch_size=BATCH, shuffle=True)
    assert sum(len(x) for x, _ in ours) == 20_000 - LENGTH
    compare(
        lambda: consume(ours),
        lambda: consume(theirs),
        target=10,
        against="window().flat_map(batch)",
        rounds=3,
    )
