"""Labels and predictions of classifiers in one form."""

import numpy as np


def right_predictions(y_true, probs, name):
    """Returns whether each prediction is right, shape `probs.shape[:-1]`.

    Args:
        y_true: Labels of shape `(n,)` or `(n, 1)`, or one-hot.
        probs: Probabilities `(..., n, classes)`; a last axis of 1 holds that of class 1
            of two.
        name: Name of the argument `probs`, for messages.
    """
    probs, y_true = np.asarray(probs), np.asarray(y_true)
    count, classes = probs.shape[-2:]
    if not np.isfinite(probs).all():
        raise ValueError(
            f"Argument `{name}` must be finite. Received: "
            f"{np.count_nonzero(~np.isfinite(probs))} values that are not"
        )
    if y_true.shape == (count, classes) and classes > 1:
        labels = y_true.argmax(-1)
    elif y_true.shape in ((count,), (count, 1)):
        labels = y_true.reshape(-1)
    else:
        raise ValueError(
            f"Argument `y_true` must be {count} labels, or one-hot with {classes} "
            f"classes. Received: y_true with shape={y_true.shape}, {name} with "
            f"shape={probs.shape}"
        )
    predicted = probs[..., 0] > 0.5 if classes == 1 else probs.argmax(-1)
    outside = (labels < 0) | (labels >= max(classes, 2))
    if outside.any():
        raise ValueError(
            f"Argument `y_true` must hold labels from 0 to {max(classes, 2) - 1}. "
            f"Received: {labels[outside][0]} at example {outside.argmax()}"
        )
    return predicted == labels
