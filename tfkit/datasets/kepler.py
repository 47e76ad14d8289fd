"""Kepler: light curves of stars, a few of which have planets."""

import csv

import numpy as np

from tfkit._optional import require
from tfkit.datasets._files import Origin, check_source, originals

PAGE = (
    "https://www.kaggle.com/datasets/keplersmachines/kepler-labelled-time-series-data"
)
ORIGINS = [Origin("exoTrain.csv", PAGE, None), Origin("exoTest.csv", PAGE, None)]
SAMPLE = (
    "light curves of 2,000 stars, 3 % with a planet, computed from the geometry of "
    "transits, in the place of Kepler's"
)
FULL = "Kepler, the original light curves of 5,087 + 570 stars, 42 with a planet"
LENGTH = 3197
COLUMNS = ("LABEL", *(f"FLUX.{i}" for i in range(1, LENGTH + 1)))
CADENCE = 29.4244 / (60 * 24)  # days from one value to the next
CHUNK = 500  # rows read at a time
PERIODS = (1.0, 16.0)  # days, of the orbits of the sample


def kepler(source="sample", data_dir=None):
    """Loads light curves: the brightness of stars over 65 days, every 29.4 minutes.

    A planet that passes in front of its star takes away a little light, at every orbit.

    The sample is generated: 1,200 + 800 stars, 3 % of each with a planet. A transit
    follows from the geometry: the disc of the planet, of 2 to 12 % of the star's
    radius, crosses a star that is darker at its limb (quadratic law), at an impact
    parameter from 0 to 0.8 and with an orbit of 1 to 16 days, whose
    length in stellar radii follows from Kepler's third law for a star like the Sun. To
    each star belong white noise, red noise, and slow drift, outliers upwards (cosmic
    rays) and downwards. Of those without a planet a third imitate one or hide it:
    eclipsing binaries (deep eclipses, of two depths), pulsating and spotted stars, and
    single dips. Brightness is in arbitrary units, over several orders of magnitude
    from star to star, about a mean of 0, as in the original.

    Args:
        source: "sample" or "full".
        data_dir: Folder above `kepler/`, where "full" looks for `exoTrain.csv` and
            `exoTest.csv`. Defaults to `$TFKIT_DATA`, else `~/.cache/tfkit`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: flux of shape `(n, 3197)`, `float32`,
        and labels of shape `(n,)`, `uint8`, 1 for a planet (the files have 2, and 1 for
        none).

    Raises:
        FileNotFoundError: "full" found no file and could not download it.
        ValueError: The header, or a value of a file, is not as it must be (the message
            names file, line and column), or `source` is neither.

    Example:
    >>> (x_train, y_train), (x_test, y_test) = tfkit.datasets.kepler()
    >>> x_train.shape, int(y_train.sum()), x_test.shape, int(y_test.sum())
    ((1200, 3197), 36, (800, 3197), 24)

    Reference:
        TensorFlow ML Projects, chapter 2; transits:
        [Mandel and Agol, 2002](https://arxiv.org/abs/astro-ph/0210099)
    """
    if check_source(source) == "full":
        return tuple(_read(path) for path in originals("kepler", ORIGINS, data_dir))
    return _generate(1200, 36, 2009), _generate(800, 24, 2018)


def _read(path):
    with open(path, newline="", encoding="utf-8") as file:
        header = tuple(next(csv.reader(file), ()))
    if header != COLUMNS:
        wrong = [
            pair for pair in zip(header, COLUMNS, strict=False) if len({*pair}) > 1
        ]
        received = f"{len(header)} columns" + (
            f", {wrong[0][0]!r} in the place of {wrong[0][1]!r}" if wrong else ""
        )
        raise ValueError(
            f"{path}, line 1: the columns must be LABEL,FLUX.1,...,FLUX.{LENGTH}. "
            f"Received: {received}"
        )
    read_csv = require("pandas", "recipes").read_csv
    flux, labels = [], []
    try:
        chunks = read_csv(path, dtype="float32", chunksize=CHUNK, index_col=False)
        for chunk in chunks:
            values = chunk.to_numpy()
            if not np.isfinite(values).all() or not np.isin(values[:, 0], (1, 2)).all():
                raise ValueError(
                    "a value is missing, or a label is neither 1 nor 2. Received: "
                    f"stars {chunk.index[0]} to {chunk.index[-1]}"
                )
            labels.append((values[:, 0] - 1).astype("uint8"))
            flux.append(values[:, 1:])
    except ValueError as error:
        _explain(path)
        raise ValueError(f"{path} does not parse. Received: {error}") from error
    if not sum(map(len, flux)):
        raise ValueError(f"{path} must have a star. Received: no line but the first")
    return np.concatenate(flux), np.concatenate(labels)


def _explain(path):
    """Raises the error of the first bad line; slow, but it can name the line."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(COLUMNS):
                raise ValueError(
                    f"{where} must have {len(COLUMNS)} columns. Received: {len(row)}"
                )
            for column, text in zip(COLUMNS, row, strict=True):
                try:
                    value = float(text)
                except ValueError:
                    value = np.nan
                if not np.isfinite(value):
                    raise ValueError(
                        f"{where}, column {column} must be a finite number. "
                        f"Received: {text!r}"
                    )
                if column == "LABEL" and value not in (1, 2):
                    raise ValueError(
                        f"{where}, column LABEL must be 1, or 2 for a planet. "
                        f"Received: {text!r}"
                    )


def transit(phase, ratio, distance, impact, limb=(0.4, 0.26)):
    """Share of a star's light that is left while a smaller body passes before it.

    Args:
        phase: Phases of a circular orbit, 0 at the middle of the transit, 1 one later.
        ratio: Radius of the body, in radii of the star.
        distance: Radius of the orbit, in radii of the star.
        impact: Least distance of the two centres as seen, in radii of the star.
        limb: The two coefficients of the star's quadratic limb darkening.
    """
    angle = 2 * np.pi * np.asarray(phase)
    apart = np.hypot(
        distance * np.sin(angle), impact * np.cos(angle)
    )  # of the centres, as seen
    apart = np.where(np.cos(angle) > 0, apart, np.inf)  # behind the star otherwise
    # The light under the body's disc, by rings and directions on it.
    # The light changes slowly on the star and fast at its edge.
    edge = np.linspace(1 - ratio, 1 + ratio, 60)
    grid = np.concatenate([np.linspace(0, 1 - ratio, 40)[:-1], edge])
    rings = (np.arange(24) + 0.5) / 24
    directions = (np.arange(36) + 0.5) / 36 * np.pi
    x = grid[:, None, None] + ratio * rings[:, None] * np.cos(directions)
    y = ratio * rings[:, None] * np.sin(directions)
    squared = x**2 + y**2
    mu = np.sqrt(np.clip(1 - squared, 0, 1))
    light = (1 - limb[0] * (1 - mu) - limb[1] * (1 - mu) ** 2) * (squared < 1)
    covered = 2 * ratio**2 * (light.mean(axis=2) * rings).mean(axis=1)
    lost = covered / (1 - limb[0] / 3 - limb[1] / 6)
    return 1 - np.interp(apart, grid, lost, right=0)


def _generate(count, planets, seed):
    rng = np.random.default_rng(seed)
    labels = np.zeros(count, "uint8")
    labels[:planets] = 1
    flux = np.empty((count, LENGTH), "float32")
    impostors = (_binary, _pulsation, _spots, _dip)
    for i in range(count):
        time = np.arange(LENGTH) * CADENCE
        noise = np.exp(rng.uniform(np.log(2e-4), np.log(1.5e-3)))
        light = _noise(rng, noise)
        if labels[i]:
            light *= _planet(rng, time, noise)
            if rng.random() < 0.3:
                light *= 1 + 0.3 * _spots(rng, time)
        elif rng.random() < 1 / 3:
            light *= 1 + impostors[rng.integers(4)](rng, time)
        brightness = np.exp(rng.uniform(np.log(5e2), np.log(5e5)))
        flux[i] = brightness * (light - light.mean())
    order = rng.permutation(count)
    return flux[order], labels[order]


def _noise(rng, scale):
    """White and red noise, drift, and outliers, about 1."""
    white = rng.normal(0, scale, LENGTH)
    # Red noise: white noise that decays over about a day.
    steps = rng.normal(0, 1, LENGTH + 200)
    red = np.convolve(steps, np.exp(-np.arange(200) / 40), "valid")[:LENGTH]
    red *= scale * rng.uniform(0.2, 1.0) / red.std()
    t = np.linspace(-1, 1, LENGTH)
    drift = scale * rng.normal(0, 3, 3) @ np.stack([t, t**2, t**3])
    light = 1 + white + red + drift
    outliers = rng.random(LENGTH) < 0.002
    sign = np.where(rng.random(LENGTH) < 0.8, 1, -1)
    return light + outliers * sign * scale * rng.exponential(8, LENGTH)


def _orbit(rng):
    period = np.exp(rng.uniform(*np.log(PERIODS)))
    # Kepler's third law for the mass and radius of the Sun, 215 radii a year away.
    return period, 215 * (period / 365.25) ** (2 / 3)


def _planet(rng, time, noise):
    period, distance = _orbit(rng)
    impact = rng.uniform(0, 0.8)
    # Not so small that nobody could find it: 8 to 40 times the noise of its mean.
    hours = 24 * period / np.pi * np.sqrt(1 - impact**2) / distance
    inside = (time[-1] / period) * hours / (24 * CADENCE)
    depth = np.exp(rng.uniform(np.log(8), np.log(40))) * noise / np.sqrt(inside)
    ratio = np.clip(np.sqrt(depth), 0.02, 0.12)
    return transit(time / period - rng.random(), ratio, distance, impact)


def _binary(rng, time):
    """Two stars that eclipse each other, at two depths, and stretch each other."""
    period, distance = np.exp(rng.uniform(*np.log((0.5, 16.0)))), rng.uniform(3, 12)
    ratio, impact = rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.9)
    phase = time / period - rng.random()
    share = rng.uniform(0.02, 0.5)  # most binaries share their pixels with a third star
    first = 1 - transit(phase, ratio, distance, impact)
    second = 1 - transit(phase + 0.5, ratio, distance, impact)
    stretch = rng.uniform(0, 0.01) * np.cos(4 * np.pi * phase)
    return share * (stretch - first - rng.uniform(0.2, 0.9) * second)


def _pulsation(rng, time):
    period = np.exp(rng.uniform(np.log(0.1), np.log(2)))
    total = np.zeros(LENGTH)
    for k in range(1, 1 + rng.integers(1, 4)):
        total += np.sin(2 * np.pi * (k * time / period + rng.random())) / k**1.5
    return np.exp(rng.uniform(np.log(1e-3), np.log(5e-2))) * total


def _spots(rng, time):
    """A star that turns, with spots that come and go."""
    period = rng.uniform(3, 25)
    life = 1 + 0.5 * np.sin(2 * np.pi * (time / rng.uniform(30, 90) + rng.random()))
    total = np.zeros(LENGTH)
    for k in (1, 2):
        total += life * np.sin(2 * np.pi * (k * time / period + rng.random())) / k
    return np.exp(rng.uniform(np.log(1e-3), np.log(2e-2))) * total


def _dip(rng, time):
    """One dip, or a jump of the detector that it slowly recovers from."""
    start, depth = rng.uniform(2, time[-1] - 2), np.exp(rng.uniform(-6.5, -4))
    if rng.random() < 0.5:
        length = rng.uniform(0.2, 1.0)
        return -depth * np.exp(-(((time - start) / length) ** 4))
    return (
        -depth * (time > start) * np.exp(-(time - start).clip(0) / rng.uniform(0.5, 5))
    )
