"""`leavs merge`, and what the other commands do with merged labels."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from annotated_reader import AnnotatedReader
from labeled_runs import rows_of, tables_of
from leavs import (
    MethodOptions,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    cli,
    from_files,
    label_reports,
)
from leavs.cli import exit_codes
from leavs.method.pack import find_pack, load_pack
from places import ROOT
from readers import plain_reader

METHOD = MethodOptions(reasoning=Reasoning.NEVER)
REPORTS = sorted((ROOT / "data" / "reports").iterdir())[3:5]
ANNOTATIONS = str(ROOT / "data" / "annotations.csv")


def knowing() -> ScriptedEngine:
    """A reader who knows the annotations; it reads one report at a time."""
    reader = AnnotatedReader(load_pack(find_pack(METHOD.pack)))
    return ScriptedEngine(reader.surely, batch_size=1)


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """A run that is as annotated, and one that finds nothing mentioned."""
    engines = {"right": knowing(), "blank": ScriptedEngine(plain_reader)}
    for name, engine in engines.items():
        output = OutputOptions(tmp_path / name, reports_in_flight=1)
        label_reports(from_files(REPORTS), engine, METHOD, output)
    return [str(tmp_path / name) for name in engines]


@pytest.fixture
def merged(two: list[str], tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    copy = shutil.copytree(two[0], tmp_path / "copy")
    runs = [*two, str(copy)]
    assert cli.run(["merge", *runs, "--by", "majority", "--output-dir", str(folder)]) == 0
    return folder


def test_the_screen_says_how_the_runs_voted(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "merged"
    assert cli.run(["merge", *two, "--by", "majority", "--output-dir", str(folder)]) == 0
    out, err = capsys.readouterr()
    ties = sum(bool(row[-1]) for row in rows_of(folder / "details.csv")[1:])
    assert ties
    assert out.splitlines() == [
        f"{folder}: 2 reports, 36 label rows, 2 runs by majority",
        f"{ties} ties of labels and 0 of urgencies, 0 failures of single runs outvoted, "
        "0 failed cells, 0 input problems, 0 notes",
    ]
    assert err == ""


def test_the_exit_code_tells_of_failed_cells(tmp_path: Path) -> None:
    (tmp_path / "lacking.csv").write_text("image1,anonymized_report\na,The liver.\nb,\n")
    runs = [str(tmp_path / name) for name in "ab"]
    for run in runs:
        words = ["--reports-csv", str(tmp_path / "lacking.csv"), "--dry-run", "--output-dir", run]
        assert cli.run(["label", *words]) == exit_codes.FAILED_CELLS
    words = ["--by", "majority", "--output-dir", str(tmp_path / "merged")]
    assert cli.run(["merge", *runs, *words]) == exit_codes.FAILED_CELLS


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--by", "majority"], "--output-dir"),
        (["--output-dir", "x"], "--by"),
        (["--by", "chance", "--output-dir", "x"], '"majority", "mean-probability"'),
        (["--by", "mean-probability", "--output-dir", "x"], "has labels without probabilities"),
    ],
)
def test_wrong_use_is_one_line(
    two: list[str],
    options: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["merge", *two, *options]) == exit_codes.USAGE
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert complaint in err


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["export"], "holds merged labels, which have no journal"),
        (["export", "--include-report", "--spreadsheet-safe"], "no texts and no calibration"),
        (
            ["calibrate", "--annotations", ANNOTATIONS],
            "holds merged labels, whose probabilities are not calibrated; name one of their runs",
        ),
        (["status"], "holds merged labels; ask for the status of their runs"),
        (
            ["label", "--dry-run", "--single-file", str(REPORTS[0]), "--output-dir"],
            "holds the merged labels of other runs; choose another --output-dir",
        ),
    ],
)
def test_commands_for_a_run_refuse_merged_labels_in_one_line(
    merged: Path, command: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in merged.iterdir()}
    capsys.readouterr()
    assert cli.run([command[0], *command[1:], str(merged)]) == exit_codes.USAGE
    [line] = [one for one in capsys.readouterr().err.splitlines() if one.startswith("leavs: ")]
    assert str(merged) in line
    assert complaint in line
    assert before == {path.name: path.read_bytes() for path in merged.iterdir()}


def test_the_doctor_sees_that_a_run_cannot_go_there(
    merged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dry-run", "--single-file", str(REPORTS[0]), "--output-dir", str(merged)]
    assert cli.run(["doctor", *words]) != 0
    out, err = capsys.readouterr()
    assert "the merged labels of other runs" in " ".join((out + err).split())


def test_commands_for_labels_take_merged_ones(
    merged: Path, two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tables_of(merged)["labels.csv"] == tables_of(Path(two[0]))["labels.csv"]
    assert cli.run(["show", str(merged)]) == 0
    assert cli.run(["check", str(merged)]) == cli.run(["check", two[0]])
    assert cli.run(["convert", str(merged), "--to", "wide"]) == 0
    page = tmp_path / "page.html"
    reports = ["--reports", str(REPORTS[0].parent)]
    assert cli.run(["view", str(merged), "--output", str(page), *reports]) == 0
    assert cli.run(["export", str(merged), "--spreadsheet-safe"]) == 0
    assert (merged / "details-spreadsheet.csv").exists()
    assert capsys.readouterr().err == ""


def scored(folder: Path, merged: Path, *options: str) -> pd.DataFrame:
    words = ["--annotations", ANNOTATIONS, "--output-dir", str(folder), "--resamples", "0"]
    assert cli.run(["evaluate", str(merged), *words, *options]) == 0
    table = pd.read_csv(folder / "evaluation.csv", keep_default_na=False)
    return table.query("scope == 'all' and average == 'micro' and metric == 'f1'")


def test_each_run_is_scored_beside_the_vote(merged: Path, two: list[str], tmp_path: Path) -> None:
    other = Path(shutil.copytree(two[1], tmp_path / "another"))
    table = scored(tmp_path / "out", merged, "--baseline", f"other={other}")
    assert set(table["labeler"]) == {"labeler", "right", "blank", "copy", "other"}
    f1 = table.groupby("labeler")["value"].agg(lambda values: set(map(float, values)))
    assert f1["labeler"] == f1["right"] == f1["copy"] == {1.0}
    assert f1["blank"] == f1["other"] == {0.0}
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert all(name in page for name in ("right", "blank", "copy", "other"))


def test_probabilities_of_a_vote_are_not_measured(
    merged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored(tmp_path / "out", merged)
    told = " ".join(capsys.readouterr().out.split())
    assert "reliability of probabilities: " in told
    assert "holds merged labels, whose probabilities are not calibrated" in told
    assert cli.run(["review", str(merged), "--queue", "unsure"]) == exit_codes.USAGE
    [line] = capsys.readouterr().err.splitlines()
    assert "whose probabilities are not calibrated; name one of their runs" in line


def test_a_run_that_is_gone_is_named_and_not_scored(
    merged: Path, two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(two[1])
    table = scored(tmp_path / "out", merged)
    assert set(table["labeler"]) == {"labeler", "right", "copy"}
    told = " ".join(capsys.readouterr().out.split())
    assert "left out: the run blank, whose labels are not there any more" in told


def test_merged_labels_and_their_runs_move_together(
    merged: Path, two: list[str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for folder in (merged, *map(Path, two)):
        shutil.move(folder, tmp_path / "elsewhere" / folder.name)
    table = scored(tmp_path / "out", tmp_path / "elsewhere" / "merged")
    assert set(table["labeler"]) == {"labeler", "right", "blank"}
