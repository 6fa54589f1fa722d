"""`leavs calibrate`, and what export, evaluate and review do with a run's probabilities."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leavs import ScriptedEngine, cli, export, from_files, label_reports
from leavs.cli import exit_codes
from leavs.cli.calibrate import no_better
from leavs.evaluation import evaluate_labels
from leavs.evaluation.cells import Cells
from leavs.evaluation.page import CALIBRATION, FILES
from leavs.journal import manifest
from leavs.run.options import OutputOptions
from leavs.tables.calibration import Fit, Method
from leavs.tables.calibration_file import read_calibration
from places import ROOT
from probable_runs import NOT_ASKED, probable_run, write_annotations
from readers import plain_reader
from simulated_cells import TYPES
from small_calibration import CALIBRATION as SMALL
from small_calibration import CURVE, NONE


@dataclass(frozen=True)
class Made:
    """A run, its annotations and its calibration."""

    run: Path
    annotations: Path
    calibration: Path
    cells: Cells


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("calibrated")
    cells = probable_run(folder / "run", 60)
    annotations = write_annotations(folder / "annotations.csv", cells)
    calibration = folder / "calibration.json"
    command = ["calibrate", str(folder / "run"), "--annotations", str(annotations)]
    assert cli.run([*command, "--output", str(calibration), "--resamples", "300"]) == 0
    return Made(folder / "run", annotations, calibration, cells)


def test_the_command_says_what_it_fitted(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["calibrate", str(made.run), "--annotations", str(made.annotations)]
    again = made.run.parent / "again.json"
    assert cli.run([*command, "--output", str(again), "--resamples", "300"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "60 annotated reports" in out
    assert "left out: not annotated: normal" in out
    assert "no curve for absent: no annotated cell has a probability" in out
    assert "isotonic" in out
    assert "findings to read for a precision of 0.9: " in out
    assert out.endswith(f"written to {again}\n")
    assert again.read_bytes() == made.calibration.read_bytes(), "the same seed, the same file"


def test_the_file_holds_curves_counts_and_the_run_they_are_for(made: Made) -> None:
    calibration = read_calibration(made.calibration)
    assert calibration.identity["model"] == "one"
    assert (calibration.reports, calibration.annotators) == (60, 1)
    methods = {name: curve.method for name, curve in calibration.curves.items()}
    assert methods == {
        **dict.fromkeys(("normal", *NOT_ASKED), Method.NONE),
        **dict.fromkeys(TYPES, Method.ISOTONIC),
    }
    for place, name in enumerate(TYPES):
        curve, own = calibration.curves[name], made.cells.finding_type == place
        assert (curve.reports, curve.cells) == (60, 540)
        assert curve.positives == made.cells.truth[own].sum()
        assert all(point.low <= point.calibrated <= point.high for point in curve.points)
        assert curve.calibration_error.before is not None
        assert curve.calibration_error.after is not None
        assert curve.calibration_error.after < curve.calibration_error.before
    assert calibration.curves["normal"].note == "not annotated"
    text = made.calibration.read_text()
    assert "r17" not in text, "no id of a report"
    assert "anna" not in text.replace("annotat", ""), "no name of a reader"


def test_of_merged_annotations_each_part_gets_the_curve_and_no_probability(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = write_annotations(tmp_path / "wide.csv", made.cells, wide=True)
    output = tmp_path / "wide.json"
    command = ["calibrate", str(made.run), "--annotations", str(wide), "--output", str(output)]
    assert cli.run([*command, "--resamples", "300"]) == 0
    curves = read_calibration(output).curves
    assert curves["enlarged"].annotated_as == "enlarged_atrophy"
    assert curves["enlarged"] == curves["atrophy"]
    told = "no calibrated probability of atrophy, enlarged: readers annotated them only together"
    assert told in " ".join(capsys.readouterr().out.split())
    alone = read_calibration(made.calibration).curves["enlarged"]
    assert curves["enlarged"].points == alone.points, "nothing was asked of the other part"
    shutil.copytree(made.run, tmp_path / "run")
    export(tmp_path / "run", calibration=output)
    rows = details(tmp_path / "run")[1:]
    assert {row[2] for row in rows if row[-1]} == {"focal", "diffuse"}


@pytest.mark.parametrize("name", ["annotations.csv", "run/run.json", "run/labels.csv", "run"])
def test_no_other_file_is_overwritten_and_nothing_is_fitted_for_it(
    made: Made, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = made.run.parent / name
    before = output.read_bytes() if output.is_file() else b""
    command = ["calibrate", str(made.run), "--annotations", "nowhere.csv", "--output", str(output)]
    assert cli.run(command) == exit_codes.USAGE
    assert (
        capsys.readouterr().err.strip().endswith("is there and no calibration; name another file")
    )
    assert (output.read_bytes() if output.is_file() else b"") == before


def test_what_calibration_makes_worse_is_named() -> None:
    worse = replace(CURVE, brier_score=Fit(0.04, 0.05), annotated_as="diffuse")
    flat = replace(CURVE, brier_score=Fit(0.04, 0.0401))  # the same on the screen
    curves = {"focal": flat, "diffuse": worse, "absent": NONE}
    assert no_better(replace(SMALL, curves=curves)) == [
        "calibrated probabilities of diffuse are no better than the model's own: "
        "annotate more reports, or use the model's"
    ]
    assert no_better(SMALL) == []


REFUSED: dict[str, tuple[list[str], str]] = {
    "no run": (["nowhere", "--annotations", "a.csv"], "nowhere holds no run"),
    "no annotations": (["{run}", "--annotations", "nowhere.csv"], "nowhere.csv does not exist"),
    "few resamples": (["{run}", "--annotations", "{a}", "--resamples", "9"], "200 or more"),
    "a seed": (["{run}", "--annotations", "{a}", "--seed", "-1"], "0 or more"),
    "output": (["{run}", "--annotations", "{a}", "--output", "/dev/null/x"], "name another"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_calibrated_is_one_line(
    made: Made, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, complaint = REFUSED[case]
    filled = [one.format(run=made.run, a=made.annotations) for one in arguments]
    assert cli.run(["calibrate", *filled]) == exit_codes.USAGE
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert complaint in err


@pytest.fixture(scope="module")
def without_probabilities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "run"
    reports = sorted((ROOT / "data" / "reports").iterdir())[:2]
    label_reports(from_files(reports), ScriptedEngine(plain_reader), output=OutputOptions(folder))
    return folder


def test_a_run_without_probabilities_cannot_be_calibrated(
    without_probabilities: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations = str(ROOT / "data" / "annotations.csv")
    command = ["calibrate", str(without_probabilities), "--annotations", annotations]
    assert cli.run(command) == exit_codes.USAGE
    assert "no annotated cell has a label, a probability and a vote" in capsys.readouterr().err


# leavs export


def details(run: Path) -> list[list[str]]:
    with (run / "details.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_details_get_a_last_column_and_nothing_else_changes(made: Made, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(made.run, run)
    before = {path.name: path.read_bytes() for path in run.glob("*.csv")}
    assert cli.run(["export", str(run), "--calibration", str(made.calibration)]) == 0
    plain = list(csv.reader(before["details.csv"].decode().splitlines()))
    rows = details(run)
    assert [row[:-1] for row in rows] == plain
    assert rows[0][-1] == "calibrated_probability"
    others = {path.name: path.read_bytes() for path in run.glob("*.csv")}
    assert {**others, "details.csv": b""} == {**before, "details.csv": b""}
    curves = read_calibration(made.calibration).curves
    for number, (row, probability) in enumerate(
        zip([row for row in rows if row[2] in TYPES], made.cells.probability, strict=True)
    ):
        told = curves[TYPES[made.cells.finding_type[number]]].at(probability)
        assert row[2] == TYPES[made.cells.finding_type[number]]
        assert float(row[-1]) == pytest.approx(told, abs=5e-5)
    empty = {row[-1] for row in rows[1:] if row[2] not in TYPES}
    assert empty == {""}, "asked but not annotated, or not asked"
    assert cli.run(["export", str(run)]) == 0
    assert details(run) == plain


@pytest.mark.parametrize(
    ("identity", "complaint"),
    [
        ({"model": "two"}, "model 'one' there, 'two'"),
        ({"certainty": "all"}, "certainty 'mentioned'"),
    ],
)
def test_a_calibration_of_another_kind_of_run_is_refused(
    made: Made,
    tmp_path: Path,
    identity: dict[str, Any],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    probable_run(tmp_path / "run", 2, **identity)
    before = (tmp_path / "run" / "details.csv").read_bytes()
    calibration = ["--calibration", str(made.calibration)]
    assert cli.run(["export", str(tmp_path / "run"), *calibration]) == exit_codes.USAGE
    review = ["review", str(tmp_path / "run"), "--queue", "budget", "--no-open"]
    assert cli.run([*review, *calibration]) == exit_codes.USAGE
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert all(complaint in error for error in errors)
    assert (tmp_path / "run" / "details.csv").read_bytes() == before


def test_export_from_python_takes_the_file_as_well(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.run, tmp_path / "run")
    export(tmp_path / "run", calibration=made.calibration)
    assert details(tmp_path / "run")[0][-1] == "calibrated_probability"


# leavs evaluate


def test_of_a_run_the_evaluation_has_figures_of_probabilities(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["evaluate", str(made.run), "--annotations", str(made.annotations)]
    assert cli.run([*command, "--output-dir", str(out), "--resamples", "100"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted((*FILES, CALIBRATION))
    figures = pd.read_csv(out / CALIBRATION)
    assert set(figures.loc[figures["figure"] == "brier_score", "of"]) == set(TYPES)
    focal = figures[(figures["of"] == "focal") & (figures["figure"] == "calibration_error")]
    calibration = read_calibration(made.calibration)
    before = calibration.curves["focal"].calibration_error.before
    assert focal["value"].tolist() == pytest.approx([before])
    page, text = ((out / f"evaluation.{end}").read_text() for end in ("html", "md"))
    for title in ("Reliability of the probabilities", "How right the rest is, once a part is read"):
        assert f"<h2>{title}</h2>" in page
        assert f"## {title}" in text
    assert page.count('id="reliability-') > 0
    assert page.count('id="risk-coverage-') > 0


def test_a_table_has_the_same_figures_but_none_of_probabilities(made: Made, tmp_path: Path) -> None:
    shutil.copy(made.run / "labels.csv", tmp_path / "labels.csv")
    of_run = evaluate_labels(made.run, made.annotations, resamples=50)
    of_table = evaluate_labels(tmp_path / "labels.csv", made.annotations, resamples=50)
    assert of_run.scores.equals(of_table.scores)
    assert of_run.probabilities is not None
    assert of_table.probabilities is None
    [note] = [note for note in of_table.notes if "probabilities" in note]
    assert note.startswith("reliability of probabilities: they stand in the folder of a run")
    # the file of an earlier evaluation does not stay beside the figures of a later one
    out = tmp_path / "out"
    for labels in (made.run, tmp_path / "labels.csv"):
        command = ["evaluate", str(labels), "--annotations", str(made.annotations)]
        assert cli.run([*command, "--output-dir", str(out), "--resamples", "0"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


def rewritten(
    annotations: Path, file: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> Path:
    """Annotations with a change of the table."""
    change(pd.read_csv(annotations, dtype=str)).to_csv(file, index=False)
    return file


def with_a_word(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(normal="yes")


def with_a_row_twice(table: pd.DataFrame) -> pd.DataFrame:
    table = table.assign(normal="0")
    return pd.concat([table, table.head(1).assign(normal="1")])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [(with_a_word, "column 'normal' holds"), (with_a_row_twice, "that contradict each other")],
)
def test_what_is_not_scored_does_not_stop_the_scores(
    made: Made, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], complaint: str
) -> None:
    changed = evaluate_labels(
        made.run, rewritten(made.annotations, tmp_path / "a.csv", change), resamples=50
    )
    plain = evaluate_labels(made.run, made.annotations, resamples=50)
    assert changed.scores.equals(plain.scores)
    assert changed.probabilities is None
    [note] = [note for note in changed.notes if "probabilities" in note]
    assert note.startswith("reliability of probabilities: ")
    assert complaint in note


def test_a_manifest_that_names_no_types_does_not_stop_the_scores(
    made: Made, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(made.run, run)
    described = manifest.read(run)
    del described["identity"]["finding_types"]
    manifest.write(run, described)
    done = evaluate_labels(run, made.annotations, resamples=50)
    assert done.scores.equals(evaluate_labels(made.run, made.annotations, resamples=50).scores)
    told = f"{run / manifest.FILE} does not name the finding_types of the run"
    assert f"reliability of probabilities: {told}" in done.notes


def test_probabilities_are_of_the_reports_and_organs_that_are_scored(
    made: Made, tmp_path: Path
) -> None:
    table = pd.read_csv(made.run / "labels.csv", dtype=str)
    some = table["subjectid_studyid"].isin([f"r{n}" for n in range(0, 60, 2)])
    table[some & (table["organ"] != "organ 3")].to_csv(tmp_path / "few.csv", index=False)
    few = {"few": tmp_path / "few.csv"}
    done = evaluate_labels(made.run, made.annotations, baselines=few, resamples=0)
    assert done.reports == 30
    assert done.probabilities is not None
    counted = done.probabilities.groupby("figure")["cells"].max()
    assert counted["brier_score"] == 30 * 8


def test_a_run_without_probabilities_says_so(without_probabilities: Path) -> None:
    annotations = ROOT / "data" / "annotations.csv"
    done = evaluate_labels(without_probabilities, annotations, resamples=0)
    assert done.probabilities is None
    assert done.notes[-1] == (
        "reliability of probabilities: no annotated cell has a label, a probability and a vote "
        "(198 annotated cells have no probability: not asked, or the engine gives none)"
    )


# leavs review


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--queue", "budget"], "--queue budget needs --calibration FILE"),
        (["--precision", "0.9"], "--precision needs --calibration FILE"),
        (["--calibration", "{c}", "--blind"], "--calibration does not go with --blind"),
        (["--calibration", "{c}", "--precision", "1"], "--precision 1: it must be between 0 and 1"),
        (["--calibration", "nowhere.json"], "nowhere.json does not exist"),
        (["--queue", "best"], "no queue 'best'; there are: all, random, positive"),
        (["--queue", "differing"], "name other labels with --compare"),
        (["--queue", "failed", "--blind"], "a blind reader has the queues all and random"),
    ],
)
def test_a_page_is_not_served_with_options_that_do_not_fit(
    made: Made, options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [one.format(c=made.calibration) for one in options]
    assert cli.run(["review", str(made.run), "--no-open", *filled]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert complaint in err


def test_the_calibration_is_plain_json(made: Made) -> None:
    values = json.loads(made.calibration.read_text())
    assert list(values)[:2] == ["kind", "version"]
    assert set(values["rests"]) == {"findings", "no findings"}
