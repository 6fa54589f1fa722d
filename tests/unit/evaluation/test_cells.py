"""Which cells of a run count, what they hold, and what is said of the others."""

import csv
import shutil
from pathlib import Path

import pytest

from leavs.domain import Certainty, Failure, Label, OrganResult, Step, hash_of
from leavs.errors import InputError, RunFolderError
from leavs.evaluation.calibration import cross_fitted_of_all
from leavs.evaluation.cells import Cells, read_cells
from leavs.evaluation.curves import folds_of
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord
from leavs.tables.export import export
from probable_runs import NOT_ASKED, probable_run, write_annotations
from simulated_cells import TYPES

ID = "subjectid_studyid"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cells]:
    run = tmp_path_factory.mktemp("probable") / "run"
    return run, probable_run(run, 12)


def test_the_cells_of_a_run_are_those_that_were_written(
    made: tuple[Path, Cells], tmp_path: Path
) -> None:
    run, cells = made
    read = read_cells(run, write_annotations(tmp_path / "a.csv", cells, readers=("a", "b", "c")))
    assert read.cells.finding_types == (*NOT_ASKED, *TYPES)
    assert read.parts == {name: (name,) for name in (*NOT_ASKED, *TYPES)}
    assert (read.annotators, read.cells.reports) == (3, 12)
    assert read.identity == manifest.read(run)["identity"]
    assert read.cells.probability == pytest.approx(cells.probability)
    assert read.cells.truth.tolist() == cells.truth.tolist()
    assert read.cells.is_finding.tolist() == cells.is_finding.tolist()
    assert read.cells.report.tolist() == cells.report.tolist()
    assert (read.cells.finding_type - len(NOT_ASKED)).tolist() == cells.finding_type.tolist()
    assert read.notes == (
        "324 annotated cells have no probability: not asked, or the engine gives none",
        "not annotated: normal",
    )


def test_of_the_wide_file_there_are_the_merged_types(
    made: tuple[Path, Cells], tmp_path: Path
) -> None:
    run, cells = made
    read = read_cells(run, write_annotations(tmp_path / "w.csv", cells, wide=True))
    assert read.parts["enlarged_atrophy"] == ("enlarged", "atrophy")
    place = read.cells.finding_types.index("enlarged_atrophy")
    own, merged = cells.finding_type == 2, read.cells.finding_type == place
    assert read.cells.probability[merged] == pytest.approx(cells.probability[own])
    assert read.cells.truth[merged].tolist() == cells.truth[own].tolist()
    # a curve needs findings; of the type that nobody asked about there is no cell
    calibrated = cross_fitted_of_all(read.cells, folds_of(12, 0))
    assert len(calibrated) == len(read.cells.truth) == 12 * 9 * 3


def test_ids_are_matched_in_the_form_in_which_they_agree(
    made: tuple[Path, Cells], tmp_path: Path
) -> None:
    run, cells = made
    file = write_annotations(tmp_path / "a.csv", cells)
    with file.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row[ID] != "r3"]
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        for row in sorted(rows, key=lambda row: row[ID], reverse=True):
            writer.writerow({**row, ID: f"scans/{row[ID]}.nii.gz"})
    read = read_cells(run, file)
    wanted = cells.of(cells.report != 3)
    assert read.cells.reports == 11
    assert read.cells.truth.tolist() == wanted.truth.tolist()
    assert read.cells.probability == pytest.approx(wanted.probability)


CHOICES = {"affirmed": 0.7, "denied": 0.3}
FAILED = Label(None, failure=Failure(Step.CERTAINTY, "why"))
HEAD = "subjectid_studyid,organ,type_annotation,labeler,focal\n"


def small_run(folder: Path, **labels: Label) -> Path:
    """A run of the focal findings of a liver; each label's name is its report."""
    identity = {"organs": ["liver"], "finding_types": ["focal"]}
    manifest.claim_folder(folder, identity, [], has_results=False)
    journal = Journal(folder, {})
    for place, (report, label) in enumerate(labels.items()):
        result = OrganResult(report, "liver", {"focal": label})
        journal.add_result(OrganRecord(result, place, hash_of("")))
    journal.close()
    export(folder)
    return folder


def test_a_failed_cell_and_one_without_a_vote_are_left_out(tmp_path: Path) -> None:
    asked = Label(Certainty.UNSURE, 0.7, choices=CHOICES)
    run = small_run(tmp_path / "run", a=asked, b=FAILED, c=Label(Certainty.NOT_MENTIONED), d=asked)
    file = tmp_path / "a.csv"
    # a: one of two; d: nobody said anything
    file.write_text(
        HEAD + "a,liver,labels,x,1\na,liver,labels,y,0\nb,liver,labels,x,1\n"
        "c,liver,labels,x,0\nd,liver,labels,x,\n"
    )
    read = read_cells(run, file)
    assert read.cells.report.tolist() == [0]
    assert (read.cells.truth.tolist(), read.cells.is_finding.tolist()) == ([True], [True])
    assert read.cells.probability.tolist() == [0.7]
    assert read.notes == (
        "1 cells are blank in the annotations",
        "1 annotated cells have no label",
        "1 annotated cells have no probability: not asked, or the engine gives none",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD + "z,liver,labels,x,1\n", "have no report in common"),
        (HEAD + "a,heart,labels,x,1\n", "have no organ in common"),
        (
            HEAD.replace("focal", "lumpy") + "a,liver,labels,x,1\n",
            "none of the finding types: focal",
        ),
        (HEAD, "has no rows"),
        (HEAD + "a,liver,labels,x,7\n", "values that are no code of labels"),
        ("a,b\n1,2\n", "is it a table of labels?"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    run = small_run(tmp_path / "run", a=Label(Certainty.UNSURE, 0.7, choices=CHOICES))
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=complaint) as caught:
        read_cells(run, file)
    assert "\n" not in str(caught.value)


def test_a_table_is_no_run(made: tuple[Path, Cells], tmp_path: Path) -> None:
    run, cells = made
    shutil.copy(run / "labels.csv", tmp_path)
    with pytest.raises(RunFolderError, match="holds no run"):
        read_cells(tmp_path, write_annotations(tmp_path / "a.csv", cells))
