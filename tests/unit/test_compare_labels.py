"""The figures of docs/quality.md, on tables whose difference is known."""

import csv
from pathlib import Path

import pytest

from annotated_reader import ANNOTATIONS
from compare_labels import compared
from leavs.errors import InputError

REPORT, SPLEEN = "02-us-inline-incidentals", "spleen"


def changed(folder: Path, **codes: str) -> Path:
    """The annotations of the first two reports, with other codes of one spleen, under other ids."""
    with ANNOTATIONS.open(newline="") as file:
        header, *rows = csv.reader(file)
    for row in rows:
        if row[:3] == [REPORT, SPLEEN, "labels"]:
            row[3:] = [
                codes.get(name, code) for name, code in zip(header[3:], row[3:], strict=True)
            ]
        row[0] = f"{row[0]}.txt"
    table = folder / "changed.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows[:36]])
    return table


def test_a_table_agrees_with_itself() -> None:
    lines = list(compared(ANNOTATIONS, ANNOTATIONS))
    assert lines[:2] == ["reports: 26", "codes equal: 1.000 of 2,574 cells"]
    assert all("F1 1.000" in line and "0 false, 0 missed" in line for line in lines[2:5])
    assert lines[5].startswith("urgency, tau-b: 1.000")


def test_each_difference_is_counted_where_it_belongs(tmp_path: Path) -> None:
    # a false finding, one that is pooled with it, and a code that is none
    lines = list(compared(changed(tmp_path, enlarged="1", atrophy="-1", device="0"), ANNOTATIONS))
    assert lines[:2] == ["reports: 2", f"codes equal: {1 - 3 / 198:.3f} of 198 cells"]
    assert "2 false, 0 missed" in lines[2]
    assert "2 false, 0 missed" in lines[3]
    assert "1 false, 0 missed" in lines[4]


def test_a_cell_that_neither_table_has_is_not_counted(tmp_path: Path) -> None:
    header, *rows = ANNOTATIONS.read_text().splitlines()
    table = tmp_path / "fewer.csv"
    left = [row for row in rows if not row.startswith(f"{REPORT},{SPLEEN},")]
    table.write_text("\n".join([header, *left]))
    assert list(compared(table, table))[1] == "codes equal: 1.000 of 2,563 cells"
    one_sided = list(compared(table, ANNOTATIONS))[1]
    assert one_sided == f"codes equal: {1 - 11 / 2574:.3f} of 2,574 cells"


def test_tables_of_other_reports_are_refused(tmp_path: Path) -> None:
    header, *rows = ANNOTATIONS.read_text().splitlines()
    table = tmp_path / "other.csv"
    table.write_text("\n".join([header, *(f"other-{row}" for row in rows)]))
    with pytest.raises(InputError, match="have no report, organ or type in common"):
        list(compared(table, ANNOTATIONS))
