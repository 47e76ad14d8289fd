import datetime

import numpy as np
import pytest

from tfkit.datasets import dates
from tfkit.datasets.dates import FORMS, _write

EXAMPLES = {
    "long": "April 22, 2019",
    "long_day_first": "22 April 2019",
    "short": "Apr 22, 2019",
    "short_day_first": "22 Apr 2019",
    "ordinal": "April 22nd, 2019",
    "ordinal_of": "the 22nd of April 2019",
    "weekday": "Monday, April 22, 2019",
    "upper": "22-APR-2019",
    "slashes": "4/22/2019",
    "dots": "22.4.2019",
}
# The inverse of each form, by Python's own parser.
PARSERS = {
    "long": "%B %d, %Y",
    "long_day_first": "%d %B %Y",
    "short": "%b %d, %Y",
    "short_day_first": "%d %b %Y",
    "weekday": "%A, %B %d, %Y",
    "upper": "%d-%b-%Y",
    "slashes": "%m/%d/%Y",
    "dots": "%d.%m.%Y",
}


def test_writes_every_form_as_documented():
    assert set(EXAMPLES) == set(FORMS)
    for form, text in EXAMPLES.items():
        assert _write(datetime.date(2019, 4, 22), FORMS[form]) == text


@pytest.mark.parametrize("form", PARSERS)
def test_written_and_iso_are_the_same_day(form):
    (x, y), _ = dates(200, 1, forms=[form])
    for written, iso in zip(x, y, strict=True):
        parsed = datetime.datetime.strptime(written, PARSERS[form]).date()
        assert parsed.isoformat() == iso


def test_ordinals():
    for day, suffix in [(1, "st"), (2, "nd"), (3, "rd"), (4, "th"), (11, "th")]:
        assert f"{day}{suffix}," in _write(
            datetime.date(2000, 5, day), FORMS["ordinal"]
        )
    for day, suffix in [(12, "th"), (13, "th"), (21, "st"), (30, "th"), (31, "st")]:
        assert f"{day}{suffix} of" in _write(
            datetime.date(2000, 5, day), FORMS["ordinal_of"]
        )


def test_shapes_and_unseen_dates():
    (x_train, y_train), (x_test, y_test) = dates(3000, 500)
    assert x_train.shape == y_train.shape == (3000,)
    assert x_test.shape == y_test.shape == (500,)
    assert len(set(y_train) | set(y_test)) == 3500  # no date twice
    assert "1000" < min(y_train) < max(y_train) <= "9999-12-31"
    again, other = dates(3000, 500), dates(3000, 500, seed=1)
    np.testing.assert_array_equal(again[0][0], x_train)
    assert not np.array_equal(other[0][0], x_train)


def test_covers_every_day_of_a_year():
    (_, y_train), (_, y_test) = dates(365, 1, years=(2020, 2020))
    days = {datetime.date(2020, 1, 1) + datetime.timedelta(i) for i in range(366)}
    assert {*y_train, *y_test} == {day.isoformat() for day in days}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forms": ["roman"]}, "Received: forms='roman'"),
        ({"forms": []}, "must not be empty"),
        ({"years": (999, 2000)}, "Received: years=\\(999, 2000\\)"),
        ({"years": (2001, 2000)}, "Received: years=\\(2001, 2000\\)"),
        ({"years": (2001, 2001)}, "the 365 days.*Received: count=10000, test=2000"),
        ({"count": 0}, "Received: count=0"),
    ],
)
def test_rejects(options, message):
    with pytest.raises(ValueError, match=message):
        dates(**options)
