"""Images in a grid."""

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require


def image_grid(images, titles=None, columns=None, value_range=None):
    """Draws images in a grid, each under its title.

    Args:
        images: Array of shape `(n, height, width)`, `(n, height, width, 1)` or
            `(n, height, width, 3)`.
        titles: `n` strings or other values, such as class names.
        columns: Images a row. By default the grid is about square.
        value_range: `(low, high)`: the values drawn as black and white; what lies
            beyond is clipped. By default `(0, 255)` for integers, `(0, 1)` for
            floating-point images.

    Returns:
        A `matplotlib.figure.Figure`, neither shown nor saved.

    Raises:
        ValueError: Bad shapes or range, or images in a range that is not the default.

    Example:
    >>> figure = tfkit.plots.image_grid(np.zeros((3, 8, 8)), titles=["a", "b", "c"])
    >>> [axes.get_title() for axes in figure.axes]
    ['a', 'b', 'c']

    Reference:
        Hands-On ML (2nd ed.), chapters 10, 14 and 17
    """
    images = scaled_images(images, value_range)
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"Argument `titles` must have one entry for each of the {len(images)} "
            f"images. Received: {len(titles)} titles"
        )
    if columns is None:
        columns = int(np.ceil(np.sqrt(len(images))))
    columns = min(check_positive_int("columns", columns), len(images))
    rows = -(-len(images) // columns)
    height = 1.3 if titles is None else 1.3 + 0.2 * _lines(titles)
    figure = require("matplotlib.figure", "recipes").Figure(
        figsize=(1.5 * columns, height * rows), layout="constrained"
    )
    for i, image in enumerate(images):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set_axis_off()
        if titles is not None:
            axes.set_title(str(titles[i]), fontsize="small")
    return figure


def scaled_images(images, value_range=None):
    """Returns checked images in `[0, 1]`: `(n, height, width)` or with 3 channels."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if (
        images.ndim not in (3, 4)
        or (images.ndim == 4 and images.shape[-1] != 3)
        or 0 in images.shape
    ):
        raise ValueError(
            "Argument `images` must have the shape (n, height, width) with 1, 3 or no "
            f"channels. Received: images with shape={images.shape}"
        )
    if images.dtype.kind not in "iufb":
        raise TypeError(
            f"Argument `images` must be numbers. Received: dtype={images.dtype}"
        )
    if value_range is None:
        value_range = (0, 255) if images.dtype.kind in "iu" else (0, 1)
        # Half a unit of slack: reconstructions overshoot, images in [-1, 1] do more.
        if images.dtype.kind == "f" and (images.min() < -0.5 or images.max() > 1.5):
            raise ValueError(
                "Argument `images` of a floating-point type must lie between 0 and 1, "
                "or come with `value_range`. Received: values from "
                f"{images.min():.3g} to {images.max():.3g}"
            )
    low, high = value_range
    if not low < high:
        raise ValueError(
            "Argument `value_range` must be (low, high) with low below high. "
            f"Received: value_range={value_range}"
        )
    return np.clip((images.astype("float32") - low) / (high - low), 0, 1)


def _lines(titles):
    return max(str(title).count("\n") + 1 for title in titles)
