import gzip
import json
import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfkit.data import tfrecord_dataset, write_tfrecords

COUNT = 100


@pytest.fixture
def folder(tmp_path):
    """100 numbered records in five shards; all are of the same length."""
    numbers = np.arange(COUNT, dtype="float32")
    write_tfrecords({"x": numbers, "y": -numbers}, tmp_path, 5, shuffle=False)
    return tmp_path


def values(dataset):
    xs, ys = zip(*dataset.as_numpy_iterator(), strict=True)
    np.testing.assert_array_equal(np.concatenate(xs), -np.concatenate(ys))
    return np.concatenate(xs).tolist()


def in_order(folder, **kwargs):
    return tfrecord_dataset(folder, "y", shuffle_buffer_size=0, **kwargs)


def test_reads_every_record_once(folder):
    found = values(tfrecord_dataset(folder, "y"))
    assert sorted(found) == list(range(COUNT)) != found


def test_order_of_shards_and_records_without_shuffling(folder):
    found = values(in_order(folder))
    assert found == [i for k in range(5) for i in range(k, COUNT, 5)]


@pytest.mark.parametrize("cache", [False, True])
def test_seed_gives_one_order_a_run_and_a_new_one_a_pass(folder, cache):
    orders = []
    for _ in range(2):
        data = tfrecord_dataset(folder, "y", seed=3, cache=cache)
        orders += [values(data) for _ in range(2)]
    assert orders[0] == orders[2] != orders[1] == orders[3]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(COUNT))


def test_cache_reads_the_files_once(folder):
    data = tfrecord_dataset(folder, "y", cache=True)
    first = values(data)
    for path in folder.iterdir():
        path.unlink()
    second = values(data)
    assert first != second
    assert sorted(first) == sorted(second)


def test_repeat_and_drop_remainder(folder):
    sizes = [len(x) for x, _ in tfrecord_dataset(folder, "y", 80, repeat=2)]
    assert sizes == [80, 80, 40]  # batches run on into the second pass
    data = tfrecord_dataset(folder, "y", 80, repeat=2, drop_remainder=True)
    assert [len(x) for x, _ in data] == [80, 80]
    assert data.cardinality() == 2  # so that `fit` knows it in its first epoch
    endless = tfrecord_dataset(folder, "y", 80, repeat=None)
    assert len(list(endless.take(10))) == 10


def test_element_spec_is_static(tmp_path):
    examples = {
        "image": np.zeros((4, 5, 6), "uint8"),
        "photo": np.zeros((4, 8, 9, 3), "uint8"),
        "vector": np.zeros((4, 7), "float16"),
        "words": [["a"], [], ["b", "c"], ["d"]],
        "label": np.zeros(4, bool),
    }
    write_tfrecords(examples, tmp_path, 1, kinds={"photo": "png"}, ragged=["words"])
    x, y = tfrecord_dataset(tmp_path, "label", 2, drop_remainder=True).element_spec
    assert x["image"] == tf.TensorSpec((2, 5, 6), tf.uint8)
    assert x["photo"] == tf.TensorSpec((2, 8, 9, 3), tf.uint8)
    assert x["vector"] == tf.TensorSpec((2, 7), tf.float16)
    assert x["words"].shape.as_list() == [2, None]
    assert y == tf.TensorSpec((2,), tf.bool)
    x, _ = tfrecord_dataset(tmp_path, "label", 2, features=["image"]).element_spec
    assert x == tf.TensorSpec((None, 5, 6), tf.uint8)  # one feature: no dict


def test_images_come_back(tmp_path, rng):
    smooth = np.linspace(0, 255, 4 * 16 * 16 * 3).reshape(4, 16, 16, 3).astype("uint8")
    noise = rng.integers(256, size=(4, 16, 16)).astype("uint8")
    deep = rng.integers(2**16, size=(4, 3, 3, 1)).astype("uint16")
    examples = {"jpeg": smooth, "png": noise, "deep": deep}
    kinds = {"jpeg": "jpeg", "png": "png", "deep": "png"}
    write_tfrecords(examples, tmp_path, 2, kinds=kinds, shuffle=False)
    data = tfrecord_dataset(tmp_path, batch_size=4, shuffle_buffer_size=0)
    (x,) = data.as_numpy_iterator()
    order = [0, 2, 1, 3]  # two shards, one after the other
    np.testing.assert_array_equal(x["png"], noise[order])
    np.testing.assert_array_equal(x["deep"], deep[order])
    error = x["jpeg"].astype(int) - smooth[order]
    assert 0 < np.abs(error).max() < 12


def test_images_of_any_size_are_resized(tmp_path):
    images = [np.full((h, 8, 3), 10 * h, "uint8") for h in (4, 6)]
    write_tfrecords(
        ({"image": image} for image in images), tmp_path, 1, kinds={"image": "png"}
    )
    with pytest.raises(ValueError, match="`image_size` must be .*Received: .*None"):
        tfrecord_dataset(tmp_path)
    (x,) = tfrecord_dataset(tmp_path, image_size=(5, 4)).as_numpy_iterator()
    assert x.shape == (2, 5, 4, 3)
    assert x.dtype == np.uint8
    assert sorted(x[:, 0, 0, 0]) == [40, 60]


def test_image_files_are_stored_as_they_are(tmp_path, rng):
    pixels = rng.integers(256, size=(6, 5, 3)).astype("uint8")
    files = [tf.io.encode_png(pixels).numpy()]
    (path,) = write_tfrecords({"image": files}, tmp_path, 1, kinds={"image": "png"})
    with open(path, "rb") as file:
        assert files[0] in file.read()
    (x,) = tfrecord_dataset(tmp_path, image_size=(6, 5)).as_numpy_iterator()
    np.testing.assert_array_equal(x[0], pixels)


def test_serialized_protocol_buffers_pass_through(tmp_path):
    records = [str(i).encode() for i in range(9)]
    write_tfrecords(iter(records), tmp_path, 2)
    (x,) = tfrecord_dataset(tmp_path).as_numpy_iterator()
    assert sorted(x) == records
    with pytest.raises(ValueError, match="no named features. Received: .*'label'"):
        tfrecord_dataset(tmp_path, "label")


DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float16", "float32", "float64", "complex64"),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("kind", [None, "tensor"])
def test_every_type_round_trips(tmp_path, rng, dtype, shape, kind):
    bits = rng.integers(256, size=(4, *shape, np.dtype(dtype).itemsize), dtype="uint8")
    array = bits.view(dtype)[..., 0] if dtype != "bool" else bits[..., 0] > 127
    array = np.nan_to_num(array)
    kinds = {"x": kind} if kind else None
    write_tfrecords({"x": array}, tmp_path, 1, kinds=kinds, shuffle=False)
    (x,) = tfrecord_dataset(tmp_path, shuffle_buffer_size=0).as_numpy_iterator()
    assert x.dtype == array.dtype
    np.testing.assert_array_equal(x, array)


LISTS = st.lists(
    st.tuples(
        st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
        st.lists(st.text(st.characters(codec="utf-8")), max_size=3),
        st.binary(max_size=20),
    ),
    min_size=1,
    max_size=100,
)


@settings(max_examples=6, deadline=None)
@given(LISTS, st.sampled_from([None, "GZIP"]))
def test_lists_and_strings_round_trip(tmp_path_factory, table, compression):
    numbers, texts, blobs = map(list, zip(*table, strict=True))
    folder = tmp_path_factory.mktemp("records")
    examples = {
        "n": [np.array(n, "int64") for n in numbers],
        "t": [np.array(t, object) for t in texts],
        "b": blobs,
    }
    write_tfrecords(
        examples,
        folder,
        1,
        ragged=("n", "t"),
        kinds={"t": "string"},
        compression=compression,
        shuffle=False,
    )
    (x,) = tfrecord_dataset(folder, batch_size=100, shuffle_buffer_size=0)
    assert x["n"].to_list() == numbers
    assert [[t.decode() for t in row] for row in x["t"].to_list()] == texts
    assert x["b"].numpy().tolist() == blobs


def damage(path, change):
    data = bytearray(path.read_bytes())
    path.write_bytes(change(data))


def flip(position):
    def change(data):
        data[position] ^= 1
        return data

    return change


def record_bytes(folder):
    return (folder / "data-00000-of-00005.tfrecord").stat().st_size // 20


@pytest.mark.parametrize(
    ("where", "reason"), [(0, "corrupted record"), (20, "corrupted record")]
)
def test_corrupt_record_is_named(folder, where, reason):
    path = folder / "data-00002-of-00005.tfrecord"
    damage(path, flip(7 * record_bytes(folder) + where))
    data = tfrecord_dataset(folder, "y")
    message = f"{path}, record 7 of 20 is truncated or corrupt: {reason}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        list(data)


def test_damaged_shard_is_skipped_and_counted_in_each_pass(folder):
    size = record_bytes(folder)
    damage(folder / "data-00002-of-00005.tfrecord", flip(7 * size + 20))
    damage(folder / "data-00003-of-00005.tfrecord", lambda data: data[: 4 * size + 30])
    damage(folder / "data-00004-of-00005.tfrecord", lambda data: data[: 5 * size])
    data = tfrecord_dataset(folder, "y", on_error="skip")
    lost = [*range(2 + 35, 100, 5), *range(3 + 20, 100, 5), *range(4 + 25, 100, 5)]
    for _ in range(2):
        with pytest.warns(UserWarning, match="tfrecord_dataset skipped 44 bad records"):
            found = values(data)
        assert sorted(found) == sorted(set(range(COUNT)) - set(lost))
        assert data.skipped.count == len(lost) == 44
        told = " ".join(sorted(data.skipped.messages))
        assert "00002-of-00005.tfrecord, record 7 of 20 is truncated or cor" in told
        assert "00003-of-00005.tfrecord, record 4 of 20 is truncated or cor" in told
        assert "record 5 of 20 is truncated or missing: the file ends" in told


def test_whole_shards_are_not_reported(folder):
    data = tfrecord_dataset(folder, "y", on_error="skip")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        values(data)
    assert data.skipped.count == 0


@pytest.mark.parametrize(
    ("extra", "problem"),
    [(30, "corrupt: "), (5, "missing: the file ends"), (0, "missing: the file ends")],
)
def test_truncated_shard_is_named_before_anything_is_read(folder, extra, problem):
    """Cut in the header of a record, or before it, TensorFlow notices nothing."""
    path = folder / "data-00001-of-00005.tfrecord"
    size = record_bytes(folder)
    damage(path, lambda data: data[: 3 * size + extra])
    message = f"{path} must have .* record 3 of 20 is truncated or {problem}"
    with pytest.raises(ValueError, match=message):
        tfrecord_dataset(folder, "y")


def test_truncated_gzip_shard(tmp_path, rng):
    noise = rng.integers(256, size=(50, 100)).astype("uint8")
    (path,) = write_tfrecords({"x": noise}, tmp_path, 1, compression="GZIP")
    with open(path, "r+b") as file:
        file.truncate(3000)
    with pytest.raises(ValueError, match=r"record 2\d of 50 is truncated or corrupt"):
        tfrecord_dataset(tmp_path)
    data = tfrecord_dataset(tmp_path, on_error="skip")
    with pytest.warns(UserWarning, match="skipped 2[0-9] bad records"):
        read = sum(len(x) for x in data)
    assert read + data.skipped.count == 50


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_wrong_compression_is_diagnosed(folder, on_error):
    path = folder / "data-00000-of-00005.tfrecord"
    plain = path.read_bytes()
    path.write_bytes(gzip.compress(plain))
    message = f"{path} must be uncompressed, as features.json says. Received: GZIP"
    with pytest.raises(ValueError, match=message):
        tfrecord_dataset(folder, on_error=on_error)
    path.write_bytes(plain)
    schema = folder / "features.json"
    schema.write_text(schema.read_text().replace("null", '"GZIP"', 1))
    message = "must be compressed with GZIP, .* Received: not GZIP"
    with pytest.raises(ValueError, match=message):
        tfrecord_dataset(folder, on_error=on_error)


def test_missing_shard_and_schema(folder):
    path = folder / "data-00003-of-00005.tfrecord"
    path.unlink()
    with pytest.raises(FileNotFoundError, match="data-00003.*one of the 5 shards"):
        tfrecord_dataset(folder)
    (folder / "features.json").unlink()
    with pytest.raises(FileNotFoundError, match="There is no .*features.json"):
        tfrecord_dataset(folder)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 1}', '{"version": 9, "features": null}']
)
def test_foreign_schema(folder, content):
    (folder / "features.json").write_text(content)
    with pytest.raises(ValueError, match=r"features.json must be a schema.*Received"):
        tfrecord_dataset(folder)


def test_schema_of_other_features_names_the_record(folder):
    schema = json.loads((folder / "features.json").read_text())
    schema["features"]["z"] = schema["features"].pop("x")
    (folder / "features.json").write_text(json.dumps(schema))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Feature: z .*required"):
        list(tfrecord_dataset(folder))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "z"}, "Received: features=.*target='z'"),
        ({"target": "x", "features": ["x"]}, "name different features"),
        ({"features": []}, "name different features"),
        ({"batch_size": 0}, "Received: batch_size=0"),
        ({"cycle_length": 0}, "Received: cycle_length=0"),
        ({"shuffle_buffer_size": -1}, "Received: shuffle_buffer_size=-1"),
        ({"repeat": 0}, "Received: repeat=0"),
        ({"on_error": "ignore"}, "Received: on_error='ignore'"),
    ],
)
def test_rejects_bad_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        tfrecord_dataset(folder, **arguments)
