import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from tests.files import write_credit_card
from tfkit.datasets import credit_card
from tfkit.datasets.credit_card import COLUMNS


def test_sample_has_rare_anomalies():
    x, y, time = credit_card()
    assert x.shape == (397, 30)
    assert x.dtype == np.float32
    assert y.dtype == np.uint8
    assert y.sum() == 40
    assert (np.diff(time) > 0).all()
    data = load_breast_cancer()
    known = {tuple(row): t for row, t in zip(data.data, data.target, strict=True)}
    known = {tuple(np.float32(k)): 1 - t for k, t in known.items()}
    assert [known[tuple(row)] for row in x] == y.tolist()
    assert [int(part.sum()) for part in np.array_split(y, 4)] == [10] * 4


@pytest.mark.parametrize("chunk_rows", [7, 1000])
def test_full_reads_original_format(tmp_path, chunk_rows):
    write_credit_card(tmp_path / "credit_card", count=50, frauds=5)
    x, y, time = credit_card("full", tmp_path, chunk_rows)
    assert x.shape == (50, 29)
    assert x.dtype == np.float32
    assert y.sum() == 5
    lines = (tmp_path / "credit_card" / "creditcard.csv").read_text().splitlines()
    rows = np.array([[float(n.strip('"')) for n in r.split(",")] for r in lines[1:]])
    np.testing.assert_array_equal(time, rows[:, 0])
    np.testing.assert_allclose(x, rows[:, 1:-1], rtol=1e-6)
    np.testing.assert_array_equal(y, rows[:, -1])


def edit(path, line, column, value):
    lines = path.read_text().splitlines()
    row = lines[line - 1].split(",")
    row[COLUMNS.index(column)] = value
    lines[line - 1] = ",".join(row)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("chunk_rows", [4, 1000])
@pytest.mark.parametrize(
    ("line", "column", "value", "message"),
    [
        (1, "V7", "V07", "line 1: the columns must be Time,V1,.*Received: Time,V1,"),
        (9, "V7", "", "line 9, column V7 must be a number. Received: nothing"),
        (9, "Amount", "a lot", "line 9, column Amount .* Received: 'a lot'"),
        (9, "V1", "inf", "line 9, column V1 must be a number. Received: "),
        (9, "Class", '"2"', "line 9, column Class must be 0 or 1. Received: 2"),
        (9, "Class", "-1", "line 9, column Class must be 0 or 1. Received: -1"),
        (9, "Class", "", "line 9, column Class must be a number. Received: nothing"),
        (10, "Time", "1", "line 10, column Time must not be before .* Received: 1"),
    ],
)
def test_rejects_damaged_csv(tmp_path, chunk_rows, line, column, value, message):
    write_credit_card(tmp_path / "credit_card", count=20)
    path = tmp_path / "credit_card" / "creditcard.csv"
    edit(path, line, column, value)
    with pytest.raises(ValueError, match=message) as error:
        credit_card("full", tmp_path, chunk_rows)
    assert str(path) in str(error.value)


def test_rejects_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="creditcard.csv.*kaggle.*TFKIT_DATA"):
        credit_card("full", tmp_path)
    folder = tmp_path / "credit_card"
    write_credit_card(folder, count=4)
    path = folder / "creditcard.csv"
    text = path.read_text()
    path.write_text(text.splitlines()[0] + "\n")
    with pytest.raises(ValueError, match="must hold rows. Received: a header alone"):
        credit_card("full", tmp_path)
    path.write_text("")
    with pytest.raises(ValueError, match="must hold rows. Received"):
        credit_card("full", tmp_path)
    path.write_text(text + "1,2,3" + ",0" * 40 + "\n")
    with pytest.raises(ValueError, match="must be a CSV file. Received.*line 6"):
        credit_card("full", tmp_path)
    path.write_text(text + "999999,2,3\n")
    with pytest.raises(ValueError, match="line 6, column V3 must be a number"):
        credit_card("full", tmp_path)


def test_rejects_arguments():
    with pytest.raises(ValueError, match="Received: source='web'"):
        credit_card("web")
    with pytest.raises(ValueError, match="Received: chunk_rows=0"):
        credit_card(chunk_rows=0)
