import gzip

import numpy as np
import pytest

from tests.files import write_idx
from tfkit.datasets import _files, mnist
from tfkit.datasets._files import Origin, data_folder, originals, read_idx

ORIGIN = Origin("a.bin", "file:///nowhere/a.bin", "0" * 64)


def test_folder_prefers_argument_then_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("TFKIT_DATA", "/data")
    assert str(data_folder("mnist")) == "/data/mnist"
    assert data_folder("mnist", tmp_path) == tmp_path / "mnist"
    monkeypatch.delenv("TFKIT_DATA")
    assert str(data_folder("mnist")).endswith(".cache/tfkit/mnist")


def test_missing_file_says_what_to_put_where(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        originals("thing", [ORIGIN], tmp_path)
    for part in ("a.bin", "file:///nowhere/a.bin", "0" * 64, str(tmp_path / "thing")):
        assert part in str(error.value)
    assert list((tmp_path / "thing").iterdir()) == []


def test_a_changing_file_has_no_sum(tmp_path):
    origin = Origin("a.bin", "file:///nowhere/a.bin", None)
    with pytest.raises(FileNotFoundError) as error:
        originals("thing", [origin], tmp_path)
    assert "a.bin  from file:///nowhere/a.bin\n" in str(error.value)
    served = tmp_path / "served.bin"
    served.write_bytes(b"hello")
    origin = Origin("a.bin", served.as_uri(), None)
    (path,) = originals("thing", [origin], tmp_path)
    assert path.read_bytes() == b"hello"


def test_download_is_checked_then_renamed(tmp_path):
    served = tmp_path / "served.bin"
    served.write_bytes(b"hello")
    good = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    origin = Origin("a.bin", served.as_uri(), good)
    (path,) = originals("thing", [origin], tmp_path)
    assert path.read_bytes() == b"hello"
    bad = Origin("b.bin", served.as_uri(), "0" * 64)
    with pytest.raises(FileNotFoundError, match="hash"):
        originals("thing", [bad], tmp_path)
    assert [p.name for p in (tmp_path / "thing").iterdir()] == ["a.bin"]


def test_kaggle_is_asked_for_the_file(tmp_path, monkeypatch):
    import kagglehub

    asked = []

    def download(handle, path):
        asked.append((handle, path))
        if path == "b.csv":
            raise ConnectionError("no network")
        (tmp_path / "cached").write_bytes(b"hello")
        return str(tmp_path / "cached")

    monkeypatch.setattr(kagglehub, "dataset_download", download)
    page = "https://www.kaggle.com/datasets/somebody/something"
    (path,) = originals("thing", [Origin("a.csv", page, None)], tmp_path)
    assert path.read_bytes() == b"hello"
    with pytest.raises(FileNotFoundError, match=f"b.csv  from {page}") as error:
        originals("thing", [Origin("b.csv", page, None)], tmp_path)
    assert "no network" in str(error.value)
    assert asked == [("somebody/something", name) for name in ("a.csv", "b.csv")]


def test_local_file_is_not_downloaded(tmp_path, monkeypatch):
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing/a.bin").write_bytes(b"mine")
    monkeypatch.setattr(_files.keras.utils, "get_file", lambda *a, **k: 1 / 0)
    (path,) = originals("thing", [ORIGIN], tmp_path)
    assert path.read_bytes() == b"mine"


def _rewrite(path, change):
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "must hold"),
        (lambda data: data[:6], "ends inside its header"),
        (lambda data: b"\x00\x00\x0d\x03" + data[4:], "IDX header 00000803"),
    ],
)
def test_rejects_damaged_idx(tmp_path, change, message):
    write_idx(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    _rewrite(path, change)
    with pytest.raises(ValueError, match=message) as error:
        read_idx(path, 3)
    assert str(path) in str(error.value)


def test_rejects_truncated_gzip(tmp_path):
    write_idx(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="not a complete gzip file"):
        read_idx(path, 3)


def test_rejects_what_does_not_fit(tmp_path):
    folder = tmp_path / "mnist"
    write_idx(folder)
    labels = folder / "train-labels-idx1-ubyte.gz"
    original = labels.read_bytes()
    _rewrite(labels, lambda data: data[:8] + bytes([11]) + data[9:])
    with pytest.raises(ValueError, match="Received: 11 at example 0"):
        mnist("full", tmp_path)
    labels.write_bytes(original)
    _rewrite(labels, lambda data: data[:4] + (63).to_bytes(4, "big") + data[8:-1])
    with pytest.raises(ValueError, match="64 images, 63 labels"):
        mnist("full", tmp_path)
    write_idx(folder, shape=(28, 27))
    with pytest.raises(ValueError, match="Received: \\(28, 27\\)"):
        mnist("full", tmp_path)


def test_original_fashion_mnist(original_data):
    folder = data_folder("fashion_mnist", original_data)
    images = read_idx(folder / "train-images-idx3-ubyte.gz", 3)
    assert images.shape == (60_000, 28, 28)
    assert round(float(np.mean(images)), 2) == 72.94  # published mean .2860 * 255
