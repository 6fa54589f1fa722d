"""What the documentation names is there: tests, files of the project, targets of make."""

import re
from pathlib import Path

import pytest

from places import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PATH = re.compile(r"`((?:src|tests|scripts|docs|prompts|data|requirements)/[\w./-]+)`")
TEST = re.compile(r"`(test_\w+)(…?)`")
MAKE = re.compile(r"(?:`|^)make ([a-z-]+)", re.M)


def defined_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    defined = defined_tests()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    lacking = [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    for name, begun in TEST.findall(text):
        if not any(one.startswith(name) if begun else one == name for one in defined):
            lacking.append(name)
    lacking += [f"make {target}" for target in MAKE.findall(text) if target not in targets]
    assert not lacking
