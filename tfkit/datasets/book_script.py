"""Book script: the text of a technical book, for language models of words."""

from tfkit.datasets._files import Origin, check_source, originals
from tfkit.datasets._texts import python_prose, read_text

ORIGINS = [
    Origin(
        "book.txt",
        "https://raw.githubusercontent.com/PacktPublishing/"
        "TensorFlow-Machine-Learning-Projects/master/Chapter13/data/postgre_book.txt",
        "90f894f4d7f05aacd9022878fa74771e0e415acf571bc082345b5f853b9a526f",
    )
]
SAMPLE = "English prose, Python's own help texts, in the place of the book's script"
FULL = "the original 44,000 words of a book on PostgreSQL"


def book_script(source="sample", data_dir=None):
    """Loads the book script: about 100 pages of prose on PostgreSQL.

    The pages are under copyright and ship with no package: the sample is a cousin of
    about 37,000 words, English prose on Python from the help texts that ship with it
    (`pydoc_data.topics`), one paragraph a line, without listings. It is somewhat
    different in each version of Python.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `book_script/`, where "full" looks for `book.txt`, whose
            name at its publisher is `postgre_book.txt`. Any other text under this
            name will do. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        The text, one `str`, with a paragraph or a heading on each line.
        `data.tokenize_punctuation` cuts it into words.

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The file is empty or not UTF-8, or `source` is neither.

    Example:
    >>> text = tfkit.datasets.book_script()
    >>> text[:21], len(text.split()) > 15_000
    ('Assert statements are', True)

    Reference:
        TensorFlow ML Projects, chapter 13
    """
    if check_source(source) == "full":
        return read_text(originals("book_script", ORIGINS, data_dir)[0])
    return "\n".join(" ".join(lines) for lines in python_prose()) + "\n"
