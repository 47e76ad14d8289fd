"""What the README names exists, and what it shows runs."""

import importlib
import pathlib
import pkgutil
import re

import keras
import pytest

import tfkit

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FOLDERS = [info.name for info in pkgutil.iter_modules(tfkit.__path__)]


def test_names_exist():
    names = re.findall(rf"`({'|'.join(FOLDERS)})\.(\w+)", README)
    assert len(names) > 10
    for folder, name in names:
        module = importlib.import_module(f"tfkit.{folder}")
        assert hasattr(module, name), f"tfkit.{folder}.{name}"


def test_keras_names_exist():
    names = re.findall(r"`keras\.([a-z_]+(?:\.\w+)+)", README)
    assert len(names) > 10
    for name in names:
        value = keras
        for part in name.split("."):
            value = getattr(value, part, None)
            assert value is not None, f"keras.{name}"


def test_recipes_exist():
    names = re.findall(r"recipes? `(\w+)`", README) + re.findall(
        r"recipes/(\w+)\.py", README
    )
    assert len(names) > 5
    for name in set(names) - {"NAME"}:
        assert (ROOT / "recipes" / f"{name}.py").exists(), name


def test_commands_are_one_line_each():
    for command in (
        "'.[recipes]' && .venv/bin/python recipes/mnist_mc_dropout.py",
        "'.[recipes,test]' && .venv/bin/python -m pytest",
    ):
        line = f"python3 -m venv .venv && .venv/bin/pip install -e {command}"
        assert f"\n{line}\n" in README


@pytest.mark.parametrize("code", re.findall(r"```python\n(.+?)```", README, re.S))
def test_example_runs(code):
    keras.config.set_max_epochs(1)
    try:
        names = {}
        exec(code, names)
    finally:
        keras.config.set_max_epochs(None)
    assert names["probabilities"].shape == (100, 1000, 10)
    assert names["uncertainty"].epistemic.shape == (1000,)
