import csv
import glob
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.files import full_disk, killed_while_writing
from tfkit.data import csv_dataset, write_csv_shards

COLUMNS = {"a": np.arange(10.0), "name": [f"n, {i}" for i in range(10)]}


def table(files):
    rows = []
    for path in files:
        with open(path, newline="", encoding="utf-8") as file:
            header, *more = csv.reader(file)
        assert header == list(COLUMNS)
        rows += more
    return rows


def test_splits_evenly_and_keeps_rows_together(tmp_path):
    files = write_csv_shards(COLUMNS, tmp_path / "new", "train", shards=3, seed=0)
    assert files == sorted(glob.glob(f"{tmp_path}/new/train-*-of-00003.csv"))
    assert [len(table([path])) for path in files] == [4, 3, 3]
    rows = table(files)
    assert all(name == f"n, {float(a):.0f}" for a, name in rows)
    assert sorted(float(a) for a, _ in rows) == list(range(10))
    assert [float(a) for a, _ in rows] != list(range(10))


def test_seed_repeats_the_order(tmp_path):
    orders = [
        table(write_csv_shards(COLUMNS, tmp_path / str(i), shards=2, seed=seed))
        for i, seed in enumerate((1, 1, 2))
    ]
    assert orders[0] == orders[1] != orders[2]


def test_types_and_missing_values(tmp_path):
    columns = pd.DataFrame(
        {
            "a": np.array([0.1, np.nan], "float32"),
            "b": [True, False],
            "c": [None, "nan"],
            "d": pd.array(["p", None], dtype="string"),
            "e": np.array([2**53 + 1, 0]),
            "f": [b"x", 0.1],
        }
    )
    (path,) = write_csv_shards(columns, tmp_path, shards=1, shuffle=False)
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[1:] == ["0.1,1,,p,9007199254740993,x", ",0,nan,,0,0.1"]


def test_single_column_keeps_empty_rows(tmp_path):
    files = write_csv_shards({"a": [None, 1.0]}, tmp_path, shards=1, shuffle=False)
    (x,) = csv_dataset(files, {"a": 5.0}, shuffle_buffer_size=0)
    assert x.numpy().tolist() == [[5], [1]]


def test_overwrite_leaves_no_shard_of_the_old_set(tmp_path):
    write_csv_shards(COLUMNS, tmp_path, shards=4)
    with pytest.raises(FileExistsError, match="4 shards such as data-00000-of-00004"):
        write_csv_shards(COLUMNS, tmp_path, shards=2)
    write_csv_shards(COLUMNS, tmp_path, "test", shards=2)  # another prefix is free
    write_csv_shards(COLUMNS, tmp_path, shards=2, overwrite=True)
    assert len(list(tmp_path.iterdir())) == 4
    assert len(table(sorted(glob.glob(f"{tmp_path}/data-*")))) == 10


def test_failure_midway_leaves_the_old_set(tmp_path, monkeypatch):
    files = write_csv_shards(COLUMNS, tmp_path, shards=2, seed=0)
    before = [Path(path).read_text() for path in files]
    real = csv.writer
    opened = []

    def failing(*args, **kwargs):
        opened.append(args)
        if len(opened) == 2:
            raise OSError("disk full")
        return real(*args, **kwargs)

    monkeypatch.setattr("tfkit.data.csv_shards.csv.writer", failing)
    with pytest.raises(OSError, match="disk full"):
        write_csv_shards(COLUMNS, tmp_path, shards=2, overwrite=True)
    assert [Path(path).read_text() for path in files] == before
    assert len(list(tmp_path.iterdir())) == 2


def write_much(folder):
    write_csv_shards({"a": np.arange(300_000.0)}, folder, shards=2)


def test_full_disk_leaves_nothing(tmp_path):
    error = full_disk(write_much, tmp_path / "new")
    assert "File too large" in error
    assert list((tmp_path / "new").iterdir()) == []


def test_killed_writer_leaves_no_final_name(tmp_path):
    killed_while_writing(write_much, tmp_path)
    left = [path.name for path in tmp_path.iterdir()]
    assert left
    assert all(name.startswith(".") and name.endswith(".part") for name in left)
    assert glob.glob(f"{tmp_path}/*") == []
    write_csv_shards(COLUMNS, tmp_path, shards=2)  # takes the place of the remains
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        ({"a": [1.0], "b": [1.0, 2.0]}, {}, "Received: {'a': 1, 'b': 2}"),
        ({}, {}, "at least one. Received: {}"),
        ({"a": [[1.0]]}, {}, r"one-dimensional. Received: shape \(1, 1\)"),
        ({"a": [1.0, np.inf]}, {}, "'a', row 1 must be finite. Received: inf"),
        ({"a": ["x", "y\nz"]}, {}, r"row 1 must hold no line break.*'y\\nz'"),
        ({"a\n": [1.0]}, {}, r"without line breaks. Received: 'a\\n'"),
        ({"a": [1.0]}, {"shards": 2}, "number of rows, 1. Received: shards=2"),
        ({"a": [1.0]}, {"shards": 0}, "Received: shards=0"),
    ],
)
def test_rejects(tmp_path, columns, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_csv_shards(columns, tmp_path, **{"shards": 1, **arguments})
    assert list(tmp_path.iterdir()) == []
