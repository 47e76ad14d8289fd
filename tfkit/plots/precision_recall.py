"""Precision-recall curves."""

from collections.abc import Mapping

import numpy as np

from tfkit._optional import require


def precision_recall(y_true, scores, thresholds=None):
    """Draws the precision of detectors against their recall, at every threshold.

    The legend gives the area under each curve (average precision); the dashed line is
    the share of class 1, the precision of scores that know nothing.

    Args:
        y_true: Labels 0 and 1 of shape `(n,)` or `(n, 1)`.
        scores: Scores of the same shape, greater where class 1 is likelier. A dict of
            name to such arrays draws them into one figure.
        thresholds: A threshold, or a dict of them by the same names; a dot on the curve
            marks each.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: Shapes differ, a score is not finite, a label is neither 0 nor 1,
            there is only one class, or a threshold has no scores of its name.

    Example:
    >>> figure = tfkit.plots.precision_recall([0, 0, 1], [0.1, 0.7, 0.9])
    >>> figure.axes[0].get_xlabel()
    'recall'

    Reference:
        Davis and Goadrich, 2006, "The relationship between precision-recall and ROC
        curves"
    """
    named = scores if isinstance(scores, Mapping) else {"": scores}
    if not named:
        raise ValueError(f"Argument `scores` must not be empty. Received: {scores}")
    if thresholds is None:
        thresholds = {}
    elif not isinstance(thresholds, Mapping):
        thresholds = dict.fromkeys(named, thresholds)
    unknown = set(thresholds) - set(named)
    if unknown:
        raise ValueError(
            f"Argument `thresholds` must have the names of `scores`, {sorted(named)}. "
            f"Received: {sorted(unknown)}"
        )
    curves = require("sklearn.metrics", "recipes")
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(6, 5), layout="constrained"
    )
    axes = figure.subplots()
    for name, values in named.items():
        labels, values = _check(y_true, values)
        precision, recall, _ = curves.precision_recall_curve(labels, values)
        area = f"{name} {curves.average_precision_score(labels, values):.3f}".strip()
        (line,) = axes.step(recall, precision, where="post", label=area)
        if name in thresholds:
            called = values >= thresholds[name]
            axes.plot(
                called[labels].mean(),
                labels[called].mean() if called.any() else 0.0,
                "o",
                color=line.get_color(),
            )
    axes.axhline(
        labels.mean(), color="k", ls="--", lw=1, label=f"base rate {labels.mean():.3f}"
    )
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.legend(title="area under the curve", fontsize="small")
    return figure


def _check(y_true, scores):
    """Returns labels as `bool` and scores, both of shape `(n,)`."""
    given = (
        f"y_true with shape={np.shape(y_true)}, scores with shape={np.shape(scores)}"
    )
    y_true, scores = (
        x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x
        for x in (np.asarray(y_true), np.asarray(scores, "float64"))
    )
    if y_true.ndim != 1 or y_true.shape != scores.shape:
        raise ValueError(
            "Arguments `y_true` and `scores` must both have the shape (n,) or (n, 1). "
            f"Received: {given}"
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            "Argument `scores` must hold finite numbers. "
            f"Received: {scores[~np.isfinite(scores)][0]}"
        )
    classes = np.unique(y_true)
    if not np.array_equal(classes, [0, 1]):
        raise ValueError(
            "Argument `y_true` must hold labels 0 and 1, and both. "
            f"Received: {classes[:5].tolist()}"
        )
    return y_true.astype(bool), scores
