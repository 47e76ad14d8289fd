from tfkit.datasets import book_script


def test_sample_has_a_paragraph_a_line():
    text = book_script()
    assert 15_000 < len(text.split()) < 100_000
    assert all(len(line.split()) >= 8 for line in text.splitlines())


def test_full_reads_original_format(tmp_path):
    folder = tmp_path / "book_script"
    folder.mkdir()
    (folder / "book.txt").write_text("Overview\nPostgreSQL is \u201cfree\u201d.\n")
    assert (
        book_script("full", tmp_path) == "Overview\nPostgreSQL is \u201cfree\u201d.\n"
    )


def test_original_file(original_data):
    text = book_script("full", original_data)
    assert len(text.split()) == 43_945
    assert text.startswith("PostgreSQL Overview\n")
