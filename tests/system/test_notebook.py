"""The notebook of the tutorial runs as it stands, and prints what is kept in it."""

from pathlib import Path

import nbformat

from tutorial import fixed, new_folder, stand_in
from tutorial_notebook import NOTEBOOK, executed, printed


def test_each_cell_prints_what_is_kept_under_it(tmp_path: Path) -> None:
    """Where a change is meant: PYTHONPATH=tests/support python scripts/write_tutorial.py."""
    kept = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(kept)
    with stand_in() as base_url:
        again = executed(new_folder(tmp_path), {"LEAVS_BASE_URL": base_url})
    for cell, text in printed(kept).items():
        assert fixed(printed(again)[cell]) == fixed(text)
        assert text, cell
