"""Punctuation as words of its own, and back."""

import re

# Lower case, since the texts are.
TOKENS = {
    ".": "_sym_period_",
    ",": "_sym_comma_",
    '"': "_sym_quote_",
    ";": "_sym_semicolon_",
    "!": "_sym_exclamation_",
    "?": "_sym_question_",
    "(": "_sym_left_parentheses_",
    ")": "_sym_right_parentheses_",
    "--": "_sym_dash_",
    "\n": "_sym_return_",
}
_SIGNS = {token: sign for sign, token in TOKENS.items()}
_PATTERN = re.compile("|".join(map(re.escape, TOKENS)))


def tokenize_punctuation(text, lower=True):
    """Turns punctuation into words of its own.

    Each of `. , " ; ! ? ( ) --` and each line end becomes a word such as
    `_sym_period_`, with spaces around it, so that "word" and "word," are the
    same word. `text.split()` then gives the words.

    Args:
        text: Any text.
        lower: Whether to turn it to lower case, as the book does.

    Returns:
        The text with its tokens.

    Raises:
        TypeError: `text` is no `str`.
        ValueError: `text` has one of the tokens already.

    Example:
    >>> tfkit.data.tokenize_punctuation("Stop! (Now.)").split()[:4]
    ['stop', '_sym_exclamation_', '_sym_left_parentheses_', 'now']

    Reference:
        TensorFlow ML Projects, chapter 13 (whose listing has the spaces in its
        repository, not in print)
    """
    if not isinstance(text, str):
        raise TypeError(f"Argument `text` must be a `str`. Received: {text!r}")
    found = [token for token in _SIGNS if token in text.lower()]
    if found:
        raise ValueError(
            f"Argument `text` must not have the tokens themselves. Received: {found}"
        )
    text = _PATTERN.sub(lambda match: f" {TOKENS[match[0]]} ", text)
    return text.lower() if lower else text


def detokenize_punctuation(words):
    """Turns the words of `tokenize_punctuation` back into a text.

    Spaces are set as in English: none before `. , ; ! ? )` and after `(`, none at the
    ends of lines. Of the quotes of a line, the first opens, the next closes. To
    tokenize the text again gives the same words.

    Args:
        words: A text with tokens, or a list of words.

    Returns:
        The text.

    Raises:
        TypeError: There is a word that is no `str`.

    Example:
    >>> tfkit.data.detokenize_punctuation("stop _sym_exclamation_ _sym_return_ now")
    'stop!\\nnow'

    Reference:
        TensorFlow ML Projects, chapter 13
    """
    words = words.split() if isinstance(words, str) else list(words)
    text, glued, quoted = [], True, False
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"Argument `words` must hold `str`. Received: {word!r}")
        sign = _SIGNS.get(word, word)
        opens = sign == "(" or (sign == '"' and not quoted)
        closes = sign in (*".,;!?)", "\n") or (sign == '"' and quoted)
        if not glued and not closes:
            text.append(" ")
        text.append(sign)
        quoted = quoted != (sign == '"') and sign != "\n"
        glued = opens or sign == "\n"
    return "".join(text)
