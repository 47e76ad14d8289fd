import json

import numpy as np
import pytest
import tensorflow as tf

from tests.files import full_disk, killed_while_writing
from tfkit.data import tfrecord_dataset, write_tfrecords

COLUMNS = {"x": np.arange(10, dtype="float32"), "label": np.arange(10)}


def labels(files, compression=""):
    """The label of each record, by TensorFlow's own parser."""
    found = []
    for record in tf.data.TFRecordDataset(files, compression):
        example = tf.train.Example.FromString(record.numpy())
        (label,) = example.features.feature["label"].int64_list.value
        (x,) = example.features.feature["x"].float_list.value
        assert x == label
        found.append(label)
    return found


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_writes_shuffled_shards_and_a_schema(tmp_path, compression):
    files = write_tfrecords(
        COLUMNS, tmp_path, shards=3, compression=compression, seed=0
    )
    assert [len(labels(path, compression or "")) for path in files] == [4, 3, 3]
    found = labels(files, compression or "")
    assert sorted(found) == list(range(10)) != found
    schema = json.loads((tmp_path / "features.json").read_text())
    assert schema["compression"] == compression
    assert schema["features"]["x"] == {"kind": "float", "dtype": "float32", "shape": []}
    assert [shard["records"] for shard in schema["shards"]] == [4, 3, 3]
    assert len(list(tmp_path.iterdir())) == 4


def test_seed_and_no_shuffle(tmp_path):
    orders = [
        labels(write_tfrecords(COLUMNS, tmp_path / str(i), shards=2, seed=seed))
        for i, seed in enumerate((1, 1, 2))
    ]
    assert orders[0] == orders[1] != orders[2]
    files = write_tfrecords(COLUMNS, tmp_path / "0", 1, shuffle=False, overwrite=True)
    assert labels(files) == list(range(10))


def test_iterables_stream_through_a_buffer(tmp_path, monkeypatch):
    monkeypatch.setattr("tfkit.data.tfrecord_shards._BUFFER", 4)
    stream = ({"x": np.float32(i), "label": i} for i in range(50))
    found = labels(write_tfrecords(stream, tmp_path, shards=1, seed=0))
    assert sorted(found) == list(range(50))
    assert found != sorted(found)


def test_tensor_payload_is_what_serialize_tensor_writes(tmp_path, rng):
    image = rng.integers(256, size=(1, 3, 4)).astype("uint8")
    files = write_tfrecords({"image": image}, tmp_path, shards=1)
    (record,) = tf.data.TFRecordDataset(files)
    example = tf.train.Example.FromString(record.numpy())
    (payload,) = example.features.feature["image"].bytes_list.value
    assert payload == tf.io.serialize_tensor(image[0]).numpy()


def test_overwrite_leaves_no_shard_of_the_old_set(tmp_path):
    write_tfrecords(COLUMNS, tmp_path, shards=4)
    with pytest.raises(FileExistsError, match="already holds 4 shards"):
        write_tfrecords(COLUMNS, tmp_path, shards=2)
    write_tfrecords(COLUMNS, tmp_path, shards=2, overwrite=True)
    assert len(list(tmp_path.iterdir())) == 3


def test_failure_midway_leaves_the_old_set(tmp_path):
    write_tfrecords(COLUMNS, tmp_path, shards=2)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def stream():
        yield {"x": 1.0}
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_tfrecords(stream(), tmp_path, shards=2, overwrite=True, shuffle=False)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def write_much(folder):
    write_tfrecords({"x": np.zeros((20_000, 500), "uint8")}, folder, shards=2)


def test_full_disk_leaves_nothing(tmp_path):
    error = full_disk(write_much, tmp_path / "new")
    assert "File too large" in error
    assert list((tmp_path / "new").iterdir()) == []


def test_killed_writer_leaves_no_final_name(tmp_path):
    killed_while_writing(write_much, tmp_path)
    left = [path.name for path in tmp_path.iterdir()]
    assert left
    assert all(name.startswith(".") and name.endswith(".part") for name in left)
    with pytest.raises(FileNotFoundError, match=r"no .*features.json"):
        tfrecord_dataset(tmp_path)


@pytest.mark.parametrize(
    ("examples", "arguments", "error", "message"),
    [
        ({"a": [1], "b": [1, 2]}, {}, ValueError, "Received: {'a': 1, 'b': 2}"),
        ({}, {}, ValueError, "at least one. Received: {}"),
        (COLUMNS, {"shards": 11}, ValueError, "number of examples, 10. Rec.*shards=11"),
        (COLUMNS, {"compression": "ZIP"}, ValueError, "Received: compression='ZIP'"),
        (COLUMNS, {"kinds": {"z": "int"}}, ValueError, r"Received: \['z'\]"),
        (COLUMNS, {"kinds": {"x": "text"}}, ValueError, "Received: kinds.*'text'"),
        (COLUMNS, {"kinds": {"x": "int"}}, TypeError, "cannot be stored as int.*float"),
        (COLUMNS, {"ragged": ["x"]}, ValueError, "one-dimensional list.*shape=()"),
        ({"a": [object()]}, {}, TypeError, "must hold strings. Received: <object"),
        ({"a": [[1], [1, 2]]}, {}, ValueError, r"example 1 .*`ragged`.*\(2,\)"),
        ([{"a": 1}, {"a": 1.5}], {}, TypeError, "example 1 must be int64.*float64"),
        ([{"a": 1}, {"b": 1}], {}, ValueError, r"Example 1 .*Received: \['b'\]"),
        ([b"x", {"b": 1}], {}, TypeError, "Example 1 must be bytes.*Received: dict"),
        (["x"], {}, TypeError, "dict of columns, or yield dicts or bytes"),
        ([{"a": b"GIF"}], {"kinds": {"a": "png"}}, ValueError, "PNG image. Received"),
    ],
)
def test_rejects(tmp_path, examples, arguments, error, message):
    arguments = {"shards": 1, "shuffle": False, **arguments}
    with pytest.raises(error, match=message):
        write_tfrecords(examples, tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []
