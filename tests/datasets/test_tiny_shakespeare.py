import pytest

from tfkit.datasets import tiny_shakespeare


def test_sample_is_english_in_lines():
    text = tiny_shakespeare()
    assert 100_000 < len(text) < 1_000_000
    assert max(map(len, text.splitlines())) < 120
    assert text.count("the ") > 1000
    assert len(set(text)) < 150


def test_full_reads_original_format(tmp_path):
    folder = tmp_path / "tiny_shakespeare"
    folder.mkdir()
    (folder / "input.txt").write_text("First Citizen:\nSpeak.\n\nAll:\nSpeak.\n")
    assert tiny_shakespeare("full", tmp_path).startswith("First Citizen:\nSpeak.\n")
    (folder / "input.txt").write_text("")
    with pytest.raises(ValueError, match="input.txt must hold a text"):
        tiny_shakespeare("full", tmp_path)


def test_original_file(original_data):
    text = tiny_shakespeare("full", original_data)
    assert len(text) == 1_115_394
    assert len(set(text)) == 65  # as in char-rnn
    assert len(set(text.lower())) == 39  # as in chapter 16
