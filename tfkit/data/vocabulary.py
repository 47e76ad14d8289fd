"""Vocabularies: characters or words to integers and back."""

import collections
import json
import os
from pathlib import Path

import numpy as np

from tfkit._checks import check_one_of, check_positive_int

PAD, UNKNOWN = 0, 1
FIRST = 2  # the id of the most frequent token
UNKNOWN_TOKEN = "[UNK]"


class _Vocabulary:
    """What both vocabularies share: ids, files, and one text or many."""

    def __init__(self, tokens, lower=False, unknown="error"):
        self.tokens = tuple(tokens)
        self.lower = bool(lower)
        self.unknown = check_one_of("unknown", unknown, ("error", "replace"))
        bad = [token for token in self.tokens if not self._is_token(token)]
        if bad or not self.tokens or len(set(self.tokens)) != len(self.tokens):
            raise ValueError(
                f"Argument `tokens` must be different {self._kind}. Received: "
                f"{bad[:5] or list(self.tokens[:5])}"
                + (", ..." if len(self.tokens) > 5 else "")
            )
        self._ids = {token: FIRST + i for i, token in enumerate(self.tokens)}

    def __len__(self):
        return FIRST + len(self.tokens)

    def __eq__(self, other):
        return type(self) is type(other) and self._content() == other._content()

    __hash__ = None

    @classmethod
    def from_text(cls, texts, lower=False, unknown="error", max_tokens=None):
        """Returns the vocabulary of a text, or of many, the most frequent token first.

        Tokens that are as frequent as each other are in the order of their characters.

        Args:
            texts: One `str`, or any number of them.
            lower: Whether to turn texts to lower case.
            unknown: "error" or "replace"; see the class.
            max_tokens: How many tokens to keep, the most frequent ones. All by default.
        """
        counts = collections.Counter()
        for text in [texts] if isinstance(texts, str) else texts:
            counts.update(cls._split(_checked(text, lower)))
        if not counts:
            raise ValueError("Argument `texts` must not be empty. Received: no tokens")
        if max_tokens is not None:
            check_positive_int("max_tokens", max_tokens)
        order = sorted(counts, key=lambda token: (-counts[token], token))
        return cls(order[:max_tokens], lower, unknown)

    def encode(self, texts):
        """Returns the ids of a text, `int32` of shape `(time,)`; of many, a list.

        Raises:
            TypeError: There is something other than `str`.
            ValueError: A token is unknown, if unknown tokens are errors.
        """
        if not isinstance(texts, str) and np.ndim(texts):
            return [self.encode(text) for text in texts]
        return self._encode(_checked(texts, self.lower))

    def decode(self, ids):
        """Returns the text of ids of shape `(time,)`; of `(n, time)` or a list, a list.

        Padding is left out; an unknown token becomes "[UNK]".

        Raises:
            ValueError: An id is none of this vocabulary.
        """
        if isinstance(ids, list | tuple) and any(np.ndim(part) for part in ids):
            return [self.decode(part) for part in ids]
        ids = np.asarray(ids)
        if ids.ndim == 2:
            return [self.decode(row) for row in ids]
        if ids.size and (
            ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(self)
        ):
            raise ValueError(
                f"Argument `ids` must be integers from 0 to {len(self) - 1}. Received: "
                f"{ids.dtype} from {ids.min()} to {ids.max()}"
            )
        table = ("", UNKNOWN_TOKEN, *self.tokens)
        return self._glue.join(table[i] for i in ids.ravel().tolist() if i != PAD)

    def save(self, path):
        """Writes the vocabulary to a JSON file, at once or not at all."""
        path = Path(path)
        part = path.with_name(f"{path.name}.part")
        text = json.dumps(self._content(), ensure_ascii=False, indent=1)
        part.write_text(text + "\n", encoding="utf-8")
        os.replace(part, path)

    @classmethod
    def load(cls, path):
        """Returns the vocabulary that `save` wrote.

        Raises:
            ValueError: The file is not a vocabulary of this kind.
        """
        text = Path(path).read_text(encoding="utf-8")
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if (
            not isinstance(content, dict)
            or content.pop("vocabulary", 0) != cls.__name__
        ):
            raise ValueError(
                f"{path} must be the JSON file of a {cls.__name__}. "
                f"Received: {text[:40]!r}"
            )
        return cls(**content)

    def _content(self):
        return {
            "vocabulary": type(self).__name__,
            "lower": self.lower,
            "unknown": self.unknown,
            "tokens": list(self.tokens),
        }

    def _refuse(self, token, where):
        raise ValueError(
            f'{self._kind.capitalize()} must be in the vocabulary, or unknown="replace"'
            f". Received: {token!r} at {where}"
        )


class CharVocabulary(_Vocabulary):
    """Characters and their ids.

    Id 0 is padding, 1 an unknown character, and 2 the most frequent one of the text.
    The ids depend on that text alone, not on the process, so a saved vocabulary fits a
    saved model for ever. `len(vocabulary)` is the number of ids, with padding and the
    unknown.

    Methods: `CharVocabulary.from_text(texts, lower=False, unknown="error",
    max_tokens=None)` makes one; `encode` and `decode` take a text (or ids) or a list of
    them; `save(path)` and `CharVocabulary.load(path)` keep it in a JSON file.

    Args:
        tokens: The characters, in the order of their ids.
        lower: Whether `encode` turns texts to lower case.
        unknown: What `encode` does with an unknown character: "error", or "replace" by
            id 1, which `decode` writes as "[UNK]".

    Raises:
        TypeError: Something other than a `str` is to be encoded.
        ValueError: A token is not one character, or is there twice; a character
            is unknown.

    Example:
    >>> vocabulary = tfkit.data.CharVocabulary.from_text("hello")
    >>> vocabulary.tokens, len(vocabulary)
    (('l', 'e', 'h', 'o'), 6)
    >>> vocabulary.encode("hole"), vocabulary.decode([4, 5, 2, 3, 0, 0])
    (array([4, 5, 2, 3], dtype=int32), 'hole')

    Reference:
        Hands-On ML (2nd ed.), chapter 16, "Creating the Training Dataset"
    """

    _kind, _glue = "characters", ""

    def __init__(self, tokens, lower=False, unknown="error"):
        super().__init__(tokens, lower, unknown)
        codes = np.array([ord(token) for token in self.tokens])
        self._order = np.argsort(codes)
        self._codes = codes[self._order]

    @staticmethod
    def _is_token(token):
        return isinstance(token, str) and len(token) == 1

    @staticmethod
    def _split(text):
        return text

    def _encode(self, text):
        # All characters at once: a million take some milliseconds.
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        places = np.searchsorted(self._codes, codes).clip(max=len(self._codes) - 1)
        known = self._codes[places] == codes
        if self.unknown == "error" and not known.all():
            where = int(np.argmin(known))
            self._refuse(text[where], f"character {where}")
        return np.where(known, FIRST + self._order[places], UNKNOWN).astype("int32")


class WordVocabulary(_Vocabulary):
    """Words and their ids.

    Words are what white space parts; `data.tokenize_punctuation` parts punctuation from
    words before. Id 0 is padding, 1 an unknown word, and 2 the most frequent one. The
    ids depend on the text alone, not on the process, so a saved vocabulary fits a saved
    model for ever. `len(vocabulary)` is the number of ids, with padding and the
    unknown.

    Methods: `WordVocabulary.from_text(texts, lower=False, unknown="error",
    max_tokens=None)` makes one; `encode` and `decode` take a text (or ids) or a list of
    them; `save(path)` and `WordVocabulary.load(path)` keep it in a JSON file.

    Args:
        tokens: The words, in the order of their ids.
        lower: Whether `encode` turns texts to lower case.
        unknown: What `encode` does with an unknown word: "error", or "replace" by id 1,
            which `decode` writes as "[UNK]".

    Raises:
        TypeError: Something other than a `str` is to be encoded.
        ValueError: A token is empty, has white space or is there twice; a word
            is unknown.

    Example:
    >>> vocabulary = tfkit.data.WordVocabulary.from_text(["to be or", "not to be"])
    >>> vocabulary.tokens
    ('be', 'to', 'not', 'or')
    >>> vocabulary.encode("not to be"), vocabulary.decode([3, 2, 0])
    (array([4, 3, 2], dtype=int32), 'to be')

    Reference:
        TensorFlow ML Projects, chapter 13; Hands-On ML (2nd ed.), chapter 16
    """

    _kind, _glue = "words", " "

    @staticmethod
    def _is_token(token):
        return isinstance(token, str) and token.split() == [token]

    @staticmethod
    def _split(text):
        return text.split()

    def _encode(self, text):
        words = text.split()
        ids = [self._ids.get(word, UNKNOWN) for word in words]
        if self.unknown == "error" and UNKNOWN in ids:
            where = ids.index(UNKNOWN)
            self._refuse(words[where], f"word {where}")
        return np.array(ids, "int32")


def _checked(text, lower):
    if not isinstance(text, str):
        raise TypeError(f"Texts must be `str`. Received: {text!r}")
    return text.lower() if lower else text
