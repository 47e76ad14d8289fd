import sys

import numpy as np
import pytest

from tests.files import write_kepler
from tfkit.datasets import kepler

module = sys.modules["tfkit.datasets.kepler"]


def test_sample_is_the_same_every_time():
    (x_train, y_train), (x_test, _) = kepler()
    few = [module._generate(9, 3, 1) for _ in range(2)]
    for one, other in zip(*few, strict=True):
        np.testing.assert_array_equal(one, other)
    assert x_train.shape == (1200, 3197) and y_train.sum() == 36
    assert x_train.dtype == np.float32 and y_train.dtype == np.uint8
    assert np.isfinite(x_train).all() and np.isfinite(x_test).all()
    spread = x_train.std(axis=1)
    assert spread.max() > 1000 * spread.min()
    np.testing.assert_allclose(x_train.mean(axis=1) / spread, 0, atol=1e-4)
    assert y_train[:36].sum() < 36, "planets are not shuffled"
    # No star of one set is in the other.
    assert not np.isin(x_test[:, 0], x_train[:, 0]).any()


def covered(z, p):
    """Mandel and Agol, equation 1: share of a uniform disc behind a smaller one."""
    if z >= 1 + p:
        return 0.0
    if z <= 1 - p:
        return p**2
    a = np.arccos((p**2 + z**2 - 1) / (2 * p * z))
    b = np.arccos((1 - p**2 + z**2) / (2 * z))
    root = np.sqrt((4 * z**2 - (1 + z**2 - p**2) ** 2) / 4)
    return (p**2 * a + b - root) / np.pi


@pytest.mark.parametrize("ratio", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("impact", [0.0, 0.7])
def test_transit_of_a_uniform_star_is_exact(ratio, impact):
    phase, distance = np.linspace(-0.5, 0.5, 400), 6.0
    angle = 2 * np.pi * phase
    apart = np.hypot(distance * np.sin(angle), impact * np.cos(angle))
    expected = [
        1 - covered(z, ratio) * (np.cos(a) > 0)
        for z, a in zip(apart, angle, strict=True)
    ]
    got = module.transit(phase, ratio, distance, impact, limb=(0.0, 0.0))
    np.testing.assert_allclose(got, expected, atol=0.02 * ratio**2)


def test_limb_darkening_deepens_the_middle_and_thins_the_edge():
    middle, edge = (
        1 - module.transit(0.0, 0.05, 10.0, impact, limb=(0.4, 0.26))
        for impact in (0.0, 0.9)
    )
    # A small planet covers its area times the light there, by the light of the disc.
    light = 1 - 0.4 / 3 - 0.26 / 6
    assert middle == pytest.approx(0.05**2 / light, rel=0.01)
    mu = np.sqrt(1 - 0.9**2)
    darker = 1 - 0.4 * (1 - mu) - 0.26 * (1 - mu) ** 2
    assert edge == pytest.approx(0.05**2 * darker / light, rel=0.02)
    assert module.transit(0.5, 0.05, 10.0, 0.0) == 1, "behind the star"
    assert module.transit(0.0, 0.05, 10.0, 1.2) == 1, "passes by"


@pytest.mark.parametrize("chunk", [5, 500])
def test_reads_the_original_format(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    write_kepler(tmp_path / "kepler", train=12, test=5, planets=3)
    (x_train, y_train), (x_test, y_test) = kepler("full", tmp_path)
    assert x_train.shape == (12, 3197) and x_test.shape == (5, 3197)
    assert y_train.tolist() == [1] * 3 + [0] * 9 and y_test.sum() == 3
    table = np.loadtxt(tmp_path / "kepler/exoTrain.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(x_train, table[:, 1:].astype("float32"))
    assert x_train.dtype == np.float32 and y_train.dtype == np.uint8


def cell(row, column, text):
    def change(lines):
        values = lines[row].split(",")
        values[column] = text
        lines[row] = ",".join(values)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cell(0, 0, "label"), "line 1: the columns .*'label' in the place of 'LABEL'"),
        (lambda lines: lines.__setitem__(0, "LABEL"), "line 1: .*Received: 1 columns"),
        (cell(2, 0, "0"), "line 3, column LABEL must be 1, or 2 .*Received: '0'"),
        (cell(2, 0, "1.5"), "line 3, column LABEL must be 1, or 2 .*Received: '1.5'"),
        (cell(2, 9, "x"), "line 3, column FLUX.9 must be a finite .*Received: 'x'"),
        (cell(2, 9, ""), "line 3, column FLUX.9 must be a finite .*Received: ''"),
        (cell(2, 9, "inf"), "line 3, column FLUX.9 must be a finite .*Received: 'inf'"),
        (cell(2, 9, "1,2"), "line 3 must have 3198 columns. Received: 3199"),
        (lambda lines: lines.__setitem__(2, "1,5.0"), "line 3 must .* Received: 2"),
        (lambda lines: lines.__delitem__(slice(1, None)), "must have a star"),
    ],
)
def test_rejects_damaged_files(tmp_path, change, message):
    write_kepler(tmp_path / "kepler", train=3, test=1, planets=1)
    path = tmp_path / "kepler/exoTrain.csv"
    lines = path.read_text().splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=message) as error:
        kepler("full", tmp_path)
    assert str(path) in str(error.value)


def test_rejects_source():
    with pytest.raises(ValueError, match="Received: source='half'"):
        kepler("half")
