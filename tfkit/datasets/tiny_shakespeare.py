"""Tiny Shakespeare: one text for language models of characters."""

from tfkit.datasets._files import Origin, check_source, originals
from tfkit.datasets._texts import python_prose, read_text

ORIGINS = [
    Origin(
        "input.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/"
        "tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    )
]
SAMPLE = "English prose, Python's own help texts, in the place of Tiny Shakespeare"
FULL = "Tiny Shakespeare, the original 1,115,394 characters"


def tiny_shakespeare(source="sample", data_dir=None):
    """Loads Tiny Shakespeare: 40,000 lines of his plays as one text.

    No package ships the plays: the sample is a cousin, about 235,000 characters of
    English prose from the help texts that ship with Python (`pydoc_data.topics`),
    without their listings. It is somewhat different in each version of Python.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `tiny_shakespeare/`, where "full" looks for `input.txt`.
            Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        The text, one `str`, in its own casing. Lines end in a newline, and an empty
        line parts speeches (paragraphs, in the sample). Split it in order, such as
        90, 5 and 5 per cent, never at random.

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The file is empty or not UTF-8, or `source` is neither.

    Example:
    >>> text = tfkit.datasets.tiny_shakespeare()
    >>> text[:21], len(text) > 100_000
    ('Assert statements are', True)

    Reference:
        Hands-On ML (2nd ed.), chapter 16; Karpathy, 2015, char-rnn
    """
    if check_source(source) == "full":
        return read_text(originals("tiny_shakespeare", ORIGINS, data_dir)[0])
    return "\n\n".join("\n".join(lines) for lines in python_prose()) + "\n"
