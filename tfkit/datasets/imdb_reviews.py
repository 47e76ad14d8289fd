"""IMDB reviews: positive or negative opinions of films."""

import re
import tarfile

import numpy as np

from tfkit.datasets._files import Origin, check_source, data_folder, originals

ORIGINS = [
    Origin(
        "aclImdb_v1.tar.gz",
        "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    )
]
SAMPLE = "3,000 generated film reviews in the place of IMDB reviews"
FULL = "IMDB reviews, the original 25,000 + 25,000 texts"
_MEMBER = re.compile(r"(?:.*/)?(train|test)/(pos|neg)/[^/]+\.txt$")


def imdb_reviews(source="sample", data_dir=None):
    """Loads IMDB reviews: texts about films, positive (1) or negative (0).

    No package ships the reviews: the sample is 2,000 + 1,000 generated ones, of 2 to
    12 English sentences from templates. A positive review has mostly praise, a
    negative one mostly blame; both have neutral sentences, some of the other kind, and
    negations ("not at all boring"). It is for trying code, not for conclusions.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `imdb_reviews/`, where "full" looks for the folder
            `aclImdb/` or for `aclImdb_v1.tar.gz`, which is read without unpacking it.
            Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: texts of shape `(n,)`, an object array
        of `str`, and labels of shape `(n,)`, `uint8`, in a fixed random order.

    Raises:
        FileNotFoundError: "full" found no files and could not download them.
        ValueError: A file is damaged or a class is missing, or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.imdb_reviews()
    >>> x_train.shape, y_train.mean(), x_test.shape
    ((2000,), np.float64(0.5), (1000,))

    Reference:
        Maas et al., 2011, "Learning word vectors for sentiment analysis"
    """
    if check_source(source) == "sample":
        return _generate(2000, seed=0), _generate(1000, seed=1)
    folder = data_folder("imdb_reviews", data_dir) / "aclImdb"
    if folder.is_dir():
        return _collect(folder, _read_folder(folder))
    (path,) = originals("imdb_reviews", ORIGINS, data_dir)
    return _collect(path, _read_archive(path))


def _read_folder(folder):
    for path in folder.glob("*/*/*.txt"):
        if match := _MEMBER.match(path.as_posix()):
            yield (*match.groups(), path.name, path.read_bytes())


def _read_archive(path):
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if match := _MEMBER.match(member.name):
                    name = member.name.rsplit("/", 1)[-1]
                    yield (*match.groups(), name, archive.extractfile(member).read())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is not a complete archive: {error}. "
            f"Received: {path.stat().st_size} bytes"
        ) from error


def _collect(path, reviews):
    found = {
        (split, kind): [] for split in ("train", "test") for kind in ("neg", "pos")
    }
    for split, kind, name, data in reviews:
        try:
            found[split, kind].append((name, data.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, {split}/{kind}/{name} must be UTF-8. Received: {error}"
            ) from error
    for (split, kind), texts in found.items():
        if not texts:
            counts = {"/".join(key): len(value) for key, value in found.items()}
            raise ValueError(
                f"{path} must hold reviews in {split}/{kind}/*.txt. Received: {counts}"
            )
    splits = []
    for split in ("train", "test"):
        texts = [
            text for kind in ("neg", "pos") for _, text in sorted(found[split, kind])
        ]
        labels = np.repeat([0, 1], [len(found[split, k]) for k in ("neg", "pos")])
        order = np.random.default_rng(113).permutation(len(texts))
        splits.append(
            (np.array(texts, dtype=object)[order], labels.astype("uint8")[order])
        )
    return tuple(splits)


_PARTS = (
    *("acting", "plot", "script", "music", "ending", "camera work", "dialogue"),
    *("direction", "lead actor", "cast", "story", "pacing", "humour", "costumes"),
)
_GOOD = (
    *("brilliant", "wonderful", "superb", "moving", "clever", "charming", "gripping"),
    *("excellent", "delightful", "memorable", "beautiful", "fresh", "touching"),
)
_BAD = (
    *("terrible", "boring", "awful", "dull", "predictable", "clumsy", "tedious"),
    *("annoying", "lifeless", "ridiculous", "weak", "messy", "forgettable"),
)
_FEELING = (
    "The {part} was {word}.",
    "I found the {part} {word}, and the {part2} was {word2} as well.",
    "What a {word} film!",
    "It is rare to see such {word} {part} in one evening.",
    "Everything about the {part} felt {word}.",
)
_NEGATED = (
    "The {part} was not at all {word}.",
    "Nobody could call the {part} {word}.",
)
_NEUTRAL = (
    "The film was shot in {year}.",
    "I saw it with my sister on a {day}.",
    "It runs for about {minutes} minutes.",
    "The story is about a family in a small town.",
    "There is a long scene on a train.",
    "Two of the actors also wrote the {part}.",
    "We watched it on {day} after dinner.",
)


def _generate(count, seed):
    rng = np.random.default_rng(seed)
    days = ("Friday", "Saturday", "Sunday", "Monday")

    def sentence(positive):
        kind = rng.choice(3, p=[0.55, 0.1, 0.35])
        # A negated sentence praises with the words of blame, and blames with praise.
        words = _GOOD if positive == (kind == 0) else _BAD
        template = rng.choice((_FEELING, _NEGATED, _NEUTRAL)[kind])
        parts, chosen = rng.choice(_PARTS, 2), rng.choice(words, 2)
        return template.format(
            part=parts[0],
            part2=parts[1],
            word=chosen[0],
            word2=chosen[1],
            year=rng.integers(1930, 2012),
            day=rng.choice(days),
            minutes=rng.integers(70, 180),
        )

    labels = rng.permutation(np.arange(count) % 2).astype("uint8")
    texts = [
        " ".join(
            sentence(bool(label) == (rng.random() < 0.85))
            for _ in range(rng.integers(2, 13))
        )
        for label in labels
    ]
    return np.array(texts, dtype=object), labels
