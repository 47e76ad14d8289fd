"""Dates: written in many forms, and in ISO 8601."""

import datetime

import numpy as np

from tfkit._checks import check_one_of, check_positive_int

SAMPLE = "generated dates in written forms and in ISO 8601, as the exercise asks"
FULL = SAMPLE
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
WEEKDAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
FORMS = {
    "long": "{month} {day:02d}, {year}",
    "long_day_first": "{day} {month} {year}",
    "short": "{month:.3} {day}, {year}",
    "short_day_first": "{day} {month:.3} {year}",
    "ordinal": "{month} {day}{suffix}, {year}",
    "ordinal_of": "the {day}{suffix} of {month} {year}",
    "weekday": "{weekday}, {month} {day}, {year}",
    "upper": "{day:02d}-{upper:.3}-{year}",
    "slashes": "{number}/{day}/{year}",
    "dots": "{day}.{number}.{year}",
}


def dates(count=10_000, test=2_000, forms=None, years=(1000, 9999), seed=42):
    """Generates dates in written forms, to be translated to ISO 8601.

    Every form is as likely as the others. Where digits alone would be ambiguous, the
    sign between them decides: "4/22/2019" has the month first, "22.4.2019" the day. All
    dates differ, so that no test date is in the training data in whatever form.
    The exercise has its data generated, so there are no original files to load.

    | form | example |
    |---|---|
    | `"long"`, the only one in the book's notebook | April 22, 2019 (May 05, 2019) |
    | `"long_day_first"` | 22 April 2019 |
    | `"short"` | Apr 22, 2019 |
    | `"short_day_first"` | 22 Apr 2019 |
    | `"ordinal"` | April 22nd, 2019 |
    | `"ordinal_of"` | the 22nd of April 2019 |
    | `"weekday"` | Monday, April 22, 2019 |
    | `"upper"` | 22-APR-2019 |
    | `"slashes"` | 4/22/2019 |
    | `"dots"` | 22.4.2019 |

    Args:
        count: Number of training dates.
        test: Number of test dates.
        forms: Names of the forms to draw from. All by default.
        years: First and last year, from 1000 (four digits) to 9999.
        seed: Seed of the generator.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: written dates and ISO dates, object
        arrays of `str` of shapes `(count,)` and `(test,)`.

    Raises:
        TypeError: `count` or `test` is no integer.
        ValueError: There is no such form, the years are out of range or out of order,
            or they have fewer than `count + test` days.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.dates(forms=["long"])
    >>> x_train[0], y_train[0]
    ('June 26, 4597', '4597-06-26')

    Reference:
        Hands-On ML (2nd ed.), chapter 16, exercise 9
    """
    check_positive_int("count", count)
    check_positive_int("test", test)
    forms = tuple(FORMS) if forms is None else tuple(forms)
    for form in forms:
        check_one_of("forms", form, tuple(FORMS))
    if not forms:
        raise ValueError(f"Argument `forms` must not be empty. Received: {forms}")
    first, last = years
    if not 1000 <= first <= last <= 9999:
        raise ValueError(
            "Argument `years` must be a first and a last year between 1000 and 9999. "
            f"Received: years={tuple(years)}"
        )
    start = datetime.date(first, 1, 1).toordinal()
    days = datetime.date(last, 12, 31).toordinal() - start + 1
    if count + test > days:
        raise ValueError(
            f"Arguments `count` and `test` must not ask for more than the {days} days "
            f"of `years`. Received: count={count}, test={test}"
        )
    rng = np.random.default_rng(seed)
    ordinals = start + rng.choice(days, size=count + test, replace=False)
    chosen = rng.integers(len(forms), size=count + test)
    written, iso = np.empty((2, count + test), dtype=object)
    for i, (ordinal, form) in enumerate(zip(ordinals, chosen, strict=True)):
        date = datetime.date.fromordinal(int(ordinal))
        written[i] = _write(date, FORMS[forms[form]])
        iso[i] = date.isoformat()
    return (written[:count], iso[:count]), (written[count:], iso[count:])


def _write(date, form):
    month = MONTHS[date.month - 1]
    if 10 < date.day < 20:
        suffix = "th"
    else:
        suffix = {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10, "th")
    return form.format(
        day=date.day,
        suffix=suffix,
        month=month,
        upper=month.upper(),
        number=date.month,
        year=date.year,
        weekday=WEEKDAYS[date.weekday()],
    )
