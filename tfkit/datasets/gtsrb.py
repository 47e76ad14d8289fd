"""GTSRB: photographs of German traffic signs."""

import csv
import io
import re
import zipfile

import numpy as np

from tfkit._checks import check_positive_int
from tfkit._optional import require
from tfkit.datasets._files import Origin, check_source, data_folder, originals

_URL = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
ORIGINS = [
    # No sums are published: every image and every label is checked.
    Origin(name, _URL + name, None)
    for name in (
        "GTSRB_Final_Training_Images.zip",
        "GTSRB_Final_Test_Images.zip",
        "GTSRB_Final_Test_GT.zip",
    )
]
SAMPLE = "3,010 + 860 drawn traffic signs of 43 classes in the place of GTSRB"
FULL = "GTSRB, the original 39,209 + 12,630 photographs of traffic signs"
CLASSES = (
    *(f"limit {speed}" for speed in (20, 30, 50, 60, 70, 80)),
    *("end of limit 80", "limit 100", "limit 120", "no overtaking"),
    *("no overtaking by trucks", "right of way", "priority road", "yield", "stop"),
    *("no vehicles", "no trucks", "no entry", "danger", "curve left", "curve right"),
    *("double curve", "bumpy road", "slippery road", "road narrows", "road works"),
    *("traffic signals", "pedestrians", "children", "bicycles", "ice or snow"),
    *("wild animals", "end of limits", "turn right", "turn left", "straight on"),
    *("straight or right", "straight or left", "keep right", "keep left"),
    *("roundabout", "end of no overtaking", "end of no overtaking by trucks"),
)
_TRAIN = "GTSRB/Final_Training/Images"
_TEST = "GTSRB/Final_Test/Images"
_LABELS = "GT-final_test.csv"
_CLASS_LIST = re.compile(rf"{_TRAIN}/(\d{{5}})/GT-\1\.csv")


def gtsrb(source="sample", data_dir=None, size=32):
    """Loads GTSRB, the German traffic sign recognition benchmark: 43 kinds of signs.

    The photographs have 15 to 250 pixels a side. Of each the central square is cut out
    and resized. They are read one at a time: only the small copies are kept.

    No package ships them: the sample has 70 + 20 drawn signs of each kind. Shapes,
    colours and numbers are those of the signs, pictograms are coarse; every drawing is
    turned, slanted, shifted, lit, blurred, partly hidden and noisy, and some are as
    small as the smallest originals.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `gtsrb/`, where "full" looks for the unpacked folder
            `GTSRB/` (with `Final_Training/Images/`, `Final_Test/Images/` and
            `GT-final_test.csv`), else for the three original zip files, which are read
            without unpacking them. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        size: Height and width of the images returned.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(n, size, size, 3)`,
        `uint8` from 0 to 255, in a fixed random order, and labels of shape `(n,)`,
        `uint8` from 0 to 42, which `CLASSES` of this module names. The original
        training images come in tracks of 30 of one sign: validation data drawn from
        them at random look easier than they are.

    Raises:
        FileNotFoundError: "full" found no files and could not download them, or a list
            names an image that is missing.
        ValueError: An image is damaged, a list has other columns or a label outside
            the classes (the message names file and line), or an argument is out of
            range.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.gtsrb()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((3010, 32, 32, 3), (3010,), (860, 32, 32, 3))

    Reference:
        TensorFlow ML Projects, chapter 8;
        [Stallkamp et al., 2012](https://doi.org/10.1016/j.neunet.2012.02.016)
    """
    check_positive_int("size", size)
    if check_source(source) == "sample":
        return _sample(70, size, seed=0), _sample(20, size, seed=1)
    folder = data_folder("gtsrb", data_dir)
    if (folder / _TRAIN).is_dir():
        files = _Folder(folder)
        return _training(files, size), _test(files, f"GTSRB/{_LABELS}", size)
    train, test, labels = originals("gtsrb", ORIGINS, data_dir)
    with _Zip(train) as files:
        training = _training(files, size)
    with _Zip(test, labels) as files:
        return training, _test(files, _LABELS, size)


class _Folder:
    """The unpacked files."""

    def __init__(self, folder):
        self.folder = folder

    def names(self):
        paths = (self.folder / _TRAIN).glob("*/*.csv")
        return [path.relative_to(self.folder).as_posix() for path in sorted(paths)]

    def where(self, name):
        return str(self.folder / name)

    def read(self, name):
        return (self.folder / name).read_bytes()


class _Zip:
    """The files in one or two archives."""

    def __init__(self, *paths):
        self.members, self.archives = {}, []
        for path in paths:
            try:
                archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise ValueError(
                    f"{path} is not a complete zip file: {error}. "
                    f"Received: {path.stat().st_size} bytes"
                ) from error
            self.archives.append(archive)
            self.members |= dict.fromkeys(archive.namelist(), (path, archive))
        self.path = paths[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for archive in self.archives:
            archive.close()

    def names(self):
        return sorted(self.members)

    def where(self, name):
        return f"{self.members.get(name, (self.path,))[0]}, {name}"

    def read(self, name):
        if name not in self.members:
            raise FileNotFoundError(f"there is no {name}")
        try:
            return self.members[name][1].read(name)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise ValueError(
                f"{self.where(name)} is damaged: {error}. "
                f"Received: {self.members[name][1].getinfo(name).file_size} bytes"
            ) from error


def _training(files, size):
    lists = [match for name in files.names() if (match := _CLASS_LIST.fullmatch(name))]
    missing = set(range(len(CLASSES))) - {int(match[1]) for match in lists}
    if missing:
        raise ValueError(
            f"{files.where(_TRAIN)} must have a folder with a list, such as "
            f"00000/GT-00000.csv, for each of the classes 0 to {len(CLASSES) - 1}. "
            f"Received: none for {sorted(missing)}"
        )
    rows = []
    for match in lists:
        home = match[0].rsplit("/", 1)[0]
        rows += _rows(files, match[0], home, int(match[1]))
    order = np.random.default_rng(113).permutation(len(rows))
    return _images(files, [rows[i] for i in order], size)


def _test(files, name, size):
    return _images(files, list(_rows(files, name, _TEST)), size)


def _rows(files, name, home, expected=None):
    """Yields `(image, label, where)` of each line of a list of images."""
    where = files.where(name)
    try:
        text = files.read(name).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"The data set `gtsrb` wants {where}, the list of labels that comes with "
            "GTSRB_Final_Test_GT.zip or in each folder of the training images."
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} must be text. Received: {error}") from error
    reader = csv.DictReader(io.StringIO(text), delimiter=";")
    columns = reader.fieldnames or []
    if not {"Filename", "ClassId"} <= set(columns):
        raise ValueError(
            f"{where} must have the columns Filename and ClassId, divided by `;`. "
            f"Received: {columns}"
        )
    empty = True
    for row in reader:
        empty = False
        label = row["ClassId"] or ""
        line = f"{where}, line {reader.line_num}"
        if not label.isdecimal() or int(label) >= len(CLASSES):
            raise ValueError(
                f"{line}: ClassId must be an integer from 0 to {len(CLASSES) - 1}. "
                f"Received: {label!r}"
            )
        if expected is not None and int(label) != expected:
            raise ValueError(
                f"{line}: ClassId must be {expected}, as the folder's. "
                f"Received: {label}"
            )
        yield f"{home}/{row['Filename']}", int(label), line
    if empty:
        raise ValueError(f"{where} must list images. Received: no lines")


def _images(files, rows, size):
    """Returns images and labels of the rows, reading one file at a time."""
    pillow = require("PIL.Image", "recipes")
    images = np.empty((len(rows), size, size, 3), "uint8")
    for i, (name, _, line) in enumerate(rows):
        try:
            data = files.read(name)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{line} names an image that is missing: {files.where(name)}"
            ) from error
        try:
            # A damaged header may also raise SyntaxError or ask for a huge image.
            with pillow.open(io.BytesIO(data)) as image:
                images[i] = _resized(image.convert("RGB"), size)
        except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as e:
            raise ValueError(
                f"{files.where(name)} is no complete image: {e}. "
                f"Received: {len(data)} bytes"
            ) from e
    return images, np.array([label for _, label, _ in rows], "uint8")


def _resized(image, size):
    """Cuts out the central square."""
    side = min(image.size)
    left, top = ((whole - side) // 2 for whole in image.size)
    box = (left, top, left + side, top + side)
    bilinear = require("PIL.Image", "recipes").Resampling.BILINEAR
    return np.asarray(image.resize((size, size), bilinear, box=box))


_RED, _BLUE, _WHITE, _BLACK = (
    (190, 25, 35),
    (25, 70, 160),
    (240, 240, 235),
    (20, 20, 20),
)
_YELLOW, _GRAY = (245, 190, 30), (130, 130, 130)
_SIDE = 64  # of a drawing before it is turned and made small


def _sample(each, size, seed):
    rng = np.random.default_rng(seed)
    signs = [_draw(label) for label in range(len(CLASSES))]
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), each)).astype("uint8")
    images = np.stack([_photograph(*signs[label], size, rng) for label in labels])
    return images, labels


def _photograph(sign, mask, size, rng):
    """Puts a drawn sign into a scene, far or near, badly lit and partly hidden."""
    pillow = require("PIL.Image", "recipes")
    image_filter = require("PIL.ImageFilter", "recipes")
    colours = rng.integers(40, 220, (2, 2, 3)).astype("uint8")
    scene = pillow.fromarray(colours).resize((_SIDE, _SIDE), pillow.Resampling.BILINEAR)
    # The inverse of a turn, slant, scaling and shift about the centre.
    angle, middle = rng.normal(0, 0.14), _SIDE / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.eye(2) + rng.normal(0, 0.09, (2, 2))
    matrix = turn @ slant / rng.uniform(0.72, 1.05)
    offset = middle - matrix @ (middle + rng.normal(0, 3, 2))
    affine = [*matrix[0], offset[0], *matrix[1], offset[1]]
    options = {"resample": pillow.Resampling.BILINEAR}
    method = pillow.Transform.AFFINE
    scene.paste(
        sign.transform(scene.size, method, affine, **options),
        mask=mask.transform(scene.size, method, affine, **options),
    )
    if rng.random() < 0.4:  # a branch, or another sign
        x, y = rng.integers(0, _SIDE, 2)
        colour = tuple(int(c) for c in rng.integers(20, 160, 3))
        w, h = (int(v) for v in rng.integers(7, 30, 2))
        scene.paste(colour, (int(x), int(y), int(x) + w, int(y) + h))
    scene = scene.filter(image_filter.GaussianBlur(rng.uniform(0, 2.1)))
    far = int(rng.integers(13, 40))
    scene = scene.resize((far, far), pillow.Resampling.BOX)
    pixels = _resized(scene, size).astype("float64") / 255
    light = rng.uniform(0.25, 1.25) * pixels ** rng.uniform(0.7, 1.5)
    noisy = light + rng.uniform(0, 0.25) + rng.normal(0, 0.06, pixels.shape)
    return (255 * np.clip(noisy, 0, 1)).astype("uint8")


def _draw(label):
    """Returns the sign of a class, and where it hides the scene behind it."""
    pillow = require("PIL.Image", "recipes")
    draw_module = require("PIL.ImageDraw", "recipes")
    sign = pillow.new("RGB", (_SIDE, _SIDE))
    mask = pillow.new("L", (_SIDE, _SIDE))
    shape, content = _SIGNS[label]
    draw = draw_module.Draw(sign)
    for target, black in ((draw, False), (draw_module.Draw(mask), True)):
        _outline(target, shape, black)
    _content(draw, content, shape)
    return sign, mask


def _polygon(corners, radius, turn, middle=0.5):
    angle = 2 * np.pi * (np.arange(corners) / corners + turn)
    points = middle + radius * np.column_stack([np.cos(angle), np.sin(angle)])
    return [tuple(point) for point in _SIDE * points]


def _disc(draw, radius, colour):
    low, high = _SIDE * (0.5 - radius), _SIDE * (0.5 + radius)
    draw.ellipse((low, low, high, high), fill=colour)


def _outline(draw, shape, mask):
    def fill(colour):
        return 255 if mask else colour

    if shape in ("ring", "end", "blue", "red"):
        outer = {"ring": _RED, "end": _GRAY, "blue": _BLUE, "red": _RED}[shape]
        _disc(draw, 0.46, fill(outer))
        if shape in ("ring", "end"):
            _disc(draw, 0.36 if shape == "ring" else 0.43, fill(_WHITE))
    elif shape == "octagon":
        draw.polygon(_polygon(8, 0.48, 1 / 16), fill=fill(_RED))
    elif shape == "diamond":
        draw.polygon(_polygon(4, 0.48, 0), fill=fill(_WHITE))
        draw.polygon(_polygon(4, 0.36, 0), fill=fill(_YELLOW))
    else:
        turn = 0.25 if shape == "yield" else -0.25
        middle = (0.5, 0.43) if shape == "yield" else (0.5, 0.6)
        draw.polygon(_polygon(3, 0.54, turn, middle), fill=fill(_RED))
        draw.polygon(_polygon(3, 0.34, turn, middle), fill=fill(_WHITE))


def _content(draw, content, shape):
    """Draws polygons, circles, lines and text, in hundredths of the sign's side."""
    ink = _WHITE if shape in ("blue", "red", "octagon") else _BLACK
    for kind, *values in content:
        if kind == "text":
            text, height = values
            font = require("PIL.ImageFont", "recipes").load_default(
                height * _SIDE / 100
            )
            draw.text((_SIDE / 2, _SIDE / 2), text, ink, font, anchor="mm")
            continue
        colour = values.pop() if isinstance(values[-1], tuple) else ink
        points = [value * _SIDE / 100 for value in values]
        if kind == "line":
            draw.line(points[1:], colour, int(points[0]))
        elif kind == "disc":
            x, y, radius = points
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        else:
            draw.polygon(points, fill=colour)


def _car(x, colour=_BLACK):
    return [
        ("polygon", x - 9, 55, x - 7, 42, x + 7, 42, x + 9, 55, colour),
        ("disc", x - 6, 57, 3, colour),
        ("disc", x + 6, 57, 3, colour),
    ]


def _truck(x, colour=_BLACK):
    return [
        ("polygon", x - 12, 36, x + 3, 36, x + 3, 56, x - 12, 56, colour),
        ("polygon", x + 4, 43, x + 12, 43, x + 12, 56, x + 4, 56, colour),
        ("disc", x - 7, 58, 4, colour),
        ("disc", x + 7, 58, 4, colour),
    ]


def _mirrored(content):
    """Left for right, of lines and polygons."""
    parts = []
    for kind, *values in content:
        width = values[:1] if kind == "line" else []
        points = values[len(width) :]
        flipped = [100 - v if i % 2 == 0 else v for i, v in enumerate(points)]
        parts.append((kind, *width, *flipped))
    return parts


def _stick(x, y, tall):
    """A person who walks."""
    hip, foot = y + 0.55 * tall, y + tall
    return [
        ("disc", x, y, 0.14 * tall),
        ("line", 5, x, y, x, hip),
        ("line", 4, x, hip, x - 6, foot),
        ("line", 4, x, hip, x + 6, foot),
        ("line", 4, x - 7, y + 0.4 * tall, x + 7, y + 0.3 * tall),
    ]


_BARS = [("line", 4, 20, y, 70, y - 50, _GRAY) for y in (72, 80, 88)]
_RIGHT = [("line", 12, 36, 78, 36, 48, 62, 48), ("polygon", 60, 32, 84, 48, 60, 64)]
_UP = [("line", 12, 50, 80, 50, 40), ("polygon", 34, 42, 50, 18, 66, 42)]
_FORK = [
    ("line", 9, 38, 80, 38, 38),
    ("polygon", 26, 40, 38, 18, 50, 40),
    ("line", 9, 38, 62, 64, 62),
    ("polygon", 62, 50, 82, 62, 62, 74),
]
_KEEP = [("line", 12, 30, 28, 60, 60), ("polygon", 72, 44, 74, 76, 44, 72)]
_CURVE = [("line", 8, 56, 78, 56, 62, 44, 54), ("polygon", 50, 44, 34, 48, 44, 62)]
_SIGNS = (
    *[("ring", [("text", str(speed), 44)]) for speed in (20, 30, 50, 60, 70, 80)],
    ("end", [("text", "80", 44), *_BARS]),
    *[("ring", [("text", str(speed), 34)]) for speed in (100, 120)],
    ("ring", [*_car(36, _RED), *_car(63)]),
    ("ring", [*_truck(36, _RED), *_car(65)]),
    ("warning", [("line", 8, 50, 80, 50, 34), ("line", 5, 36, 62, 64, 62)]),
    ("diamond", []),
    ("yield", []),
    ("octagon", [("text", "STOP", 28)]),
    ("ring", []),
    ("ring", _truck(50)),
    ("red", [("polygon", 18, 42, 82, 42, 82, 58, 18, 58)]),
    ("warning", [("line", 9, 50, 38, 50, 64), ("disc", 50, 75, 5)]),
    ("warning", _CURVE),
    ("warning", _mirrored(_CURVE)),
    ("warning", [("line", 7, 42, 80, 42, 68, 58, 60, 58, 48, 48, 42)]),
    (
        "warning",
        [("disc", 40, 72, 9), ("disc", 60, 72, 9), ("line", 5, 26, 78, 74, 78)],
    ),
    ("warning", [*_car(50), ("line", 4, 38, 80, 46, 66), ("line", 4, 54, 80, 62, 66)]),
    ("warning", [("line", 6, 40, 80, 40, 64, 46, 44), ("line", 6, 62, 80, 54, 44)]),
    ("warning", [*_stick(46, 48, 30), ("polygon", 54, 80, 64, 66, 74, 80)]),
    (
        "warning",
        [
            ("disc", 50, 48, 7, _RED),
            ("disc", 50, 62, 7, _YELLOW),
            ("disc", 50, 76, 7, (30, 140, 60)),
        ],
    ),
    ("warning", _stick(50, 44, 36)),
    ("warning", [*_stick(40, 54, 26), *_stick(60, 50, 30)]),
    (
        "warning",
        [("disc", 38, 72, 9), ("disc", 62, 72, 9), ("line", 4, 38, 72, 50, 54)],
    ),
    (
        "warning",
        [
            ("line", 4, 50, 40, 50, 80),
            ("line", 4, 34, 50, 66, 70),
            ("line", 4, 34, 70, 66, 50),
        ],
    ),
    ("warning", [("polygon", 34, 66, 46, 56, 66, 50, 60, 62, 56, 78, 40, 78)]),
    ("end", _BARS),
    ("blue", _RIGHT),
    ("blue", _mirrored(_RIGHT)),
    ("blue", _UP),
    ("blue", _FORK),
    ("blue", _mirrored(_FORK)),
    ("blue", _KEEP),
    ("blue", _mirrored(_KEEP)),
    (
        "blue",
        [
            ("disc", 50, 50, 27),
            ("disc", 50, 50, 16, _BLUE),
            ("line", 8, 50, 14, 50, 34, _BLUE),
            ("line", 8, 20, 70, 40, 56, _BLUE),
            ("line", 8, 80, 70, 60, 56, _BLUE),
        ],
    ),
    ("end", [*_car(36, _GRAY), *_car(63), *_BARS]),
    ("end", [*_truck(36, _GRAY), *_car(65), *_BARS]),
)
