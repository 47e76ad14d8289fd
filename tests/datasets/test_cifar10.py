import pickle
import tarfile

import numpy as np
import pytest

from tests.files import add_member, write_cifar10
from tfkit.datasets import cifar10, mnist


def test_sample_is_the_padded_cousin():
    (x_train, y_train), (x_test, y_test) = cifar10()
    digits = mnist()[0][0]
    for channel in range(3):
        np.testing.assert_array_equal(x_train[:, 2:-2, 2:-2, channel], digits)
    assert x_train[:, :2].max() == 0
    assert y_train.shape == (4000, 1)
    assert x_test.shape == (1000, 32, 32, 3)
    assert y_test.shape == (1000, 1)


def test_full_reads_original_format(tmp_path):
    write_cifar10(tmp_path / "cifar10", batch=3)
    (x_train, y_train), (x_test, y_test) = cifar10("full", tmp_path)
    assert x_train.shape == (15, 32, 32, 3)
    assert x_test.shape == (3, 32, 32, 3)
    np.testing.assert_array_equal(y_train[:4, 0], [0, 1, 2, 0])
    assert y_test.shape == (3, 1)
    # The file stores channel by channel: the first 1,024 bytes are the reds.
    raw = np.random.default_rng(0).integers(256, size=(3, 3072), dtype=np.uint8)
    np.testing.assert_array_equal(x_train[0, :, :, 0].ravel(), raw[0, :1024])


def _write(folder, members):
    folder.mkdir(parents=True)
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name, data in members.items():
            add_member(archive, name, data)


def test_rejects_missing_batches(tmp_path):
    _write(tmp_path / "cifar10", {"cifar-10-batches-py/readme.html": b"hello"})
    with pytest.raises(ValueError, match="must hold .*data_batch_1.*Received: \\[\\]"):
        cifar10("full", tmp_path)


def test_rejects_truncated_archive(tmp_path):
    write_cifar10(tmp_path / "cifar10")
    path = tmp_path / "cifar10/cifar-10-python.tar.gz"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ValueError, match="not the archive of CIFAR-10"):
        cifar10("full", tmp_path)


def test_refuses_code_in_the_pickle(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    name = "cifar-10-batches-py/data_batch_1"
    _write(tmp_path / "cifar10", {name: pickle.dumps(Evil())})
    with pytest.raises(ValueError, match="unexpected object builtins.print"):
        cifar10("full", tmp_path)
