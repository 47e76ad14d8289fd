import re

import pytest

from tfkit.datasets._texts import python_prose, read_text


def test_prose_is_prose():
    paragraphs = [" ".join(lines) for lines in python_prose()]
    assert len(set(paragraphs)) == len(paragraphs) > 300
    assert sum(map(len, paragraphs)) > 100_000
    for text in paragraphs:
        assert len(text.split()) >= 8
        assert not re.search(r">>>|::=|^ ", text)
        assert text[-1] in ".:"
    letters = sum(char.isalpha() or char == " " for text in paragraphs for char in text)
    assert letters > 0.9 * sum(map(len, paragraphs))


def test_reads_utf8(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffCaf\u00e9\r\nthere\n".encode())
    assert read_text(path) == "Caf\u00e9\nthere\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"fine\ncaf\xe9\n", "a.txt, line 2 must be UTF-8"), (b" \n", "2 bytes")],
)
def test_rejects(tmp_path, data, message):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_text(path)
