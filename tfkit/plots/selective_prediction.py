"""Accuracy against coverage."""

from collections.abc import Mapping

import numpy as np

from tfkit._optional import require


def selective_prediction(curves):
    """Draws the accuracy of classifiers that answer only where they are certain.

    A good uncertainty makes a curve that falls from left to right: on the left only the
    most certain examples are answered, at the right end all of them.

    Args:
        curves: What `uncertainty.selective_accuracy` returns, or a pair of arrays
            `(coverage, accuracy)`, fractions. A dict of name to such curves draws
            them together.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved. The legend gives the
        accuracy at 80 % of coverage and at all of it.

    Raises:
        ValueError: There are no curves, shapes do not fit, or values are no fractions.

    Example:
    >>> figure = tfkit.plots.selective_prediction({"model": ([0.5, 1.0], [1.0, 0.9])})
    >>> figure.axes[0].get_legend_handles_labels()[1]
    ['model: 100.0 % at 0.8, 90.0 % at 1']

    Reference:
        [Geifman and El-Yaniv, 2017](https://arxiv.org/abs/1705.08500)
    """
    named = curves if isinstance(curves, Mapping) else {"": curves}
    if not named:
        raise ValueError(f"Argument `curves` must not be empty. Received: {curves}")
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(6.4, 4.4), layout="constrained"
    )
    axes = figure.subplots()
    for name, curve in named.items():
        coverage, accuracy = _checked(name, curve)
        # The point with the most answers among those of at most 80 %.
        most = accuracy[max(np.searchsorted(coverage, 0.8, side="right") - 1, 0)]
        label = f"{most:.1%} at 0.8, {accuracy[-1]:.1%} at 1".replace("%", " %")
        axes.step(
            coverage,
            accuracy,
            where="post",
            label=f"{name}: {label}" if name else label,
        )
        axes.plot(coverage[-1], accuracy[-1], "o", color=axes.lines[-1].get_color())
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("coverage: fraction of examples answered, most certain first")
    axes.set_ylabel("accuracy of the answers")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    return figure


def _checked(name, curve):
    coverage, accuracy = (np.asarray(part, "float64") for part in tuple(curve)[:2])
    if coverage.ndim != 1 or coverage.shape != accuracy.shape or not coverage.size:
        raise ValueError(
            "Argument `curves` must hold coverage and accuracy of one length each. "
            f"Received: shapes {coverage.shape} and {accuracy.shape} in {name!r}"
        )
    for part in (coverage, accuracy):
        if not (part.min() >= 0 and part.max() <= 1):
            raise ValueError(
                "Argument `curves` must hold fractions from 0 to 1. Received: values "
                f"from {part.min():.3g} to {part.max():.3g} in {name!r}"
            )
    if (np.diff(coverage) <= 0).any():
        raise ValueError(
            "Argument `curves` must have a coverage that rises. "
            f"Received: {coverage[:5]} ... in {name!r}"
        )
    return coverage, accuracy
