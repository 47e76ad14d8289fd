import tarfile

import numpy as np
import pytest

from tests.files import add_member, write_jsb_chorales
from tfkit.datasets import jsb_chorales


def test_sample_is_four_part_harmony():
    splits = jsb_chorales()
    assert [len(split) for split in splits] == [70, 15, 15]
    for piece in (piece for split in splits for piece in split):
        assert piece.dtype == np.int32
        assert piece.shape[1] == 4
        assert 50 < len(piece) < 640
        assert piece.min() >= 36
        assert piece.max() <= 81
        assert (np.diff(piece, axis=1) <= 2).all()  # voices cross by a passing note
        final = {int(note) % 12 for note in piece[-1]}
        root = int(piece[-1, 3]) % 12
        assert final in (
            {root, (root + third) % 12, (root + 7) % 12} for third in (3, 4)
        )
        leaps = np.abs(np.diff(piece[:, 0]))
        assert leaps.mean() < 2  # the melody moves by steps, mostly
    first, second = (piece.tobytes() for piece in splits[0][:2])
    assert first != second
    assert jsb_chorales()[0][0].tobytes() == first


def test_full_reads_original_format(tmp_path):
    write_jsb_chorales(tmp_path / "jsb_chorales", each=3, steps=40)
    splits = jsb_chorales("full", tmp_path)
    assert [len(split) for split in splits] == [3, 3, 3]
    first = splits[0][0]
    assert first.shape == (40, 4)
    np.testing.assert_array_equal(first[0], [73, 68, 61, 0])
    np.testing.assert_array_equal(first[4], [74, 69, 62, 50])
    np.testing.assert_array_equal(splits[0][1][0], [74, 69, 62, 0])  # by file name


def _write(folder, members):
    folder.mkdir(parents=True)
    with tarfile.open(folder / "jsb_chorales.tgz", "w:gz") as archive:
        for name, text in members.items():
            add_member(archive, name, text.encode())


HEAD = "note0,note1,note2,note3\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c,d\n", "line 1: the columns must be note0,.*Received: a,b,c,d"),
        (HEAD + "60,60,60,60\n60,60\n", "line 3 must have 4 columns. Received: 2"),
        (HEAD + "60,60,60,x\n", "line 2, column note3 .*Received: 'x'"),
        (
            HEAD + "60,35,60,60\n",
            "line 2, column note1 .*from 36 to 81. Received: '35'",
        ),
        (HEAD + "60,60,82,60\n", "line 2, column note2 .*Received: '82'"),
        (HEAD, "must hold notes"),
    ],
)
def test_rejects_damaged_csv(tmp_path, text, message):
    _write(tmp_path / "jsb_chorales", {"train/chorale_000.csv": text})
    with pytest.raises(ValueError, match=message) as error:
        jsb_chorales("full", tmp_path)
    assert "jsb_chorales.tgz, train/chorale_000.csv" in str(error.value)


def test_rejects_damaged_archive(tmp_path):
    _write(tmp_path / "jsb_chorales", {"train/chorale_000.csv": HEAD + "60,60,60,60\n"})
    with pytest.raises(ValueError, match="chorales in valid/.*'train': 1, 'valid': 0"):
        jsb_chorales("full", tmp_path)
    (tmp_path / "jsb_chorales/jsb_chorales.tgz").write_bytes(b"\x1f\x8b" + bytes(20))
    with pytest.raises(ValueError, match="not a complete archive"):
        jsb_chorales("full", tmp_path)


def test_original_file(original_data):
    splits = jsb_chorales("full", original_data)
    assert [len(split) for split in splits] == [229, 76, 77]
    lengths = [len(piece) for split in splits for piece in split]
    assert (min(lengths), max(lengths)) == (100, 640)  # as chapter 15 says
    notes = np.concatenate(splits[0])
    assert notes[notes > 0].min() == 36
    assert notes.max() == 81
