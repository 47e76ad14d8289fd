"""Quick, Draw!: drawings as sequences of strokes."""

import json
import urllib.parse

import numpy as np

from tfkit._checks import check_positive_int
from tfkit.datasets._files import Origin, check_source, originals

SAMPLE = "generated drawings of ten shapes in the place of Quick, Draw!"
FULL = "Quick, Draw!, the original drawings of its players"
WORDS = (
    *("circle", "envelope", "house", "ladder", "smiley face", "square", "star", "sun"),
    *("triangle", "zigzag"),
)
_URL = "https://storage.googleapis.com/quickdraw_dataset/full/simplified/"


def quickdraw(source="sample", data_dir=None, words=WORDS, count=500, seed=42):
    """Loads Quick, Draw!: who drew what, stroke by stroke.

    A drawing is a sequence of points. Each has the step in x and in y from the point
    before (the first from the upper left corner, x to the right and y down), in units
    of the drawing's longer side, and 1 where the pen is lifted after it, else 0.

    No package ships the drawings: the sample is generated. Its shapes, which are
    words of Quick, Draw! too, are drawn with random sizes, slants, order and direction
    of strokes, and a trembling hand.

    The original files, one a word, have a drawing a line: JSON with its `"word"`,
    whether the game `"recognized"` it, and the points of its strokes, `"drawing":
    [[[x, ...], [y, ...]], ...]`. Drawings that were not recognized are left out. A file
    has 50 to 150 MB; only its first lines are read.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `quickdraw/`, where "full" looks for `<word>.ndjson` of
            each word, in the simplified format. Defaults to `$TFKIT_DATA`, else
            `~/.cache/tfkit`.
        words: What to load; the label of a drawing is the place of its word. The sample
            has ten words, the original 345.
        count: Number of drawings a word. One in five is for testing.
        seed: Seed of the sample, and of the order of either.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays of shape `(n,)` whose
        elements have shape `(points, 3)`, `float32`, and labels of shape `(n,)`,
        `uint16`.

    Raises:
        FileNotFoundError: "full" found no files and could not download them.
        ValueError: A line is no drawing of its word (the message names file and line),
            a file has fewer than `count` drawings, or an argument is out of range.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.quickdraw(count=10)
    >>> x_train.shape, x_train[0].shape[1], x_test.shape
    ((80,), 3, (20,))

    Reference:
        Hands-On ML (2nd ed.), chapter 15, exercise 9;
        [Ha and Eck, 2017](https://arxiv.org/abs/1704.03477)
    """
    check_positive_int("count", count)
    check_source(source)
    words = tuple(words)
    unknown = [word for word in words if source == "sample" and word not in WORDS]
    if unknown or not words or len(set(words)) != len(words):
        raise ValueError(
            "Argument `words` must be different words"
            + (f" of the sample's: {', '.join(WORDS)}. " if unknown else ". ")
            + f"Received: words={words}"
        )
    if count < 5:
        raise ValueError(
            f"Argument `count` must be at least 5. Received: count={count}"
        )
    rng = np.random.default_rng(seed)
    if source == "full":
        origins = [
            # The files are too large to know their sums: every line is checked.
            Origin(f"{w}.ndjson", f"{_URL}{urllib.parse.quote(w)}.ndjson", None)
            for w in words
        ]
        paths = originals("quickdraw", origins, data_dir)
        drawings = [_read(p, w, count) for p, w in zip(paths, words, strict=True)]
    else:
        drawings = [[_draw(word, rng) for _ in range(count)] for word in words]
    x = np.empty(len(words) * count, dtype=object)
    x[:] = [_steps(strokes) for word in drawings for strokes in word]
    y = np.repeat(np.arange(len(words)), count).astype("uint16")
    test = np.arange(len(x)) % count >= count - count // 5
    train, test = (rng.permutation(np.flatnonzero(part)) for part in (~test, test))
    return (x[train], y[train]), (x[test], y[test])


def _read(path, word, count):
    drawings = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if len(drawings) == count:
                break
            where = f"{path}, line {number}"
            try:
                content = json.loads(line)
                found, strokes = content["word"], content["drawing"]
                strokes = [np.array(stroke[:2], "float64").T for stroke in strokes]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f'{where} must be JSON with "word" and "drawing", a list of '
                    f"strokes [[x, ...], [y, ...]]: {error!r}. Received: {line[:60]!r}"
                ) from error
            if found != word:
                raise ValueError(f"{where} must be of {word!r}. Received: {found!r}")
            shapes = [stroke.shape for stroke in strokes]
            if not shapes or any(len(s) != 2 or s[0] < 1 or s[1] != 2 for s in shapes):
                raise ValueError(
                    f"{where} must have strokes of points (x, y). "
                    f"Received: strokes with shapes={shapes}"
                )
            if content.get("recognized", True):
                drawings.append(strokes)
    if len(drawings) < count:
        raise ValueError(
            f"{path} must hold {count} recognized drawings. Received: {len(drawings)}"
        )
    return drawings


def _steps(strokes):
    """Returns `(points, 3)`: the steps in x and y, and where the pen is lifted."""
    points = np.concatenate(strokes)
    points = points - points.min(axis=0)
    points /= max(points.max(), 1e-6)
    lifted = np.zeros(len(points))
    lifted[np.cumsum([len(stroke) for stroke in strokes]) - 1] = 1
    steps = np.diff(points, axis=0, prepend=0)
    return np.column_stack([steps, lifted]).astype("float32")


def _draw(word, rng):
    """Returns strokes of a shape, as a trembling hand would draw it."""
    scale = rng.uniform(0.7, 1.3, size=2)
    slant = np.array([[1, rng.normal(0, 0.15)], [rng.normal(0, 0.1), 1]])
    strokes = []
    for stroke in _SHAPES[word](rng):
        stroke = np.asarray(stroke, "float64")[:: rng.choice((-1, 1))]
        if len(stroke) > 3 and np.allclose(stroke[0], stroke[-1]):
            stroke = np.roll(stroke[:-1], rng.integers(len(stroke) - 1), axis=0)
            stroke = np.concatenate([stroke, stroke[:1]])  # closed, begun anywhere
        trembled = stroke + rng.normal(0, 0.025, stroke.shape)
        strokes.append((trembled * scale) @ slant)
    return [strokes[i] for i in rng.permutation(len(strokes))]


def _ellipse(x, y, rx, ry, points=14, turn=1.0):
    angle = np.linspace(0, 2 * np.pi * turn, points)
    return np.column_stack([x + rx * np.cos(angle), y + ry * np.sin(angle)])


def _polygon(corners, turn=-0.25):
    angle = 2 * np.pi * (np.arange(corners + 1) / corners + turn)
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _star(rng):
    return [_polygon(5)[[0, 2, 4, 1, 3, 0]]]


def _sun(rng):
    rays = int(rng.integers(6, 11))
    ends = _polygon(rays, turn=rng.random())[:-1]
    return [_ellipse(0, 0, 0.5, 0.5), *([0.65 * end, end] for end in ends)]


def _house(rng):
    walls = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
    door = rng.uniform(0.2, 0.6)
    return [
        walls,
        [(0, 0), (0.5, -rng.uniform(0.4, 0.8)), (1, 0)],
        [(door, 1), (door, 0.6), (door + 0.2, 0.6), (door + 0.2, 1)],
    ]


def _ladder(rng):
    rungs = np.linspace(0.1, 0.9, int(rng.integers(3, 7))) * 2
    sides = [[(0, 0), (0, 2)], [(0.7, 0), (0.7, 2)]]
    return sides + [[(0, height), (0.7, height)] for height in rungs]


def _smiley_face(rng):
    smile = _ellipse(0, 0.15, 0.5, 0.4, points=8, turn=0.5)
    eyes = [_ellipse(x, -0.3, 0.1, 0.1, points=5) for x in (-0.35, 0.35)]
    return [_ellipse(0, 0, 1, 1), smile, *eyes]


def _zigzag(rng):
    corners = int(rng.integers(5, 10))
    return [[(0.5 * i, i % 2) for i in range(corners)]]


_SHAPES = {
    "circle": lambda rng: [_ellipse(0, 0, 1, 1, points=int(rng.integers(10, 18)))],
    "envelope": lambda rng: [
        [(0, 0), (1.6, 0), (1.6, 1), (0, 1), (0, 0)],
        [(0, 0), (0.8, rng.uniform(0.4, 0.7)), (1.6, 0)],
    ],
    "house": _house,
    "ladder": _ladder,
    "smiley face": _smiley_face,
    "square": lambda rng: [[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]],
    "star": _star,
    "sun": _sun,
    "triangle": lambda rng: [_polygon(3)],
    "zigzag": _zigzag,
}
