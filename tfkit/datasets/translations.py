"""Translations: pairs of sentences in two languages."""

import re
import zipfile

import numpy as np

from tfkit.datasets._files import Origin, check_source, data_folder, originals

SAMPLE = "16,000 generated numbers in English and Spanish words, for sentence pairs"
FULL = "sentence pairs of Tatoeba, the original tab-separated file"
_ADDRESSES = {
    "spa": "http://storage.googleapis.com/download.tensorflow.org/data/spa-eng.zip"
}


def translations(source="sample", data_dir=None, language="spa"):
    """Loads pairs of sentences: English, and the same in another language.

    No package ships sentence pairs: the sample is generated. It has 16,000 whole
    numbers below a million, among them all below 1,000, in English words ("one
    hundred and twenty-two") and in Spanish words with their accents and short forms
    ("ciento veintidós", "veintiún mil"). It is real spelling, but a small language.

    The original files, one a language, hold pairs of Tatoeba: one pair a line, English
    first, with a tab between them and, in newer files, a second tab and a line on who
    wrote them. A sentence with several translations is on several lines. One English
    sentence in ten, by a fixed shuffle, is for testing, with all its translations:
    no English sentence is on both sides.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `translations/`, where "full" looks for the text file
            (`spa.txt`), then for the archive (`spa-eng.zip`), which is read without
            unpacking it. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        language: Three-letter name of the other language in the names of the original
            files, such as "spa" or "fra". The sample is Spanish only.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: English sentences and their
        translations, object arrays of `str` of shape `(n,)`.

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: A line is not a pair of sentences in UTF-8 (the message names file
            and line), the archive lacks the file, `source` is neither, or `language`
            is not of three letters or has no sample.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.translations()
    >>> x_train[5], y_train[5]
    ('three thousand seven hundred and twenty-eight', 'tres mil setecientos veintiocho')

    Reference:
        Hands-On ML (2nd ed.), chapter 16; [Tatoeba](https://tatoeba.org), CC BY 2.0
    """
    check_source(source)
    if not isinstance(language, str) or not re.fullmatch("[a-z]{3}", language):
        raise ValueError(
            "Argument `language` must be three small letters, such as 'spa'. "
            f"Received: language={language!r}"
        )
    if source == "full":
        pairs = _parse(*_original(language, data_dir))
    elif language == "spa":
        pairs = _generate(16_000)
    else:
        raise ValueError(
            'Argument `language` must be "spa" for the sample. '
            f"Received: language={language!r}"
        )
    sentences, group = np.unique([english for english, _ in pairs], return_inverse=True)
    rng = np.random.default_rng(42)
    held_out = rng.permutation(len(sentences)) < len(sentences) // 10
    x, y = np.array(pairs, dtype=object).reshape(-1, 2).T
    order = rng.permutation(len(pairs))
    test = held_out[group[order]]
    return tuple((x[i], y[i]) for i in (order[~test], order[test]))


def _original(language, data_dir):
    """Returns where the text was found, and its bytes."""
    text = data_folder("translations", data_dir) / f"{language}.txt"
    if text.is_file():
        return text, text.read_bytes()
    name = f"{language}-eng.zip"
    url = _ADDRESSES.get(language, f"https://www.manythings.org/anki/{name}")
    # Tatoeba grows, so the archives change: their content is checked, not a sum.
    (path,) = originals("translations", [Origin(name, url, None)], data_dir)
    try:
        with zipfile.ZipFile(path) as archive:
            found = [n for n in archive.namelist() if n.split("/")[-1] == text.name]
            if not found:
                raise ValueError(
                    f"{path} must hold {text.name}. Received: {archive.namelist()}"
                )
            return f"{path}, {found[0]}", archive.read(found[0])
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path} is not a complete zip file: {error}. "
            f"Received: {path.stat().st_size} bytes"
        ) from error


def _parse(where, data):
    pairs = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            parts = line.decode("utf-8-sig" if number == 1 else "utf-8").split("\t")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{where}, line {number} must be UTF-8. Received: {error}"
            ) from error
        if len(parts) not in (2, 3) or not all(part.strip() for part in parts[:2]):
            raise ValueError(
                f"{where}, line {number} must be a sentence, a tab and its "
                f"translation. Received: {line[:80]!r}"
            )
        pairs.append((parts[0].strip(), parts[1].strip()))
    if not pairs:
        raise ValueError(
            f"{where} must hold sentence pairs. Received: {len(data)} bytes"
        )
    return pairs


def _generate(count):
    rng = np.random.default_rng(0)
    above = 1000 + rng.choice(999_000, size=count - 1000, replace=False)
    # Uniform numbers would nearly all have six digits: shorten some.
    shorter = 1000 + above // 10 ** rng.integers(0, 3, size=len(above))
    numbers = np.unique(np.concatenate([np.arange(1000), shorter]))
    numbers = np.union1d(
        numbers, rng.permutation(np.setdiff1d(above, numbers))[: count - len(numbers)]
    )
    return [(_english(int(n)), _spanish(int(n))) for n in numbers]


_ENGLISH = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
_ENGLISH_TENS = (
    *("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty"),
    "ninety",
)


def _english(number):
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _ENGLISH_TENS[tens] + (f"-{_ENGLISH[rest]}" if rest else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    high, rest = divmod(number, unit)
    words = f"{_english(high)} {name}"
    if not rest:
        return words
    return (
        f"{words} and {_english(rest)}" if rest < 100 else f"{words} {_english(rest)}"
    )


_SPANISH = (
    *("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho"),
    *("nueve", "diez", "once", "doce", "trece", "catorce", "quince", "dieciséis"),
    *("diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno", "veintidós"),
    *("veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete"),
    *("veintiocho", "veintinueve"),
)
_SPANISH_TENS = (
    *("", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta"),
    *("ochenta", "noventa"),
)
_SPANISH_HUNDREDS = (
    *("", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos"),
    *("seiscientos", "setecientos", "ochocientos", "novecientos"),
)


def _spanish(number):
    if number < 30:
        return _SPANISH[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _SPANISH_TENS[tens] + (f" y {_SPANISH[rest]}" if rest else "")
    if number == 100:
        return "cien"
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return _SPANISH_HUNDREDS[hundreds] + (f" {_spanish(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    words = "mil"  # never "un mil"
    if thousands > 1:
        # "uno" loses its end before "mil": veintiún mil, treinta y un mil.
        before = _spanish(thousands)
        if before.endswith("veintiuno"):
            before = before.removesuffix("uno") + "ún"
        words = f"{before.removesuffix('o') if before.endswith('uno') else before} mil"
    return words + (f" {_spanish(rest)}" if rest else "")
