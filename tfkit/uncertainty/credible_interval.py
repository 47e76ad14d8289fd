"""Where a quantity lies with a given probability."""

from typing import NamedTuple

import numpy as np

from tfkit._checks import check_number


class Interval(NamedTuple):
    """Ends of an interval.

    Attributes:
        low: Lower end, in the units of the samples.
        high: Upper end.
    """

    low: np.ndarray
    high: np.ndarray


def credible_interval(samples, probability=0.95):
    """Computes the central credible interval of sampled values.

    It lies between the quantiles `(1 - probability) / 2` and `(1 + probability) / 2`,
    interpolated between samples. For 95 % take some hundred samples, since the ends
    rest on the few that lie beyond them.

    Args:
        samples: Array whose first axis is the samples, such as those of
            `uncertainty.mc_predict` or `uncertainty.draw_accuracies`.
        probability: Probability of the interval, between 0 and 1.

    Returns:
        `Interval(low, high)`: arrays of the shape of one sample.

    Raises:
        ValueError: There are no samples, they are not finite, or `probability` is out
            of range.

    Example:
    >>> low, high = tfkit.uncertainty.credible_interval(np.arange(101.0), 0.5)
    >>> float(low), float(high)
    (25.0, 75.0)

    Reference:
        TensorFlow ML Projects, chapter 8
    """
    check_number("probability", probability)
    if not 0 < probability < 1:
        raise ValueError(
            "Argument `probability` must lie between 0 and 1. "
            f"Received: probability={probability}"
        )
    samples = np.asarray(samples, "float64")
    if samples.ndim == 0 or len(samples) == 0 or not np.isfinite(samples).all():
        raise ValueError(
            "Argument `samples` must be at least one finite sample along the first "
            f"axis. Received: samples with shape={samples.shape}, "
            f"{np.count_nonzero(~np.isfinite(samples))} values not finite"
        )
    tail = (1 - probability) / 2
    return Interval(*np.quantile(samples, [tail, 1 - tail], axis=0))
