import itertools

import numpy as np
import pytest

from tfkit.data import sessions, split_by_time


def reference(users, times, gap):
    """One event after the other."""
    last, groups = {}, []
    for row in sorted(range(len(users)), key=lambda i: times[i]):
        user = users[row]
        if user not in last or times[row] - last[user][0] > gap:
            groups.append((times[row], user, []))
            last[user] = (times[row], groups[-1][2])
        last[user][1].append(row)
        last[user] = (times[row], last[user][1])
    result = np.empty(len(users), int)
    for number, (_, _, rows) in enumerate(sorted(groups, key=lambda g: g[:2])):
        result[rows] = number
    return result


def test_sessions_equal_the_slow_reference(rng):
    users, times = rng.integers(20, size=500), rng.integers(10_000, size=500)
    np.testing.assert_array_equal(
        sessions(users, times, 300), reference(users, times, 300)
    )


def test_a_pause_as_long_as_the_gap_ends_nothing():
    np.testing.assert_array_equal(sessions([1, 1, 1], [0, 30, 61], 30), [0, 0, 1])
    assert sessions([], np.array([], "int64")).shape == (0,)


def test_splits_at_borders(rng):
    times = rng.permutation(100)
    parts = split_by_time(times, (0.7, 0.2, 0.1))
    assert [len(rows) for rows in parts] == [70, 20, 10]
    assert sorted(np.concatenate(parts)) == list(range(100))
    for before, after in itertools.pairwise(parts):
        assert times[before].max() < times[after].min()
    days = np.datetime64("2015-05-03") + times
    for rows, same in zip(split_by_time(days, (0.7, 0.2, 0.1)), parts, strict=True):
        np.testing.assert_array_equal(rows, same)


def test_groups_stay_whole_and_part_at_their_starts(rng):
    users, times = rng.integers(20, size=500), rng.integers(10_000, size=500)
    groups = sessions(users, times, 300)
    parts = split_by_time(times, (0.6, 0.4), groups)
    starts = [
        np.array([times[groups == g].min() for g in np.unique(groups[rows])])
        for rows in parts
    ]
    assert not set(groups[parts[0]]) & set(groups[parts[1]])
    assert starts[0].max() < starts[1].min()
    assert abs(len(starts[0]) / (groups.max() + 1) - 0.6) < 0.02


def test_equal_times_stay_together():
    parts = split_by_time([1, 2, 2, 2, 3], (0.5, 0.5))
    np.testing.assert_array_equal(parts[0], [0])
    np.testing.assert_array_equal(parts[1], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"timestamps": [1, 1, 1]}, r"without rows. Received: 3 groups, parts of \["),
        ({"timestamps": []}, "must not be empty. Received: 0"),
        ({"shares": (0.5, 0.4)}, r"shares=\[0.5, 0.4\]"),
        ({"shares": (1.5, -0.5)}, r"shares=\[1.5, -0.5\]"),
        ({"groups": [1, 2]}, r"groups with shape=\(2,\)"),
        ({"timestamps": [1, np.nan, 3.0]}, "Received: nan at row 1"),
        ({"timestamps": ["a", "b", "c"]}, "dtype=<U1"),
    ],
)
def test_split_rejects(kwargs, message):
    with pytest.raises(ValueError, match=message):
        split_by_time(**{"timestamps": [1, 2, 3], "shares": (0.5, 0.5), **kwargs})


def test_sessions_reject():
    with pytest.raises(ValueError, match="Received: gap=0"):
        sessions([1], [1], 0)
    with pytest.raises(ValueError, match=r"users with shape=\(2,\)"):
        sessions([1, 2], [1], 5)
    with pytest.raises(ValueError, match="Received: NaT at row 0"):
        split_by_time(np.array(["NaT"], "datetime64[D]"))
