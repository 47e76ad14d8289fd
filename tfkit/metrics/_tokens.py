"""What the metrics of token sequences share."""

import keras
from keras import ops


def mask_of(y_pred):
    """The mask that Keras attached to a prediction, or None."""
    return getattr(y_pred, "_keras_mask", None)


def weights(mask, sample_weight, like):
    """Weights in the shape of `like`, from a mask and weights with fewer axes."""
    weight = ops.ones_like(like)
    for given in (mask, sample_weight):
        if given is not None:
            given = ops.cast(given, weight.dtype)
            extra = len(like.shape) - len(given.shape)
            weight = weight * ops.reshape(given, (*ops.shape(given), *[1] * extra))
    return weight


class Sequences:
    """Two batches of token sequences, without padding.

    Args:
        y_true: Ids of shape `(batch, time)` or `(batch, time, 1)`.
        y_pred: Ids of shape `(batch, time)`, of which padding is taken out like that
            of `y_true`; or scores of shape `(batch, time, tokens)`, of which the best
            token is taken at the steps where `y_true` is no padding.
        ignore_class: Id of padding, or None.

    Attributes:
        true, predicted: Ids of shape `(batch, time)`, moved to the front. Behind them
            stand -1 and -2, so that nothing there is ever equal.
        true_length, predicted_length: Tokens of each sequence, shape `(batch,)`.
    """

    def __init__(self, y_true, y_pred, ignore_class):
        mask = mask_of(y_pred)
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        if len(y_true.shape) == 3:
            y_true = ops.squeeze(y_true, axis=-1)
        if len(y_true.shape) != 2 or len(y_pred.shape) not in (2, 3):
            raise ValueError(
                "Argument `y_true` must have shape (batch, time) and `y_pred` that "
                "shape, or one more axis of scores. Received: y_true with "
                f"shape={tuple(y_true.shape)}, y_pred with shape={tuple(y_pred.shape)}"
            )
        true = _ids(y_true)
        counts = ops.ones_like(true, dtype="bool")
        if ignore_class is not None:
            counts = true != ignore_class
        if len(y_pred.shape) == 3:
            predicted = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
            if mask is not None:
                counts = ops.logical_and(counts, ops.cast(mask, "bool"))
            also = counts
        else:
            predicted = _ids(y_pred)
            also = ops.ones_like(predicted, dtype="bool")
            if ignore_class is not None:
                also = predicted != ignore_class
        self.true, self.true_length = _front(true, counts, -1)
        self.predicted, self.predicted_length = _front(predicted, also, -2)


def _ids(x):
    # Keras hands labels over as floating-point numbers.
    return ops.cast(
        ops.round(x) if keras.backend.is_float_dtype(ops.dtype(x)) else x, "int32"
    )


def _front(ids, counts, filler):
    """Moves the ids that count to the front; returns them and their number."""
    place = ops.arange(ops.shape(ids)[1], dtype="int32")[None]
    order = ops.argsort(ops.where(counts, place, place + ops.shape(ids)[1]), axis=1)
    length = ops.sum(ops.cast(counts, "int32"), axis=1)
    ids = ops.take_along_axis(ids, order, axis=1)
    return ops.where(place < length[:, None], ids, filler), length
