"""What a spreadsheet would run is text in the copies, and nothing else is changed."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leavs.tables.spreadsheets import safe_cell, write_safe_copy

STARTS = tuple("=+-@\t\r＝＋－＠")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("\t=1", "'\t'=1"),
        ("\r", "'\r"),
        ("\n", "'\n"),
        (" =1", "' =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("＝1", "'＝1"),
        ("Liver normal.;=HYPERLINK(A1)", "Liver normal.;'=HYPERLINK(A1)"),
        ("Liver normal.\n- no lesion", "Liver normal.\n'- no lesion"),
        ("a\t=1\r\n@x", "a\t'=1\r\n'@x"),
        ("-1", "-1"),
        ("-2", "-2"),
        ("-0.5", "-0.5"),
        ("1e-05", "1e-05"),
        ("-1.5E+3", "-1.5E+3"),
        ("--1", "'--1"),
        ("-1-1", "'-1-1"),
        ("-1 cm", "'-1 cm"),
        ("", ""),
        ("No focal lesion - 3 cm = 30 mm, a@b", "No focal lesion - 3 cm = 30 mm, a@b"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_a_formula_is_marked_as_text(text: str, safe: str) -> None:
    assert safe_cell(text) == safe
    assert safe_cell(safe) == safe


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n;' a1.\ufeff＝"), max_size=12))
def test_no_cell_begins_as_a_formula_however_it_is_split(text: str) -> None:
    safe = safe_cell(text)
    assert "".join(safe.split("'")) == "".join(text.split("'"))
    if safe == text and text.lstrip("+-").replace(".", "").isdigit():
        return
    for part in safe.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not part.lstrip(" \ufeff").startswith(STARTS)
    assert not safe.startswith(STARTS)


def test_a_copy_stands_beside_a_table_that_stays(tmp_path: Path) -> None:
    rows = [["report_id", "n"], ["=a\r\nb", "-1"], ['ä, "q"', ""], ["x" * 200_000, "0.25"]]
    table = tmp_path / "labels.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    before = table.read_bytes()
    copy = write_safe_copy(table)
    assert table.read_bytes() == before
    assert copy == tmp_path / "labels-spreadsheet.csv"
    assert copy.read_bytes().startswith(b"\xef\xbb\xbf")
    with copy.open(encoding="utf-8-sig", newline="") as file:
        assert [*csv.reader(file)] == [rows[0], ["'=a\r\nb", "-1"], *rows[2:]]
    assert copy.stat().st_mode & 0o777 == 0o600
