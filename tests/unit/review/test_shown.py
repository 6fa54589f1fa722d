"""What a page gets of a report: the right text, marks only in it, and labels of any table."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Report,
    Sentence,
    Step,
    UnreadableReport,
    hash_of,
)
from leavs.errors import InputError
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord
from leavs.reports import from_files
from leavs.review.grid import read_for_review
from leavs.review.shown import NO_TEXT, OTHER_TEXT, SEVERAL_TEXTS, Filter, Shown
from leavs.review.texts import Texts
from leavs.tables.export import export
from served_review import SOME, labeled

HEAD = "subjectid_studyid,organ,type_annotation,normal,focal\n"
TABLE = HEAD + (
    "a,liver,labels,0,1\na,liver,urgency,-1,2\nb,liver,labels,1,\nb,liver,urgency,0,\n"
    "c,liver,labels,1,1\nc,liver,urgency,0,1\n"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labeled(tmp_path_factory.mktemp("run"))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(TABLE)
    return path


def test_evidence_stands_where_it_says(run: Path) -> None:
    with closing(Shown(run, from_files(SOME))) as shown:
        report = shown.report(1)
    assert report["id"] == SOME[1].stem
    assert report["note"] == ""
    found = [one for organ in report["organs"].values() for one in organ["evidence"]]
    assert found
    for one in found:
        inside = " ".join(report["text"][one["start"] : one["end"]].split())
        assert one["text"].endswith(inside)
    for start, end in report["headings"]:
        assert report["text"][start:end].strip()


def test_a_text_that_has_changed_is_shown_without_marks(run: Path, tmp_path: Path) -> None:
    other = tmp_path / SOME[0].name
    other.write_text("Another text.")
    with closing(Shown(run, from_files([other]))) as shown:
        report = shown.report(0)
    assert (report["text"], report["note"]) == ("Another text.", OTHER_TEXT)
    found = [one for organ in report["organs"].values() for one in organ["evidence"]]
    assert {one["start"] for one in found} == {-1}


FIRST, SECOND = "A cyst. Liver large.", "No cyst. The liver is large."


def recorded(organ: str, text: str, certainty: Certainty | None) -> OrganRecord:
    failure = None if certainty is not None else Failure(Step.CERTAINTY, "why")
    label = Label(certainty, 0.6 if text == SECOND else 0.9, failure=failure)
    evidence = (Evidence(Sentence(0, 7, text[:7]), FoundBy.FAST),)
    result = OrganResult("a", organ, {"focal": label}, evidence)
    return OrganRecord(result, 0, hash_of(text) if text else "")


ABSENT, PRESENT = Certainty.ABSENT, Certainty.PRESENT
SEVERAL = [  # records, what is shown of the liver, the text, what is said of it, marked organs
    ([("liver", FIRST, None), ("liver", SECOND, PRESENT)], 1, FIRST, SEVERAL_TEXTS, {"spleen"}),
    ([("liver", FIRST, ABSENT), ("liver", SECOND, PRESENT)], 0, FIRST, "", {"spleen", "liver"}),
    ([("liver", "", None), ("liver", FIRST, ABSENT)], 0, FIRST, "", {"spleen", "liver"}),
    ([("liver", "", None)], None, FIRST, "", {"spleen"}),
    ([], None, FIRST, "", {"spleen"}),
]


@pytest.mark.parametrize(("records", "code", "text", "note", "marked"), SEVERAL)
def test_a_report_labeled_in_several_texts_is_shown_as_the_tables_have_it(
    tmp_path: Path,
    records: list[tuple[str, str, Certainty | None]],
    code: int | None,
    text: str,
    note: str,
    marked: set[str],
) -> None:
    identity = {"organs": ["spleen", "liver"], "finding_types": ["focal"]}
    manifest.claim_folder(tmp_path, identity, [], has_results=False)
    journal = Journal(tmp_path, {})
    for kept in (FIRST, SECOND):
        journal.add_report_text("a", kept)
    for one in (("spleen", FIRST, ABSENT), *records):
        journal.add_result(recorded(*one))
    journal.close()
    export(tmp_path)
    with closing(Shown(tmp_path)) as shown:
        report = shown.report(0)
        low = shown.queue(Filter("unsure"))
    assert (report["text"], report["note"]) == (text, note)
    organs = report["organs"]
    if records:
        assert organs["liver"]["cells"]["focal"]["certainty"] == code
    starts = {o: one["start"] for o, shown in organs.items() for one in shown["evidence"]}
    assert {organ for organ, start in starts.items() if start >= 0} == marked
    assert list(low) == ([0] if code == 1 else []), "of the records that count"


def test_without_reports_a_table_has_no_text(labels: Path) -> None:
    report = Shown(labels).report(0)
    assert (report["text"], report["note"]) == (None, NO_TEXT)
    cells = report["organs"]["liver"]["cells"]
    assert cells == {
        "normal": {"certainty": 0, "urgency": -1},
        "focal": {"certainty": 1, "urgency": 2},
    }


def test_published_ids_find_their_reports(tmp_path: Path) -> None:
    text = tmp_path / "amos_0001.txt"
    text.write_text("Liver: normal.")
    path = tmp_path / "labels.csv"
    doubled = "./amos/amos_0001.nii.gz_./amos/amos_0001.nii.gz"
    path.write_text(HEAD + f"{doubled},liver,labels,0,1\n{doubled},liver,urgency,-1,2\n")
    assert Shown(path, from_files([text])).report(0)["text"] == "Liver: normal."


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (Filter(), [0, 1, 2]),
        (Filter("positive", "liver", "focal"), [0, 2]),
        (Filter("positive", "liver", "normal"), [1, 2]),
        (Filter("positive"), [0, 1, 2]),
        (Filter("failed"), [1]),
        (Filter("contradicting"), [2]),
    ],
)
def test_queues_of_a_table(labels: Path, wanted: Filter, places: list[int]) -> None:
    assert list(Shown(labels).queue(wanted)) == places


def test_a_seed_draws_the_same_reports_again(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(HEAD + "".join(f"r{n},liver,labels,0,0\n" for n in range(200)))
    shown = Shown(path)
    drawn = shown.queue(Filter("random", count=20, seed=3))
    assert drawn == shown.queue(Filter("random", count=20, seed=3)) == sorted(set(drawn))
    assert len(drawn) == 20
    assert drawn != shown.queue(Filter("random", count=20, seed=4))
    assert len(shown.queue(Filter("random", count=999))) == 200


def test_labels_that_differ_are_those_that_both_have(labels: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(TABLE.replace("a,liver,labels,0,1", "a,liver,labels,0,-1"))
    assert list(Shown(labels, compared=other).queue(Filter("differing"))) == [0]
    assert list(Shown(labels, compared=labels).queue(Filter("differing"))) == []
    strange = tmp_path / "strange.csv"
    strange.write_text(TABLE.replace("liver", "heart"))
    with pytest.raises(InputError, match="in common"):
        Shown(labels, compared=strange).queue(Filter("differing"))


def test_a_grid_needs_rows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEAD)
    with pytest.raises(InputError, match="has no rows"):
        read_for_review(tmp_path / "x.csv")


@dataclass
class Slow:
    """A source that takes its time after the first report, and may break."""

    breaks: bool = False

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        yield Report("first", "one")
        time.sleep(0.3)
        if self.breaks:
            raise InputError("the file is gone")
        yield UnreadableReport("second", "no text")
        yield Report("x/third.txt", "three")

    def count(self) -> int:
        return 3


def test_a_report_is_there_before_all_are_read() -> None:
    texts = Texts(Slow())
    assert texts.get("first") == "one"
    assert texts.get("third") == "three"
    assert texts.get("second") is None


def test_a_source_that_breaks_says_so_to_those_who_wait() -> None:
    texts = Texts(Slow(breaks=True))
    assert texts.get("first") == "one"
    with pytest.raises(InputError, match="the file is gone"):
        texts.get("third")
    assert texts.get("first") == "one"
