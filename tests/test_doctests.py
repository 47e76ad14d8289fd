"""Runs the examples in the docstrings."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

import tfkit

MODULES = [info.name for info in pkgutil.walk_packages(tfkit.__path__, "tfkit.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples may write files
    module = importlib.import_module(name)
    names = {"keras": keras, "np": np, "tfkit": tfkit}
    assert doctest.testmod(module, extraglobs=names).failed == 0
