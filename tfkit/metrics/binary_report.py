"""What a detector is worth beside the majority."""

from tfkit._checks import check_number
from tfkit._optional import require
from tfkit.metrics._binary import labels_and_scores


def binary_report(y_true, scores, threshold=None):
    """Measures scores of two classes beside the baselines they must beat.

    Where one class is rare, always naming the other is right nearly always: an accuracy
    is worth what it adds to `majority_accuracy`, and an area under the
    precision-recall curve what it adds to `base_rate`, the area that constant scores
    reach. The area under the ROC curve of constant scores is 0.5.

    Choose the threshold on other examples than these, with
    `metrics.threshold_for_recall` or `metrics.threshold_for_precision`.

    Args:
        y_true: Labels 0 and 1 of shape `(n,)` or `(n, 1)`; 1 is what is detected.
        scores: Numbers of the same shape, greater where class 1 is likelier; they need
            not be probabilities.
        threshold: Lowest score that is called class 1. None leaves out the figures that
            need one.

    Returns:
        A dict of `examples` and `positives` (counts), `base_rate` (share of class 1),
        `majority_accuracy`, `roc_auc`, `pr_auc` (average precision: the area under the
        steps of the curve, without the optimism of trapezoids); with a threshold also
        `threshold`, `accuracy`, `precision` (0 where nothing is called class 1),
        `recall`, `f1` and the counts `true_positives`, `false_positives`,
        `false_negatives`, `true_negatives`.

    Raises:
        TypeError: `threshold` is no number.
        ValueError: Shapes differ, a label is neither 0 nor 1, a score is not finite, or
            there is only one class, whose curves do not exist.

    Example:
    >>> report = tfkit.metrics.binary_report([0, 0, 0, 1], [0.1, 0.2, 0.8, 0.7], 0.5)
    >>> report["majority_accuracy"], report["accuracy"], report["recall"]
    (0.75, 0.75, 1.0)
    >>> report["base_rate"], report["pr_auc"]
    (0.25, 0.5)

    Reference:
        TensorFlow ML Projects, chapter 2, the evaluation of the boosted trees; Davis
        and Goadrich, 2006, "The relationship between precision-recall and ROC curves"
    """
    y_true, scores = labels_and_scores(y_true, scores)
    curves = require("sklearn.metrics", "recipes")
    base_rate = float(y_true.mean())
    report = {
        "examples": len(y_true),
        "positives": int(y_true.sum()),
        "base_rate": base_rate,
        "majority_accuracy": max(base_rate, 1 - base_rate),
        "roc_auc": float(curves.roc_auc_score(y_true, scores)),
        "pr_auc": float(curves.average_precision_score(y_true, scores)),
    }
    if threshold is None:
        return report
    called = scores >= check_number("threshold", threshold)
    hits = int((called & y_true).sum())
    wrong = int((called & ~y_true).sum())
    missed = int((~called & y_true).sum())
    return {
        **report,
        "threshold": float(threshold),
        "accuracy": float((called == y_true).mean()),
        "precision": hits / max(hits + wrong, 1),
        "recall": hits / (hits + missed),
        "f1": 2 * hits / (2 * hits + wrong + missed),
        "true_positives": hits,
        "false_positives": wrong,
        "false_negatives": missed,
        "true_negatives": int((~called & ~y_true).sum()),
    }
