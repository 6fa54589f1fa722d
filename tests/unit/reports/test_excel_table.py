"""What stands in a sheet is read as it is seen in Excel."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.errors import InputError, UsageError
from leavs.reports import from_path, from_table
from report_inputs import make, problems, texts
from workbook import DATE, Cell, write_workbook

HEADER: Sequence[Cell] = ("study id", "Findings")
CELLS: list[tuple[Cell, str]] = [
    (10001, "10001"),
    (10001.0, "10001"),
    (10001.5, "10001.5"),
    (-3, "-3"),
    (123456789012345, "123456789012345"),
    ("0017", "0017"),
    ("10001.0", "10001"),
    ((DATE, 45000), "2023-03-15"),
    ("Müller 17", "Müller 17"),
]


@pytest.mark.parametrize(("cell", "written"), CELLS)
def test_a_cell_is_written_as_it_is_seen(tmp_path: Path, cell: Cell, written: str) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"Data": [HEADER, (cell, "Normal.")]})
    assert texts(from_table(path, "study id", "Findings")) == {written: "Normal."}


def test_the_first_sheet_with_cells_is_read_and_its_empty_rows_are_not(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [
        (),
        HEADER,
        (1, "Liver:\n normal"),
        (None, " "),
        (2, None),
        (3,),
        (),
    ]
    hidden: list[Sequence[Cell]] = [("a", "b")]
    sheets = {"Hidden": hidden, "Empty": [], "Blank": [("", None)], "Data": rows}
    path = write_workbook(tmp_path / "a.csv", sheets, hidden=["Hidden"])
    source = from_table(path, "study id", "Findings")
    assert texts(source) == {"1": "Liver:\n normal"}
    assert problems(source) == [
        ("2", f"{path} row 5 holds no text"),
        ("3", f"{path} row 6 holds no text"),
    ]
    assert source.count() == 3


def test_a_sheet_is_chosen(tmp_path: Path) -> None:
    sheets: dict[str, list[Sequence[Cell]]] = {
        "Sheet1": [HEADER, (1, "One.")],
        "Sheet2": [HEADER, (1, "Two.")],
        "Doe, Jane": [],
    }
    path = write_workbook(tmp_path / "a.xlsx", sheets)
    assert texts(from_table(path, *map(str, HEADER), sheet="Sheet2")) == {"1": "Two."}
    with pytest.raises(InputError, match="no sheet 'x' among its 3, of which are: Sheet1, Sheet2"):
        from_table(path, *map(str, HEADER), sheet="x")
    with pytest.raises(InputError, match="has no cells in that sheet"):
        from_table(path, *map(str, HEADER), sheet="Doe, Jane")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", b"PK\x03\x04 no workbook"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook"),
        ("a.xlsx", b"id,text\na,Normal.\n"),
    ],
)
def test_what_is_no_workbook_is_refused_in_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(InputError, match=f"{name} cannot be read as an Excel file") as caught:
        from_table(make(tmp_path / name, data))
    assert str(caught.value).isprintable()


def test_what_is_text_under_an_old_name_of_excel_is_text(tmp_path: Path) -> None:
    path = make(tmp_path / "a.xls", "id\ttext\r\n17\tNormal.\r\n".encode("utf-16"))
    assert texts(from_path(path, "id", "text")) == {"17": "Normal."}


@pytest.mark.parametrize("name", ["a.xlsx", "a.XLSX", "a.csv"])
def test_a_missing_column_shows_no_cell(tmp_path: Path, name: str) -> None:
    path = write_workbook(tmp_path / name, {"Data": [("Doe", "Normal"), ("Smith", "Cyst")]})
    with pytest.raises(InputError, match="the names of its 2 columns are not shown"):
        from_path(path)


def test_options_of_text_files_are_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"Data": [HEADER]})
    with pytest.raises(UsageError, match=r"--delimiter is for text files; leave it out: .* Excel"):
        from_table(path, delimiter=";")
    with pytest.raises(UsageError, match="--sheet is for Excel files"):
        from_table(make(tmp_path / "a.csv", "id,text\n"), sheet="Data")
