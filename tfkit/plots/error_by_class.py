"""Scores of an anomaly detector, class by class."""

import numpy as np

from tfkit._checks import check_number, check_positive_int
from tfkit._optional import require


def error_by_class(
    errors, labels, threshold=None, names=("normal", "anomaly"), bins=40
):
    """Draws histograms of errors, a panel a class, on one logarithmic axis.

    The title of each panel gives its number of examples, and with a threshold the share
    of them at or above it: false alarms of the normal, recall of the anomalies.

    Args:
        errors: Errors, such as those of an autoencoder's reconstruction, shape `(n,)`
            or `(n, 1)`: positive.
        labels: Labels 0 and 1 of the same shape.
        threshold: Lowest error that counts as an anomaly, drawn as a line.
        names: Names of the classes 0 and 1.
        bins: Number of bars.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError: `threshold` is no number.
        ValueError: Shapes differ, an error is not positive and finite, or a label is
            neither 0 nor 1.

    Example:
    >>> figure = tfkit.plots.error_by_class([0.1, 0.2, 3.0], [0, 0, 1], threshold=1.0)
    >>> [axes.get_title() for axes in figure.axes]
    ['normal: 2, of which 0.0 % above', 'anomaly: 1, of which 100.0 % above']

    Reference:
        TensorFlow ML Projects, chapter 7, the reconstruction error by class
    """
    check_positive_int("bins", bins)
    errors, labels = np.asarray(errors, "float64"), np.asarray(labels)
    flat = errors.ndim == 1 or errors.shape[1:] == (1,)
    if errors.shape != labels.shape or not errors.size or not flat:
        raise ValueError(
            "Arguments `errors` and `labels` must have the same shape (n,). Received: "
            f"errors with shape={errors.shape}, labels with shape={labels.shape}"
        )
    errors, labels = errors.reshape(-1), labels.reshape(-1)
    wrong = ~(np.isfinite(errors) & (errors > 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            "Argument `errors` must hold positive numbers. "
            f"Received: {errors[row]} at example {row}"
        )
    wrong = ~np.isin(labels, (0, 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            "Argument `labels` must hold 0 and 1. "
            f"Received: {labels[row]} at example {row}"
        )
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(7, 5), layout="constrained"
    )
    low, high = errors.min(), errors.max()
    edges = np.geomspace(low, high if high > low else 2 * low, bins + 1)
    edges[-1] *= 1 + 1e-9  # the largest error is inside, whatever the rounding
    edges[0] *= 1 - 1e-9
    panels = figure.subplots(2, 1, sharex=True)
    for label, (axes, name) in enumerate(zip(panels, names, strict=True)):
        mine = errors[labels == label]
        axes.hist(mine, edges, color=f"C{3 * label}")
        title = f"{name}: {len(mine):,}"
        if threshold is not None:
            axes.axvline(check_number("threshold", threshold), color="k", ls="--", lw=1)
            if len(mine):
                title += f", of which {100 * np.mean(mine >= threshold):.1f} % above"
        axes.set_title(title, fontsize="medium")
        axes.set(xscale="log", ylabel="examples")
        axes.grid(alpha=0.3)
    panels[1].set_xlabel("error" + (", dashed: threshold" * (threshold is not None)))
    return figure
