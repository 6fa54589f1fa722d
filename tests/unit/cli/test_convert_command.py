"""`leavs convert`: where it writes, what a policy says, and what it refuses in one line."""

from pathlib import Path

import pandas as pd
import pytest

from leavs import cli
from leavs.cli import exit_codes
from places import ROOT

SHIPPED = ROOT / "data" / "annotations.csv"
EVERY = ("unsure=masked", "ambiguous=masked", "not_mentioned=negative")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(SHIPPED.read_bytes())
    return path


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (("--to", "wide"), "labels-wide.csv"),
        (("--to", "tidy", "--format", "parquet"), "labels-tidy.parquet"),
        (("--to", "joined-organs"), "labels-joined-organs.csv"),
        (("--to", "long", "--output", "{}/mine.parquet"), "mine.parquet"),
        (("--to", "long", "--format", "csv", "--output", "{}/mine.txt"), "mine.txt"),
    ],
)
def test_it_says_what_it_wrote_and_where(
    labels: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], name: str
) -> None:
    words = [word.format(labels.parent) for word in more]
    assert cli.run(["convert", str(labels), *words]) == 0
    target = labels.parent / name
    table = pd.read_parquet(target) if target.suffix == ".parquet" else pd.read_csv(target)
    out = capsys.readouterr().out
    assert out == f"{target}: {len(table):,} rows, 26 reports\n"
    assert target.stat().st_mode & 0o077 == 0  # for the owner alone


def test_a_run_folder_is_converted_beside_its_labels(labels: Path) -> None:
    assert cli.run(["convert", str(labels.parent), "--to", "abnormality"]) == 0
    assert (labels.parent / "labels-abnormality.csv").exists()


def test_the_policy_is_applied(labels: Path) -> None:
    assert cli.run(["convert", str(labels), "--to", "binary", "--policy", *EVERY]) == 0
    table = pd.read_csv(labels.parent / "labels-binary.csv").set_index("subjectid_studyid")
    original = pd.read_csv(SHIPPED).query("type_annotation == 'labels'")
    met = set()
    for _, row in original.iterrows():
        for name in original.columns[3:]:
            column = f"{row['organ']}_{name}"
            cell = table.loc[row["subjectid_studyid"], [column, f"{column}_masked"]]
            met.add((row[name], *cell.fillna(-9).astype(int)))
    assert met == {(1, 1, 0), (0, 0, 0), (-2, 0, 0), (-1, -9, 1), (-3, -9, 1)}


def test_the_papers_policy_has_a_name(labels: Path) -> None:
    assert cli.run(["convert", str(labels), "--to", "binary", "--policy", "leavs"]) == 0
    paper = (labels.parent / "labels-binary.csv").read_bytes()
    same = ("unsure=positive", "ambiguous=negative", "not_mentioned=negative")
    assert cli.run(["convert", str(labels), "--to", "binary", "--policy", *same]) == 0
    assert (labels.parent / "labels-binary.csv").read_bytes() == paper


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--to", "binary"), "does not say what becomes of unsure, ambiguous, not_mentioned"),
        (("--to", "binary", "--policy", *EVERY[:2]), "what becomes of not_mentioned"),
        (("--to", "binary", "--policy", "unsure=maybe"), "'unsure=maybe'"),
        (("--to", "binary", "--policy", "present=negative"), "'present=negative'"),
        (("--to", "binary", "--policy", *EVERY, "unsure=positive"), "'unsure=positive'"),
        (("--to", "binary", "--policy", "leavs", *EVERY), "'leavs'"),
        (("--to", "wide", "--policy", "leavs"), "--policy is for --to binary"),
        (("--to", "round"), "round"),
        ((), "--to"),
        (("--to", "wide", "--output", "{}"), "name a file in a folder that exists"),
        (("--to", "wide", "--output", "{}/no/x.csv"), "name a file in a folder that exists"),
        (("--to", "wide", "--output", "{}/labels.csv"), "is the table that is read"),
        (("--to", "wide", "--format", "parquet", "--output", "{}/x.csv"), "is no name for"),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(
    labels: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], complaint: str
) -> None:
    words = [word.format(labels.parent) for word in more]
    assert cli.run(["convert", str(labels), *words]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1
    assert list(labels.parent.iterdir()) == [labels]
    assert labels.read_bytes() == SHIPPED.read_bytes()


def test_a_table_that_cannot_be_converted_is_named(
    labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels.write_text(labels.read_text() + labels.read_text().splitlines()[1] + "\n")
    assert cli.run(["convert", str(labels), "--to", "wide"]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert err.startswith(f"leavs: {labels}: 1 rows repeat")
    assert err.count("\n") == 1


def test_published_ids_are_cleaned(amos: Path, tmp_path: Path) -> None:
    target = tmp_path / "clean.csv"
    source = amos / "published_test_labels.csv"
    words = ["--to", "wide", "--clean-ids", "--output", str(target)]
    assert cli.run(["convert", str(source), *words]) == 0
    ids = pd.read_csv(target)["subjectid_studyid"]
    assert ids.str.fullmatch(r"amos_\d+").all()
    assert ids.is_unique
