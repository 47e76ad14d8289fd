"""The rules of the house, checked on the source and on the installed Keras."""

import ast
import importlib
import inspect
import pathlib
import pkgutil
import re
import subprocess
import sys

import keras
import pytest

import tfkit

PACKAGE = pathlib.Path(tfkit.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))
# A folder imports only folders on lines above its own.
LAYERS = [
    {"_checks", "_crf", "_optional", "_register"},
    {
        *("losses", "metrics", "schedules", "callbacks", "data", "decoding"),
        *("plots", "export", "distribution"),
        *("regularizers", "constraints", "activations"),
    },
    {"layers", "datasets"},
    {"models", "uncertainty"},
    {"detection", "rl", "gp"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FORBIDDEN = ("keras.src", "tensorflow.python", "tensorflow.compat", "tf_keras")
# Loaders whose names Keras has too add the offline sample and the local originals.
MAY_SHARE_NAMES = {"datasets"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: use absolute imports"
            yield node.module


def public_names():
    """Every `(folder, name, object)` that a folder of tfkit exports."""
    for info in pkgutil.iter_modules(tfkit.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"tfkit.{info.name}")
        for name, value in vars(module).items():
            if not name.startswith("_") and (
                inspect.isclass(value) or inspect.isfunction(value)
            ):
                yield info.name, name, value


PUBLIC = list(public_names())
IDS = [f"{folder}.{name}" for folder, name, _ in PUBLIC]


def test_import_stays_light():
    """`import tfkit` loads no package that `import tensorflow, keras` does not."""
    tops = "print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = []
    for code in ("", "import tfkit"):
        code = f"import sys, tensorflow, keras\n{code}\n{tops}"
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
        )
        assert run.returncode == 0, run.stderr
        loaded.append(set(ast.literal_eval(run.stdout.splitlines()[-1])))
    # Keras itself loads pandas, matplotlib and scikit-learn where they are installed.
    new = loaded[1] - loaded[0] - sys.stdlib_module_names
    assert new == {"tfkit"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_file(path):
    source = path.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree), "say what the file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and "ValueError(" in ast.unparse(node):
            assert "Received" in ast.unparse(node), (
                f"line {node.lineno}: show the value"
            )
    home = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for name in imports(path):
        assert not name.startswith(FORBIDDEN), f"private or foreign API: {name}"
        parts = name.split(".")
        if parts[0] == "tfkit" and len(parts) > 1 and home != "__init__":
            other = parts[1]
            assert other == home or RANK[other] < RANK[home], f"{home} -> {other}"
        assert parts[0] != "recipes", "tfkit never imports recipes"


@pytest.mark.parametrize(("folder", "name", "value"), PUBLIC, ids=IDS)
def test_public_name(folder, name, value):
    """Ours alone, exported in one line, documented, exemplified, tested, indexed."""
    if folder not in MAY_SHARE_NAMES:
        space = getattr(keras, folder, None)
        assert not hasattr(space, name), f"keras.{folder}.{name} exists: use it"
    doc = inspect.getdoc(value)
    assert doc, "no docstring"
    for section in ("Example:", "Reference:"):
        assert section in doc, f"the docstring has no `{section}`"
    assert ">>>" in doc, "the example does not run"
    module = pathlib.Path(inspect.getfile(value))
    test = ROOT / "tests" / folder / f"test_{module.stem}.py"
    assert test.exists(), f"no {test.relative_to(ROOT)}"
    assert re.search(rf"\b{name}\b", test.read_text()), f"{test.name} omits {name}"
    readme = (ROOT / "README.md").read_text()
    assert f"`{folder}.{name}`" in readme, "not in the README's component index"


@pytest.mark.parametrize(("folder", "name", "value"), PUBLIC, ids=IDS)
def test_arguments_are_documented(folder, name, value):
    target = value.__init__ if inspect.isclass(value) else value
    if inspect.isclass(value) and "__init__" not in vars(value):
        pytest.skip("takes the arguments of its base class")
    doc = inspect.getdoc(value)
    for argument in inspect.signature(target).parameters.values():
        if argument.name != "self":
            stars = {argument.VAR_KEYWORD: r"\*\*", argument.VAR_POSITIONAL: r"\*"}
            pattern = stars.get(argument.kind, "") + argument.name
            assert re.search(rf"^\s+{pattern}:|[ ,`]{pattern}`?[,:]", doc, re.M), (
                f"`{argument.name}` is not explained"
            )


def test_one_name_a_line():
    for path in PACKAGE.rglob("__init__.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert len(node.names) == 1, f"{path}: one name a line"
                alias = node.names[0]
                assert alias.asname == alias.name, f"{path}: write `as {alias.name}`"


def test_tests_mirror_the_package():
    for path in FILES:
        if path.stem.startswith("_") or path.parent == PACKAGE:
            continue
        test = ROOT / "tests" / path.parent.name / f"test_{path.stem}.py"
        assert test.exists(), f"no {test.relative_to(ROOT)}"


def test_registered_names_are_stable():
    """A model file names these: renaming one makes old files unreadable."""
    registered = {
        name
        for name, value in keras.saving.get_custom_objects().items()
        if name.startswith("tfkit>") and value.__module__.startswith("tfkit.")
    }
    known = set((ROOT / "tests" / "registered_names.txt").read_text().split())
    assert registered == known, f"new: {registered - known}, lost: {known - registered}"
