"""What Bayesian layers have learned about their weights."""

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require


def posteriors(model, bins=60):
    """Draws histograms of posterior means and spreads, a row for each Bayesian layer.

    A spread that stayed at that of the prior (the dashed line, where it is in range)
    belongs to a weight that the data say nothing about; a small spread with a mean far
    from 0 to one that they settle.

    Args:
        model: Built model with layers such as `layers.DenseFlipout`, at any depth.
        bins: Number of intervals of each histogram.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: The model has no such layer, or one is not built.

    Example:
    >>> layer = tfkit.layers.DenseFlipout(3, n_train=100, name="hidden")
    >>> figure = tfkit.plots.posteriors(keras.Sequential([keras.Input((4,)), layer]))
    >>> figure.axes[0].get_ylabel()
    'hidden\\n12 weights'

    Reference:
        TensorFlow ML Projects, chapter 8
    """
    check_positive_int("bins", bins)
    # Private in Keras, but the one list that reaches inside wrappers and models.
    every = {id(layer): layer for layer in model._flatten_layers()}.values()
    layers = [layer for layer in every if hasattr(layer, "kl_divergence")]
    if not layers or not all(layer.built for layer in layers):
        raise ValueError(
            "Argument `model` must have Bayesian layers, such as "
            f"`layers.DenseFlipout`, and be built. Received: model={model.name!r} with "
            f"{len(layers)} such layers"
        )
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(8, 1.2 * len(layers) + 0.8), layout="constrained"
    )
    rows = figure.subplots(len(layers), 2, sharex="col", squeeze=False)
    values = [
        (np.ravel(layer.kernel_mean.value), np.ravel(layer.kernel_spread))
        for layer in layers
    ]
    # The same edges in each row; a few far weights would leave the rest in one bin.
    edges = []
    for column in zip(*values, strict=True):
        ends = np.array([np.quantile(part, [0.002, 0.998]) for part in column])
        low, high = ends[:, 0].min(), ends[:, 1].max()
        # Spreads are all the same before training, and means may be.
        margin = max(0.05 * (high - low), 0.25 * abs(high)) or 1.0
        edges.append(np.linspace(low - margin, high + margin, bins + 1))
    for i, (layer, pair, row) in enumerate(zip(layers, values, rows, strict=True)):
        for axes, part, edge in zip(row, pair, edges, strict=True):
            axes.hist(np.clip(part, edge[0], edge[-1]), edge, color=f"C{i % 10}")
            axes.set_yticks([])
            axes.locator_params(axis="x", nbins=5)
        row[0].set_ylabel(
            f"{layer.name}\n{pair[0].size:,} weights",
            rotation=0,
            ha="right",
            va="center",
            fontsize="small",
        )
        if layer.prior_spread <= edges[1][-1]:
            row[1].axvline(layer.prior_spread, color="k", linestyle="--", linewidth=1)
    rows[-1, 0].set_xlabel("posterior mean")
    rows[-1, 1].set_xlabel("posterior standard deviation")
    return figure
