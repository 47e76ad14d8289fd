import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfkit.data import WordVocabulary, detokenize_punctuation, tokenize_punctuation
from tfkit.data.punctuation import TOKENS
from tfkit.datasets import book_script


def test_book_tokens():
    names = ("period", "comma", "quote", "semicolon", "exclamation", "question")
    names += ("left_parentheses", "right_parentheses", "dash", "return")
    assert list(TOKENS) == [*'.,";!?()', "--", "\n"]
    assert list(TOKENS.values()) == [f"_sym_{name}_" for name in names]
    words = tokenize_punctuation('One, "two"--(Three)!\n').split()
    signs = {token: sign for sign, token in TOKENS.items()}
    assert [signs.get(word, word) for word in words] == [
        *("one", ",", '"', "two", '"', "--", "(", "three", ")", "!", "\n")
    ]


def test_detokenized_text_reads_well():
    text = 'he said: "stop (now), or not?" -- she did; then:\n"it\'s fine."\nend'
    assert detokenize_punctuation(tokenize_punctuation(text)) == text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab -.,";!?()\n\t', max_size=60))
def test_words_survive_the_way_back(text):
    words = tokenize_punctuation(text).split()
    again = tokenize_punctuation(detokenize_punctuation(words)).split()
    assert again == words


def test_keeps_case_if_asked():
    assert tokenize_punctuation("A.", lower=False).split() == ["A", "_sym_period_"]


def test_empty_text():
    assert tokenize_punctuation("").split() == []
    assert detokenize_punctuation("") == detokenize_punctuation([]) == ""


def test_rejects():
    with pytest.raises(ValueError, match="Received: \\['_sym_dash_'\\]"):
        tokenize_punctuation("a _Sym_Dash_ b")
    with pytest.raises(TypeError, match="Received: None"):
        tokenize_punctuation(None)
    with pytest.raises(TypeError, match="Received: 3"):
        detokenize_punctuation(["a", 3])


def test_original_book(original_data):
    """The oracle is the book's own preprocessing, run on the book's own file."""
    text = book_script("full", original_data)
    words = tokenize_punctuation(text).split()
    assert len(words) == 50_743
    assert len(set(words)) == 3_583
    assert len(WordVocabulary.from_text(" ".join(words))) == 3_585
    assert tokenize_punctuation(detokenize_punctuation(words)).split() == words
