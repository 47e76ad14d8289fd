import numpy as np
import pytest

from tests.files import write_idx
from tfkit.datasets import mnist


def test_sample_is_balanced_and_apart():
    (x_train, y_train), (x_test, y_test) = mnist()
    assert x_train.dtype == x_test.dtype == y_train.dtype == np.uint8
    assert x_train.max() == 255
    np.testing.assert_array_equal(np.bincount(y_train), [400] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [100] * 10)
    train = {x.tobytes() for x in x_train}
    assert sum(x.tobytes() in train for x in x_test) == 0
    again = mnist()[0][0]
    np.testing.assert_array_equal(again, x_train)


def test_full_reads_original_format(tmp_path):
    write_idx(tmp_path / "mnist", train=30, test=20)
    (x_train, y_train), (x_test, y_test) = mnist("full", data_dir=tmp_path)
    assert x_train.shape == (30, 28, 28)
    assert x_test.shape == (20, 28, 28)
    np.testing.assert_array_equal(y_train, np.arange(30) % 10)
    np.testing.assert_array_equal(y_test, np.arange(20) % 10)


def test_rejects_unknown_source():
    with pytest.raises(ValueError, match="Received: source='fully'"):
        mnist("fully")
