"""Inputs and targets of forecasts."""

import numpy as np

from tfkit._checks import check_positive_int


def forecast_targets(
    series, horizon=1, sequence=False, kernel_size=1, strides=1, feature=0
):
    """Cuts series into inputs and the values that follow.

    The last `horizon` steps are never inputs. With `sequence=False` they are the
    target: `y[:, k]` is the value `k + 1` steps after the last input. With
    `sequence=True` there is a target at every input step:
    `y[:, t, k] = series[:, t + k + 1]`, so that a causal model learns from each.

    Behind a "valid" convolution only the steps `t = kernel_size - 1`,
    `t + strides`, ... come out, since each output sees `kernel_size` inputs: give its
    size and stride, and the targets are `y[:, kernel_size - 1::strides]`.

    Args:
        series: Array of shape `(batch, time)` or `(batch, time, features)`.
        horizon: Number of steps to forecast.
        sequence: Whether to give targets at every step, or only after the last.
        kernel_size: Steps that each output of the model's "valid" convolution sees.
        strides: Stride of that convolution.
        feature: Index of the feature to forecast.

    Returns:
        `(x, y)`: inputs of shape `(batch, time - horizon, features)`, a view of
        `series` (with `(batch, time)`, one feature), and targets of shape
        `(batch, horizon)` or `(batch, steps, horizon)`.

    Raises:
        TypeError: `horizon`, `kernel_size` or `strides` is no integer.
        ValueError: The series are no longer than `horizon`, or shorter than
            `kernel_size` after the cut, or of another rank; `kernel_size` or `strides`
            is above 1 without `sequence`.

    Example:
    >>> x, y = tfkit.data.forecast_targets(np.arange(6.0)[None], 2, sequence=True)
    >>> x[0, :, 0], y[0].tolist()
    (array([0., 1., 2., 3.]), [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])

    Reference:
        Hands-On ML (2nd ed.), chapter 15, "Forecasting Several Time Steps Ahead"
    """
    series = np.asarray(series)
    for name, value in [
        ("horizon", horizon),
        ("kernel_size", kernel_size),
        ("strides", strides),
    ]:
        check_positive_int(name, value)
    if series.ndim not in (2, 3):
        raise ValueError(
            "Argument `series` must have shape (batch, time) or (batch, time, "
            f"features). Received: series with shape={series.shape}"
        )
    series = series[..., None] if series.ndim == 2 else series
    steps = series.shape[1] - horizon
    if steps < kernel_size:
        raise ValueError(
            f"Argument `series` must have at least {horizon} + {kernel_size} steps, "
            "the horizon and the convolution's kernel. "
            f"Received: series with shape={series.shape}"
        )
    if not sequence and (kernel_size > 1 or strides > 1):
        raise ValueError(
            "Arguments `kernel_size` and `strides` must be 1 unless `sequence` is "
            f"true. Received: kernel_size={kernel_size}, strides={strides}"
        )
    x, values = series[:, :steps], series[..., feature]
    if not sequence:
        return x, values[:, steps:]
    # (batch, steps, horizon), a view: copied, since batches of overlapping views are
    # slow to gather.
    y = np.lib.stride_tricks.sliding_window_view(values[:, 1:], horizon, axis=1)
    return x, np.ascontiguousarray(y[:, kernel_size - 1 :: strides])
