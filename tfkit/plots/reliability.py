"""Reliability diagram."""

from collections.abc import Mapping

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require


def reliability(y_true, y_pred, bins=15):
    """Draws how often predictions of each confidence are right.

    Predictions fall into `bins` equal intervals of confidence, the probability of the
    most likely class. The upper axes show the accuracy in each interval against its
    mean confidence: calibrated predictions lie on the diagonal, overconfident ones
    below. The lower axes count the predictions of each interval. The title gives the
    expected calibration error, the mean of |accuracy - confidence| over all
    predictions, as `metrics.CalibrationError` computes it.

    Args:
        y_true: Labels: integers of shape `(n,)` or `(n, 1)`, or one-hot.
        y_pred: Probabilities of shape `(n, classes)`, or of class 1 with shape `(n,)`
            or `(n, 1)`. A dict of name to such arrays draws them side by side.
        bins: Number of intervals.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: Shapes that do not fit, or values that are not probabilities.

    Example:
    >>> figure = tfkit.plots.reliability([0, 1], [[0.9, 0.1], [0.8, 0.2]], bins=5)
    >>> figure.axes[0].get_title()
    'ECE 0.450'

    Reference:
        [Guo et al., 2017](https://arxiv.org/abs/1706.04599), figure 1
    """
    check_positive_int("bins", bins)
    named = y_pred if isinstance(y_pred, Mapping) else {"": y_pred}
    if not named:
        raise ValueError(f"Argument `y_pred` must not be empty. Received: {y_pred}")
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(4.2 * len(named), 5), layout="constrained"
    )
    axes = figure.subplots(
        2, len(named), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 1]
    )
    width = 1 / bins
    left = np.arange(bins) / bins
    for (name, probabilities), (upper, lower) in zip(
        named.items(), axes.T, strict=True
    ):
        count, accuracy, confidence = _bins(y_true, probabilities, bins)
        error = np.sum(count * np.abs(accuracy - confidence)) / count.sum()
        some = count > 0
        style = {"width": width, "align": "edge", "edgecolor": "white"}
        upper.bar(left[some], accuracy[some], label="accuracy", **style)
        upper.plot([0, 1], [0, 1], "k--", linewidth=1, label="calibrated")
        upper.plot(
            confidence[some], accuracy[some], "o-", color="C3", label="mean confidence"
        )
        upper.set_xlim(0, 1)
        upper.set_ylim(0, 1)
        upper.set_title(f"{name}: ECE {error:.3f}" if name else f"ECE {error:.3f}")
        lower.bar(left, count, color="gray", **style)
        lower.set_yscale("symlog", linthresh=1)
        lower.set_ylim(0, None)
        lower.set_xlabel("confidence")
    # Space between the axes, where the last tick of one meets the first of the next.
    figure.get_layout_engine().set(wspace=0.06)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize="small")
    axes[0, 0].set_ylabel("accuracy")
    axes[1, 0].set_ylabel("predictions")
    return figure


def _bins(y_true, y_pred, bins):
    """Returns count, accuracy and mean confidence of each interval."""
    y_pred, y_true = np.asarray(y_pred, "float64"), np.asarray(y_true)
    if y_pred.ndim == 1:
        y_pred = y_pred[:, None]
    if y_pred.ndim != 2 or 0 in y_pred.shape:
        raise ValueError(
            "Argument `y_pred` must have the shape (n, classes), (n, 1) or (n,). "
            f"Received: y_pred with shape={y_pred.shape}"
        )
    if not (y_pred.min() >= 0 and y_pred.max() <= 1 + 1e-3):
        raise ValueError(
            "Argument `y_pred` must hold probabilities. Received: values from "
            f"{y_pred.min():.3g} to {y_pred.max():.3g}"
        )
    count, classes = y_pred.shape
    if y_true.shape == y_pred.shape and classes > 1:
        labels = y_true.argmax(-1)
    elif y_true.shape in ((count,), (count, 1)):
        labels = y_true.reshape(-1)
    else:
        raise ValueError(
            f"Argument `y_true` must be {count} labels, or one-hot like `y_pred`. "
            f"Received: y_true with shape={y_true.shape}, y_pred with "
            f"shape={y_pred.shape}"
        )
    if classes == 1:
        y_pred = np.concatenate([1 - y_pred, y_pred], axis=-1)
    confidence = y_pred.max(-1)
    right = y_pred.argmax(-1) == labels
    # Intervals are open below and closed above.
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    total = np.bincount(place, minlength=bins)
    mean = np.maximum(total, 1)
    return (
        total,
        np.bincount(place, right, bins) / mean,
        np.bincount(place, confidence, bins) / mean,
    )
