"""Word vectors in the text format of GloVe."""

import gzip
import os
from pathlib import Path

import numpy as np


def read_vectors(path, words=None):
    """Reads word vectors in the text format of GloVe.

    Each line is a word and its numbers, separated by single spaces. A first line of
    just two integers, the header of word2vec's text format, is skipped.

    Args:
        path: The file, UTF-8; gzipped if its name ends in `.gz`.
        words: Words to keep, which saves memory; all by default. Words that the file
            lacks are not in the result.

    Returns:
        `(words, vectors)`: a list of `str` in the order of the file, and an array of
        shape `(len(words), dimensions)`, `float32`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A line has another number of values, a value is no finite number,
            a word comes twice, or the file has no vectors. The message names file and
            line.

    Example:
    >>> tfkit.data.write_vectors("v.txt", ["yes", "no"], np.eye(2))
    >>> tfkit.data.read_vectors("v.txt")[0]
    ['yes', 'no']

    Reference:
        [Pennington et al., 2014](https://aclanthology.org/D14-1162)
    """
    wanted = None if words is None else set(words)
    found, vectors, seen, dimensions = [], [], set(), None
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            parts = line.rstrip("\r\n").rstrip(" ").split(" ")
            if number == 1 and len(parts) == 2 and all(p.isdigit() for p in parts):
                continue
            # A few words of GloVe's largest file contain spaces: the numbers are last.
            dimensions = dimensions or len(parts) - 1
            word = " ".join(parts[:-dimensions]) if dimensions else ""
            if dimensions < 1 or len(parts) - 1 < dimensions:
                raise ValueError(
                    f"{path}, line {number} must have a word and {dimensions} numbers. "
                    f"Received: {line[:60]!r}"
                )
            if wanted is not None and word not in wanted:
                continue
            if word in seen:
                raise ValueError(f"{path}, line {number}: twice. Received: {word!r}")
            try:
                vector = np.array(parts[-dimensions:], dtype="float32")
            except ValueError:
                vector = np.array(np.nan)
            if not np.isfinite(vector).all():
                raise ValueError(
                    f"{path}, line {number} must have {dimensions} finite numbers. "
                    f"Received: {line[:60]!r}"
                )
            seen.add(word)
            found.append(word)
            vectors.append(vector)
    if dimensions is None:
        raise ValueError(f"{path} must have vectors. Received: an empty file")
    return found, np.array(vectors, "float32").reshape(-1, dimensions)


def write_vectors(path, words, vectors):
    """Writes word vectors in the text format of GloVe.

    The file is written under a temporary name and then renamed.

    Args:
        path: The file; an existing one is replaced.
        words: Words without line breaks, each once.
        vectors: Array of shape `(len(words), dimensions)`.

    Raises:
        ValueError: The numbers of words and vectors differ, a word is empty, has white
            space or comes twice, or a value is not finite.

    Example:
    >>> tfkit.data.write_vectors("v.txt", ["yes", "no"], [[0.5, 1.0], [2.0, 0.0]])
    >>> print(open("v.txt").read(), end="")
    yes 0.5 1.0
    no 2.0 0.0

    Reference:
        [Pennington et al., 2014](https://aclanthology.org/D14-1162)
    """
    words, vectors = list(words), np.asarray(vectors, "float32")
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size:
        raise ValueError(
            "Argument `vectors` must have one row of numbers a word. "
            f"Received: {len(words)} words, vectors with shape={vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        row = int(np.argmin(np.isfinite(vectors).all(axis=1)))
        raise ValueError(
            "Argument `vectors` must be finite. "
            f"Received: {vectors[row]} for {words[row]!r}"
        )
    seen = set()
    for word in words:
        if word in seen or word.split() != [word]:
            raise ValueError(
                "Argument `words` must be different words without white space. "
                f"Received: {word!r}"
            )
        seen.add(word)
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", newline="\n") as file:
            for word, vector in zip(words, vectors, strict=True):
                file.write(" ".join([word, *(str(value) for value in vector)]) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
