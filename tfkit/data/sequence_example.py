"""SequenceExamples: a context and lists of lists."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf


def sequence_example(context, sequences):
    """Builds a serialized `tf.train.SequenceExample`.

    It holds what a flat example cannot: lists of lists of varying lengths, such as the
    sentences of a document, beside a context that belongs to all of it. Write many of
    them with `write_tfrecords`, and parse them by the batch with
    `parse_sequence_examples`.

    Args:
        context: Dict from names to a value, or a list of values, about the whole.
        sequences: Dict from names to lists of lists of values, one list a step.

    Values are strings, bytes, integers, booleans or floats (stored as `float32`).

    Returns:
        The serialized protocol buffer, `bytes`.

    Raises:
        TypeError: A value is of no such type.
        ValueError: A list mixes types, or a sequence is not a list of lists.

    Example:
    >>> document = tfkit.data.sequence_example(
    ...     {"author": "Ann", "year": 2026},
    ...     {"sentences": [["It", "rains", "."], ["Stay", "in", "."]]},
    ... )
    >>> type(document)
    <class 'bytes'>

    Reference:
        Hands-On ML, chapter 13 (lists of lists with SequenceExample)
    """
    lists = {}
    for name, steps in _mapping("sequences", sequences).items():
        if not _is_list(steps) or not all(map(_is_list, steps)):
            raise ValueError(
                f"Sequence {name!r} must be a list of lists. Received: {steps!r}"
            )
        lists[name] = tf.train.FeatureList(feature=[_feature(name, s) for s in steps])
    values = _mapping("context", context).items()
    proto = tf.train.SequenceExample(
        context=tf.train.Features(feature={n: _feature(n, v) for n, v in values}),
        feature_lists=tf.train.FeatureLists(feature_list=lists),
    )
    return proto.SerializeToString(deterministic=True)


def parse_sequence_examples(serialized, context, sequences):
    """Parses a batch of serialized SequenceExamples.

    Args:
        serialized: Strings of shape `(batch,)`, such as `tfrecord_dataset` gives.
        context: Dict from names to `tf.string`, `tf.int64` or `tf.float32`, for one
            value each, or to `tf.io.FixedLenFeature`, `tf.io.RaggedFeature` and so on.
        sequences: Dict from names to `tf.string`, `tf.int64` or `tf.float32`.

    Returns:
        `(context, sequences)`: dicts of tensors. Those of `context` have the shape
        `(batch,)`; those of `sequences` are ragged, `(batch, steps, values)`. A
        sequence that an example lacks has no steps.

    Raises:
        TypeError: A type is none of these.
        tf.errors.InvalidArgumentError: A string is no SequenceExample, or it lacks a
            context value, or has one of another type.

    Example:
    >>> documents = [
    ...     tfkit.data.sequence_example({"year": 2026}, {"words": [["a", "b"], ["c"]]}),
    ...     tfkit.data.sequence_example({"year": 2027}, {"words": [["d"]]}),
    ... ]
    >>> import tensorflow as tf
    >>> context, sequences = tfkit.data.parse_sequence_examples(
    ...     documents, {"year": tf.int64}, {"words": tf.string}
    ... )
    >>> context["year"].numpy().tolist(), sequences["words"].to_list()
    ([2026, 2027], [[[b'a', b'b'], [b'c']], [[b'd']]])

    Reference:
        Hands-On ML, chapter 13 (lists of lists with SequenceExample)
    """
    context = {
        name: tf.io.FixedLenFeature((), _dtype(name, kind))
        if isinstance(kind, tf.DType | str | type)
        else kind
        for name, kind in _mapping("context", context).items()
    }
    sequences = {
        name: tf.io.RaggedFeature(_dtype(name, kind), row_splits_dtype=tf.int64)
        for name, kind in _mapping("sequences", sequences).items()
    }
    values, lists, _ = tf.io.parse_sequence_example(
        serialized,
        context_features=context or None,
        sequence_features=sequences or None,
    )
    return values, lists


def _mapping(name, value):
    if not isinstance(value, Mapping):
        raise TypeError(f"Argument `{name}` must be a dict. Received: {value!r}")
    return value


def _is_list(value):
    return isinstance(value, list | tuple) or getattr(value, "ndim", 0) > 0


def _dtype(name, kind):
    dtype = tf.as_dtype(kind)
    if dtype not in (tf.string, tf.int64, tf.float32):
        raise TypeError(
            f"The type of {name!r} must be string, int64 or float32, which records "
            f"hold. Received: {dtype.name}"
        )
    return dtype


def _feature(name, values):
    values = list(values) if _is_list(values) else [values]
    kinds = {
        "bytes"
        if isinstance(v, str | bytes)
        else "int"
        if isinstance(v, bool | np.bool_ | int | np.integer)
        else "float"
        if isinstance(v, float | np.floating)
        else type(v).__name__
        for v in values
    }
    if len(kinds) > 1:
        raise ValueError(
            f"{name!r} must hold values of one type. Received: {sorted(kinds)}"
        )
    kind = kinds.pop() if kinds else "none"
    if kind == "none":
        return tf.train.Feature()
    if kind == "bytes":
        encoded = [
            v.encode("utf-8") if isinstance(v, str) else bytes(v) for v in values
        ]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
    if kind == "int":
        return tf.train.Feature(int64_list=tf.train.Int64List(value=map(int, values)))
    if kind == "float":
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    raise TypeError(
        f"{name!r} must hold strings, bytes, integers or floats. Received: {kind}"
    )
