import pytest

from tfkit import _checks
from tfkit._optional import require


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (_checks.check_positive, [1, 0.5], [0, -1, float("nan")]),
        (_checks.check_non_negative, [0, 2.5], [-1, float("nan")]),
        (_checks.check_positive_int, [1, 7], [0, -3]),
        (_checks.check_unit_interval, [0, 0.5, 1], [-0.1, 1.1, float("nan")]),
    ],
)
def test_numbers(check, good, bad):
    for value in good:
        assert check("rate", value) == value
    for value in bad:
        with pytest.raises(ValueError, match=f"`rate`.*Received: rate={value}"):
            check("rate", value)
    for value in ("1", None, True):
        with pytest.raises(TypeError, match=f"`rate`.*Received: {value!r}"):
            check("rate", value)


def test_integers_only():
    with pytest.raises(TypeError, match="integer. Received: 1.5"):
        _checks.check_positive_int("units", 1.5)


def test_options():
    assert _checks.check_one_of("mode", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="'a', 'b'. Received: mode='c'"):
        _checks.check_one_of("mode", "c", ("a", "b"))


def test_rank():
    _checks.check_rank("inputs", (2, 3), 2)
    with pytest.raises(ValueError, match="rank 3. Received: inputs with shape"):
        _checks.check_rank("inputs", (2, 3), 3)


def test_require_names_the_extra():
    assert require("json", "recipes").loads("1") == 1
    with pytest.raises(ImportError, match=r"pip install -e '.\[recipes\]'"):
        require("no_such_package", "recipes")
