import csv
import gzip
import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfkit.data import csv as module
from tfkit.data import csv_dataset, write_csv_shards

AB = {"a": 0.0, "b": 0.0}


@pytest.fixture
def write(tmp_path):
    def write(text, name="rows.csv"):
        path = tmp_path / name
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(path)

    return write


def rows(dataset):
    """Every x and y of a numeric data set, as two arrays."""
    xs, ys = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def read(path, **kwargs):
    return rows(csv_dataset(path, AB, "y", shuffle_buffer_size=0, **kwargs))


def shards(folder, count=100, number=7):
    numbers = np.arange(count, dtype="float32")
    columns = {"a": numbers, "b": -numbers, "y": 2 * numbers}
    write_csv_shards(columns, folder, shards=number, shuffle=False)
    return f"{folder}/data-*.csv"


def test_reads_every_row_once(tmp_path):
    x, y = rows(csv_dataset(shards(tmp_path), AB, "y", 8))
    assert x.dtype == y.dtype == np.float32
    assert x.shape == (100, 2)
    assert y.shape == (100, 1)
    assert not np.array_equal(x[:, 0], np.arange(100))
    np.testing.assert_array_equal(np.sort(x[:, 0]), np.arange(100))
    np.testing.assert_array_equal(x[:, 1], -x[:, 0])
    np.testing.assert_array_equal(y[:, 0], 2 * x[:, 0])


def test_order_of_files_and_rows_without_shuffling(tmp_path):
    x, _ = read(shards(tmp_path))
    np.testing.assert_array_equal(x[:, 0], np.arange(100))


@pytest.mark.parametrize("cache", [False, True])
def test_seed_gives_one_order_a_run_and_a_new_one_a_pass(tmp_path, cache):
    pattern = shards(tmp_path)
    orders = []
    for _ in range(2):
        data = csv_dataset(pattern, AB, "y", seed=3, cache=cache)
        orders += [rows(data)[0][:, 0].tolist() for _ in range(2)]
    assert orders[0] == orders[2] != orders[1] == orders[3]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(100))


def test_rows_move_within_their_window_only(tmp_path):
    pattern = shards(tmp_path, number=1)
    x, _ = rows(csv_dataset(pattern, AB, "y", shuffle_buffer_size=25))
    windows = x[:, 0].reshape(4, 25)
    np.testing.assert_array_equal(np.sort(windows).ravel(), np.arange(100))
    assert (np.diff(windows) < 0).any(axis=1).all()


def test_windows_mix_files(tmp_path):
    pattern = shards(tmp_path, count=4000, number=5)
    x, _ = rows(csv_dataset(pattern, AB, "y", shuffle_buffer_size=2000))
    files = x[:2000, 0] // 800
    assert (np.bincount(files.astype(int), minlength=5) > 200).all()


def test_cache_reads_the_files_once(tmp_path):
    pattern = shards(tmp_path)
    data = csv_dataset(pattern, AB, "y", cache=True)
    first, _ = rows(data)
    for path in tmp_path.iterdir():
        path.unlink()
    second, _ = rows(data)
    assert first[:, 0].tolist() != second[:, 0].tolist()
    np.testing.assert_array_equal(np.sort(first, 0), np.sort(second, 0))


def test_repeat_and_drop_remainder(tmp_path):
    pattern = shards(tmp_path, count=10, number=2)
    sizes = [len(x) for x, _ in csv_dataset(pattern, AB, "y", 8, repeat=2)]
    assert sizes == [8, 8, 4]  # batches run on into the second pass
    data = csv_dataset(pattern, AB, "y", 8, repeat=2, drop_remainder=True)
    assert [len(x) for x, _ in data] == [8, 8]
    endless = csv_dataset(pattern, AB, "y", 8, repeat=None)
    assert len(list(endless.take(50))) == 50


def test_element_spec_is_static(tmp_path):
    pattern = shards(tmp_path)
    schema = {"a": 0.0, "b": "none"}
    x, y = csv_dataset(pattern, schema, "y", 4).element_spec
    assert x["numeric"] == tf.TensorSpec((None, 1))
    assert x["b"] == tf.TensorSpec((None,), tf.string)
    assert y == tf.TensorSpec((None, 1))
    x, y = csv_dataset(pattern, AB, "y", 4, drop_remainder=True).element_spec
    assert x == tf.TensorSpec((4, 2))
    assert y == tf.TensorSpec((4, 1))
    assert csv_dataset(pattern, {**AB, "y": 0}).element_spec == tf.TensorSpec((None, 3))


def test_features_are_in_the_order_of_the_schema(write):
    path = write("y,c,b,a,unused\n5,x,3,2,1\n")
    schema = {"a": 0.0, "c": str, "b": 0.0, "unused": None}
    ((x, y),) = csv_dataset(path, schema, "y").as_numpy_iterator()
    assert x["numeric"].tolist() == [[2, 3]]
    assert x["c"].tolist() == [b"x"]
    assert y.tolist() == [[5]]


def test_several_and_textual_targets(write):
    path = write("a,y,z\n1,2,3\n")
    ((_, y),) = csv_dataset(path, {"a": 0.0}, ["z", "y"]).as_numpy_iterator()
    assert y.tolist() == [[3, 2]]
    schema = {"a": 0.0, "z": None, "y": str}
    ((x, y),) = csv_dataset(path, schema, "y").as_numpy_iterator()
    assert x.tolist() == [[1]]
    assert y.tolist() == [[b"2"]]


def test_missing_values_get_their_defaults(write):
    path = write('a,b,c,y\n,NA,"",1\nNA,2,NA,2\n')
    schema = {"a": 7.5, "b": float("nan"), "c": "none"}
    data = csv_dataset(path, schema, "y", na_value="NA", shuffle_buffer_size=0)
    ((x, _),) = data.as_numpy_iterator()
    np.testing.assert_array_equal(x["numeric"], [[7.5, np.nan], [7.5, 2]])
    assert x["c"].tolist() == [b"none", b"none"]


def test_na_value_that_is_a_number_is_missing(write):
    path = write("a,b,y\n-999,1,2\n3,4,-999\n")
    data = csv_dataset(path, AB, "y", na_value="-999", shuffle_buffer_size=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="line 3, column y must h"):
        list(data)


def test_transform_sees_many_rows_and_keras_layers_work(tmp_path):
    pattern = shards(tmp_path)
    seen = []

    def halve(x):
        seen.append(x.shape)
        return x / 2

    x, y = rows(csv_dataset(pattern, AB, "y", transform=halve))
    assert seen == [(None, 2)]  # traced once, for any number of rows
    np.testing.assert_allclose(4 * x[:, :1], y)
    layer = keras.layers.Normalization()
    layer.adapt(np.array([[0, 0], [100, -100]], "float32"))
    x, _ = rows(csv_dataset(pattern, AB, "y", transform=layer))
    assert abs(x.mean()) < 0.02


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_line_ends_byte_order_mark_blank_lines_and_gzip(write, name):
    path = write("\ufeffa,b,y\r\n1,2,3\r\n\r\n4,5,6\r\n\r\n\n", name)
    x, y = read(path)
    assert x.tolist() == [[1, 2], [4, 5]]
    assert y.tolist() == [[3], [6]]


def test_no_line_end_at_the_end_and_no_rows(write):
    x, _ = read([write("a,b,y\n1,2,3"), write("a,b,y\n", "empty.csv")])
    assert x.tolist() == [[1, 2]]


def test_large_files_are_streamed(write, monkeypatch):
    text = "a,b,y\r\n" + "".join(f"{i},1,2\r\n" for i in range(1000))
    monkeypatch.setattr(module, "_WHOLE", 100)
    x, _ = read(write(text))
    np.testing.assert_array_equal(x[:, 0], np.arange(1000))


def test_cut_gzip_file_is_an_error(tmp_path, write):
    """TensorFlow itself ends such a file in silence."""
    text = "a,b,y\n" + "".join(f"{i},{i * i},2\n" for i in range(20_000))
    path = tmp_path / "cut.csv.gz"
    data = gzip.compress(text.encode())
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(tf.errors.InvalidArgumentError, match="cut.csv.gz is not a com"):
        list(csv_dataset(path, AB, "y", on_error="skip"))


def test_quoted_fields_hold_commas_and_quotes(write):
    path = write('name,"a,b",y\n"Braund, Mr. ""Owen""",1,"2.5"\n')
    schema = {"name": str, "a,b": 0.0}
    ((x, y),) = csv_dataset(path, schema, "y").as_numpy_iterator()
    assert x["name"].tolist() == [b'Braund, Mr. "Owen"']
    assert y.tolist() == [[2.5]]


BAD = {
    "4,x,6": "column b must be a number. Received: 'x'",
    "4,5": "must have 3 fields. Received: 2: '4,5'",
    "4,5,6,7": "must have 3 fields. Received: 4: '4,5,6,7'",
    "4,5,": "column y must have a value. Received: ''",
    "4,nan,6": "column b must be a number. Received: 'nan'",
    "4,5,inf": "column y must be a number. Received: 'inf'",
    "0x1F,5,6": "column a must be a number. Received: '0x1F'",
    "1_000,5,6": "column a must be a number. Received: '1_000'",
    "4,1e39,6": "column b must be within float32. Received: '1e39'",
    "4, ,6": "column b must be a number. Received: ' '",
    "a,b,y": "column a must be a number. Received: 'a'",
    '4,"5,6': "must close its quotes on the line. Received: '4,\"5,6'",
    '4,5"5",6': "column b must be a number. Received: '5\"5\"'",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_row_names_file_line_column_and_value(write, line):
    good = write("a,b,y\n1,2,3\n", "good.csv")
    bad = write(f"a,b,y\r\n1,2,3\r\n\r\n{line}\r\n7,8,9\r\n", "bad.csv")
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        list(csv_dataset([good, bad], AB, "y"))
    message = error.value.message.replace("\\'", "'").replace('\\"', '"')
    where = f"{bad}, line 4"
    assert re.search(re.escape(where) + r",? " + re.escape(BAD[line]), message)


def test_bad_text_rows(write):
    path = write(b'a,c,y\n1,,3\n1,caf\xe9,3\n1,x"y,3\n1,ok,3\n')
    data = csv_dataset(path, {"a": 0.0, "c": str}, "y", on_error="skip")
    with pytest.warns(UserWarning, match="skipped 3 bad rows"):
        ((x, _),) = data.as_numpy_iterator()
    assert x["c"].tolist() == [b"ok"]
    told = " ".join(sorted(data.skipped.messages))
    assert "line 2, column c must have a value. Received: ''" in told
    assert "line 3 must be UTF-8. Received: b'1,caf\\xe9,3'" in told
    assert "line 4 must quote whole fields only. Received: '1,x\"y,3'" in told


def test_skipped_rows_are_counted_and_reported_in_each_pass(write):
    text = "a,b,y\n" + "\n".join(["1,2,3", *BAD, "7,8,9"]) + "\n"
    data = csv_dataset(write(text), AB, "y", on_error="skip")
    for _ in range(2):
        with pytest.warns(
            UserWarning, match=f"csv_dataset skipped {len(BAD)} bad rows"
        ):
            x, _ = rows(data)
        assert sorted(x.tolist()) == [[1, 2], [7, 8]]
        assert data.skipped.count == len(BAD)
        assert len(data.skipped.messages) == 10


def test_good_files_are_not_reported(tmp_path):
    data = csv_dataset(shards(tmp_path), AB, "y", on_error="skip")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        rows(data)
    assert data.skipped.count == 0


def test_fit_names_the_bad_row(write):
    path = write("a,b,y\n1,2,3\n4,x,6\n")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(tf.errors.InvalidArgumentError, match="line 3, column b must"):
        model.fit(csv_dataset(path, AB, "y"), verbose=0)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,y", r"missing: \['b'\]"),
        ("a,b,c,y", r"undeclared: \['c'\]"),
        ("a,A,y", r"missing: \['b'\]; undeclared: \['A'\]"),
        ("a,b,b,y", r"named twice: \['b'\]"),
        ("1,2,3", r"undeclared: \['1', '2', '3'\]"),
        ("a,y,b", r"same order as in .*good.csv.*moved: \['y', 'b'\]"),
        ("", "must start with a header line. Received: nothing"),
        (b"\xff\xfea\0,\0b\0", "line 1 must be a header in UTF-8"),
    ],
)
def test_header_errors_name_file_and_columns(write, header, message):
    good = write("a,b,y\n1,2,3\n", "good.csv")
    end = b"\n" if header and isinstance(header, bytes) else "\n" if header else ""
    bad = write(header + end, "other.csv")
    with pytest.raises(ValueError, match=f"other.csv.*{message}"):
        csv_dataset([good, bad], AB, "y")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"schema": {}}, ValueError, "declares no feature"),
        ({"schema": {"a": float("inf")}}, ValueError, "not be infinite. Received: inf"),
        ({"schema": {"a": True}}, TypeError, "Column 'a' of .*Received: True"),
        ({"schema": {"a": int}}, TypeError, "Received: <class 'int'>"),
        ({"schema": {**AB, "y": 0.0}}, ValueError, "Target column 'y'.*Received: 0.0"),
        ({"schema": {**AB, "numeric": str}}, ValueError, "may be called 'numeric'"),
        ({"schema": {**AB, "z": str}, "target": ["y", "z"]}, ValueError, "all numeric"),
        ({"batch_size": 0}, ValueError, "Received: batch_size=0"),
        ({"cycle_length": 0}, ValueError, "Received: cycle_length=0"),
        ({"repeat": -1}, ValueError, "Received: repeat=-1"),
        ({"shuffle_buffer_size": -1}, ValueError, "Received: shuffle_buffer_size=-1"),
        ({"on_error": "ignore"}, ValueError, "Received: on_error='ignore'"),
        ({"na_value": "a,b"}, ValueError, "Received: na_value='a,b'"),
        ({"na_value": None}, TypeError, "Received: None"),
        ({"files": "none.csv"}, FileNotFoundError, "none.csv"),
    ],
)
def test_rejects_bad_arguments(write, changes, error, message):
    arguments = {"files": write("a,b,y\n1,2,3\n"), "schema": AB, "target": "y"}
    with pytest.raises(error, match=message):
        csv_dataset(**{**arguments, **changes})


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(FLOATS, st.none() | FLOATS, TEXTS), min_size=1, max_size=200))
def test_written_shards_read_back_exactly(tmp_path_factory, table):
    numbers, gaps, texts = map(list, zip(*table, strict=True))
    columns = {"t": texts, "g": gaps, "n": np.array(numbers, "float32")}
    folder = tmp_path_factory.mktemp("csv")
    files = write_csv_shards(columns, folder, shards=min(3, len(table)), shuffle=False)
    schema = {"t": "", "g": float("nan")}
    data = csv_dataset(files, schema, "n", shuffle_buffer_size=0)
    x, y = next(data.as_numpy_iterator())
    expected = np.array([np.nan if g is None else g for g in gaps], "float32")
    np.testing.assert_array_equal(x["numeric"][:, 0], expected)
    assert [t.decode() for t in x["t"]] == texts
    np.testing.assert_array_equal(y[:, 0], columns["n"])


def test_titanic_equals_the_csv_module(original_data):
    path = f"{original_data}/titanic/train.csv"
    schema = {
        "PassengerId": None,
        "Pclass": float,
        "Name": str,
        "Sex": str,
        "Age": float("nan"),
        "SibSp": 0.0,
        "Parch": 0.0,
        "Ticket": None,
        "Fare": 0.0,
        "Cabin": "unknown",
        "Embarked": "S",
    }
    data = csv_dataset(path, schema, "Survived", 100, shuffle_buffer_size=0)
    batches = list(data.as_numpy_iterator())
    x = {k: np.concatenate([x[k] for x, _ in batches]) for k in batches[0][0]}
    with open(path, newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    assert len(expected) == 891
    assert [n.decode() for n in x["Name"]] == [row["Name"] for row in expected]
    assert sum("," in row["Name"] for row in expected) == 891
    cabins = [row["Cabin"] or "unknown" for row in expected]
    assert [c.decode() for c in x["Cabin"]] == cabins
    ages = np.array([float(row["Age"] or "nan") for row in expected], "float32")
    np.testing.assert_array_equal(x["numeric"][:, 1], ages)
    assert np.isnan(ages).sum() == 177
    survived = np.concatenate([y for _, y in batches])
    assert survived[:, 0].tolist() == [float(row["Survived"]) for row in expected]
    # Every age required: the first row without one is the sixth.
    data = csv_dataset(path, {**schema, "Age": float}, "Survived")
    message = "train.csv, line [0-9]+, column Age must have a value"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        list(data)
    data = csv_dataset(path, {**schema, "Age": float}, "Survived", on_error="skip")
    with pytest.warns(UserWarning, match="skipped 177 bad rows"):
        assert sum(len(y) for _, y in data) == 714
