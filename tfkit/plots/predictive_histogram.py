"""Histogram of Monte Carlo predictions."""

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.plots.image_grid import scaled_images


def predictive_histogram(
    samples, labels=None, class_names=None, images=None, top=3, bins=20
):
    """Draws how Monte Carlo samples of a prediction are distributed.

    Of a classifier, it draws the sampled probabilities of the `top` classes with the
    highest means: narrow histograms that do not overlap are a sure prediction. Of a
    regression model it draws the sampled outputs.

    Args:
        samples: Samples as `uncertainty.mc_predict` returns them, a panel an example:
            `(samples, examples, classes)`, or `(samples, examples, 1)` of a regression
            model or a single probability. Of one example also `(samples, classes)`, or
            `(samples,)`.
        labels: True class (integer) or true value of each example.
        class_names: Name of each class. The numbers from 0 by default.
        images: Picture of each example, drawn beside its histogram: an array that
            `plots.image_grid` takes.
        top: Number of classes to draw.
        bins: Number of intervals.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: Shapes that do not fit, or values that are not probabilities.

    Example:
    >>> samples = np.random.default_rng(0).dirichlet([5, 4, 1], size=(100, 2))
    >>> figure = tfkit.plots.predictive_histogram(samples, labels=[0, 2])
    >>> [axes.get_title() for axes in figure.axes]
    ['true class 0', 'true class 2']

    Reference:
        Hands-On ML (2nd ed.), chapter 11; TensorFlow ML Projects, chapter 9
    """
    check_positive_int("top", top)
    check_positive_int("bins", bins)
    samples = _panels(samples)
    _, examples, classes = samples.shape
    if images is not None:
        images = scaled_images(images)
    labels = None if labels is None else np.reshape(labels, -1)
    for name, values, needed in (
        ("labels", labels, examples),
        ("images", images, examples),
        ("class_names", class_names, classes),
    ):
        if values is not None and len(values) != needed:
            raise ValueError(
                f"Argument `{name}` must have {needed} entries, as `samples` has. "
                f"Received: {len(values)} entries, samples of shape={samples.shape}"
            )
    if class_names is None:
        class_names = range(classes)

    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(6.4 if images is None else 7.6, 2.2 * examples + 0.3),
        layout="constrained",
    )
    if images is None:
        grid = figure.subplots(examples, 1, squeeze=False)
    else:
        grid = figure.subplots(examples, 2, squeeze=False, width_ratios=[1, 3])
    for i, axes in enumerate(grid[:, -1]):
        label = None if labels is None else labels[i]
        if classes == 1:
            _regression(axes, samples[:, i, 0], label, bins)
        else:
            _classes(axes, samples[:, i], label, class_names, top, bins)
        axes.set_ylabel("samples")
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
        if images is not None:
            grid[i, 0].imshow(images[i], cmap="gray", vmin=0, vmax=1)
            grid[i, 0].set_axis_off()
    grid[-1, -1].set_xlabel("output" if classes == 1 else "probability")
    return figure


def _panels(samples):
    """Returns checked samples of shape `(samples, examples, classes)`."""
    samples = np.asarray(samples)
    shape = samples.shape
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim == 2:
        samples = samples[:, None]
    if samples.ndim != 3 or 0 in shape:
        raise ValueError(
            "Argument `samples` must have the shape (samples, examples, classes), "
            f"(samples, classes) or (samples,). Received: samples with shape={shape}"
        )
    low, high = samples.min(), samples.max()
    if not np.isfinite([low, high]).all() or (
        samples.shape[-1] > 1 and (low < 0 or high > 1 + 1e-3)
    ):
        raise ValueError(
            "Argument `samples` must hold probabilities, or finite outputs of a model "
            f"with one output. Received: values from {low:.3g} to {high:.3g}"
        )
    return samples


def _classes(axes, samples, label, class_names, top, bins):
    mean = samples.mean(0)
    likely = np.argsort(-mean, kind="stable")[:top]
    axes.hist(
        [samples[:, c] for c in likely],
        bins=np.linspace(0, 1, bins + 1),
        color=[f"C{c % 10}" for c in likely],
        label=[f"{class_names[c]}: mean {mean[c]:.2f}" for c in likely],
    )
    axes.set_xlim(0, 1)
    if label is not None:
        axes.set_title(f"true class {class_names[int(label)]}", fontsize="medium")


def _regression(axes, samples, label, bins):
    axes.hist(samples, bins=bins, alpha=0.55, label=f"std {samples.std():.3g}")
    axes.axvline(samples.mean(), color="C0", label=f"mean {samples.mean():.3g}")
    if label is not None:
        axes.axvline(label, color="C3", linestyle="--", label=f"true {label:.3g}")
