"""Checks of labels and scores of two classes."""

import numpy as np


def labels_and_scores(y_true, scores, name="y_true"):
    """Returns labels as `bool` and scores as `float64`, both of shape `(n,)`."""
    y_true, scores = np.asarray(y_true), np.asarray(scores)
    given = f"{name} with shape={y_true.shape}, scores with shape={scores.shape}"
    y_true, scores = (
        x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x for x in (y_true, scores)
    )
    if y_true.ndim != 1 or y_true.shape != scores.shape:
        raise ValueError(
            f"Arguments `{name}` and `scores` must both have the shape (n,) or (n, 1). "
            f"Received: {given}"
        )
    scores = scores.astype("float64")
    if not np.isfinite(scores).all():
        row = int(np.argmin(np.isfinite(scores)))
        raise ValueError(
            "Argument `scores` must hold finite numbers. "
            f"Received: {scores[row]} at example {row}"
        )
    other = ~np.isin(y_true, (0, 1))
    if other.any():
        row = int(np.argmax(other))
        raise ValueError(
            f"Argument `{name}` must hold labels 0 and 1. "
            f"Received: {y_true[row]} at example {row}"
        )
    y_true = y_true.astype(bool)
    if y_true.all() or not y_true.any():
        raise ValueError(
            f"Argument `{name}` must hold examples of both classes. "
            f"Received: {y_true.sum()} of class 1, {(~y_true).sum()} of class 0"
        )
    return y_true, scores
