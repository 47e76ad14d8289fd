"""Examples a second from TFRecord shards: ours against parsing them one by one.

All have batches of 32, shuffle with a buffer of 10,000 and read five shards at a time.
Batches are consumed inside a graph, as a compiled training loop does.
"""

import numpy as np
import pytest
import tensorflow as tf

from tfkit.data import tfrecord_dataset, write_tfrecords

BATCH = 32


def one_pass(dataset, count):
    def rows(n, *batch):
        return n + tf.shape(tf.nest.flatten(batch)[0], tf.int64)[0]

    def run():
        assert dataset.reduce(np.int64(0), rows) == count

    return run


def one_by_one(files, parse):
    dataset = tf.data.Dataset.from_tensor_slices(files).interleave(
        tf.data.TFRecordDataset, cycle_length=5, num_parallel_calls=tf.data.AUTOTUNE
    )
    dataset = dataset.shuffle(10_000).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(tf.data.AUTOTUNE)


def test_columns_of_numbers(compare, tmp_path):
    """Nine scalar features, as a table of numbers has."""
    count = 100_000
    table = np.random.default_rng(0).normal(size=(count, 9)).astype("float32")
    columns = dict(zip([*"abcdefgh", "y"], table.T, strict=True))
    files = write_tfrecords(columns, tmp_path)
    spec = {name: tf.io.FixedLenFeature((), tf.float32) for name in columns}
    compare(
        one_pass(tfrecord_dataset(tmp_path, "y", BATCH), count),
        one_pass(
            one_by_one(files, lambda r: tf.io.parse_single_example(r, spec)), count
        ),
        target=8,
        against="map(parse_single_example).batch(32), nine scalars",
        rounds=3,
    )


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    count = 60_000
    pixels = np.random.default_rng(0).integers(256, size=(count, 28, 28), dtype="uint8")
    folder = tmp_path_factory.mktemp("images")
    files = write_tfrecords({"image": pixels, "label": np.arange(count) % 10}, folder)
    return folder, files, count


def test_tensor_payload(compare, images):
    """Images of 28x28 bytes from `serialize_tensor`, and a label."""
    folder, files, count = images
    spec = {
        "image": tf.io.FixedLenFeature((), tf.string),
        "label": tf.io.FixedLenFeature((), tf.int64),
    }

    def parse(record):
        example = tf.io.parse_single_example(record, spec)
        image = tf.io.parse_tensor(example["image"], tf.uint8)
        return tf.reshape(image, (28, 28)), example["label"]

    compare(
        one_pass(tfrecord_dataset(folder, "label", BATCH), count),
        one_pass(one_by_one(files, parse), count),
        target=5,
        against="map(parse_single_example, parse_tensor).batch(32), images",
        rounds=3,
    )
