"""The form of every recipe: sections, config, command line, list."""

import ast
import dataclasses
import importlib
import pathlib
import re
import subprocess
import sys

import jsonargparse
import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("[!_]*.py"))
SECTIONS = ("Source:", "Data:", "Expect:", "Run:", "Copy:")
FUNCTIONS = ("load_data", "build_model", "train", "evaluate", "main")


def parse(recipe, *args):
    module = importlib.import_module(f"recipes.{recipe}")
    return jsonargparse.auto_cli(
        module.Config, as_positional=False, allow_abbrev=False, args=list(args)
    )


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_form(path):
    source = path.read_text()
    tree = ast.parse(source)
    doc = ast.get_docstring(tree)
    places = [doc.find(f"\n{section}") for section in SECTIONS]
    assert min(places) > 0, f"sections missing: {places}"
    assert places == sorted(places), "sections out of order"
    assert re.search(r"^Source: *(Hands-On|TensorFlow ML)", doc, re.M)
    assert re.search(r"\d", doc[doc.find("Expect:") :]), "no measured figure"
    functions = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
    named = [name for name in functions if name in FUNCTIONS]
    assert named == list(FUNCTIONS), f"{named}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module] if hasattr(node, "module") else node.names
            for name in modules:
                name = getattr(name, "name", name)
                assert not name.startswith(("recipes", "tests")), f"imports {name}"
    # Without `allow_abbrev=False` a mistyped `--epoch` would pass for `--epochs`.
    call = (
        "main(jsonargparse.auto_cli(Config, as_positional=False, allow_abbrev=False))"
    )
    assert source.endswith(f'if __name__ == "__main__":\n    {call}\n')


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_config(path):
    """Defaults are offline, every field is explained, the YAML is the book's run."""
    defaults = parse(path.stem)
    assert getattr(defaults, "source", "sample") == "sample"
    assert defaults.output == f"runs/{path.stem}"
    module = importlib.import_module(f"recipes.{path.stem}")
    for field in dataclasses.fields(module.Config):
        assert re.search(rf"^ +{field.name}: ", module.Config.__doc__, re.M), (
            f"`{field.name}` is not explained"
        )
    config = ROOT / "configs" / f"{path.stem}.yaml"
    assert parse(path.stem, "--config", str(config)) != defaults
    keys = yaml.safe_load(config.read_text())
    assert set(keys) <= {field.name for field in dataclasses.fields(module.Config)}


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_refuses_mistakes_by_name(path, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("sede: 1\n")
    for args, name in (
        (["--see", "1"], "--see"),
        (["--config", str(config)], "'sede'"),
        (["--seed", "one"], '"seed"'),
    ):
        with pytest.raises(SystemExit):
            parse(path.stem, *args)
        assert name in capsys.readouterr().err


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_readme_row(path):
    readme = (ROOT / "README.md").read_text()
    assert f"`{path.stem}`" in readme, "not in the README's recipe index"


def test_list_names_every_recipe():
    run = subprocess.run(
        [sys.executable, "-m", "recipes"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    for path in RECIPES:
        assert re.search(rf"^{path.stem} +\S+.*\n +\S+", run.stdout, re.M)
