"""What is left of a report, and what of it goes into the journal and the tally."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leavs.domain import Failure, Report, Step, UnreadableReport
from leavs.errors import FailureLimitError
from leavs.journal.index import Done
from leavs.journal.journal import Journal, read_lines
from leavs.method.chain import failed
from leavs.method.pack import Pack
from leavs.run.failure_limit import parse_failure_limit
from leavs.run.recorder import Recorder, Tally
from leavs.text import split_sentences

REPORT = Report("r1", "The liver is normal.", 3, "a.csv line 4", "cp1252")


def recorder_of(pack: Pack, folder: Path, known: Done | None = None, **more: Any) -> Recorder:
    organs = pack.ontology.organs[:2]  # spleen, liver
    journal, tally = Journal(folder, {}), Tally(1, len(organs))
    return Recorder(pack.ontology, organs, journal, lambda report_id: known, tally, **more)


def records(folder: Path) -> list[Any]:
    return [line.record for line in read_lines(folder) if line.record["kind"] != "session"]


@pytest.mark.parametrize(
    ("known", "left", "before"),
    [
        (None, ["spleen", "liver"], 0),
        (Done(REPORT.text_hash, {"spleen"}), ["liver"], 0),
        (Done(REPORT.text_hash, {"spleen", "liver"}), [], 1),
        (Done("", {"spleen", "liver"}), ["spleen", "liver"], 0),
    ],
    ids=["new", "one organ done", "all done", "could not be read before"],
)
def test_what_is_left_of_a_report(
    pack: Pack, tmp_path: Path, known: Done | None, left: list[str], before: int
) -> None:
    recorder = recorder_of(pack, tmp_path, known)
    assert [organ.name for organ in recorder.organs_left(REPORT)] == left
    assert recorder.tally.reports_before == before
    assert recorder.tally.encodings["cp1252"] == 1 - before
    assert records(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "noted"),
    [("The liver is normal.", False), ("liver normal; " * 50, True)],
)
def test_a_report_whose_layout_was_not_understood_is_noted_without_its_text(
    pack: Pack, tmp_path: Path, text: str, noted: bool
) -> None:
    report = replace(REPORT, text=text)
    recorder_of(pack, tmp_path).look(report, split_sentences(text))
    reasons = [record["reason"] for record in records(tmp_path)]
    assert reasons == ["one sentence has 699 of 700 characters; look with leavs sentences"] * noted


def test_another_text_under_a_known_id_is_a_problem_of_the_input(
    pack: Pack, tmp_path: Path
) -> None:
    recorder = recorder_of(pack, tmp_path, Done("another", {"spleen"}))
    assert recorder.organs_left(REPORT) == ()
    [problem] = records(tmp_path)
    assert problem["reason"] == "r1: its text is not the one labeled before under this id"
    assert recorder.tally.input_problems == 1


@pytest.mark.parametrize("there", [True, False])
def test_a_text_that_the_journal_lacks_is_added_where_it_is_wanted(
    pack: Pack, tmp_path: Path, there: bool
) -> None:
    recorder = recorder_of(pack, tmp_path, has_text=lambda report_id, text_hash: there)
    recorder.organs_left(REPORT)
    assert [one["text"] for one in records(tmp_path)] == [REPORT.text] * (not there)


def test_results_are_recorded_with_their_report_and_counted(pack: Pack, tmp_path: Path) -> None:
    recorder = recorder_of(pack, tmp_path)
    failure = Failure(Step.FILTRATION, "no answer")
    for organ in recorder.organs:
        recorder.record(REPORT, failed(REPORT.id, organ, pack.ontology, failure))
    asyncio.run(recorder.finish())
    assert {(one["position"], one["text_hash"], one["source"]) for one in records(tmp_path)} == {
        (3, REPORT.text_hash, "a.csv line 4")
    }
    tally = recorder.tally
    assert (tally.organs_done, tally.reports_done, tally.failed_cells, tally.cells) == (
        2,
        1,
        22,
        22,
    )


def test_more_failures_than_allowed_end_the_run_after_they_are_recorded(
    pack: Pack, tmp_path: Path
) -> None:
    recorder = recorder_of(pack, tmp_path, failure_limit=parse_failure_limit("11"))
    recorder = replace(recorder, organs=pack.ontology.organs[:3])
    with pytest.raises(FailureLimitError):
        recorder.record_unreadable(UnreadableReport("bad", "no text", 1, "here"))
    assert [one["organ"] for one in records(tmp_path)] == ["spleen", "liver"]
