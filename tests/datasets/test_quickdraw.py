import numpy as np
import pytest

from tests.files import write_quickdraw
from tfkit.datasets import quickdraw
from tfkit.datasets.quickdraw import WORDS


def test_sample():
    (x_train, y_train), (x_test, y_test) = quickdraw(count=20)
    np.testing.assert_array_equal(np.bincount(y_train), [16] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [4] * 10)
    for drawing, label in zip(x_train, y_train, strict=True):
        assert drawing.dtype == np.float32
        assert set(drawing[:, 2]) <= {0.0, 1.0}
        assert drawing[-1, 2] == 1
        points = np.cumsum(drawing[:, :2], axis=0)
        np.testing.assert_allclose(points.min(axis=0), 0, atol=1e-6)
        assert points.max() == pytest.approx(1, abs=1e-6)
        strokes = int(drawing[:, 2].sum())
        assert (strokes == 1) == (
            WORDS[label] in ("circle", "square", "star", "triangle", "zigzag")
        )
    assert len({drawing.tobytes() for drawing in (*x_train, *x_test)}) == 200
    again = quickdraw(count=20)[0][0]
    np.testing.assert_array_equal(again[0], x_train[0])


def test_full_reads_original_format(tmp_path):
    words = ["The Eiffel Tower", "cat"]
    write_quickdraw(tmp_path / "quickdraw", words, count=10)
    (x_train, y_train), (x_test, y_test) = quickdraw("full", tmp_path, words, count=10)
    assert x_train.shape == y_train.shape == (16,)
    assert x_test.shape == y_test.shape == (4,)
    for drawing, label in zip(x_train, y_train, strict=True):
        assert drawing[:, 2].sum() == label + 1  # strokes
        assert len(drawing) in ((3, 4), (8, 10))[label]
    # The first drawing of the first file, by hand.
    first = np.random.default_rng(0).integers(256, size=(2, 3)).T.astype("float64")
    first = first - first.min(axis=0)
    first /= first.max()
    found = [
        np.allclose(np.cumsum(d[:, :2], axis=0), first, atol=1e-6)
        for d in (*x_train, *x_test)
        if len(d) == 3
    ]
    assert sum(found) == 1


GOOD = '{"word":"cat","recognized":true,"drawing":[[[0,9],[0,5]]]}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("<html>\n", "line 2 must be JSON with .*Received: '<html>"),
        ('{"word":"cat"}\n', "line 2 must be JSON.*KeyError"),
        (GOOD.replace("cat", "dog"), "line 2 must be of 'cat'. Received: 'dog'"),
        (GOOD.replace("[0,5]", "[0]"), "line 2 must be JSON"),
        (GOOD.replace("[[[0,9],[0,5]]]", "[]"), "line 2 must have strokes of points"),
        (GOOD.replace("[[[0,9],[0,5]]]", "[[[1,2]]]"), "Received: strokes with shapes"),
        (GOOD, "must hold 5 recognized drawings. Received: 2"),
    ],
)
def test_rejects_damaged_lines(tmp_path, line, message):
    path = tmp_path / "quickdraw/cat.ndjson"
    path.parent.mkdir()
    path.write_text(GOOD + line)
    with pytest.raises(ValueError, match=message) as error:
        quickdraw("full", tmp_path, ["cat"], count=5)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": ["cat"]}, "of the sample's: circle.*Received: words=\\('cat',\\)"),
        ({"words": []}, "Received: words=\\(\\)"),
        ({"words": ["sun", "sun"]}, "Received: words=\\('sun', 'sun'\\)"),
        ({"count": 4}, "Received: count=4"),
    ],
)
def test_rejects(options, message):
    with pytest.raises(ValueError, match=message):
        quickdraw(**options)
