"""Precision and recall against the threshold."""

from tfkit._checks import check_number
from tfkit._optional import require
from tfkit.plots.precision_recall import _check


def threshold_curve(y_true, scores, threshold=None):
    """Draws precision and recall of a detector against its threshold.

    It shows what moving the threshold would give and take. A threshold that is chosen
    with its help must be chosen on validation data: `metrics.threshold_for_recall`.

    Args:
        y_true: Labels 0 and 1 of shape `(n,)` or `(n, 1)`.
        scores: Scores of the same shape, greater where class 1 is likelier. The axis is
            logarithmic if all are positive.
        threshold: A threshold, drawn as a line; the title says what it reaches.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ImportError: matplotlib or scikit-learn is not installed.
        TypeError: `threshold` is no number.
        ValueError: Shapes differ, a score is not finite, a label is neither 0 nor 1, or
            there is only one class.

    Example:
    >>> figure = tfkit.plots.threshold_curve([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.2)
    >>> figure.axes[0].get_title()
    'at 0.2: precision 66.7 %, recall 100.0 %'

    Reference:
        TensorFlow ML Projects, chapter 7, its precision and recall by threshold
    """
    labels, scores = _check(y_true, scores)
    curves = require("sklearn.metrics", "recipes")
    precision, recall, thresholds = curves.precision_recall_curve(labels, scores)
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(7, 4), layout="constrained"
    )
    axes = figure.subplots()
    # The last point of the curve, of recall 0, belongs to no threshold.
    axes.step(thresholds, precision[:-1], where="pre", label="precision")
    axes.step(thresholds, recall[:-1], where="pre", label="recall")
    if threshold is not None:
        axes.axvline(check_number("threshold", threshold), color="k", ls="--", lw=1)
        called = scores >= threshold
        right = 100 * labels[called].mean() if called.any() else 0.0
        axes.set_title(
            f"at {threshold:.4g}: precision {right:.1f} %, "
            f"recall {100 * called[labels].mean():.1f} %",
            fontsize="medium",
        )
    if thresholds[0] > 0:
        axes.set_xscale("log")
    axes.set(xlabel="threshold", ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    return figure
