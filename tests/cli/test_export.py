"""`leavs export` makes of the journal what `leavs label` made."""

import shutil
from pathlib import Path

import pytest

from conftest import ROOT, plain_reader
from leavs import (
    MethodOptions,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    cli,
    from_files,
    label_reports,
)
from leavs.tables import TABLES

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
