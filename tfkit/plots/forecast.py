"""Series with what comes next, and forecasts of it."""

import numpy as np

from tfkit._optional import require


def forecast(past, truth, forecasts, samples=None, width=2.0):
    """Draws series, the values that followed, and forecasts, a panel a series.

    Args:
        past: Series up to now, shape `(n, steps)` or `(n, steps, 1)`.
        truth: Values that followed, shape `(n, horizon)`; for one step, `(n, 1)`.
        forecasts: Dict of name to forecasts of the shape of `truth`.
        samples: Monte Carlo samples of a forecast, shape `(samples, n, horizon)`: their
            mean is drawn with bars of `width` standard deviations up and down.
        width: Half the length of the bars, in standard deviations.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved. The x axis counts steps
        from 0, the first of `past`; the y axes have the units of the series.

    Raises:
        ValueError: Shapes do not agree, or there is nothing to draw.

    Example:
    >>> past = np.sin(np.arange(50) / 5.0)[None]
    >>> truth = np.sin(np.arange(50, 60) / 5.0)[None]
    >>> last = np.repeat(past[:, -1:], 10, axis=1)
    >>> figure = tfkit.plots.forecast(past, truth, {"last value": last})
    >>> len(figure.axes)
    1

    Reference:
        Hands-On ML (2nd ed.), chapter 15, figures 15-6 and 15-8
    """
    past, truth = np.asarray(past), np.asarray(truth)
    past = past[..., 0] if past.ndim == 3 and past.shape[-1] == 1 else past
    if past.ndim != 2 or truth.ndim != 2 or not 0 < len(past) == len(truth):
        raise ValueError(
            "Arguments `past` and `truth` must have shape (n, steps) and (n, horizon), "
            f"with n of at least 1. Received: past with shape={past.shape}, truth with "
            f"shape={truth.shape}"
        )
    forecasts = {name: np.asarray(values) for name, values in forecasts.items()}
    for name, values in forecasts.items():
        if values.shape != truth.shape:
            raise ValueError(
                f"Argument `forecasts` must hold arrays of shape {truth.shape}. "
                f"Received: {name!r} with shape={values.shape}"
            )
    if samples is not None and np.shape(samples)[1:] != truth.shape:
        raise ValueError(
            f"Argument `samples` must have shape (samples, *{truth.shape}). "
            f"Received: samples with shape={np.shape(samples)}"
        )
    columns = min(len(past), 3)
    rows = -(-len(past) // columns)
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(4.6 * columns, 3.2 * rows + 0.5), layout="constrained"
    )
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    steps = np.arange(past.shape[1])
    ahead = past.shape[1] + np.arange(truth.shape[1])
    for i, axes in enumerate(panels[: len(past)]):
        axes.plot(steps, past[i], color="0.4", linewidth=1, marker=".", markersize=3)
        axes.plot(ahead, truth[i], "x", color="black", label="truth")
        for color, (name, values) in enumerate(forecasts.items()):
            axes.plot(ahead, values[i], ".-", color=f"C{color}", label=name)
        if samples is not None:
            drawn = np.asarray(samples)[:, i]
            axes.errorbar(
                ahead,
                drawn.mean(axis=0),
                yerr=width * drawn.std(axis=0),
                color=f"C{len(forecasts)}",
                capsize=2,
                linewidth=1,
                label=f"samples: mean and {width:g} deviations",
            )
        axes.grid(alpha=0.3)
        axes.set_xlabel("step")
    for axes in panels[::columns]:
        axes.set_ylabel("value")
    for axes in panels[len(past) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=len(labels), fontsize="small"
    )
    return figure
