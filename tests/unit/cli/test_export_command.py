"""`leavs export` makes of the journal what `leavs label` made."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from leavs import (
    MethodOptions,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    cli,
    from_csv,
    from_files,
    label_reports,
    read_labels,
)
from leavs.tables.export import TABLES
from places import ROOT
from readers import plain_reader

REPORTS = sorted((ROOT / "data" / "reports").iterdir())[3:5]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    method = MethodOptions(reasoning=Reasoning.NEVER)
    output = OutputOptions(folder, include_report=True)
    label_reports(from_files(REPORTS), ScriptedEngine(plain_reader), method, output)
    return folder


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def test_what_was_written_is_written_again(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tables_of(run)
    for name in TABLES:
        (run / name).unlink()
    assert cli.run(["export", str(run), "--include-report"]) == 0
    assert tables_of(run) == before
    out, err = capsys.readouterr()
    assert out.startswith(f"{run}: 2 reports, 36 label rows, 0 failed cells, ")
    assert err == ""


def test_the_report_column_is_there_only_where_it_is_wanted(run: Path) -> None:
    with_reports = tables_of(run)
    assert cli.run(["export", str(run)]) == 0
    without = tables_of(run)
    assert b"report" not in without["labels.csv"].split(b"\r\n")[0]
    assert len(without["labels.csv"]) < len(with_reports["labels.csv"])
    assert {n: without[n] for n in TABLES[1:]} == {n: with_reports[n] for n in TABLES[1:]}


def test_a_moved_run_is_exported_all_the_same(run: Path, tmp_path: Path) -> None:
    before = tables_of(run)
    shutil.move(run, tmp_path / "other [place]")
    assert cli.run(["export", str(tmp_path / "other [place]"), "--include-report"]) == 0
    assert tables_of(tmp_path / "other [place]") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "leavs: nowhere holds no run: it has no run.json"),
        ([], "requires an argument"),
    ],
)
def test_no_run_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["export", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err


def test_copies_for_spreadsheets_stand_beside_tables_that_stay(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tables_of(run)
    labels = read_labels(run)
    assert cli.run(["export", str(run), "--include-report", "--spreadsheet-safe"]) == 0
    assert tables_of(run) == before
    assert read_labels(run).equals(labels)
    copies = [name.replace(".csv", "-spreadsheet.csv") for name in TABLES]
    assert f"for spreadsheets: {', '.join(copies)}" in capsys.readouterr().out
    for name, copy in zip(TABLES, copies, strict=True):
        with (run / name).open(newline="") as file, (run / copy).open(newline="") as safe:
            kept = [[cell.replace("\n-", "\n'-") for cell in row] for row in csv.reader(file)]
            assert safe.read(1) == "\ufeff"
            assert [*csv.reader(safe)] == kept
    assert read_labels(run / copies[0]).equals(labels), "codes are numbers as before"


def test_a_formula_in_an_id_or_a_report_is_text_in_the_copies(tmp_path: Path) -> None:
    reports = tmp_path / "reports.csv"
    text = "=HYPERLINK(A1) liver.\n+Spleen @ 3 cm."
    with reports.open("w", newline="") as file:
        csv.writer(file).writerows([("image1", "anonymized_report"), ("@SUM(A1)", text)])
    folder = tmp_path / "run"
    output = OutputOptions(folder, include_report=True)
    label_reports(from_csv(reports), ScriptedEngine(plain_reader), output=output)
    export = ["export", str(folder), "--include-report", "--spreadsheet-safe"]
    assert cli.run(export) == 0
    assert set(read_labels(folder)["subjectid_studyid"]) == {"@SUM(A1)"}
    for name in TABLES:
        with (folder / name.replace(".csv", "-spreadsheet.csv")).open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        numbers = re.compile(r"-?[\d.]+")
        assert not [
            c for c in cells if c.startswith(("=", "+", "-", "@")) if not numbers.fullmatch(c)
        ]
