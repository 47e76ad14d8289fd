"""Finds files to read and replaces files atomically."""

import contextlib
import os
from pathlib import Path

import tensorflow as tf


def find_files(files):
    """Returns the paths that `files` names, in order.

    Args:
        files: A path, a pattern with `*`, `?` or `[...]`, or a list of these. The
            matches of a pattern are sorted.

    Raises:
        FileNotFoundError: A path does not exist or a pattern matches nothing.
        ValueError: Nothing is named, a folder is named, or a file is named twice.
    """
    named = [files] if isinstance(files, str | os.PathLike) else list(files)
    if not named:
        raise ValueError(f"Argument `files` must name a file. Received: {files!r}")
    paths = []
    for name in named:
        name = os.path.expanduser(os.fspath(name))
        if tf.io.gfile.isdir(name):
            raise ValueError(
                f"Argument `files` must name files, such as {name}/*.csv. "
                f"Received the folder: {name}"
            )
        if tf.io.gfile.exists(name):
            paths.append(name)
            continue
        matches = sorted(tf.io.gfile.glob(name)) if set(name) & set("*?[") else []
        if not matches:
            kind = (
                "No file matches the pattern" if set(name) & set("*?[") else "No file"
            )
            raise FileNotFoundError(
                f"{kind} {name} (current folder: {os.getcwd()}). "
                "Check the argument `files`."
            )
        paths += matches
    for path in paths:
        if paths.count(path) > 1:
            raise ValueError(f"Argument `files` names a file twice. Received: {path}")
    return paths


@contextlib.contextmanager
def replacing(paths, stale=()):
    """Yields temporary names to write in the place of `paths`.

    When the block ends well the files are flushed to the disk, `stale` files are
    deleted and the new ones get their names. When it does not, only the temporary
    files are deleted; a killed process leaves them, as hidden files that no pattern
    matches and the next run overwrites.
    """
    parts = [path.with_name(f".{path.name}.part") for path in paths]
    try:
        yield parts
        for part in parts:
            with part.open("rb") as file:
                os.fsync(file.fileno())
        for path in stale:
            path.unlink()
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def shard_paths(folder, prefix, shards, suffix):
    """Returns the paths of a set of shards: `folder/prefix-00000-of-00010.suffix`."""
    return [
        Path(folder) / f"{prefix}-{i:05d}-of-{shards:05d}.{suffix}"
        for i in range(shards)
    ]


def existing_shards(folder, prefix, suffix, overwrite):
    """Returns the shards of any number that `folder` already holds.

    Raises:
        FileExistsError: There are some, and `overwrite` is False.
    """
    found = sorted(Path(folder).glob(f"{prefix}-[0-9]*-of-[0-9]*.{suffix}"))
    if found and not overwrite:
        raise FileExistsError(
            f"{folder} already holds {len(found)} shards such as {found[0].name}. "
            "Pass overwrite=True to replace them, or choose another folder."
        )
    return found
