"""TFRecord shards from arrays or a stream of examples."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfkit._checks import check_one_of, check_positive_int
from tfkit.data._features import Feature
from tfkit.data._shards import existing_shards, replacing, shard_paths

SCHEMA = "features.json"
VERSION = 1
_BUFFER = 10_000  # examples of a stream that are shuffled together


def write_tfrecords(
    examples,
    folder,
    shards=10,
    *,
    kinds=None,
    ragged=(),
    compression=None,
    shuffle=True,
    seed=None,
    overwrite=False,
):
    """Writes examples to TFRecord shards, for `tfrecord_dataset` to read in parallel.

    The folder gets `data-00000-of-00010.tfrecord` and so on, each holding
    `tf.train.Example`s, and `features.json`, which holds the name, kind, type and
    shape of each feature, the compression, and the records and bytes of each shard.
    A folder holds one set: write training and test sets to two folders.

    All shards are written under temporary names, then renamed, and `features.json`
    comes last: an error, a full disk or a killed process leaves no partial file under
    a final name, and no schema without its shards.

    The kind of a feature follows from its first value:

    | kind | stores | chosen for |
    |---|---|---|
    | `"float"` | a float list | `float16`, `float32` |
    | `"int"` | an integer list | booleans, integers |
    | `"string"` | a bytes list | `str` (as UTF-8), `bytes` |
    | `"tensor"` | `tf.io.serialize_tensor` | `float64`, `uint64`, arrays of `uint8` |
    | `"png"` | a PNG image, lossless | nothing: name it |
    | `"jpeg"` | a JPEG image, quality 95 | nothing: name it |

    Values are read back in the same type; only a `float64` stored as "float" comes
    back as `float32`. Images are `uint8` arrays of shape `(height, width)` or `(height,
    width, channels)`, which may differ in height and width (PNG takes `uint16` too), or
    the bytes of a file in that format, which are stored as they are and read as RGB.

    Args:
        examples: Dict from the name of each feature to its values, one an example
            (arrays or lists); or an iterable, such as a generator, of one dict an
            example; or an iterable of serialized protocol buffers (`bytes`), such as
            `sequence_example` makes.
        folder: Folder of the files, made if need be.
        shards: Number of files; their lengths differ by one record at most.
        kinds: Dict from names of features to kinds, where they should differ from
            those chosen.
        ragged: Names of the features that are lists of varying length.
        compression: None, or "GZIP".
        shuffle: Whether to shuffle the examples first: those of a dict entirely, those
            of an iterable in a buffer of 10,000.
        seed: Seed of the shuffle.
        overwrite: Whether to replace the set that is in the folder. Otherwise it is an
            error.

    Returns:
        The list of the shards' paths, as strings.

    Raises:
        FileExistsError: The folder holds a set, and `overwrite` is False.
        ValueError: Features differ in length, an example does not have the features
            and shapes of the first one, or there are fewer examples than shards.
        TypeError: A value is not of the type of the first one, or fits no kind.

    Example:
    >>> images = np.zeros((6, 2, 2), "uint8")
    >>> examples = {"image": images, "label": np.arange(6)}
    >>> files = tfkit.data.write_tfrecords(examples, "tiny", shards=2)
    >>> data = tfkit.data.tfrecord_dataset("tiny", batch_size=3, target="label")
    >>> x, y = next(iter(data))
    >>> x.shape, y.dtype
    (TensorShape([3, 2, 2]), tf.int64)

    Reference:
        Hands-On ML, chapter 13 (the TFRecord format)
    """
    check_positive_int("shards", shards)
    check_one_of("compression", compression, (None, "GZIP"))
    kinds = dict(kinds or {})
    rng = np.random.default_rng(seed)
    if isinstance(examples, Mapping):
        stream = _rows(examples, rng if shuffle else None)
    else:
        stream = _shuffled(examples, rng) if shuffle else iter(examples)
    folder = Path(folder)
    stale = existing_shards(folder, "data", "tfrecord", overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    paths = shard_paths(folder, "data", shards, "tfrecord")
    with replacing([*paths, folder / SCHEMA], stale) as (*parts, schema):
        features, counts = _write(stream, parts, compression, kinds, set(ragged))
        content = {
            "version": VERSION,
            "compression": compression,
            "features": features,
            "shards": [
                {"file": path.name, "records": count, "bytes": part.stat().st_size}
                for path, part, count in zip(paths, parts, counts, strict=True)
            ],
        }
        schema.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        # Without a schema there is no set, until all of the new one is in place.
        (folder / SCHEMA).unlink(missing_ok=True)
    return [str(path) for path in paths]


def _rows(columns, rng):
    """Yields the examples of a dict of columns."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            "Argument `examples` must hold features of one length, at least one. "
            f"Received: {lengths}"
        )
    count = next(iter(lengths.values()))
    for i in range(count) if rng is None else rng.permutation(count):
        yield {name: values[i] for name, values in columns.items()}


def _shuffled(examples, rng):
    """Yields the examples of an iterable, shuffled in a buffer."""
    buffer = []
    for example in examples:
        if len(buffer) < _BUFFER:
            buffer.append(example)
            continue
        i = rng.integers(_BUFFER)
        yield buffer[i]
        buffer[i] = example
    yield from (buffer[i] for i in rng.permutation(len(buffer)))


def _write(stream, parts, compression, kinds, ragged):
    """Writes the records in turn to each part; returns the features and counts."""
    options = tf.io.TFRecordOptions(compression_type=compression or "")
    counts = [0] * len(parts)
    features = None
    total = 0
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(tf.io.TFRecordWriter(os.fspath(part), options))
            for part in parts
        ]
        for example in stream:
            if total == 0 and not isinstance(example, bytes):
                features = _features(example, kinds, ragged)
            record = _serialize(example, features, total)
            writers[total % len(parts)].write(record)
            counts[total % len(parts)] += 1
            total += 1
        if total < len(parts):
            raise ValueError(
                f"Argument `shards` must be at most the number of examples, {total}. "
                f"Received: shards={len(parts)}"
            )
    if features is None:
        return None, counts
    return {f.name: f.to_json() for f in features.values()}, counts


def _features(example, kinds, ragged):
    if not isinstance(example, Mapping):
        raise TypeError(
            "Argument `examples` must be a dict of columns, or yield dicts or bytes. "
            f"Received: {type(example).__name__}"
        )
    unknown = sorted((set(kinds) | ragged) - set(example))
    if unknown:
        raise ValueError(
            f"Arguments `kinds` and `ragged` must name features, {list(example)}. "
            f"Received: {unknown}"
        )
    return {
        name: Feature.of(name, value, kinds.get(name), name in ragged)
        for name, value in example.items()
    }


def _serialize(example, features, index):
    if features is None:
        if not isinstance(example, bytes):
            raise TypeError(
                f"Example {index} must be bytes, as the first one. "
                f"Received: {type(example).__name__}"
            )
        return example
    if not isinstance(example, Mapping) or set(example) != set(features):
        names = list(example) if isinstance(example, Mapping) else type(example)
        raise ValueError(
            f"Example {index} must have the features of the first one, "
            f"{list(features)}. Received: {names}"
        )
    encoded = {n: f.encode(example[n], index) for n, f in features.items()}
    proto = tf.train.Example(features=tf.train.Features(feature=encoded))
    return proto.SerializeToString(deterministic=True)
