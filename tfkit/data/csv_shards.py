"""CSV shards from columns in memory."""

import csv
from pathlib import Path

import numpy as np

from tfkit._checks import check_positive_int
from tfkit.data._shards import existing_shards, replacing, shard_paths


def write_csv_shards(
    columns,
    folder,
    prefix="data",
    shards=10,
    *,
    shuffle=True,
    seed=None,
    overwrite=False,
):
    """Splits a table into CSV files, for `csv_dataset` to read in parallel.

    The files are called `folder/prefix-00000-of-00010.csv` and so on, in UTF-8, each
    with a header line. Numbers are written in as many digits as reading them back
    exactly takes. `None` and `nan` become empty fields, which is how missing values
    are read; so do empty strings.

    All shards are written under temporary names, then renamed: an error, a full disk
    or a killed process leaves no partial file under a final name.

    Args:
        columns: Dict from the name of each column to its values, one a row, or a
            pandas DataFrame.
        folder: Folder of the files, made if need be.
        prefix: How the names of the files start.
        shards: Number of files; their lengths differ by one row at most.
        shuffle: Whether to shuffle the rows first.
        seed: Seed of the shuffle.
        overwrite: Whether to replace shards of the same prefix, whatever their
            number. Otherwise they are an error.

    Returns:
        The list of the files' paths, as strings.

    Raises:
        FileExistsError: The folder holds such shards, and `overwrite` is False.
        ValueError: The columns differ in length or are not one-dimensional, a number
            is infinite, or a string holds a line break.

    Example:
    >>> columns = {"city": ["Oslo", "Rome"], "height": [23.0, 21.0]}
    >>> files = tfkit.data.write_csv_shards(columns, "cities", shards=1, shuffle=False)
    >>> print(open(files[0]).read())
    city,height
    Oslo,23.0
    Rome,21.0
    <BLANKLINE>

    Reference:
        Hands-On ML, chapter 13 (the split that its pipeline takes for granted)
    """
    check_positive_int("shards", shards)
    names = list(columns)
    texts = [_texts(name, columns[name]) for name in names]
    lengths = {name: len(text) for name, text in zip(names, texts, strict=True)}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            "Argument `columns` must hold columns of one length, at least one. "
            f"Received: {lengths}"
        )
    for name in names:
        if not isinstance(name, str) or not name or set(name) & set("\r\n"):
            raise ValueError(
                "Names of columns must be strings without line breaks. "
                f"Received: {name!r}"
            )
    count = len(texts[0])
    if shards > max(count, 1):
        raise ValueError(
            f"Argument `shards` must be at most the number of rows, {count}. "
            f"Received: shards={shards}"
        )
    order = np.random.default_rng(seed).permutation(count) if shuffle else range(count)
    folder = Path(folder)
    stale = existing_shards(folder, prefix, "csv", overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    paths = shard_paths(folder, prefix, shards, "csv")
    with replacing(paths, stale) as parts:
        for part, rows in zip(parts, np.array_split(order, shards), strict=True):
            with part.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(names)
                writer.writerows([text[i] for text in texts] for i in rows)
    return [str(path) for path in paths]


def _texts(name, values):
    """Returns the values of a column as they are written."""
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(
            f"Column {name!r} must be one-dimensional. Received: shape {values.shape}"
        )
    if values.dtype.kind == "b":
        values = values.astype(int)
    if values.dtype.kind == "f":
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise ValueError(
                f"Column {name!r}, row {row} must be finite. Received: {values[row]}"
            )
        # The shortest texts that give the same numbers back, at their precision.
        return ["" if text == "nan" else text for text in values.astype(str).tolist()]
    return [_text(name, row, value) for row, value in enumerate(values.tolist())]


def _text(name, row, value):
    """Returns a value of a column of integers, strings or objects as it is written."""
    # Missing: None, nan, and the markers of pandas, none of which equals itself.
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    elif isinstance(value, bool | np.bool_):
        value = int(value)
    text = str(value)
    if set(text) & set("\r\n"):
        raise ValueError(
            f"Column {name!r}, row {row} must hold no line break, which `csv_dataset` "
            f"does not read. Received: {text!r}"
        )
    return text
