"""Accuracy of a classifier that may abstain."""

from typing import NamedTuple

import numpy as np

from tfkit.uncertainty._labels import right_predictions


class Selective(NamedTuple):
    """Accuracy against coverage, from the most certain examples to all of them.

    Attributes:
        coverage: Fraction of the examples that are answered, rising to 1.
        accuracy: Fraction of the answers that is right.
        threshold: Uncertainty up to which examples are answered.
    """

    coverage: np.ndarray
    accuracy: np.ndarray
    threshold: np.ndarray


def selective_accuracy(y_true, probs, uncertainty=None):
    """Computes the accuracy on the examples of which a classifier is most certain.

    A classifier that may leave difficult examples to a person answers where its
    uncertainty is at most a threshold. Lower thresholds answer less (coverage) and, if
    the uncertainty is worth anything, answer better (accuracy). Examples of the same
    uncertainty are answered together or not at all: each threshold is one point.

    Args:
        y_true: Labels: integers of shape `(n,)` or `(n, 1)`, or one-hot.
        probs: Probabilities of shape `(n, classes)`; a last axis of 1 holds that of
            class 1 of two. Of Monte Carlo samples, their mean.
        uncertainty: Uncertainty of each example, shape `(n,)`: the higher, the less
            certain, such as a part of `uncertainty.decompose`. By default one minus the
            probability of the most likely class.

    Returns:
        `Selective(coverage, accuracy, threshold)`, arrays with an entry for each
        different uncertainty; `plots.selective_prediction` draws them.

    Raises:
        ValueError: Shapes that do not fit, labels outside the classes, or values that
            are not finite.

    Example:
    >>> probs = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
    >>> curve = tfkit.uncertainty.selective_accuracy([0, 1, 1], probs)
    >>> curve.coverage.round(2).tolist(), curve.accuracy.round(2).tolist()
    ([0.33, 0.67, 1.0], [1.0, 1.0, 0.67])

    Reference:
        [Geifman and El-Yaniv, 2017](https://arxiv.org/abs/1705.08500)
    """
    probs = np.asarray(probs, "float64")
    if probs.ndim != 2 or 0 in probs.shape:
        raise ValueError(
            "Argument `probs` must have the shape (examples, classes). "
            f"Received: probs with shape={probs.shape}"
        )
    right = right_predictions(y_true, probs, "probs")
    if uncertainty is None:
        top = probs.max(-1)
        uncertainty = 1 - (np.maximum(top, 1 - top) if probs.shape[1] == 1 else top)
    uncertainty = np.asarray(uncertainty, "float64")
    if uncertainty.shape != right.shape or not np.isfinite(uncertainty).all():
        raise ValueError(
            f"Argument `uncertainty` must be {len(right)} finite numbers. "
            f"Received: uncertainty with shape={uncertainty.shape}, "
            f"{np.count_nonzero(~np.isfinite(uncertainty))} values not finite"
        )
    order = np.argsort(uncertainty, kind="stable")
    uncertainty, right = uncertainty[order], right[order]
    last = np.append(np.flatnonzero(np.diff(uncertainty)), len(right) - 1)
    answered = last + 1
    return Selective(
        answered / len(right), np.cumsum(right)[last] / answered, uncertainty[last]
    )
