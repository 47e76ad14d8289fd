"""Batches of examples from TFRecord shards."""

import json
import os
from pathlib import Path

import tensorflow as tf

from tfkit._checks import check_non_negative, check_one_of, check_positive_int
from tfkit.data._features import Feature
from tfkit.data._skipped import Skipped, no_elements
from tfkit.data.tfrecord_shards import SCHEMA, VERSION

_BLOCK = 256  # records taken in turn from each shard that is read
# Small batches are parsed together, then cut: one call has a cost of its own.
_TOGETHER = 4096  # examples, unless they take more than so much memory decoded:
_TOGETHER_BYTES = 2**21


def tfrecord_dataset(
    folder,
    target=None,
    batch_size=32,
    *,
    features=None,
    image_size=None,
    shuffle_buffer_size=10_000,
    cycle_length=5,
    cache=False,
    repeat=1,
    drop_remainder=False,
    on_error="raise",
    seed=None,
    deterministic=None,
):
    """Reads batches of examples from the shards that `write_tfrecords` wrote.

    Types, shapes and compression come from the folder's `features.json`. Shards are
    read in a new random order in each pass, several in parallel; records are shuffled,
    parsed up to thousands at a time, and cut into batches. Tensor payloads are
    decoded many at a time, too.

    When the data set is made, every shard must be there with the size it was written
    with. While it is read, checksums are checked: a damaged record is an error that
    names the shard and the index of the record in it, from 0.

    Args:
        folder: Folder of the shards and `features.json`.
        target: Name of the feature that is the target; None for no target.
        batch_size: Examples in a batch.
        features: Names of the features to read besides the target. Defaults to all.
        image_size: `(height, width)` that images stored in varying sizes are resized
            to; others keep their size.
        shuffle_buffer_size: Records that are shuffled together: each window of so
            many, drawn from `cycle_length` shards at a time, is permuted. 0 keeps the
            order of the shards and of their records.
        cycle_length: Number of shards read at a time, when records are shuffled.
        cache: Whether to keep the records in memory, still encoded, after the first
            pass. All of them are then shuffled together in each pass.
        repeat: Number of passes; None for endless ones. Batches run on from one pass
            to the next.
        drop_remainder: Whether to drop a last batch of less than `batch_size`
            examples, which makes the size of the batch static.
        on_error: "raise", or "skip" to leave out what cannot be read of a damaged
            shard: the damaged record and all after it. These are counted: the
            returned data set's `skipped.count` and `skipped.messages` tell about the
            latest pass, and a warning at the end of each pass does. (Only the returned
            object has them, not data sets derived from it.)
        seed: Seed of the orders, which then are the same in every run, and new in
            every pass.
        deterministic: Whether parallel work may not change the order of the examples.
            Defaults to True with a seed or without shuffling, else to False, which
            is faster.

    Returns:
        A `tf.data.Dataset` of `x`, or of `(x, y)` with a target. x is a dict from names
        to tensors of shape `(batch, *shape)`, ragged ones of shape `(batch, None)`, or
        the tensor itself if there is only one feature. If protocol buffers were
        written, x is the still serialized strings, of shape `(batch,)`, to be mapped,
        for instance with `parse_sequence_examples`.

    Raises:
        FileNotFoundError: The folder, its `features.json` or a shard is missing.
        ValueError: `features.json` is not of this kind, a shard has another size or
            compression than it says, or an argument is out of range.
        tf.errors.InvalidArgumentError: While reading: a shard is damaged.

    Example:
    >>> examples = {"words": [["a", "b"], ["c"]], "label": [True, False]}
    >>> files = tfkit.data.write_tfrecords(
    ...     examples, "texts", shards=1, ragged=["words"], shuffle=False
    ... )
    >>> data = tfkit.data.tfrecord_dataset("texts", "label", shuffle_buffer_size=0)
    >>> for words, label in data:
    ...     print(words.to_list(), label.numpy())
    [[b'a', b'b'], [b'c']] [ True False]

    Reference:
        Hands-On ML, chapter 13 (the TFRecord format, parsing batches of examples)
    """
    check_positive_int("batch_size", batch_size)
    check_positive_int("cycle_length", cycle_length)
    check_non_negative("shuffle_buffer_size", shuffle_buffer_size)
    check_one_of("on_error", on_error, ("raise", "skip"))
    if repeat is not None:
        check_positive_int("repeat", repeat)
    schema = _read_schema(Path(folder))
    paths, counts = _check_shards(Path(folder), schema, on_error)
    stored = schema["features"]
    wanted = _choose(stored, features, target, image_size)
    skipped = Skipped("tfrecord_dataset", "records")
    shuffle = shuffle_buffer_size > 0
    if deterministic is None:
        deterministic = seed is not None or not shuffle
    compression = schema["compression"] or ""

    def examine(path, expected):
        path, expected = path.decode(), int(expected)
        index, problem = _first_bad(path, compression)
        message = f"{path}, record {index} of {expected} {problem}"
        if on_error == "raise":
            return message
        skipped.add(expected - index, [message])
        return ""

    def read(path, expected):
        records = tf.data.TFRecordDataset(path, compression).ignore_errors()
        # A whole shard reaches its count first, so this runs for damaged ones only.
        records = records.concatenate(no_elements(examine, records, path, expected))
        return records.take(expected).batch(_BLOCK)

    def permute(records, order):
        return tf.random.experimental.stateless_shuffle(records, order)

    def parse(records):
        if stored is None:
            return records
        parsed = tf.io.parse_example(records, {f.name: f.spec() for f in wanted})
        values = {f.name: f.decode(parsed[f.name], image_size) for f in wanted}
        y = values.pop(target, None)
        x = values if len(values) != 1 else next(iter(values.values()))
        return x if y is None else (x, y)

    parallel = {
        "num_parallel_calls": tf.data.AUTOTUNE,
        "deterministic": deterministic,
    }
    shards = tf.data.Dataset.from_tensor_slices((paths, tf.constant(counts, tf.int64)))
    if shuffle:
        shards = shards.shuffle(len(paths), seed=seed)
    records = shards.interleave(
        read,
        cycle_length=min(cycle_length, len(paths)) if shuffle else 1,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,  # else a shard that is quick to read is not mixed
    )
    if on_error == "skip":
        records = skipped.around(records)
    window = int(shuffle_buffer_size)
    if cache:
        window = sum(counts)
        records = records.rebatch(window).cache()
    elif shuffle:
        records = records.rebatch(window)
    if shuffle:
        orders = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
        records = tf.data.Dataset.zip(records, orders.batch(2)).map(permute)
        records = records.prefetch(1)
    size = sum(feature.decoded_bytes(image_size) for feature in wanted)
    together = min(_TOGETHER, _TOGETHER_BYTES // max(size, 1))
    batches = records.repeat(repeat).rebatch(max(together, batch_size))
    batches = batches.map(parse, **parallel)
    batches = batches.rebatch(batch_size, drop_remainder=drop_remainder)
    if on_error == "raise" and repeat is not None:
        # All records or an error: so `fit` can show its progress in the first epoch.
        total = sum(counts) * repeat
        steps = total // batch_size if drop_remainder else -(-total // batch_size)
        batches = batches.apply(tf.data.experimental.assert_cardinality(steps))
    dataset = batches.prefetch(tf.data.AUTOTUNE)
    dataset.skipped = skipped
    return dataset


def _read_schema(folder):
    path = folder / SCHEMA
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no {path} (current folder: {os.getcwd()}). "
            "`write_tfrecords` writes it last, once all shards are complete."
        )
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        version = schema["version"]
        features = schema["features"]
        if features is not None:
            schema["features"] = {n: Feature(n, **f) for n, f in features.items()}
        known = schema.keys() >= {"compression", "shards"} and schema["shards"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} must be a schema that `write_tfrecords` wrote. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    if version != VERSION or not known:
        raise ValueError(
            f"{path} must be a schema of version {VERSION}, with compression and "
            f"shards. Received: version {version}, {sorted(schema)}"
        )
    return schema


def _check_shards(folder, schema, on_error):
    """Returns paths and numbers of records of the shards, having checked the files."""
    compression = schema["compression"] or ""
    paths, counts = [], []
    for shard in schema["shards"]:
        path = os.fspath(folder / shard["file"])
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"There is no {path}, one of the {len(schema['shards'])} shards that "
                f"{SCHEMA} lists."
            )
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            is_gzip = file.read(3) == b"\x1f\x8b\x08"
        wrong = not is_gzip
        if not compression:
            # The length of the first record may look like the start of a gzip file.
            wrong = is_gzip and _first_bad(path, "")[0] == 0
        if size and wrong:
            kind = "compressed with GZIP" if compression else "uncompressed"
            raise ValueError(
                f"{path} must be {kind}, as {SCHEMA} says. "
                f"Received: {'GZIP' if is_gzip else 'not GZIP'}"
            )
        if size != shard["bytes"] and on_error == "raise":
            index, problem = _first_bad(path, compression)
            raise ValueError(
                f"{path} must have {shard['bytes']} bytes, as {SCHEMA} says; record "
                f"{index} of {shard['records']} {problem}. Received: {size} bytes"
            )
        paths.append(path)
        counts.append(shard["records"])
    return paths, counts


def _choose(stored, names, target, image_size):
    """Returns the features to parse."""
    if stored is None:
        if names is not None or target is not None:
            raise ValueError(
                "Serialized protocol buffers have no named features. "
                f"Received: features={names}, target={target!r}"
            )
        return []
    names = [n for n in stored if n != target] if names is None else list(names)
    wanted = names + [target] * (target is not None)
    unknown = [name for name in wanted if name not in stored]
    if unknown or len(set(wanted)) < len(wanted) or not names:
        raise ValueError(
            f"Arguments `features` and `target` must name different features of "
            f"{list(stored)}. Received: features={names}, target={target!r}"
        )
    for name in wanted:
        if stored[name].shape[:1] == (None,) and stored[name].kind in ("jpeg", "png"):
            if image_size is None:
                raise ValueError(
                    f"Images {name!r} vary in size: argument `image_size` must be "
                    f"(height, width). Received: image_size=None"
                )
            check_positive_int("image_size[0]", image_size[0])
            check_positive_int("image_size[1]", image_size[1])
    return [stored[name] for name in wanted]


def _first_bad(path, compression):
    """Returns the index of the first record that cannot be read, and why."""
    index = 0
    try:
        for _ in tf.data.TFRecordDataset(path, compression):
            index += 1
    except tf.errors.OpError as error:
        # The operation's own words, without the names of graph nodes around them.
        reason = error.message.split("}} ")[-1].split(" [Op:")[0]
        return index, f"is truncated or corrupt: {reason}"
    # A file cut before a record, or in its header, TensorFlow takes for whole.
    return index, "is truncated or missing: the file ends"
