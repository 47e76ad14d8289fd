import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfkit.data import read_vectors, write_vectors

WORD = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Z")), min_size=1, max_size=6
).filter(lambda word: word.split() == [word])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(WORD, min_size=1, max_size=5, unique=True),
    dimensions=st.integers(2, 4),
    data=st.data(),
)
def test_round_trip_is_exact(tmp_path, words, dimensions, data):
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    vectors = data.draw(
        hnp.arrays("float32", (len(words), dimensions), elements=finite)
    )
    write_vectors(tmp_path / "v.txt", words, vectors)
    got_words, got = read_vectors(tmp_path / "v.txt")
    assert got_words == words
    np.testing.assert_array_equal(got, vectors)


def test_keeps_only_wanted_words(tmp_path):
    write_vectors(tmp_path / "v.txt", ["a", "b", "c"], np.eye(3))
    words, vectors = read_vectors(tmp_path / "v.txt", words=["c", "a", "z"])
    assert words == ["a", "c"]
    np.testing.assert_array_equal(vectors, np.eye(3)[[0, 2]])


def test_reads_gzip_header_and_words_with_spaces(tmp_path):
    text = "2 3\nplain 1 2 3\nat name@domain 4 5 6 \n"
    (tmp_path / "v.txt.gz").write_bytes(gzip.compress(text.encode()))
    words, vectors = read_vectors(tmp_path / "v.txt.gz")
    assert words == ["plain", "at name@domain"]
    np.testing.assert_array_equal(vectors, [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have vectors"),
        ("a 1 2\nb 1\n", "line 2 must have a word and 2 numbers. Received: 'b 1"),
        ("a 1 2\nb 1 x\n", "line 2 must have 2 finite numbers"),
        ("a 1 2\nb 1 nan\n", "line 2 must have 2 finite numbers"),
        ("a 1 2\na 3 4\n", "line 2: twice. Received: 'a'"),
        ("alone\n", "line 1 must have a word"),
    ],
)
def test_rejects_damaged_file(tmp_path, text, message):
    path = tmp_path / "v.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_vectors(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("words", "vectors", "message"),
    [
        (["a"], np.eye(2), "1 words"),
        (["a", "b"], np.array([[1.0, 2.0], [np.inf, 0.0]]), "for 'b'"),
        (["a", "a"], np.eye(2), "Received: 'a'"),
        (["a", "b c"], np.eye(2), "Received: 'b c'"),
        (["a", ""], np.eye(2), "Received: ''"),
    ],
)
def test_refuses_to_write(tmp_path, words, vectors, message):
    with pytest.raises(ValueError, match=message):
        write_vectors(tmp_path / "v.txt", words, vectors)
    assert list(tmp_path.iterdir()) == []
