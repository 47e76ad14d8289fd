import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfkit.data import CharVocabulary, WordVocabulary
from tfkit.datasets import tiny_shakespeare

BOTH = pytest.mark.parametrize("kind", [CharVocabulary, WordVocabulary])


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1), st.lists(st.text(), min_size=1))
def test_characters_come_back(text, others):
    vocabulary = CharVocabulary.from_text([text, *others])
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert vocabulary.decode(vocabulary.encode(others)) == list(others)
    assert len(vocabulary) == 2 + len(set(text).union(*others))


def test_words_come_back():
    text = "the cat and the other cat and the dog"
    vocabulary = WordVocabulary.from_text(text)
    assert vocabulary.tokens == ("the", "and", "cat", "dog", "other")
    np.testing.assert_array_equal(vocabulary.encode("the dog"), [2, 5])
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert vocabulary.decode(np.array([[2, 4, 0], [0, 2, 5]])) == ["the cat", "the dog"]


def test_ids_are_by_frequency_then_by_character():
    """The book's `enumerate(set(words))` is another order in every process."""
    vocabulary = CharVocabulary.from_text("bbaaac\u00e9\U0001f600")
    assert vocabulary.tokens == ("a", "b", "c", "\u00e9", "\U0001f600")
    np.testing.assert_array_equal(vocabulary.encode("\U0001f600ab"), [6, 2, 3])
    assert vocabulary.encode("a").dtype == np.int32


@BOTH
def test_file(kind, tmp_path):
    path = tmp_path / "vocabulary.json"
    vocabulary = kind.from_text("a b \u00e9 b", lower=True, unknown="replace")
    vocabulary.save(path)
    vocabulary.save(path)  # over an older one
    loaded = kind.load(path)
    assert loaded == vocabulary
    assert loaded.lower is True
    assert loaded.unknown == "replace"
    assert loaded != kind.from_text("a b \u00e9 b")
    assert [p.name for p in tmp_path.iterdir()] == ["vocabulary.json"]
    assert "\u00e9" in path.read_text(encoding="utf-8")


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "vocabulary.json"
    CharVocabulary("ab").save(path)
    monkeypatch.setattr("os.replace", lambda *names: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        CharVocabulary("abc").save(path)
    assert len(CharVocabulary.load(path)) == 4


def test_load_rejects_another_kind(tmp_path):
    path = tmp_path / "vocabulary.json"
    CharVocabulary("ab").save(path)
    for text in (path.read_text(), "[]", "{", json.dumps({"tokens": []})):
        path.write_text(text)
        with pytest.raises(ValueError, match="JSON file of a WordVocabulary.*Received"):
            WordVocabulary.load(path)


def test_unknown():
    strict = CharVocabulary.from_text("abc")
    with pytest.raises(ValueError, match="Received: 'z' at character 2"):
        strict.encode("abz")
    relaxed = CharVocabulary.from_text("abc", unknown="replace")
    np.testing.assert_array_equal(relaxed.encode("azb\0\uffff"), [2, 1, 3, 1, 1])
    assert relaxed.decode([2, 1, 0]) == "a[UNK]"
    with pytest.raises(ValueError, match="Received: 'C' at word 1"):
        WordVocabulary.from_text("a b c").encode("a C")
    words = WordVocabulary.from_text("a b c", lower=True, unknown="replace")
    np.testing.assert_array_equal(words.encode("A z"), [2, 1])
    assert words.decode([1, 2]) == "[UNK] a"


@BOTH
def test_empty_texts(kind):
    vocabulary = kind.from_text(["a", ""])
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.encode("").dtype == np.int32
    assert [len(ids) for ids in vocabulary.encode(["", "a"])] == [0, 1]
    assert vocabulary.decode([]) == ""
    with pytest.raises(ValueError, match="Received: no tokens"):
        kind.from_text("")
    with pytest.raises(ValueError, match="Received: no tokens"):
        kind.from_text([])


def test_keeps_the_most_frequent():
    vocabulary = WordVocabulary.from_text("c b b a a a", max_tokens=2)
    assert vocabulary.tokens == ("a", "b")
    with pytest.raises(ValueError, match="Received: max_tokens=0"):
        WordVocabulary.from_text("a", max_tokens=0)


def test_arrays_of_texts():
    vocabulary = CharVocabulary("ab")
    texts = np.array(["ab", "b"], dtype=object)
    assert [ids.tolist() for ids in vocabulary.encode(texts)] == [[2, 3], [3]]
    assert vocabulary.encode(np.str_("ab")).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        (CharVocabulary, ["ab"]),
        (CharVocabulary, [""]),
        (CharVocabulary, "aba"),
        (CharVocabulary, []),
        (WordVocabulary, ["a b"]),
        (WordVocabulary, [""]),
        (WordVocabulary, ["a", 3]),
    ],
)
def test_rejects_bad_tokens(kind, tokens):
    with pytest.raises(ValueError, match="must be different .*Received"):
        kind(tokens)


def test_rejects_what_is_no_text_or_id():
    vocabulary = CharVocabulary("ab")
    with pytest.raises(TypeError, match="Received: 3"):
        vocabulary.encode(3)
    with pytest.raises(TypeError, match="Received: b'a'"):
        vocabulary.encode([b"a"])
    for ids in ([4], [-1], [0.5]):
        with pytest.raises(ValueError, match="integers from 0 to 3. Received"):
            vocabulary.decode(ids)
    with pytest.raises(ValueError, match="Received: unknown='ignore'"):
        CharVocabulary("ab", unknown="ignore")


def test_book_ids(original_data):
    """Chapter 16 prints [[20, 6, 9, 8, 3]] for "First", where ids start at 1."""
    text = tiny_shakespeare("full", original_data)
    vocabulary = CharVocabulary.from_text(text, lower=True)
    assert len(vocabulary) == 2 + 39
    np.testing.assert_array_equal(vocabulary.encode("First") - 1, [20, 6, 9, 8, 3])
