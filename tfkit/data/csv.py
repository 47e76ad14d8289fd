"""Batches of rows from CSV files."""

import csv
import functools
import gzip
import math
import numbers
import re
import zlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfkit._checks import check_non_negative, check_one_of, check_positive_int
from tfkit.data._shards import find_files
from tfkit.data._skipped import Skipped, no_elements

_NUMBER = r"[ \t]*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[ \t]*"
_TEXT = r'[^",]*|"(?:[^"]|"")*"'
# Splitting a file held in memory is six times as fast as reading it line by line.
_WHOLE = 32 * 2**20  # bytes
_LARGEST = float(np.finfo(np.float32).max)
_BLOCK = 256  # lines taken in turn from each file that is read
_WINDOW = 4096  # rows decoded at once where they are not shuffled


def csv_dataset(
    files,
    schema,
    target=None,
    batch_size=32,
    *,
    transform=None,
    shuffle_buffer_size=10_000,
    cycle_length=5,
    cache=False,
    repeat=1,
    drop_remainder=False,
    na_value="",
    on_error="raise",
    seed=None,
    deterministic=None,
):
    """Reads batches of rows from CSV files with a declared schema.

    Files are read in a new random order in each pass, several in parallel; their rows
    are shuffled, then decoded, checked and transformed thousands at a time, and only
    then cut into batches.

    Every file starts with a header line. It must hold exactly the columns of
    `schema`, in any order, but in the same order in every file: a column that is
    missing, undeclared, named twice or elsewhere is an error that names the file and
    the columns. All headers are checked when the data set is made. A byte order mark,
    `\\r\\n`, blank lines, and files compressed with gzip are fine.

    Fields are separated by commas. A field in double quotes may hold commas, and
    quotes written twice; it may not hold a line break, and a quote that does not close
    on its line makes the row bad. Text must be UTF-8. A row is bad, too, if it has too
    many or too few fields, if a number is not a finite decimal number (`nan` and
    `inf` are not) or is beyond `float32`, or if a required value is missing. An error
    names the file, the line, the column and the value.

    Args:
        files: Path of a file, a pattern such as `"data/train-*.csv"`, or a list of
            these.
        schema: Dict from the name of each column to its kind. The order is that of
            the features, whatever the order in the files.

            | kind | the column is |
            |---|---|
            | a number, as `0.0` | numeric; an empty field is that number, or `nan` |
            | `float` | numeric, and no field may be empty |
            | a string, as `"none"` | categorical; an empty field is that string |
            | `str` | categorical, and no field may be empty |
            | `None` | not used |

        target: Name of the target column, or a list of names; None for no targets.
            Its kind is `float`, and may be left out of the schema, or `str`.
        batch_size: Rows in a batch.
        transform: Function applied to the features x of many rows at once, such as
            `lambda x: (x - mean) / std` or an adapted Keras preprocessing layer. Its
            result is what gets cached. Random augmentation belongs in `.map` after.
        shuffle_buffer_size: Rows that are shuffled together: each window of so many
            rows, drawn from `cycle_length` files at a time, is permuted. 0 keeps the
            order of the files and of their rows.
        cycle_length: Number of files read at a time, when rows are shuffled.
        cache: Whether to keep the decoded rows in memory after the first pass. All of
            them are then shuffled together in each pass.
        repeat: Number of passes; None for endless ones. Batches run on from one pass
            to the next.
        drop_remainder: Whether to drop a last batch of less than `batch_size` rows,
            which makes the size of the batch static.
        na_value: Text that stands for a missing value as an empty field does.
        on_error: "raise", or "skip" to leave out bad rows. They are counted: the
            returned data set's `skipped.count` and `skipped.messages` tell about the
            latest pass, and a warning at the end of each pass does. (Only the returned
            object has them, not data sets derived from it.)
        seed: Seed of the orders, which then are the same in every run, and new in
            every pass.
        deterministic: Whether parallel work may not change the order of the rows.
            Defaults to True with a seed or without shuffling, else to False, which
            is faster.

    Returns:
        A `tf.data.Dataset` of `x`, or of `(x, y)` with a target. x is `float32` of
        shape `(batch, numeric columns)`; with categorical columns it is a dict of that
        as `"numeric"`, and of strings of shape `(batch,)` under the name of each. y
        has the shape `(batch, targets)`, `float32` or string. Its number of batches is
        unknown before the end, of which `fit` warns once; if you know it, add
        `.apply(tf.data.experimental.assert_cardinality(batches))`.

    Raises:
        FileNotFoundError: A file does not exist, or a pattern matches none.
        ValueError: A header is not as declared, or an argument is out of range.
        tf.errors.InvalidArgumentError: While reading: a row is bad, or a compressed
            file is cut short.

    Example:
    >>> columns = {"rooms": [5.0, 6.5, None], "price": [1.0, 2.0, 3.0]}
    >>> files = tfkit.data.write_csv_shards(columns, "prices", shards=2)
    >>> data = tfkit.data.csv_dataset(files, {"rooms": 4.0}, "price", batch_size=3)
    >>> x, y = next(iter(data))
    >>> sorted(x[:, 0].numpy().tolist()), y.shape
    ([4.0, 5.0, 6.5], TensorShape([3, 1]))

    Reference:
        Hands-On ML, chapter 13 (`csv_reader_dataset`, there one line at a time)
    """
    check_positive_int("batch_size", batch_size)
    check_positive_int("cycle_length", cycle_length)
    check_non_negative("shuffle_buffer_size", shuffle_buffer_size)
    check_one_of("on_error", on_error, ("raise", "skip"))
    if repeat is not None:
        check_positive_int("repeat", repeat)
    if not isinstance(na_value, str):
        raise TypeError(f"Argument `na_value` must be a string. Received: {na_value!r}")
    if set(na_value) & set('",\r\n'):
        raise ValueError(
            "Argument `na_value` must hold no comma, quote or line break. "
            f"Received: na_value={na_value!r}"
        )
    paths = find_files(files)
    columns = _columns(schema, target)
    header = _check_headers(paths, columns)
    table = _Table(paths, header, columns, na_value)
    skipped = Skipped("csv_dataset", "rows")
    shuffle = shuffle_buffer_size > 0
    if deterministic is None:
        deterministic = seed is not None or not shuffle

    def parse(lines, order):
        if shuffle and not cache:
            lines = tf.random.experimental.stateless_shuffle(lines, order)
        x, y = table.parse(lines, skipped if on_error == "skip" else None)
        x = x if transform is None else transform(x)
        return x if y is None else (x, y)

    def permute(rows, order):
        count = tf.shape(tf.nest.flatten(rows)[0])[0]
        order = tf.random.experimental.stateless_shuffle(tf.range(count), order)
        return tf.nest.map_structure(lambda value: tf.gather(value, order), rows)

    orders = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(
        2, drop_remainder=True
    )
    parallel = {
        "num_parallel_calls": tf.data.AUTOTUNE,
        "deterministic": deterministic,
    }
    names = tf.data.Dataset.from_tensor_slices(paths)
    if shuffle:
        names = names.shuffle(len(paths), seed=seed)
    lines = names.interleave(
        _line_reader(paths),
        cycle_length=min(cycle_length, len(paths)) if shuffle else 1,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,  # else a file that is quick to read is not mixed
    )
    windows = lines.rebatch(int(shuffle_buffer_size) if shuffle else _WINDOW)
    rows = tf.data.Dataset.zip(windows, orders).map(parse, **parallel)
    if on_error == "skip":
        rows = skipped.around(rows)
    if cache:
        # Rows kept in memory can be one window, and each pass a full permutation.
        rows = rows.rebatch(2**62).cache()
        if shuffle:
            rows = tf.data.Dataset.zip(rows, orders).map(permute)
    rows = rows.repeat(repeat).rebatch(batch_size, drop_remainder=drop_remainder)
    dataset = rows.prefetch(tf.data.AUTOTUNE)
    dataset.skipped = skipped
    return dataset


class _Column(NamedTuple):
    """How a column is read: `default` is None where a value is required."""

    name: str
    kind: str  # "number", "text" or "unused"
    default: float | str | None
    is_target: bool


def _columns(schema, target):
    """Returns the declared columns, in the order of the schema, targets last."""
    targets = [target] if isinstance(target, str) else list(target or ())
    # A target is required, so its kind goes without saying.
    kinds = {name: kind for name, kind in schema.items() if name not in targets}
    kinds |= {name: schema.get(name, float) for name in targets}
    columns = []
    for name, kind in kinds.items():
        is_target = name in targets
        if is_target and kind not in (float, str):
            raise ValueError(
                f"Target column {name!r} must be of kind `float` or `str`, since "
                f"targets are required. Received: {kind!r}"
            )
        if kind is None:
            column = _Column(name, "unused", None, False)
        elif kind in (float, str):
            kind = "number" if kind is float else "text"
            column = _Column(name, kind, None, is_target)
        elif isinstance(kind, str):
            column = _Column(name, "text", kind, False)
        elif isinstance(kind, numbers.Real) and not isinstance(kind, bool):
            if math.isinf(kind):
                raise ValueError(
                    f"The default of column {name!r} must not be infinite. "
                    f"Received: {kind!r}"
                )
            column = _Column(name, "number", float(kind), False)
        else:
            raise TypeError(
                f"Column {name!r} of `schema` must be a number, a string, `float`, "
                f"`str` or None. Received: {kind!r}"
            )
        columns.append(column)
    if not any(c.kind != "unused" and not c.is_target for c in columns):
        raise ValueError(f"Argument `schema` declares no feature. Received: {schema!r}")
    if len({c.kind for c in columns if c.is_target}) > 1:
        raise ValueError(
            f"Targets must be all numeric or all strings. Received: target={target!r}"
        )
    texts = [c.name for c in columns if c.kind == "text" and not c.is_target]
    if "numeric" in texts:
        raise ValueError(
            "No categorical column may be called 'numeric', the key of the numeric "
            f"columns. Received: {texts}"
        )
    return columns


def _check_headers(paths, columns):
    """Returns the column names, in the order of every file."""
    declared = {column.name for column in columns}
    header = None
    for path in paths:
        with _open(path) as file:
            line = file.readline()
        if not line:
            raise ValueError(f"{path} must start with a header line. Received: nothing")
        try:
            text = line.decode("utf-8-sig").strip("\r\n")
            names = next(csv.reader([text], strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(
                f"{path}, line 1 must be a header in UTF-8. Received: {line[:80]!r}"
            ) from error
        problems = {
            "missing": [c.name for c in columns if c.name not in names],
            "undeclared": [name for name in names if name not in declared],
            "named twice": sorted({name for name in names if names.count(name) > 1}),
        }
        if any(problems.values()):
            found = "; ".join(f"{kind}: {v}" for kind, v in problems.items() if v)
            raise ValueError(
                f"{path}, line 1: the columns must be those of `schema`, "
                f"{sorted(declared)} ({found}). Received: {names}"
            )
        if header is not None and names != header:
            moved = [a for a, b in zip(names, header, strict=True) if a != b]
            raise ValueError(
                f"{path}, line 1: the columns must be in the same order as in "
                f"{paths[0]}, {header} (moved: {moved}). Received: {names}"
            )
        header = names
    return header


def _is_gzip(path):
    with tf.io.gfile.GFile(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open(path):
    file = tf.io.gfile.GFile(path, "rb")
    return gzip.open(file) if _is_gzip(path) else file


def _line_reader(paths):
    """Returns a function from a path to a data set of blocks of its lines."""
    packed = [path for path in paths if _is_gzip(path)]
    large = any(tf.io.gfile.stat(path).length > _WHOLE for path in paths)

    def filled(lines):
        return _where(lines != "", lines)

    def whole(path):
        def split(path):
            text = tf.strings.regex_replace(tf.io.read_file(path), "\r", "")
            return tf.strings.split([text], "\n").values[1:]

        lines = tf.data.Dataset.from_tensors(path).map(split)
        return lines.rebatch(_BLOCK).map(filled)

    def one_by_one(path):
        kind = ""
        if packed:
            is_packed = tf.reduce_any(tf.constant(packed) == path)
            kind = tf.where(is_packed, "GZIP", "")
        lines = tf.data.TextLineDataset(path, compression_type=kind).skip(1)
        if packed:
            lines = lines.concatenate(no_elements(_check_gzip, lines, path))
        return lines.batch(_BLOCK).map(filled)

    return one_by_one if packed or large else whole


def _check_gzip(path):
    """Returns what is wrong with a gzip file: TensorFlow takes a cut one for whole."""
    path = path.decode()
    if not _is_gzip(path):
        return ""
    stat = tf.io.gfile.stat(path)
    return _unpack(path, stat.length, stat.mtime_nsec)


@functools.cache  # once a file, not once a pass
def _unpack(path, size, time):
    try:
        with _open(path) as file:
            while file.read(2**20):
                pass
    except (EOFError, OSError, zlib.error) as error:
        return f"{path} is not a complete gzip file: {error} ({size} bytes)"
    return ""


def _where(mask, values):
    """Returns `tf.boolean_mask(values, mask)` in a fraction of the operations."""
    return tf.gather(values, tf.where(mask)[:, 0])


class _Table:
    """Decodes lines of a known header, and says what is wrong with those it cannot."""

    def __init__(self, paths, header, columns, na_value):
        self._paths, self._na = paths, na_value
        by_name = {column.name: column for column in columns}
        self._fields = [by_name[name] for name in header]
        used = [c for c in self._fields if c.kind != "unused"]
        self._select = [i for i, c in enumerate(self._fields) if c.kind != "unused"]
        order = {column.name: i for i, column in enumerate(columns)}
        at = sorted(range(len(used)), key=lambda i: order[used[i].name])
        self._numbers = [i for i in at if used[i].kind == "number"]
        self._texts = [i for i in at if used[i].kind == "text"]
        self._used = used
        # The decoder fails on a whole batch and names no line. It never does on lines
        # that match this pattern; what is required and missing shows as NaN or "".
        self._pattern = ",".join(self._field_pattern(c) for c in self._fields)
        self._defaults = [
            [
                c.default
                if c.default is not None
                else ("" if c.kind == "text" else np.nan)
            ]
            for c in used
        ]
        self._required = [used[i].default is None for i in self._numbers]

    def _field_pattern(self, column):
        if column.kind != "number":
            return f"(?:{_TEXT})"
        options = [_NUMBER, f'"{_NUMBER}"']
        if column.default is not None:
            na = re.escape(self._na)
            options += ["", '""', na, f'"{na}"']
        return f"(?:{'|'.join(options)})"

    def parse(self, lines, skipped):
        """Returns x and y of the good lines; bad ones raise, or go to `skipped`."""
        match = tf.strings.regex_full_match(lines, self._pattern)
        lines = tf.cond(
            tf.reduce_all(match),
            lambda: lines,
            lambda: self._without(lines, match, lines, skipped),
        )
        fields = tf.io.decode_csv(
            lines, self._defaults, na_value=self._na, select_cols=self._select
        )
        texts = [fields[i] for i in self._texts]
        good = tf.ones_like(lines, tf.bool)
        if self._numbers:
            numeric = tf.stack([fields[i] for i in self._numbers], axis=1)
            missing = tf.math.is_nan(numeric) & self._required
            good &= ~tf.reduce_any(tf.math.is_inf(numeric) | missing, axis=1)
        else:
            numeric = tf.zeros((tf.size(lines), 0))
        for i in self._texts:
            if self._used[i].default is None:
                good &= fields[i] != ""
        values = (numeric, *texts)
        numeric, *texts = tf.cond(
            tf.reduce_all(good),
            lambda: values,
            lambda: self._without(values, good, lines, skipped),
        )
        return self._arrange(numeric, texts)

    def _without(self, values, good, lines, skipped):
        """Returns the good part of `values`, having told about the other lines."""
        bad = _where(~good, lines)
        if skipped is None:
            told = tf.numpy_function(
                lambda bad: self._explain(bad[0]), [bad], tf.string
            )
            done = tf.debugging.Assert(False, [told])
        else:

            def count(bad):
                details = [functools.partial(self._explain, line) for line in bad]
                skipped.add(len(bad), details)
                return len(bad)

            done = tf.numpy_function(count, [bad], tf.int64)
        with tf.control_dependencies([done]):
            return tf.nest.map_structure(lambda v: _where(good, v), values)

    def _arrange(self, numeric, texts):
        names = [self._used[i].name for i in self._texts]
        strings = dict(zip(names, texts, strict=True))
        targets = [c.name for c in self._used if c.is_target]
        text_target = [strings.pop(name) for name in names if name in targets]
        count = sum(not self._used[i].is_target for i in self._numbers)
        x = tf.ensure_shape(numeric[:, :count], (None, count))
        if strings:
            x = {"numeric": x, **strings} if count else strings
        if not targets:
            return x, None
        y = tf.stack(text_target, axis=1) if text_target else numeric[:, count:]
        return x, tf.ensure_shape(y, (None, len(targets)))

    def _explain(self, line):
        """Returns file, line, column and what is wrong with it."""
        column, problem = self._problem(line)
        path, number = self._find(line)
        where = f"{path}, line {number}" + (f", column {column}" if column else "")
        return f"{where} {problem}"

    def _problem(self, line):
        try:
            text = line.decode("utf-8")
            values = next(csv.reader([text], strict=True))
        except UnicodeDecodeError:
            return None, f"must be UTF-8. Received: {line[:200]!r}"
        except csv.Error:
            return None, f"must close its quotes on the line. Received: {text[:200]!r}"
        if len(values) != len(self._fields):
            return None, (
                f"must have {len(self._fields)} fields. "
                f"Received: {len(values)}: {text[:200]!r}"
            )
        for column, value in zip(self._fields, values, strict=True):
            received = f"Received: {value[:200]!r}"
            if column.kind == "unused":
                continue
            if value in ("", self._na):
                if column.default is None:
                    return column.name, f"must have a value. {received}"
            elif column.kind == "number":
                if not re.fullmatch(_NUMBER, value):
                    return column.name, f"must be a number. {received}"
                if abs(float(value)) > _LARGEST:
                    return column.name, f"must be within float32. {received}"
        return None, f"must quote whole fields only. Received: {text[:200]!r}"

    def _find(self, line):
        """Returns the place of a line: looking for it is cheaper than carrying it."""
        for path in self._paths:
            with _open(path) as file:
                file.readline()  # the header
                for number, other in enumerate(file, start=2):
                    if other.replace(b"\r", b"").removesuffix(b"\n") == line:
                        return path, number
        return " or ".join(self._paths[:3]), "unknown (the file has changed)"
