"""What each output token looked at."""

import numpy as np

from tfkit._optional import require


def attention(scores, sources, targets):
    """Draws attention weights as one heat map for each pair of sequences.

    Rows are target tokens, columns source tokens; the darker, the more attended to.

    Args:
        scores: Weights of shape `(n, target time, source time)`, from 0 to 1. What lies
            beyond the tokens, padding, is not drawn.
        sources: `n` source sequences: strings (of one-character tokens) or lists.
        targets: `n` target sequences, likewise.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: The numbers of sequences differ, or one is longer than its scores.

    Example:
    >>> figure = tfkit.plots.attention(np.full((1, 2, 3), 1 / 3), ["abc"], ["xy"])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['x', 'y']

    Reference:
        Hands-On ML (2nd ed.), chapter 16, Attention Mechanisms
    """
    scores = np.asarray(scores)
    if scores.ndim != 3 or not len(scores) == len(sources) == len(targets) > 0:
        raise ValueError(
            "Argument `scores` must have shape (n, target time, source time) for n "
            f"sources and targets. Received: scores with shape={scores.shape}, "
            f"{len(sources)} sources, {len(targets)} targets"
        )
    for source, target in zip(sources, targets, strict=True):
        if len(target) > scores.shape[1] or len(source) > scores.shape[2]:
            raise ValueError(
                "Arguments `sources` and `targets` must be no longer than their "
                f"scores, {scores.shape[2]} and {scores.shape[1]}. "
                f"Received: {source!r}, {target!r}"
            )
    # As many squares as tokens, each large enough to read its label.
    width = max(len(source) for source in sources)
    heights = [len(target) for target in targets]
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(1.5 + 0.28 * width, 0.9 * len(scores) + 0.28 * sum(heights)),
        layout="constrained",
    )
    axes = figure.subplots(len(scores), squeeze=False, height_ratios=heights)[:, 0]
    for ax, weights, source, target in zip(axes, scores, sources, targets, strict=True):
        image = ax.imshow(
            weights[: len(target), : len(source)], cmap="Blues", vmin=0, vmax=1
        )
        ax.set_anchor("W")
        single = all(len(token) == 1 for token in source)
        ax.set_xticks(range(len(source)), source, rotation=0 if single else 90)
        ax.set_yticks(range(len(target)), target)
        ax.tick_params(length=0)
        ax.xaxis.tick_top()
    figure.supxlabel("source")
    figure.supylabel("target")
    figure.colorbar(image, ax=list(axes), label="attention weight")
    return figure
