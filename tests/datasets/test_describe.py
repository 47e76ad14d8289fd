import inspect

import pytest

from tfkit import datasets
from tfkit.datasets import describe
from tfkit.datasets.describe import NAMES


def test_knows_every_data_set():
    loaders = {n for n, f in vars(datasets).items() if inspect.isfunction(f)}
    assert set(NAMES) == loaders - {"describe"}
    for name in NAMES:
        assert describe(name, "sample").startswith("sample: ")
        assert describe(name, "full").startswith("full: ")


def test_rejects_unknown_name():
    with pytest.raises(ValueError, match="Received: name='imagenet'"):
        describe("imagenet")
