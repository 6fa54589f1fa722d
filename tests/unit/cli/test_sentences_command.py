"""`leavs sentences`: what is printed, for people and for programs."""

import json
from pathlib import Path

import pytest

from leavs import cli
from leavs.cli import exit_codes

REPORT = "FINDINGS:\r\nThe spleen\r\n\fPage 2 of 2\r\nis enlarged. Caf\u00e9-au-lait."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(REPORT.encode())
    (tmp_path / "b.txt").write_text("Normal.")
    return tmp_path


def test_each_sentence_has_its_number_offsets_heading_and_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["sentences", str(folder / "a.txt"), str(folder / "b.txt")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a",
        "   1      0      9 # FINDINGS:",
        "   2     11     49   FINDINGS: The spleen is enlarged.",
        "   3     50     63   FINDINGS: Café-au-lait.",
        "b",
        "   1      0      7   Normal.",
    ]


def test_json_is_for_programs_and_its_offsets_are_those_of_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["sentences", str(folder), "--report", "a", "--json"]) == 0
    [report] = json.loads(capsys.readouterr().out)
    assert report["report_id"] == "a"
    heading, spleen, _ = report["sentences"]
    assert (heading["is_heading"], spleen["is_heading"]) == (True, False)
    assert spleen["heading"] == "FINDINGS:"
    assert spleen["text"] == "The spleen\nis enlarged."
    there = REPORT[spleen["start"] : spleen["end"]]
    assert there.startswith("The spleen\r\n") and there.endswith("\r\nis enlarged.")


def test_a_sentence_that_is_too_long_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.txt").write_text("liver normal; " * 50)
    assert cli.run(["sentences", str(folder / "b.txt")]) == 0
    assert "a sentence is so long that line ends may be lost" in capsys.readouterr().out


def test_a_report_that_is_not_there_or_cannot_be_read_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["sentences", str(folder), "--report", "c"]) == exit_codes.USAGE
    assert "1 of the reports named with --report are not there" in capsys.readouterr().err
    (folder / "b.txt").write_text("")
    assert cli.run(["sentences", str(folder)]) == exit_codes.USAGE
    assert capsys.readouterr().err.count("\n") == 1
