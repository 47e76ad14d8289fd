"""Strings of the embedded Reber grammar, valid and corrupted."""

import numpy as np

from tfkit._checks import check_positive_int

SAMPLE = "generated strings of the embedded Reber grammar, as the exercise asks"
FULL = SAMPLE
LETTERS = "BEPSTVX"
# At each node, the letters that may follow and the nodes they lead to.
_REBER = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)


def reber(count=10_000, test=2_000, seed=42):
    """Generates strings of the embedded Reber grammar, half of them corrupted.

    A string of the Reber grammar is read off a walk through its graph, where each of
    two ways is as likely as the other: "BTXSE", "BPVPSE", "BTSSXXTVVE". The embedded
    grammar wraps one: B, T or P, the string, the same T or P again, E. So the letter
    before the last depends on the second one, however long the string between.

    A corrupted string is a valid one with one letter, anywhere, replaced by another of
    the seven so that it is no longer valid. No test string is among the training
    strings, which leaves fewer of the short ones that come up most often. The exercise
    has its data generated, so there are no original files to load.

    Args:
        count: Number of training strings.
        test: Number of test strings.
        seed: Seed of the generator.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: strings over "BEPSTVX", object arrays
        of `str` of shapes `(count,)` and `(test,)`, and labels, 1 of a valid
        and 0 of a corrupted string, `uint8`.

    Raises:
        TypeError: `count` or `test` is no integer.
        ValueError: `count` or `test` is below 1.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.reber(100, 20)
    >>> x_train[0], int(y_train[0])
    ('BTBTSXXTTVVETE', 1)

    Reference:
        Hands-On ML (2nd ed.), chapter 16, exercise 8; Hochreiter and Schmidhuber,
        1997, "Long short-term memory"
    """
    check_positive_int("count", count)
    check_positive_int("test", test)
    rng = np.random.default_rng(seed)
    splits, seen = [], frozenset()
    for size in (count, test):
        y = rng.permutation(np.arange(size) % 2).astype("uint8")
        x = np.empty(size, dtype=object)
        for i, label in enumerate(y):
            text = None
            while text is None or text in seen:
                text = _valid(rng) if label else _corrupted(rng)
            x[i] = text
        splits.append((x, y))
        seen = frozenset(x)
    return tuple(splits)


def _valid(rng):
    node, letters = 0, []
    while node < len(_REBER):
        ways = list(_REBER[node])
        letters.append(ways[rng.integers(len(ways))])
        node = _REBER[node][letters[-1]]
    outer = "TP"[rng.integers(2)]
    return f"B{outer}{''.join(letters)}{outer}E"


def _corrupted(rng):
    valid = _valid(rng)
    while True:
        at = int(rng.integers(len(valid)))
        others = LETTERS.replace(valid[at], "")
        text = valid[:at] + others[rng.integers(len(others))] + valid[at + 1 :]
        if not _is_valid(text):  # another letter may be as good: BTSXSE, BTXXSE
            return text


def _is_valid(text):
    if len(text) < 4 or text[:1] + text[-1:] != "BE" or text[1] != text[-2]:
        return False
    node = 0
    for letter in text[2:-2]:
        if node == len(_REBER) or letter not in _REBER[node]:
            return False
        node = _REBER[node][letter]
    return text[1] in "TP" and node == len(_REBER)
