import numpy as np

from tests.files import write_idx
from tfkit.datasets import fashion_mnist, mnist


def test_sample_is_the_cousin():
    for ours, cousin in zip(fashion_mnist(), mnist(), strict=True):
        np.testing.assert_array_equal(ours[0], cousin[0])
        np.testing.assert_array_equal(ours[1], cousin[1])


def test_full_reads_original_format(tmp_path):
    write_idx(tmp_path / "fashion_mnist", train=30, test=20)
    (x_train, _), (x_test, _) = fashion_mnist("full", data_dir=tmp_path)
    assert x_train.shape == (30, 28, 28)
    assert x_test.shape == (20, 28, 28)


def test_original_files(original_data):
    (x_train, y_train), (x_test, y_test) = fashion_mnist("full", original_data)
    assert x_train.shape == (60_000, 28, 28)
    assert x_test.shape == (10_000, 28, 28)
    np.testing.assert_array_equal(np.bincount(y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [1000] * 10)
