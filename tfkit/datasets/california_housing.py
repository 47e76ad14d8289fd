"""California housing: prices of districts."""

import csv

import numpy as np

from tfkit.datasets._files import Origin, check_source, originals

ORIGINS = [
    Origin(
        "housing.csv",
        "https://raw.githubusercontent.com/ageron/handson-ml2/master/datasets/"
        "housing/housing.csv",
        "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e",
    )
]
SAMPLE = "4,000 generated districts in the place of California housing"
FULL = "California housing, the original 20,433 complete districts of the 1990 census"
FEATURES = (
    *("MedInc", "HouseAge", "AveRooms", "AveBedrms"),
    *("Population", "AveOccup", "Latitude", "Longitude"),
)
OCEAN_PROXIMITIES = ("<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN")
COLUMNS = (
    *("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms"),
    *("population", "households", "median_income", "median_house_value"),
    "ocean_proximity",
)


def california_housing(source="sample", data_dir=None, ocean_proximity=False):
    """Loads California housing: median house values of districts.

    The eight features, in this order, are MedInc (median income, 10,000 USD),
    HouseAge (median, years), AveRooms and AveBedrms (a household), Population (of the
    district), AveOccup (people a household), Latitude and Longitude (degrees). The
    target is the median house value in 100,000 USD, capped at 5.00001.

    No package ships the census: the sample is generated. Its districts lie along the
    coast and in the valley, with features in the ranges of the real ones; the price
    follows from income, distance to the coast, age, rooms and occupancy by a fixed
    smooth formula, times log-normal noise. It is for trying code, not for conclusions.

    Of the original 20,640 districts, 207 lack their number of bedrooms and are left
    out. One district in four is for testing, by a fixed shuffle.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `california_housing/`, where "full" looks for
            `housing.csv`. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.
        ocean_proximity: Whether to return the category of each district as well.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features of shape `(n, 8)` and targets
        of shape `(n,)`, `float32`. With `ocean_proximity=True`, each x is a dict
        of `"numeric"`, those features, and `"ocean_proximity"`, strings of shape
        `(n,)`: "<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY" or "NEAR OCEAN".

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The header, or a value of the file, is not as it must be (the
            message names file, line and column), or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.california_housing()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((3000, 8), (3000,), (1000, 8))

    Reference:
        Pace and Barry, 1997, "Sparse spatial autoregressions"; Hands-On ML, ch. 2
    """
    if check_source(source) == "full":
        raw, proximity = _read(originals("california_housing", ORIGINS, data_dir)[0])
    else:
        raw, proximity = _generate(4000)
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = (
        raw.T
    )
    x = np.stack(
        [
            *(income, age, rooms / households, bedrooms / households),
            *(population, population / households, latitude, longitude),
        ],
        axis=-1,
    ).astype("float32")
    y = (value / 100_000).astype("float32")
    order = np.random.default_rng(42).permutation(len(x))
    test, train = np.split(order, [len(x) // 4])
    if ocean_proximity:
        return tuple(
            ({"numeric": x[i], "ocean_proximity": proximity[i]}, y[i])
            for i in (train, test)
        )
    return (x[train], y[train]), (x[test], y[test])


def _read(path):
    """Returns the complete rows of `housing.csv`: numbers (n, 9), categories (n,)."""
    numbers, categories = [], []
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = tuple(next(rows, ()))
        if header != COLUMNS:
            raise ValueError(
                f"{path}, line 1: the columns must be {','.join(COLUMNS)}. "
                f"Received: {','.join(header)}"
            )
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(COLUMNS):
                raise ValueError(
                    f"{where} must have {len(COLUMNS)} columns. Received: {len(row)}"
                )
            if row[-1] not in OCEAN_PROXIMITIES:
                raise ValueError(
                    f"{where}, column ocean_proximity must be one of "
                    f"{OCEAN_PROXIMITIES}. Received: {row[-1]!r}"
                )
            if row[4] == "":  # total_bedrooms, unknown in 207 districts
                continue
            values = []
            for column, text in zip(COLUMNS[:-1], row, strict=False):
                try:
                    values.append(float(text))
                except ValueError as error:
                    raise ValueError(
                        f"{where}, column {column} must be a number. Received: {text!r}"
                    ) from error
            numbers.append(values)
            categories.append(row[-1])
    return np.array(numbers), np.array(categories, dtype=object)


def _generate(count):
    rng = np.random.default_rng(1990)
    latitude = rng.choice([34.0, 37.6, 36.5], size=count, p=[0.5, 0.3, 0.2])
    latitude = np.clip(latitude + rng.normal(0, 0.9, count), 32.5, 42.0)
    inland = rng.gamma(1.2, 0.7, count)  # degrees east of the coast
    longitude = -117.2 - 0.83 * (latitude - 32.5) + inland
    income = np.clip(rng.lognormal(1.25, 0.45, count), 0.5, 15.0)
    age = np.clip(rng.normal(30 - 3 * inland, 12, count), 1, 52).round()
    households = np.clip(rng.lognormal(6.0, 0.6, count), 20, 6000).round()
    occupancy = np.clip(rng.normal(2.9, 0.6, count), 1.2, 8.0)
    rooms = np.clip(rng.normal(4.0 + 0.35 * income, 0.8, count), 1.5, 12.0)
    bedrooms = np.clip(rng.normal(1.06, 0.06, count), 0.8, 2.0)
    value = (
        0.6
        * income**0.85
        * (0.55 + 0.9 * np.exp(-1.6 * inland))
        * (1.5 - 0.15 * occupancy)
        * (1 + 0.004 * (age - 28))
        * (1 + 0.25 * np.exp(-((latitude - 37.6) ** 2)))
        * (0.8 + 0.05 * rooms)
        * rng.lognormal(0.0, 0.12, count)
    )
    value = np.clip(value, 0.15, 5.00001) * 100_000
    bay = (abs(latitude - 37.7) < 0.6) & (inland < 0.8)
    proximity = np.select(
        [bay, inland < 0.15, inland < 1.1],
        ["NEAR BAY", "NEAR OCEAN", "<1H OCEAN"],
        "INLAND",
    ).astype(object)
    proximity[(inland < 0.01) & ~bay] = "ISLAND"
    raw = np.stack(
        [
            *(longitude, latitude, age, rooms * households, bedrooms * households),
            *(occupancy * households, households, income, value),
        ],
        axis=-1,
    )
    return raw, proximity
