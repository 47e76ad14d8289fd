import zipfile

import numpy as np
import pytest

from tests.files import write_translations
from tfkit.datasets import translations
from tfkit.datasets.translations import _english, _spanish

# Spelled by hand, after the rules of the Real Academia Española.
NUMBERS = {
    0: ("zero", "cero"),
    16: ("sixteen", "dieciséis"),
    21: ("twenty-one", "veintiuno"),
    22: ("twenty-two", "veintidós"),
    31: ("thirty-one", "treinta y uno"),
    100: ("one hundred", "cien"),
    101: ("one hundred and one", "ciento uno"),
    500: ("five hundred", "quinientos"),
    777: ("seven hundred and seventy-seven", "setecientos setenta y siete"),
    999: ("nine hundred and ninety-nine", "novecientos noventa y nueve"),
    1000: ("one thousand", "mil"),
    1001: ("one thousand and one", "mil uno"),
    2100: ("two thousand one hundred", "dos mil cien"),
    21_000: ("twenty-one thousand", "veintiún mil"),
    31_016: ("thirty-one thousand and sixteen", "treinta y un mil dieciséis"),
    100_000: ("one hundred thousand", "cien mil"),
    101_000: ("one hundred and one thousand", "ciento un mil"),
    721_523: (
        "seven hundred and twenty-one thousand five hundred and twenty-three",
        "setecientos veintiún mil quinientos veintitrés",
    ),
}


@pytest.mark.parametrize("number", NUMBERS)
def test_spelling(number):
    assert (_english(number), _spanish(number)) == NUMBERS[number]


def test_spelling_is_one_to_one():
    for spell in (_english, _spanish):
        assert len({spell(n) for n in range(30_000)}) == 30_000


def test_sample():
    (x_train, y_train), (x_test, y_test) = translations()
    assert x_train.shape == y_train.shape == (14_400,)
    assert x_test.shape == y_test.shape == (1600,)
    assert not set(x_train) & set(x_test)
    pairs = dict(zip([*x_train, *x_test], [*y_train, *y_test], strict=True))
    assert len(pairs) == 16_000
    for number in (0, 7, 22, 500, 999):
        assert pairs[_english(number)] == _spanish(number)
    np.testing.assert_array_equal(translations()[0][0], x_train)


@pytest.mark.parametrize("packed", [False, True])
def test_full_reads_original_format(tmp_path, packed):
    folder = tmp_path / "translations"
    write_translations(folder, count=40)
    if packed:
        with zipfile.ZipFile(folder / "spa-eng.zip", "w") as archive:
            archive.write(folder / "spa.txt", "spa-eng/spa.txt")
            archive.writestr("spa-eng/_about.txt", "about")
        (folder / "spa.txt").unlink()
    (x_train, y_train), (x_test, y_test) = translations("full", tmp_path)
    assert len(x_train) + len(x_test) == 40
    assert len(set(x_test)) == 2  # a tenth of the 20 English sentences
    assert len(x_test) == 4  # with both translations of each
    assert not set(x_train) & set(x_test)
    for x, y in zip(x_train, y_train, strict=True):
        assert x.removeprefix("I have ").split()[0] in y  # pairs stay together
    assert any("más" in y for y in y_train)
    assert not any("CC-BY" in y for y in y_train)
    assert len(y_test) == 4


def test_reads_another_language(tmp_path):
    folder = tmp_path / "translations"
    write_translations(folder)
    (folder / "spa.txt").rename(folder / "fra.txt")
    assert len(translations("full", tmp_path, language="fra")[0][0]) > 0
    with pytest.raises(ValueError, match="Received: language='fra'"):
        translations(language="fra")
    with pytest.raises(ValueError, match="Received: language='../x'"):
        translations(language="../x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Go.\tVe.\nHi.Hola.\n", "line 2 must be a sentence, a tab.*b'Hi.Hola.'"),
        (b"Go.\tVe.\nHi.\t \n", "line 2 must be a sentence"),
        (b"Go.\tVe.\tby\tmore\n", "line 1 must be a sentence"),
        (b"Go.\tVe.\nGo.\tV\xe9.\n", "line 2 must be UTF-8"),
        (b"", "must hold sentence pairs. Received: 0 bytes"),
    ],
)
def test_rejects_damaged_text(tmp_path, data, message):
    path = tmp_path / "translations/spa.txt"
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        translations("full", tmp_path)
    assert str(path) in str(error.value)


def test_rejects_damaged_archive(tmp_path):
    path = tmp_path / "translations/spa-eng.zip"
    path.parent.mkdir()
    path.write_bytes(b"<html>Not Acceptable</html>")
    with pytest.raises(ValueError, match="not a complete zip file.*Received: 27 bytes"):
        translations("full", tmp_path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fra.txt", "Go.\tVa !\n")
    with pytest.raises(
        ValueError, match="must hold spa.txt. Received: \\['fra.txt'\\]"
    ):
        translations("full", tmp_path)
