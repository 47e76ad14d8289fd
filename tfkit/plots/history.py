"""Learning curves."""

from collections.abc import Mapping

import numpy as np

from tfkit._optional import require

# Up to this many epochs each one gets a marker; a single epoch is nothing else.
_MARKED_EPOCHS = 20


def history(runs, metrics=None):
    """Draws the learning curves of one run, or of several runs to compare.

    Each metric gets its own axes. Of one run, training and validation differ by
    colour; of several, each run has its colour, training is dashed and validation is
    solid.

    Args:
        runs: A `keras.callbacks.History`, a dict of metric name to one value per epoch
            (such as `History.history`), or a dict of run name to either of these.
            Names that start with `val_` are validation values and share the axes of
            the name without it. A metric with fewer values than the longest one of
            its run was logged every few epochs, as `validation_freq` does.
        metrics: Names of the metrics to draw, without `val_`, in order. All by default.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved. The x axis counts epochs
        from 1 (from where the run was resumed, of a `History`); the y axes have the
        units of the metrics.

    Raises:
        TypeError: `runs` is none of the above, or holds something other than numbers.
        ValueError: There is nothing to draw, or no run has a metric that `metrics`
            names.

    Example:
    >>> figure = tfkit.plots.history({"loss": [2.0, 1.0], "val_loss": [2.1, 1.5]})
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['training', 'validation']

    Reference:
        Hands-On ML (2nd ed.), chapters 10 and 11
    """
    runs = _named_runs(runs)
    names = _metric_names(runs, metrics)
    figure = require("matplotlib.figure", "recipes").Figure
    ticker = require("matplotlib.ticker", "recipes")
    compared = len(runs) > 1

    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = figure(
        figsize=(4.8 * columns + 1.6 * compared, 3.4 * rows), layout="constrained"
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    colors = _colors(len(runs))
    for name, axes in zip(names, panels, strict=False):
        for run, color in zip(runs, colors, strict=True):
            for validation in (False, True):
                epochs, values = _curve(runs[run], name, validation)
                if values is None:
                    continue
                part = "validation" if validation else "training"
                axes.plot(
                    epochs,
                    values,
                    color=color if compared else f"C{int(validation)}",
                    linestyle="--" if compared and not validation else "-",
                    marker="o" if len(values) <= _MARKED_EPOCHS else None,
                    markersize=3,
                    linewidth=1.2,
                    label=f"{run} ({part})" if compared else part,
                )
        axes.set_xlabel("epoch")
        axes.set_ylabel(name.replace("_", " "))
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
        if np.diff(axes.dataLim.intervalx) < 1:  # one epoch: no ticks at fractions
            axes.set_xlim(axes.dataLim.x0 - 0.5, axes.dataLim.x0 + 0.5)
        axes.grid(alpha=0.3)
        if not compared:
            axes.legend()
    for axes in panels[len(names) :]:
        axes.remove()
    if compared:
        _legend(figure, runs, colors)
    return figure


def _named_runs(runs):
    """Returns `{run name: (epochs or None, {metric: values})}`."""
    if not isinstance(runs, Mapping):
        return {"": _run(runs)}
    if not runs:
        raise ValueError(f"Argument `runs` must not be empty. Received: runs={runs}")
    nested = [isinstance(v, Mapping) or hasattr(v, "history") for v in runs.values()]
    if any(nested):
        return {str(name): _run(run, name) for name, run in runs.items()}
    return {"": _run(runs)}


def _run(run, name=""):
    epochs = None
    if not isinstance(run, Mapping):
        if not isinstance(getattr(run, "history", None), Mapping):
            raise TypeError(
                "Argument `runs` must be a History, a dict of metric name to values, "
                f"or a dict of run name to these. Received: {run!r}"
            )
        epochs, run = run.epoch, run.history
    values = {}
    for key, value in run.items():
        try:
            array = np.asarray(value, "float64")
        except (TypeError, ValueError):
            array = None
        if array is None or array.ndim != 1:
            raise TypeError(
                f"Argument `runs` must hold one number an epoch. Received: {value!r} "
                f"for {key!r}"
            )
        if len(array):
            values[key] = array
    if not values:
        raise ValueError(
            f"Argument `runs` must hold at least one epoch. Received: {name!r}: {run}"
        )
    longest = max(map(len, values.values()))
    if epochs is None or len(epochs) != longest:
        epochs = range(longest)
    return np.asarray(epochs) + 1, values


def _metric_names(runs, metrics):
    found = {}
    for _, values in runs.values():
        found.update((key.removeprefix("val_"), None) for key in values)
    if metrics is None:
        return list(found)
    metrics = [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in metrics if name not in found]
    if unknown or not metrics:
        raise ValueError(
            f"Argument `metrics` must name some of {', '.join(map(repr, found))}. "
            f"Received: metrics={metrics}"
        )
    return metrics


def _curve(run, name, validation):
    """Returns epochs and values, or a pair of None."""
    epochs, values = run
    y = values.get(f"val_{name}" if validation else name)
    if y is None:
        return None, None
    every = len(epochs) // len(y)
    return epochs[every - 1 :: every][: len(y)], y


def _colors(count):
    maps = require("matplotlib", "recipes").colormaps
    if count <= 10:
        return list(maps["tab10"].colors[:count])
    if count <= 20:
        return list(maps["tab20"].colors[:count])
    return [tuple(color) for color in maps["viridis"](np.linspace(0, 1, count))]


def _legend(figure, runs, colors):
    """Explains colours and line styles once, beside all axes."""
    line = require("matplotlib.lines", "recipes").Line2D
    handles = [
        line([], [], color=color, label=run)
        for run, color in zip(runs, colors, strict=True)
    ]
    keys = [key for _, values in runs.values() for key in values]
    for part, style, drawn in [
        ("training", "--", any(not key.startswith("val_") for key in keys)),
        ("validation", "-", any(key.startswith("val_") for key in keys)),
    ]:
        if drawn:
            handles.append(line([], [], color="black", linestyle=style, label=part))
    figure.legend(
        handles=handles,
        loc="outside right upper",
        ncols=-(-len(handles) // 20),
        fontsize="small",
    )
