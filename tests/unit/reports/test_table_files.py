"""What kind of table a file holds, and what is said where a package for it is missing."""

import sys
from pathlib import Path

import pytest

from leavs.errors import UsageError
from leavs.reports import from_path, from_table
from leavs.reports.table_files import TableKind, kind_of
from report_inputs import gz, make

KINDS = [
    ("a.csv", b"id,text\n", TableKind.TEXT),
    ("a.txt", b"", TableKind.TEXT),
    ("a.csv", b"PK\x03\x04", TableKind.EXCEL),
    ("a.csv", b"\xd0\xcf\x11\xe0", TableKind.EXCEL),
    ("a.csv", b"PAR1", TableKind.PARQUET),
    ("a.xlsx", b"PAR1", TableKind.PARQUET),
    ("a.xlsx", b"id,text\n", TableKind.EXCEL),
    ("a.XLSX", b"", TableKind.EXCEL),
    ("a.xls", b"id\ttext\n", TableKind.TEXT),
    ("a.parquet", b"id,text\n", TableKind.PARQUET),
    ("a.csv.gz", gz("PAR1"), TableKind.PARQUET),
    ("a.csv.gz", gz("id,text\n"), TableKind.TEXT),
]


@pytest.mark.parametrize(("name", "data", "kind"), KINDS)
def test_the_content_tells_the_kind_and_then_the_name(
    tmp_path: Path, name: str, data: bytes, kind: TableKind
) -> None:
    assert kind_of(make(tmp_path / name, data)) is kind


@pytest.mark.parametrize(
    ("data", "package", "kind"),
    [(b"PK\x03\x04", "python_calamine", "Excel"), (b"PAR1", "pyarrow", "Parquet")],
)
def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, package: str, kind: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError) as caught:
        from_table(make(tmp_path / "a.csv", data))
    advice = "pip install 'leavs[tables]'"
    assert str(caught.value) == f"reading {kind} files needs {package}: {advice}"


def test_a_name_that_tells_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.docx: name a folder.*\.xlsx.*\.parquet"):
        from_path(make(tmp_path / "a.docx"))
