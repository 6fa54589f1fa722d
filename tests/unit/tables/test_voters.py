"""Runs that are not whole, or not of the same texts, when they are merged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labeled_runs import reports, rows_of, run, tables_of
from leavs import OutputOptions, ScriptedEngine, cli, label_reports, merge_runs
from leavs.cli import exit_codes
from leavs.domain import Shard
from leavs.errors import RunFolderError, StorageError, UsageError
from leavs.journal import manifest
from readers import TWO, plain_reader

IDS = [f"r{number}" for number in range(6)]
ORGANS = len(TWO.organs or ())


@pytest.fixture
def one(tmp_path: Path) -> Path:
    run(texts(tmp_path), tmp_path / "one")
    return tmp_path / "one"


def texts(folder: Path) -> Any:
    return reports(folder / "in", **dict.fromkeys(IDS, "The liver is large."))


def without(folder: Path, copy: str, lacks: Callable[[dict[str, Any]], bool]) -> Path:
    """A copy of a run whose journal lacks some records of organs."""
    other = folder.parent / copy
    shutil.copytree(folder, other)
    [journal] = (other / "journal").iterdir()
    lines = journal.read_bytes().splitlines(keepends=True)
    records = [json.loads(line) for line in lines]
    kept = [not (record["kind"] == "organ" and lacks(record)) for record in records]
    journal.write_bytes(b"".join(line for line, keep in zip(lines, kept, strict=True) if keep))
    return other


def on_screen(capsys: pytest.CaptureFixture[str], *runs: Path) -> tuple[int, list[str]]:
    """The exit code of a merge by majority, and the lines behind its counts."""
    words = ["--by", "majority", "--output-dir", str(runs[0].parent / "merged")]
    capsys.readouterr()
    code = cli.run(["merge", *map(str, runs), *words])
    return code, capsys.readouterr().out.splitlines()[2:]


def test_an_organ_that_one_run_lacks_is_labeled_by_the_other_and_counted(
    one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = without(one, "other", lambda record: record["organ"] == "liver")
    code, told = on_screen(capsys, one, other)
    assert (code, told) == (
        0,
        [
            f"{len(IDS)} organs are not in every run that has their report; those that have them "
            "voted"
        ],
    )
    described = manifest.read(one.parent / "merged")["merged"]
    assert described["organs_not_in_every_run"] == len(IDS)
    assert described["reports_not_in_every_run"] == 0


def test_rows_of_an_organ_that_no_run_has_are_missing_and_end_in_3(
    one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [
        without(one, name, lambda record: (record["organ"], record["report_id"]) == ("liver", "r2"))
        for name in ("a", "b")
    ]
    code, told = on_screen(capsys, *runs)
    assert code == exit_codes.FAILED_CELLS
    assert told == ["2 rows are missing: no run has labeled their organs"]
    merged = one.parent / "merged"
    assert len(rows_of(merged / "labels.csv")) == 1 + 2 * ORGANS * len(IDS) - 2
    assert manifest.read(merged)["totals"]["missing_rows"] == 2


def test_shards_that_never_began_are_named(
    one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = tmp_path / "half"
    engine, output = ScriptedEngine(plain_reader), OutputOptions(half)
    label_reports(texts(tmp_path), engine, TWO, output, shard=Shard(0, 2))
    code, told = on_screen(capsys, one, half)
    assert code == 0
    assert told[0].endswith("reports are not in every run; those that have them voted")
    assert told[1:] == [f"{half}: shards that never began: 1"]
    assert [run["complete"] for run in manifest.read(tmp_path / "merged")["merged"]["runs"]] == [
        True,
        False,
    ]


def test_a_run_that_was_cut_short_is_named(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = without(one, "other", lambda record: record["report_id"] in IDS[2:])
    [journal] = (other / "journal").iterdir()
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if json.loads(line)["kind"] != "end"))
    code, told = on_screen(capsys, one, other)
    assert (code, told[1:]) == (0, [f"{other}: the run is unfinished: 2 reports done, 4 left"])


def test_one_report_with_two_texts_is_refused_whatever_organs_are_recorded(
    one: Path, tmp_path: Path
) -> None:
    run(reports(tmp_path / "in2", r0="The liver is small."), tmp_path / "two")
    liver = without(one, "liver", lambda record: record["organ"] != "liver")
    others = without(tmp_path / "two", "others", lambda record: record["organ"] == "liver")
    with pytest.raises(RunFolderError, match="labeled different texts of the report r0"):
        merge_runs([liver, others], tmp_path / "merged", "majority")


def test_a_damaged_journal_is_no_unlabeled_run(one: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(one, other)
    [journal] = (other / "journal").iterdir()
    lines = journal.read_bytes().splitlines()
    journal.write_bytes(b"".join(b"x" + line + b"\n" for line in lines))
    complaint = f"other holds no readable labels; its journal has {len(lines)} damaged lines"
    with pytest.raises(RunFolderError, match=complaint):
        merge_runs([one, other], tmp_path / "merged", "majority")


def test_what_is_no_list_of_run_folders_is_refused(one: Path, tmp_path: Path) -> None:
    for name in (one, str(one)):
        with pytest.raises(UsageError, match="one is one run; merge_runs takes a list"):
            merge_runs(name, tmp_path / "merged", "majority")  # type: ignore[arg-type]
    table = one / "labels.csv"
    with pytest.raises(RunFolderError, match=r"labels\.csv is a file; name the run's folder"):
        merge_runs([table, one], tmp_path / "merged", "majority")


@pytest.mark.parametrize("inside", ["journal", "merged", "some/where"])
def test_nothing_is_written_into_the_folder_of_a_run(
    one: Path, tmp_path: Path, inside: str
) -> None:
    shutil.copytree(one, tmp_path / "two")
    before = sorted(one.rglob("*"))
    with pytest.raises(RunFolderError, match="is inside the run "):
        merge_runs([tmp_path / "two", one], one / inside, "majority")
    assert sorted(one.rglob("*")) == before


def test_a_merge_that_was_interrupted_says_so_until_it_is_made_again(
    one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(one, tmp_path / "two")
    runs, merged = [one, tmp_path / "two"], tmp_path / "merged"
    merge_runs(runs, merged, "majority")
    before = tables_of(merged)
    (merged / "labels.csv").unlink()
    (merged / "labels.csv").mkdir()  # the last of the tables cannot be put in place
    with pytest.raises(StorageError, match="give the same command again"):
        merge_runs(runs, merged, "mean-probability")
    with pytest.raises(RunFolderError, match="`leavs merge` was interrupted"):
        manifest.read(merged)
    (merged / "labels.csv").rmdir()
    merge_runs(runs, merged, "majority")
    assert tables_of(merged) == before
    assert "interrupted" not in manifest.read(merged)["merged"]


def test_files_made_of_earlier_tables_are_named(
    one: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = Path(shutil.copytree(one, one.parent / "two"))
    assert on_screen(capsys, one, two) == (0, [])
    for name in ("labels-wide.csv", "details-spreadsheet.csv", "notes.txt"):
        (one.parent / "merged" / name).touch()
    assert on_screen(capsys, one, two) == (
        0,
        ["made of earlier tables, and stale now: details-spreadsheet.csv, labels-wide.csv"],
    )
