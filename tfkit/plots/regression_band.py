"""Predictions of a curve, with bands."""

import numpy as np

from tfkit._optional import require


def regression_band(x, bands, truth=None, known=None, labels=("x", "y")):
    """Draws predicted means and bands over x, with what was known and what came.

    Args:
        x: Where the predictions are, shape `(n,)`, in order.
        bands: Dict of name to `(mean, lower, upper)`, each of shape `(n,)`: means are
            drawn as lines, the bands between lower and upper filled. `gp.predict` gives
            all three.
        truth: True values, shape `(n,)`; NaN where they are not known.
        known: Values that the predictions knew: `(x, y)`, each of shape `(m,)`.
        labels: Names of the axes, with their units.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: Shapes do not agree, x is not in order, or there is nothing to draw.

    Example:
    >>> x = np.linspace(0, 10, 40)
    >>> r = tfkit.gp.regression(x, np.sin(x), "rbf")
    >>> new = np.linspace(10, 15, 50)
    >>> prediction = tfkit.gp.predict(r, new)
    >>> limits = prediction.mean, prediction.lower, prediction.upper
    >>> figure = tfkit.plots.regression_band(new, {"rbf": limits}, known=(x, np.sin(x)))
    >>> len(figure.axes)
    1

    Reference:
        TensorFlow ML Projects, chapter 6, its plots of predicted prices
    """
    x = np.asarray(x)
    bands = {name: np.asarray(band, "float64") for name, band in bands.items()}
    if x.ndim != 1 or not len(x) or (np.diff(x) < 0).any() or not bands:
        raise ValueError(
            "Arguments `x` and `bands` must hold places in order, shape (n,), and "
            f"at least one band. Received: x with shape={x.shape}, {len(bands)} bands"
        )
    for name, band in bands.items():
        if band.shape != (3, len(x)):
            raise ValueError(
                "Argument `bands` must hold mean, lower and upper, each of shape "
                f"{x.shape}. Received: {name!r} with shape={band.shape}"
            )
    if truth is not None and np.shape(truth) != x.shape:
        raise ValueError(
            f"Argument `truth` must have shape {x.shape}. "
            f"Received: truth with shape={np.shape(truth)}"
        )
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(8, 4.2), layout="constrained"
    )
    axes = figure.subplots()
    for i, (name, (mean, lower, upper)) in enumerate(bands.items()):
        axes.fill_between(x, lower, upper, color=f"C{i}", alpha=0.18, linewidth=0)
        axes.plot(x, mean, color=f"C{i}", label=name)
        for limit in (lower, upper):
            axes.plot(x, limit, color=f"C{i}", linewidth=0.6)
    if known is not None:
        axes.plot(*known, ".", color="0.45", markersize=3, label="known")
    if truth is not None:
        axes.plot(x, truth, color="black", linewidth=1.2, label="truth")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.margins(x=0.01)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=4, fontsize="small")
    return figure
