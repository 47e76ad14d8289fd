import numpy as np
import pytest

from tests.files import write_california_housing
from tfkit.datasets import california_housing
from tfkit.datasets.california_housing import FEATURES, OCEAN_PROXIMITIES


def test_sample_looks_like_the_census():
    (x_train, y_train), (x_test, y_test) = california_housing()
    assert x_train.shape == (3000, 8)
    assert x_test.shape == (1000, 8)
    assert y_train.shape == (3000,)
    assert y_test.shape == (1000,)
    assert x_train.dtype == y_train.dtype == np.float32
    assert np.isfinite(x_train).all()
    assert y_train.min() > 0.14
    assert y_train.max() <= 5.00001
    assert 1.5 < np.median(y_train) < 2.5  # the census: 1.8
    latitude = x_train[:, FEATURES.index("Latitude")]
    assert 32.5 <= latitude.min() <= latitude.max() <= 42


def test_sample_has_every_category():
    (train, _), (test, _) = california_housing(ocean_proximity=True)
    assert set(train["ocean_proximity"]) == set(OCEAN_PROXIMITIES)
    np.testing.assert_array_equal(train["numeric"], california_housing()[0][0])
    assert len(test["numeric"]) == len(test["ocean_proximity"])


def test_full_reads_original_format(tmp_path):
    write_california_housing(tmp_path / "california_housing", count=40)
    (x_train, y_train), (x_test, _) = california_housing("full", tmp_path)
    assert len(x_train) == 30  # the row without bedrooms is left out
    assert len(x_test) == 10
    rooms, bedrooms, occupancy = (
        FEATURES.index(n) for n in ("AveRooms", "AveBedrms", "AveOccup")
    )
    np.testing.assert_allclose(x_train[:, rooms], 5.0, rtol=1e-5)
    np.testing.assert_allclose(x_train[:, bedrooms], 1.1, rtol=1e-5)
    np.testing.assert_allclose(x_train[:, occupancy], 3.0, rtol=1e-5)
    assert y_train.min() >= 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("longitude,", "long,", "line 1: the columns must be"),
        ("INLAND", "DESERT", "line 3, column ocean_proximity .*Received: 'DESERT'"),
        (",NEAR BAY", "", "line 5 must have 10 columns. Received: 9"),
        ("-119.", "east119.", "column longitude must be a number. Received: 'east119"),
    ],
)
def test_rejects_damaged_csv(tmp_path, old, new, message):
    folder = tmp_path / "california_housing"
    write_california_housing(folder)
    path = folder / "housing.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as error:
        california_housing("full", tmp_path)
    assert str(path) in str(error.value)


def test_original_files(original_data):
    (x_train, y_train), (x_test, y_test) = california_housing("full", original_data)
    assert len(x_train) + len(x_test) == 20_433
    assert len(x_test) == 5108
    y = np.concatenate([y_train, y_test])
    assert round(float(y.mean()), 3) == 2.069
    assert round(float(y.max()), 5) == 5.00001
