"""Rows a second from CSV files: ours against the book's pipeline and TensorFlow's.

All have batches of 32 rows, shuffle with a buffer of 10,000 and read five files at a
time. Batches are consumed inside a graph, as a compiled training loop does: a Python
loop over batches of 32 takes longer than reading them.
"""

import numpy as np
import pytest
import tensorflow as tf

from tfkit.data import csv_dataset, write_csv_shards

ROWS, BATCH = 200_000, 32
NAMES = [*"abcdefgh", "y"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    table = np.random.default_rng(0).normal(size=(ROWS, 9)).astype("float32")
    columns = dict(zip(NAMES, table.T, strict=True))
    return write_csv_shards(columns, tmp_path_factory.mktemp("csv"), shards=20)


def one_pass(dataset):
    def rows(n, *batch):
        return n + tf.shape(tf.nest.flatten(batch)[0], tf.int64)[0]

    def run():
        # make_csv_dataset repeats a last, incomplete batch's place in full.
        assert ROWS <= dataset.reduce(np.int64(0), rows) < ROWS + BATCH

    return run


def ours(files):
    schema = dict.fromkeys(NAMES[:-1], 0.0)
    return csv_dataset(files, schema, "y", BATCH, transform=lambda x: (x - 0.5) / 2.0)


def book(files):
    defaults = [0.0] * 8 + [tf.constant([], tf.float32)]

    def preprocess(line):
        fields = tf.io.decode_csv(line, defaults)
        return (tf.stack(fields[:-1]) - 0.5) / 2.0, tf.stack(fields[-1:])

    dataset = tf.data.Dataset.list_files(files).interleave(
        lambda path: tf.data.TextLineDataset(path).skip(1), cycle_length=5
    )
    dataset = dataset.map(preprocess, num_parallel_calls=5)
    return dataset.shuffle(10_000).batch(BATCH).prefetch(1)


def make_csv_dataset(files):
    return tf.data.experimental.make_csv_dataset(
        files,
        BATCH,
        label_name="y",
        column_defaults=[tf.float32] * 9,
        num_epochs=1,
        shuffle_buffer_size=10_000,
        num_parallel_reads=5,
    )


def test_csv_against_the_book(compare, files):
    compare(
        one_pass(ours(files)),
        one_pass(book(files)),
        target=10,
        against="decode_csv line by line, batches of 32",
        rounds=3,
    )


def test_csv_against_make_csv_dataset(compare, files):
    compare(
        one_pass(ours(files)),
        one_pass(make_csv_dataset(files)),
        target=1,
        against="make_csv_dataset, batches of 32",
        rounds=3,
    )
