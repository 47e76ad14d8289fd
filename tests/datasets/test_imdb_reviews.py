import tarfile

import numpy as np
import pytest

from tests.files import write_imdb_reviews
from tfkit.datasets import imdb_reviews


def test_sample_is_balanced_text():
    (x_train, y_train), (x_test, y_test) = imdb_reviews()
    assert x_train.shape == y_train.shape == (2000,)
    assert x_test.shape == y_test.shape == (1000,)
    assert y_train.mean() == y_test.mean() == 0.5
    assert all(isinstance(text, str) and len(text) > 20 for text in x_train)
    assert len(set(x_train) & set(x_test)) < 5


@pytest.mark.parametrize("packed", [False, True])
def test_full_reads_original_format(tmp_path, packed):
    folder = tmp_path / "imdb_reviews"
    write_imdb_reviews(folder)
    if packed:
        with tarfile.open(folder / "aclImdb_v1.tar.gz", "w:gz") as archive:
            archive.add(folder / "aclImdb", "aclImdb")
        (folder / "aclImdb").rename(tmp_path / "elsewhere")
    (x_train, y_train), (x_test, y_test) = imdb_reviews("full", tmp_path)
    assert len(x_train) == len(x_test) == 12
    for text, label in zip(x_train, y_train, strict=True):
        assert ("wonderful" in text) == bool(label)
        assert "Caf\u00e9" in text
    assert y_test.sum() == 6
    assert 0 < np.abs(np.diff(y_train.astype(int))).sum() < 11  # mixed


def test_rejects_missing_class(tmp_path):
    folder = tmp_path / "imdb_reviews"
    write_imdb_reviews(folder)
    for path in (folder / "aclImdb/test/neg").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="test/neg.*Received: .*'test/neg': 0"):
        imdb_reviews("full", tmp_path)


def test_rejects_other_encoding(tmp_path):
    folder = tmp_path / "imdb_reviews"
    write_imdb_reviews(folder)
    (folder / "aclImdb/train/pos/0_0.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="train/pos/0_0.txt must be UTF-8"):
        imdb_reviews("full", tmp_path)


def test_rejects_truncated_archive(tmp_path):
    folder = tmp_path / "imdb_reviews"
    folder.mkdir()
    (folder / "aclImdb_v1.tar.gz").write_bytes(b"\x1f\x8b" + bytes(50))
    with pytest.raises(ValueError, match="not a complete archive"):
        imdb_reviews("full", tmp_path)
