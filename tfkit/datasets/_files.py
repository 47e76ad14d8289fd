"""Finds, downloads and checks the original files of a data set."""

import gzip
import os
import shutil
import struct
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from tfkit._checks import check_one_of
from tfkit._optional import require

KAGGLE = "https://www.kaggle.com/datasets/"


class Origin(NamedTuple):
    """Where an original file comes from.

    Args:
        file: Name under which it is looked for, in the data set's folder.
        url: Address it is downloaded from; of a data set of Kaggle, that of its page.
        sha256: Checksum of the download, or None where the publisher keeps changing
            the file. Such files, and files that you put in place yourself, are checked
            by their content instead.
    """

    file: str
    url: str
    sha256: str | None


def check_source(source):
    """Raises ValueError unless `source` is "sample" or "full"."""
    return check_one_of("source", source, ("sample", "full"))


def data_folder(name, data_dir=None):
    """Returns the folder of data set `name`: `data_dir`, `$TFKIT_DATA` or the cache."""
    root = data_dir or os.environ.get("TFKIT_DATA") or Path.home() / ".cache/tfkit"
    return Path(root).expanduser() / name


def originals(name, origins, data_dir=None):
    """Returns the paths of the original files, downloading those that are missing.

    Args:
        name: Name of the data set and of its folder.
        origins: One `Origin` a file.
        data_dir: Folder that holds `name`; see `data_folder`.

    Raises:
        FileNotFoundError: A file is neither there nor to be downloaded. The message
            lists what is wanted, where it comes from and where to put it.
    """
    folder = data_folder(name, data_dir)
    missing = [origin for origin in origins if not (folder / origin.file).is_file()]
    for origin in missing:
        try:
            _download(origin, folder)
        except Exception as error:
            wanted = "\n".join(
                f"  {o.file}  from {o.url}" + (f" (sha256 {o.sha256})" * bool(o.sha256))
                for o in missing
            )
            raise FileNotFoundError(
                f"The data set `{name}` wants these files in {folder}:\n{wanted}\n"
                f"Downloading {origin.file} failed: {error}\nPut the files there, or "
                "name the folder above them with `data_dir` or the environment "
                'variable TFKIT_DATA, or use source="sample".'
            ) from error
    return [folder / origin.file for origin in origins]


def _download(origin, folder):
    """Downloads under a temporary name, checks, then renames."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{origin.file}.part"
    try:
        if origin.url.startswith(KAGGLE):
            kagglehub = require("kagglehub", "recipes")
            handle = origin.url.removeprefix(KAGGLE)
            shutil.copy(kagglehub.dataset_download(handle, path=origin.file), part)
        else:
            keras.utils.get_file(
                part.name,
                origin=origin.url,
                file_hash=origin.sha256,
                hash_algorithm="sha256",
                cache_dir=folder.parent,
                cache_subdir=folder.name,
            )
        part.replace(folder / origin.file)
    finally:
        part.unlink(missing_ok=True)


def read_idx(path, rank):
    """Reads a gzipped IDX file of bytes, the format of MNIST, into an array.

    Args:
        path: The `.gz` file.
        rank: Expected number of dimensions.

    Raises:
        ValueError: The file is not gzip, not IDX, of another rank, or cut short.
    """
    try:
        data = gzip.decompress(Path(path).read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(
            f"{path} is not a complete gzip file: {error}. "
            f"Received: {Path(path).stat().st_size} bytes"
        ) from error
    magic = bytes([0, 0, 8, rank])  # two zeros, unsigned bytes, number of dimensions
    if data[:4] != magic:
        raise ValueError(
            f"{path} must start with the IDX header {magic.hex()}. "
            f"Received: {data[:4].hex()}"
        )
    header = 4 + 4 * rank
    if len(data) < header:
        raise ValueError(f"{path} ends inside its header. Received: {len(data)} bytes")
    shape = struct.unpack(f">{rank}I", data[4:header])
    if len(data) - header != np.prod(shape):
        raise ValueError(
            f"{path} must hold {np.prod(shape)} values of shape {shape}. "
            f"Received: {len(data) - header}"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def check_images(path, images, labels, shape, classes):
    """Raises ValueError unless images and labels fit each other and the data set."""
    if images.shape[1:] != shape:
        raise ValueError(
            f"{path} must hold images of shape {shape}. Received: {images.shape[1:]}"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{path} must have one label an image. "
            f"Received: {len(images)} images, {len(labels)} labels"
        )
    if len(labels) and labels.max() >= classes:
        row = int(np.argmax(labels >= classes))
        raise ValueError(
            f"{path}: labels must be below {classes}. "
            f"Received: {labels.flat[row]} at example {row}"
        )


def load_idx(paths, shape=(28, 28), classes=10):
    """Reads the four IDX files of an MNIST-like data set.

    Args:
        paths: Training images, training labels, test images, test labels.
        shape: Expected shape of an image.
        classes: Number of classes.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, arrays of `uint8`.
    """
    splits = []
    for image_path, label_path in (paths[:2], paths[2:]):
        images, labels = read_idx(image_path, 3), read_idx(label_path, 1)
        check_images(image_path, images, labels, shape, classes)
        splits.append((images, labels))
    return tuple(splits)
