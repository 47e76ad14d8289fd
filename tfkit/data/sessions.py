"""Sessions: what somebody does without a long pause."""

import numpy as np

from tfkit._checks import check_positive


def sessions(users, timestamps, gap=30 * 60 * 1000):
    """Numbers the sessions of users: a pause of more than `gap` starts a new one.

    Args:
        users: Ids of shape `(n,)`: who did it.
        timestamps: When, numbers of shape `(n,)`, in any order.
        gap: Longest pause inside a session, in the unit of the timestamps; 30 minutes
            if that is milliseconds.

    Returns:
        Session numbers of shape `(n,)`, `int64`, from 0 in the order of the sessions'
        starts (of those that start together, by user).

    Raises:
        TypeError: `gap` is no number.
        ValueError: `gap` is not positive, the shapes differ, or a timestamp is not
            finite.

    Example:
    >>> tfkit.data.sessions([7, 8, 7, 7], [0, 5, 60, 10], gap=30)
    array([0, 1, 2, 0])

    Reference:
        TensorFlow ML Projects, chapter 11, whose events have no sessions
    """
    check_positive("gap", gap)
    users, timestamps = np.asarray(users), _finite(timestamps)
    if users.shape != timestamps.shape:
        raise ValueError(
            "Arguments `users` and `timestamps` must have the same shape. "
            f"Received: users with shape={users.shape}, timestamps with "
            f"shape={timestamps.shape}"
        )
    order = np.lexsort((timestamps, users))
    user, time = users[order], timestamps[order]
    first = np.ones(len(order), bool)
    first[1:] = (user[1:] != user[:-1]) | (time[1:] - time[:-1] > gap)
    by_user = np.cumsum(first) - 1
    number = np.empty(first.sum(), "int64")
    number[np.lexsort((user[first], time[first]))] = np.arange(first.sum())
    result = np.empty(len(order), "int64")
    result[order] = number[by_user]
    return result


def split_by_time(timestamps, shares=(0.8, 0.1, 0.1), groups=None):
    """Splits rows so that each part starts after the one before has started.

    What a model is to predict lies in the future: rows taken at random let it learn
    from the days it is tested on. A group, such as a session, falls whole into the part
    that it starts in, so that it may end after the next part has begun; groups that
    start together stay together, in the later part.

    Args:
        timestamps: Numbers or `datetime64` of shape `(n,)`, in any order.
        shares: Share of the groups that each part takes, first to last, sum 1.
        groups: Group of each row, such as `data.sessions` numbers them, shape `(n,)`.
            Each row is its own by default.

    Returns:
        One array of row numbers a part, in the order of the rows.

    Raises:
        ValueError: Shapes differ, a timestamp is not finite, the shares are not
            positive or do not sum to 1, or a part is empty.

    Example:
    >>> tfkit.data.split_by_time([30, 10, 20, 40], shares=(0.5, 0.5))
    [array([1, 2]), array([0, 3])]

    Reference:
        TensorFlow ML Projects, chapter 11, which splits its events at random
    """
    timestamps = _finite(timestamps)
    if not len(timestamps):
        raise ValueError(
            "Argument `timestamps` must not be empty. Received: 0 timestamps"
        )
    shares = np.asarray(shares, "float64")
    if shares.ndim != 1 or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            "Argument `shares` must be positive numbers that sum to 1. "
            f"Received: shares={shares.tolist()}"
        )
    if groups is None:
        groups = np.arange(len(timestamps))
    groups = np.asarray(groups)
    if groups.shape != timestamps.shape:
        raise ValueError(
            "Arguments `groups` and `timestamps` must have the same shape. "
            f"Received: groups with shape={groups.shape}, timestamps with "
            f"shape={timestamps.shape}"
        )
    _, group = np.unique(groups, return_inverse=True)
    order = np.lexsort((timestamps, group))
    firsts = np.unique(group[order], return_index=True)[1]
    starts = timestamps[order][firsts]  # one a group
    places = np.round(np.cumsum(shares)[:-1] * len(starts)).astype(int)
    borders = np.sort(starts)[np.minimum(places, len(starts) - 1)]
    part = np.searchsorted(borders, starts[group], side="right")
    parts = [np.flatnonzero(part == i) for i in range(len(shares))]
    if not all(len(rows) for rows in parts):
        raise ValueError(
            "Argument `timestamps` leaves a part without rows. Received: "
            f"{len(starts)} groups, parts of {[len(rows) for rows in parts]} rows"
        )
    return parts


def _finite(timestamps):
    timestamps = np.asarray(timestamps)
    if timestamps.ndim != 1 or timestamps.dtype.kind not in "iufM":
        raise ValueError(
            "Argument `timestamps` must be one axis of numbers or datetime64. Received:"
            f" timestamps with shape={timestamps.shape}, dtype={timestamps.dtype}"
        )
    wrong = np.isnat(timestamps) if timestamps.dtype.kind == "M" else None
    wrong = ~np.isfinite(timestamps) if wrong is None else wrong
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            "Argument `timestamps` must hold finite values. "
            f"Received: {timestamps[row]} at row {row}"
        )
    return timestamps
