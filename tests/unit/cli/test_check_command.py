"""`leavs check`: counts on the screen, every problem with --list, and the exit code."""

import io
from pathlib import Path

import pandas as pd
import pytest

from leavs import cli
from leavs.cli import exit_codes
from leavs.tables.check import COLUMNS, RULES
from places import ROOT

SHIPPED = ROOT / "data" / "annotations.csv"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The shipped annotations with a row twice and an empty cell."""
    lines = SHIPPED.read_text().splitlines()
    labels, urgencies = (line.split(",") for line in lines[1:3])
    place = urgencies.index("-1")
    lines[1] = ",".join([*labels[:place], "", *labels[place + 1 :]])
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([*lines, lines[1]]) + "\n")
    return path


def test_nothing_found_is_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", str(SHIPPED)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in printed] == ["rule", *(rule.name for rule in RULES)]
    assert all("  0  " in line for line in printed[1:])


def test_contradictions_are_exit_3_and_the_table_stays(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = broken.read_bytes()
    assert cli.run(["check", str(broken)]) == exit_codes.FAILED_CELLS
    assert "duplicate row" in capsys.readouterr().out
    assert broken.read_bytes() == before


def test_the_list_is_csv_that_pandas_reads(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", str(broken), "--list"]) == exit_codes.FAILED_CELLS
    printed = capsys.readouterr()
    table = pd.read_csv(io.StringIO(printed.out), keep_default_na=False)
    assert [*table.columns] == [*COLUMNS]
    assert "duplicate row" in table["rule"].tolist()
    assert "meaning" in printed.err


def test_a_failed_cell_is_counted_and_is_no_contradiction(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = broken.read_text().splitlines()
    broken.write_text("\n".join(lines[:-1]) + "\n")
    assert cli.run(["check", str(broken)]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "empty cell" in line]
    assert "  1  " in line


def test_a_missing_file_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", str(tmp_path / "no.csv")]) == exit_codes.USAGE
    said = f"leavs: {tmp_path / 'no.csv'} does not exist; check the path\n"
    assert capsys.readouterr().err == said
