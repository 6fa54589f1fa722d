"""Runs docs/tutorial.md and docs/tutorial.ipynb, and puts into them what their commands print.

A scripted reader takes the place of a model; see `stand_in_reader`.

    PYTHONPATH=tests/support python scripts/write_tutorial.py
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from page_commands import shown_commands, with_outputs
from tutorial import PAGE, fixed, new_folder, stand_in, walk
from tutorial_notebook import NOTEBOOK, executed


def main() -> None:
    """Write both again."""
    with TemporaryDirectory() as folder, stand_in() as base_url:
        place = new_folder(Path(folder))
        text = PAGE.read_text(encoding="utf-8")
        outputs = {ran.shown.line: ran.output for ran in walk(text, place, base_url)}
        PAGE.write_text(renewed(text, outputs), encoding="utf-8")
        notebook = executed(place, {"LEAVS_BASE_URL": base_url})
        notebook.metadata.language_info = {"name": "python"}  # no version, which differs
        nbformat.write(notebook, NOTEBOOK)


def renewed(page: str, outputs: Mapping[int, str]) -> str:
    """Return the page with those outputs that differ in more than seconds and the like.

    Args:
        outputs: what commands printed, by their lines of the page.
    """
    shown = {one.line: one.output or "" for one in shown_commands(page)}
    return with_outputs(
        page,
        {line: text for line, text in outputs.items() if fixed(text) != fixed(shown[line])},
    )


if __name__ == "__main__":
    main()
