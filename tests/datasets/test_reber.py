import re

import numpy as np
import pytest

from tfkit.datasets import reber
from tfkit.datasets.reber import _is_valid


def reference(text):
    """Every path through the graph of the book's figure, by brute force."""
    edges = [
        [("B", 1)],
        [("T", 2), ("P", 3)],
        [("S", 2), ("X", 4)],
        [("T", 3), ("V", 5)],
        [("X", 3), ("S", 6)],
        [("P", 4), ("V", 6)],
        [("E", None)],
    ]
    if not re.fullmatch(r"B([TP]).*\1E", text):
        return False
    nodes = {0}
    for letter in text[2:-2]:
        nodes = {
            end
            for node in nodes
            if node is not None
            for edge, end in edges[node]
            if edge == letter
        }
    return None in nodes


def test_labels_are_true():
    (x_train, y_train), (x_test, y_test) = reber(3000, 500)
    assert x_train.shape == y_train.shape == (3000,)
    assert x_test.shape == y_test.shape == (500,)
    for text, label in zip([*x_train, *x_test], [*y_train, *y_test], strict=True):
        assert reference(text) == _is_valid(text) == bool(label), text
    assert y_train.mean() == y_test.mean() == 0.5


def test_test_strings_are_unseen():
    (x_train, _), (x_test, _) = reber(3000, 500)
    assert not set(x_train) & set(x_test)
    np.testing.assert_array_equal(reber(3000, 500)[0][0], x_train)


def test_every_place_is_corrupted():
    """The long-range dependency too: only the letter before the last is wrong."""
    (x, y), _ = reber(5000, 1)
    outer = [text[1] + text[-2] for text, label in zip(x, y, strict=True) if label == 0]
    assert {"TP", "PT"} <= set(outer)
    assert any(text[0] != "B" for text in x)
    assert any(text[-1] != "E" for text in x)


@pytest.mark.parametrize("text", ["", "B", "BTTE", "BTBTXSEPE", "BTBTXSETE "])
def test_knows_invalid_strings(text):
    assert not _is_valid(text)


def test_knows_the_books_strings():
    for inner in ("BTXSE", "BPVPSE", "BTSSXXTVVE", "BPVVE", "BTSXXVPXVVE"):
        assert _is_valid(f"BT{inner}TE")


def test_rejects_bad_sizes():
    with pytest.raises(ValueError, match="Received: test=0"):
        reber(10, 0)
