"""What the recommenders share: tables of vectors by id, ids of any value."""

import keras
import numpy as np
from keras import ops

UNKNOWN = -1


def check_ids(name, ids):
    """Returns `ids` as an array of `int64`."""
    ids = np.asarray(ids)
    if ids.ndim != 1 or ids.size == 0 or ids.dtype.kind not in "iu":
        raise ValueError(
            f"Argument `{name}` must be one axis of integers, at least one. Received: "
            f"{name} with shape={ids.shape}, dtype={ids.dtype}"
        )
    unique, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        raise ValueError(
            f"Argument `{name}` must hold each id once. Received: "
            f"{unique[counts.argmax()]} {counts.max()} times"
        )
    if unique[0] < 0:
        raise ValueError(
            f"Argument `{name}` must hold ids of at least 0; {UNKNOWN} stands for an "
            f"unknown one. Received: {unique[0]}"
        )
    return ids.astype("int64")


def lookup(ids, name, dtype=None):
    """Layer from ids to rows of a table, of which row 0 is that of unknown ids."""
    return keras.layers.IntegerLookup(
        vocabulary=ids, oov_token=UNKNOWN, name=name, dtype=dtype
    )


def take(table, index):
    """Rows of an embedding; zeros at index 0, so that unknown ids add nothing."""
    rows = table(index)
    known = ops.cast(ops.not_equal(index, 0), rows.dtype)
    return rows * ops.expand_dims(known, -1)


def pair(user_ids, item_ids):
    """Inputs named "user" and "item", and the rows of their tables."""
    inputs, rows = {}, []
    for name, ids in (("user", user_ids), ("item", item_ids)):
        ids = check_ids(f"{name}_ids", ids)
        inputs[name] = keras.Input((), dtype="int64", name=name)
        rows.append((lookup(ids, f"{name}_index")(inputs[name]), len(ids) + 1))
    return inputs, rows


def table(rows, size, name, initializer=None, dtype=None):
    """Learned rows of `size` numbers."""
    # With the 0.05 that Keras starts from, products of two vectors hardly move.
    initializer = initializer or keras.initializers.RandomNormal(stddev=0.1)
    return keras.layers.Embedding(
        rows, size, embeddings_initializer=initializer, name=name, dtype=dtype
    )


def biases(rows):
    """One learned number a user, and one an item."""
    return [
        take(table(count, 1, f"{name}_bias", "zeros"), index)
        for name, (index, count) in zip(("user", "item"), rows, strict=True)
    ]
