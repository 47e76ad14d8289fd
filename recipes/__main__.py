"""Lists the recipes: name, one line, book and chapter. Run: python -m recipes"""

import ast
import re
from pathlib import Path


def recipes(folder=Path(__file__).parent):
    """Returns `(name, one line, source)` of each recipe, in order of their names."""
    found = []
    for path in sorted(folder.glob("[!_]*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        source = re.search(r"^Source: *(.+)$", doc, re.M)
        found.append((path.stem, doc.splitlines()[0], source[1]))
    return found


def main():
    """Prints the list."""
    found = recipes()
    width = max(len(name) for name, _, _ in found)
    for name, line, source in found:
        print(f"{name:{width}}  {line}\n{'':{width}}  {source}")
    print("\nRun one: python recipes/NAME.py (--help explains its options)")


if __name__ == "__main__":
    main()
