"""JSB chorales: four-part music by Johann Sebastian Bach."""

import csv
import io
import re
import tarfile

import numpy as np

from tfkit.datasets._files import Origin, check_source, originals

ORIGINS = [
    Origin(
        "jsb_chorales.tgz",
        "https://github.com/ageron/handson-ml2/raw/master/datasets/jsb_chorales/"
        "jsb_chorales.tgz",
        "594e5e25a3ff8af64687c378628970c6435fddd3093d96df2fa8ca9505ce30fe",
    )
]
SAMPLE = "100 generated pieces of four-part harmony in the place of Bach's chorales"
FULL = "the original 382 chorales by Johann Sebastian Bach"
COLUMNS = ("note0", "note1", "note2", "note3")
LOWEST, HIGHEST = 36, 81
_MEMBER = re.compile(r"(?:.*/)?(train|valid|test)/[^/]+\.csv$")


def jsb_chorales(source="sample", data_dir=None):
    """Loads JSB chorales: four notes at each sixteenth of a bar.

    A note is a MIDI number from 36 (C2) to 81 (A5), or 0 for silence; columns 0 to 3
    are soprano, alto, tenor and bass. A note that lasts is repeated.

    No package of the dependencies ships the chorales: the sample is generated. Its 100
    pieces walk through the chords of a major or minor key, each chord in the voicing
    nearest to the last one, with passing notes and a cadence at the end. It has
    the form of the chorales, not their art.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `jsb_chorales/`, where "full" looks for
            `jsb_chorales.tgz`, which is read without unpacking it. Defaults to
            `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(train, valid, test)`, each a list of arrays of shape `(steps, 4)`, `int32`,
        in the order of their file names.

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The archive is damaged, a part of it is missing, or a header or
            value is not as it must be (the message names archive, file, line and
            column), or `source` is neither.

    Example:
    >>> train, valid, test = tfkit.datasets.jsb_chorales()
    >>> len(train), train[0].shape[1], train[0][0]
    (70, 4, array([66, 63, 59, 47], dtype=int32))

    Reference:
        Hands-On ML (2nd ed.), chapter 15, exercise 10; Boulanger-Lewandowski et al.,
        2012, "Modeling temporal dependencies in high-dimensional sequences"
    """
    if check_source(source) == "full":
        return _read(originals("jsb_chorales", ORIGINS, data_dir)[0])
    pieces = [_compose(np.random.default_rng([1685, i])) for i in range(100)]
    return pieces[:70], pieces[70:85], pieces[85:]


def _read(path):
    found = {"train": {}, "valid": {}, "test": {}}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if match := _MEMBER.match(member.name):
                    text = archive.extractfile(member).read().decode("ascii", "replace")
                    where = f"{path}, {member.name}"
                    found[match[1]][member.name] = _parse(where, text)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is not a complete archive: {error}. "
            f"Received: {path.stat().st_size} bytes"
        ) from error
    for split, pieces in found.items():
        if not pieces:
            counts = {key: len(value) for key, value in found.items()}
            raise ValueError(
                f"{path} must hold chorales in {split}/*.csv. Received: {counts}"
            )
    return tuple([pieces[name] for name in sorted(pieces)] for pieces in found.values())


def _parse(where, text):
    rows = csv.reader(io.StringIO(text))
    header = tuple(next(rows, ()))
    if header != COLUMNS:
        raise ValueError(
            f"{where}, line 1: the columns must be {','.join(COLUMNS)}. "
            f"Received: {','.join(header)}"
        )
    notes = []
    for row in rows:
        if len(row) != 4:
            raise ValueError(
                f"{where}, line {rows.line_num} must have 4 columns. "
                f"Received: {len(row)}"
            )
        for column, value in zip(COLUMNS, row, strict=True):
            valid = value.isdecimal() and (
                int(value) == 0 or LOWEST <= int(value) <= HIGHEST
            )
            if not valid:
                raise ValueError(
                    f"{where}, line {rows.line_num}, column {column} must be 0 or a "
                    f"note from {LOWEST} to {HIGHEST}. Received: {value!r}"
                )
        notes.append([int(value) for value in row])
    if not notes:
        raise ValueError(f"{where} must hold notes. Received: no rows")
    return np.array(notes, "int32")


# Ranges of soprano, alto, tenor and bass.
_RANGES = ((60, 79), (55, 72), (48, 67), (38, 59))
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
# From each degree of the scale to those that may follow.
_NEXT = {
    0: (3, 4, 5, 1, 3, 4),
    1: (4, 4, 6),
    2: (5, 3),
    3: (4, 0, 1, 4),
    4: (0, 0, 0, 5),
    5: (1, 3, 4),
    6: (0,),
}


def _compose(rng):
    """Returns one piece of four-part harmony, shape `(steps, 4)`."""
    key, scale = int(rng.integers(12)), _SCALES[rng.integers(2)]
    degrees = [0]
    for _ in range(int(rng.integers(24, 48))):
        degrees.append(int(rng.choice(_NEXT[degrees[-1]])))
    degrees += [3, 4, 0]  # the cadence
    previous, piece = (67, 62, 57, 48), []
    for i, degree in enumerate(degrees):
        chord = [(key + scale[(degree + third) % 7]) % 12 for third in (0, 2, 4)]
        if degree == 4 and scale[2] == 3:
            chord[1] = (key + 11) % 12  # the leading tone of a minor key
        voices = _nearest(previous, chord, rng)
        length = 8 if i == len(degrees) - 1 else int(rng.choice((2, 4, 4, 4)))
        steps = np.tile(voices, (length, 1))
        for voice, (old, new) in enumerate(zip(previous, voices, strict=True)):
            # A leap of a third passes over the note between, half a chord early.
            between = [
                note
                for note in range(min(old, new) + 1, max(old, new))
                if (note - key) % 12 in scale
            ]
            if piece and len(between) == 1 and rng.random() < 0.6:
                piece[-1][len(piece[-1]) // 2 :, voice] = between[0]
        piece.append(steps)
        previous = voices
    return np.concatenate(piece).astype("int32")


def _nearest(previous, chord, rng):
    """Returns the voicing of `chord` that moves the voices least."""
    options = [
        [note for note in range(low, high + 1) if note % 12 in chord]
        for low, high in _RANGES
    ]
    options[3] = [note for note in options[3] if note % 12 == chord[0]]
    voices = np.stack(np.meshgrid(*options), axis=-1).reshape(-1, 4)
    in_order = (np.diff(voices, axis=1) <= 0).all(axis=1)
    complete = (voices[:, None] % 12 == np.array(chord)[:, None]).any(-1).all(-1)
    voices = voices[in_order & complete]
    moves = np.abs(voices - previous)
    cost = moves.sum(axis=1) + 4 * (moves[:, 0] > 5) + 2 * rng.random(len(voices))
    return tuple(int(note) for note in voices[cost.argmin()])
