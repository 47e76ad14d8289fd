"""Thresholds of a detector, chosen on validation data."""

import numpy as np

from tfkit._checks import check_unit_interval
from tfkit._optional import require
from tfkit.metrics._binary import labels_and_scores


def threshold_for_recall(y_val, scores, recall):
    """Returns the highest threshold that still finds a share of class 1.

    Choose it on VALIDATION examples, and keep the test examples to measure what it does
    (`metrics.binary_report(y_test, test_scores, threshold)`): on the examples it was
    chosen on, the recall is reached by construction. A score counts as class 1 if it is
    at least the threshold.

    Args:
        y_val: Validation labels 0 and 1 of shape `(n,)` or `(n, 1)`.
        scores: Scores of the same examples, greater where class 1 is likelier.
        recall: Share of class 1 to be found, above 0 and at most 1.

    Returns:
        One of the scores, a `float`.

    Raises:
        TypeError: `recall` is no number.
        ValueError: `recall` is out of its range, shapes differ, a label is neither 0
            nor 1, a score is not finite, or there is only one class.

    Example:
    >>> tfkit.metrics.threshold_for_recall([0, 1, 0, 1], [0.1, 0.6, 0.7, 0.8], 1.0)
    0.6

    Reference:
        TensorFlow ML Projects, chapter 7, which chose its threshold on the test set
    """
    check_unit_interval("recall", recall)
    if recall == 0:
        raise ValueError(
            f"Argument `recall` must be greater than 0. Received: recall={recall}"
        )
    _, reached, thresholds = _curve(y_val, scores)
    return float(thresholds[reached >= recall].max())


def threshold_for_precision(y_val, scores, precision):
    """Returns the lowest threshold at which a share of what is called class 1 is.

    Of all thresholds that reach the precision it is the one that finds the most. Choose
    it on VALIDATION examples, and keep the test examples to measure what it does: on
    the examples it was chosen on, the precision is reached by construction. A score
    counts as class 1 if it is at least the threshold.

    Args:
        y_val: Validation labels 0 and 1 of shape `(n,)` or `(n, 1)`.
        scores: Scores of the same examples, greater where class 1 is likelier.
        precision: Share of what is called class 1 that must be, between 0 and 1.

    Returns:
        One of the scores, a `float`.

    Raises:
        TypeError: `precision` is no number.
        ValueError: `precision` is out of its range or reached by no threshold, shapes
            differ, a label is neither 0 nor 1, a score is not finite, or there is only
            one class.

    Example:
    >>> y_val, scores = [0, 1, 0, 1], [0.1, 0.6, 0.7, 0.8]
    >>> tfkit.metrics.threshold_for_precision(y_val, scores, 0.9)
    0.8

    Reference:
        TensorFlow ML Projects, chapter 7
    """
    check_unit_interval("precision", precision)
    reached, _, thresholds = _curve(y_val, scores)
    if not (reached >= precision).any():
        raise ValueError(
            "Argument `precision` is reached by no threshold; the best is "
            f"{reached.max():.4g}. Received: precision={precision}"
        )
    return float(thresholds[reached >= precision].min())


def _curve(y_val, scores):
    """Precision and recall at each score taken as the threshold."""
    y_val, scores = labels_and_scores(y_val, scores, "y_val")
    curve = require("sklearn.metrics", "recipes").precision_recall_curve
    precision, recall, thresholds = curve(y_val, scores)
    # The last point, of precision 1 and recall 0, belongs to no threshold.
    return np.asarray(precision[:-1]), np.asarray(recall[:-1]), thresholds
