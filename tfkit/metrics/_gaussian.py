"""What the metrics of predictive distributions share."""

from keras import ops

from tfkit.metrics import _tokens


def pairs(y_true, y_pred, dtype, meaning):
    """Aligns targets of shape `s` with pairs of shape `(*s, 2)`.

    A last axis of one output may be there or not, on either side.

    Args:
        y_true: Targets.
        y_pred: Two numbers for each target.
        dtype: Data type of what is returned.
        meaning: What the two are, for the message.

    Returns:
        Targets, the first and the second of each pair, of one shape.

    Raises:
        ValueError: The shapes do not fit.
    """
    y_true, y_pred = ops.cast(y_true, dtype), ops.cast(y_pred, dtype)
    given = tuple(y_true.shape), tuple(y_pred.shape)
    if len(given[1]) == len(given[0]) and given[0][-1:] == (1,):
        y_true = ops.squeeze(y_true, -1)
    elif len(given[1]) == len(given[0]) + 2 and given[1][-2] == 1:
        y_pred = ops.squeeze(y_pred, -2)
    fits = len(y_pred.shape) == len(y_true.shape) + 1 and all(
        one is None or other is None or one == other
        for one, other in zip((*y_true.shape, 2), y_pred.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"Argument `y_pred` must hold {meaning} of each target in its last axis. "
            f"Received: y_true with shape={given[0]}, y_pred with shape={given[1]}"
        )
    return y_true, y_pred[..., 0], y_pred[..., 1]


def weights(mask, sample_weight, like):
    """Weights of each target, in the shape of `like`, or None where nothing weighs."""
    if mask is None and sample_weight is None:
        return None
    if sample_weight is not None:
        sample_weight = ops.convert_to_tensor(sample_weight)
        shape = tuple(sample_weight.shape)
        if len(shape) > len(like.shape) and shape[-1] == 1:
            sample_weight = ops.squeeze(sample_weight, -1)
    return _tokens.weights(mask, sample_weight, like)
