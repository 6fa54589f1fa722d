"""Labels as a data set: typed, nothing invented, nothing of others overwritten."""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from leavs import cli, merge_runs
from leavs.cli import exit_codes
from leavs.publication import dataset
from published_runs import CANARY, published_run

TYPES = {
    "report_id": "string",
    "organ": "string",
    "finding_type": "string",
    "certainty": "int8",
    "probability": "double",
    "urgency": "int8",
    "urgency_probability": "double",
    "mentioned": "bool",
    "failure": "string",
    "evidence": "string",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_run(tmp_path_factory.mktemp("dataset") / "run")


def convert(run: Path, target: Path, *more: str) -> int:
    return cli.run(["convert", str(run), "--to", "dataset", "--output-dir", str(target), *more])


def test_the_tables_are_those_of_the_run_with_types(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(run, tmp_path / "set") == 0
    schema = parquet.read_schema(tmp_path / "set" / "details.parquet")
    assert {field.name: str(field.type) for field in schema} == TYPES
    details = pd.read_parquet(tmp_path / "set" / "details.parquet", dtype_backend="pyarrow")
    with (run / "details.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(details) == len(rows) == 88
    for name in ("report_id", "organ", "finding_type", "evidence"):
        assert details[name].tolist() == [row[name] for row in rows]
    for name in ("certainty", "urgency"):
        codes = ["" if pd.isna(code) else str(code) for code in details[name]]
        assert codes == [row[name] for row in rows]
    assert details["certainty"].isna().sum() == details["failure"].notna().sum() == 22
    labels = pd.read_parquet(tmp_path / "set" / "labels.parquet")
    assert len(labels) == 4 * 2 * 2
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"{tmp_path / 'set'}: details 88 rows, labels 16 rows, and README.md, whose gaps are "
        "yours to fill",
        "it holds sentences of the reports; --no-evidence leaves them out",
    ]
    for path in (tmp_path / "set").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_evidence_can_be_left_out(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(run, tmp_path / "set", "--no-evidence") == 0
    schema = parquet.read_schema(tmp_path / "set" / "details.parquet")
    assert schema.names == [name for name in TYPES if name != "evidence"]
    assert b"cyst" not in b"".join(path.read_bytes() for path in (tmp_path / "set").iterdir())
    assert "sentences" not in capsys.readouterr().out
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "`evidence` was left out" in card
    assert CANARY not in card


def test_parts_make_the_same_table(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(run, tmp_path / "whole")
    monkeypatch.setattr(dataset, "ROWS_AT_ONCE", 5)
    convert(run, tmp_path / "parts")
    tables = [pd.read_parquet(tmp_path / name / "details.parquet") for name in ("whole", "parts")]
    pd.testing.assert_frame_equal(*tables)


def test_ids_stay_text(run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    copied.mkdir()
    for name in ("run.json", "labels.csv", "details.csv", "failures.csv"):
        text = (run / name).read_text(encoding="utf-8")
        for number, one in enumerate(("NA", "007", "1.0", "null")):
            text = text.replace(f"patient-{CANARY}-{number}", one)
        (copied / name).write_text(text, encoding="utf-8", newline="")
    assert convert(copied, tmp_path / "set") == 0
    for name, column in (("details", "report_id"), ("labels", "subjectid_studyid")):
        table = pd.read_parquet(tmp_path / "set" / f"{name}.parquet")
        assert table[column].unique().tolist() == ["NA", "007", "1.0", "null"]


def test_merged_calibrated_and_reviewed_labels_keep_their_columns(
    run: Path, tmp_path: Path
) -> None:
    other = published_run(tmp_path / "other")
    merge_runs([run, other], tmp_path / "merged", "majority")
    details = pd.read_csv(tmp_path / "merged" / "details.csv", dtype=str)
    details.assign(calibrated_probability="0.25").to_csv(
        tmp_path / "merged" / "details.csv", index=False
    )
    labels = pd.read_csv(tmp_path / "merged" / "labels.csv", dtype=str)
    labels.assign(corrected="focal").to_csv(
        tmp_path / "merged" / "labels-reviewed.csv", index=False
    )
    assert convert(tmp_path / "merged", tmp_path / "set") == 0
    schema = parquet.read_schema(tmp_path / "set" / "details.parquet")
    found = {field.name: str(field.type) for field in schema}
    beside = {"agreement": "double", "votes": "string", "tie": "string"}
    assert found == TYPES | beside | {"calibrated_probability": "double"}
    reviewed = parquet.read_table(tmp_path / "set" / "reviewed.parquet")
    assert reviewed["corrected"].to_pylist() == ["focal"] * 16
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "config_name: reviewed" in card
    convert(run, tmp_path / "set")  # of a run without: its table goes
    assert not (tmp_path / "set" / "reviewed.parquet").exists()


def _edited(target: Path) -> None:
    card = target / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("license:", "license: mit"))


def _foreign(target: Path) -> None:
    (target / "mine.txt").write_text("mine")


def _no_card(target: Path) -> None:
    (target / "README.md").unlink()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [(_edited, "was edited"), (_foreign, "holds mine.txt"), (_no_card, "not of leavs")],
)
def test_what_others_wrote_is_not_overwritten(
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    complaint: str,
) -> None:
    target = tmp_path / "set"
    for _ in range(2):  # its own, nobody has edited it
        assert convert(run, target) == 0
    change(target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    assert convert(run, target) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--to", "dataset"), "needs --output-dir"),
        (("--to", "dataset", "--output-dir", "x", "--policy", "leavs"), "--policy is"),
        (("--to", "dataset", "--output-dir", "x", "--format", "csv"), "--format is not for"),
        (("--to", "dataset", "--output-dir", "x", "--clean-ids"), "--clean-ids is not for"),
        (("--to", "dataset", "--output-dir", "x", "--output", "y"), "--output is not for"),
        (("--to", "wide", "--output-dir", "x"), "--output-dir is for --to dataset"),
        (("--to", "wide", "--no-evidence"), "--no-evidence is for --to dataset"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["convert", str(run), *words]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_output_folder_of_other_commands_does_not_stand_in_the_way(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAVS_OUTPUT_DIR", str(run))
    wide = tmp_path / "wide.csv"
    assert cli.run(["convert", str(run), "--to", "wide", "--output", str(wide)]) == 0
    assert wide.exists()


def test_a_table_alone_is_no_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(run / "labels.csv", tmp_path / "set") == exit_codes.USAGE
    assert "is no run folder" in capsys.readouterr().err


def test_a_table_that_is_damaged_leaves_nothing(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "run"
    copied.mkdir()
    for name in ("run.json", "labels.csv", "details.csv", "failures.csv"):
        (copied / name).write_bytes((run / name).read_bytes())
    with (copied / "details.csv").open("a") as file:
        file.write(f"r,liver,focal,{CANARY},,,,1,,\r\n")
    assert convert(copied, tmp_path / "set") == exit_codes.USAGE
    err = capsys.readouterr().err
    assert "details.csv is not the table that leavs wrote" in err
    assert err.count("\n") == 1
    assert CANARY not in err
    assert list((tmp_path / "set").iterdir()) == []
