"""Texts: the original files, and the English prose that Python ships."""

import importlib
import re

# Starts like a sentence, ends like one, and has no prompt, grammar or columns.
_PROSE = re.compile(r"(?!.*(?:>>>|::=|\w  +\w))[A-Z\"].*[.:]", re.S)
_PLAIN = re.compile(r"[A-Za-z\s,.\"'()*-]")


def read_text(path):
    """Returns the text of a UTF-8 file.

    Raises:
        ValueError: The file is empty or not UTF-8. The message names file and line.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line} must be UTF-8. Received: {error}"
        ) from error
    if not text.strip():
        raise ValueError(f"{path} must hold a text. Received: {len(data)} bytes")
    return text.replace("\r\n", "\n")


def python_prose():
    """Returns the paragraphs of the help texts that ship with Python, lists of lines.

    Listings, grammar, tables and headings are left out, by their signs and because
    they have few words.
    """
    topics = importlib.import_module("pydoc_data.topics").topics
    seen, paragraphs = set(), []
    for name in sorted(topics):
        for block in topics[name].split("\n\n"):
            text = re.sub(r"^ *(\* |[0-9]+\. )?", "", block, flags=re.M).strip()
            # Topics repeat each other: a paragraph counts once.
            if text in seen or len(text.split()) < 8 or not _PROSE.fullmatch(text):
                continue
            if len(_PLAIN.findall(text)) < 0.93 * len(text):
                continue
            seen.add(text)
            paragraphs.append(text.split("\n"))
    return paragraphs
