"""What is done and which record counts, whatever the journal holds and in which order."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.domain import (
    Certainty,
    Failure,
    Label,
    OrganResult,
    Shard,
    Step,
    UnreadableReport,
    digest_of,
)
from leavs.errors import RunFolderError
from leavs.journal.index import Index
from leavs.journal.journal import Journal, OrganRecord, read_lines


def record(
    report_id: str = "a", organ: str = "liver", failed: int = 0, text: str = "h", position: int = 0
) -> OrganRecord:
    failure = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "why"))
    names = ("normal", "focal", "diffuse")
    labels = {
        name: failure if place < failed else Label(Certainty.ABSENT)
        for place, name in enumerate(names)
    }
    return OrganRecord(OrganResult(report_id, organ, labels), position, text)


def journal_of(folder: Path, *records: OrganRecord, **session: object) -> Journal:
    journal = Journal(folder, session)
    for one in records:
        journal.add_result(one)
    journal.close(complete=True)
    return journal


@pytest.mark.parametrize(
    ("records", "text", "organs"),
    [
        ([], None, None),
        ([record(organ="liver"), record(organ="spleen", failed=1)], "h", {"liver", "spleen"}),
        ([record("b")], None, None),
        # The first text that was labeled is the report's; what is of another is not done.
        ([record(text="h"), record(organ="spleen", text="other")], "h", {"liver"}),
        # What was recorded while it could not be read says nothing of its text.
        ([record(text="", failed=3), record(organ="spleen", text="h")], "h", {"spleen"}),
        ([record(text="", failed=3)], "", {"liver"}),
    ],
)
def test_what_is_done_of_a_report(
    tmp_path: Path, records: Sequence[OrganRecord], text: str | None, organs: set[str] | None
) -> None:
    journal_of(tmp_path, *records)
    with Index(tmp_path) as index:
        done = index.done("a")
    assert (done and done.text_hash, done and done.organs) == (text, organs)


def test_failures_are_done_unless_they_are_to_be_retried(tmp_path: Path) -> None:
    journal_of(tmp_path, record(organ="liver", failed=1), record(organ="spleen"))
    with Index(tmp_path) as index:
        every, good = index.done("a"), index.done("a", retry_failures=True)
    assert every is not None
    assert every.organs == {"liver", "spleen"}
    assert good is not None
    assert good.organs == {"spleen"}


def test_of_many_records_of_a_cell_the_same_one_counts_in_any_order(tmp_path: Path) -> None:
    """The readable one with the fewest failures, and of these the one that stands first."""
    records = [
        record(failed=3, text="", position=9),
        record(failed=2, position=1),
        record(failed=1, position=7),
        record(failed=1, position=8),
    ]
    for seed in range(10):
        folder = tmp_path / str(seed)
        random.Random(seed).shuffle(records)
        for one in records:
            journal_of(folder, one)
        with Index(folder) as index:
            [place] = index.best()
            assert index.record(place)["position"] in (7, 8)
            first = min(r for r, one in enumerate(records) if one.position in (7, 8))
            assert index.record(place)["position"] == records[first].position
            assert place.position == 1, "the report stands where it stood first"
            assert (index.reports, index.records) == (1, 4)
            assert [failures for _, _, failures in index.progress()] == [1]


def test_a_shard_reads_its_own_reports_and_not_the_files_of_others(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(40)]
    shards = [Shard(number, 2) for number in range(2)]
    for shard in shards:
        mine = [record(name) for name in names if shard.includes(name)]
        journal_of(tmp_path, *mine, shard=[shard.number, 2])
    journal_of(tmp_path, *[record(name, "spleen") for name in names])  # of a run without shards
    journal_of(tmp_path, *[record(name, "colon") for name in names], shard=[2, 3])  # of another
    for shard in shards:
        with Index(tmp_path, shard) as index:
            assert len(index.paths) == 4, "the session of each is read, to know whose it is"
            for name in names:
                done, mine = index.done(name), shard.includes(name)
                assert (done is not None) is mine
                assert done is None or done.organs == {"liver", "spleen", "colon"}
    # What another shard's file holds by mistake is not looked for.
    journal_of(tmp_path, *[record(name, "stomach") for name in names], shard=[1, 2])
    with Index(tmp_path, shards[0]) as index:
        assert all("stomach" not in (d.organs if (d := index.done(n)) else ()) for n in names)


def test_an_input_problem_counts_once_however_often_it_was_met(tmp_path: Path) -> None:
    for _ in range(3):
        journal = Journal(tmp_path, {})
        for position in (4, 2):
            journal.add_input_problem(UnreadableReport("", "no id", position, f"line {position}"))
        journal.close()
    with Index(tmp_path) as index:
        assert [place.position for place in index.input_problems()] == [2, 4]


def test_ids_that_differ_little_are_different(tmp_path: Path) -> None:
    names = ["a", "A", "a ", "á", "a\u0301", "a/b", "a\\b", "", "\ud800"]
    journal_of(tmp_path, *[record(name, position=place) for place, name in enumerate(names)])
    with Index(tmp_path) as index:
        assert index.reports == len(names)
        found = [index.record(place)["report_id"] for place in index.best()]
    assert found == names


def test_labels_of_another_run_in_the_folder_are_refused(tmp_path: Path) -> None:
    journal_of(tmp_path, record(), identity="mine")
    journal_of(tmp_path, identity="other")  # it recorded nothing: no harm
    with Index(tmp_path) as index:
        index.refuse_other_runs(tmp_path, "mine")
        with pytest.raises(RunFolderError, match=r"holds labels of another run.*move the file"):
            index.refuse_other_runs(tmp_path, "other")


def probable(report_id: str, organ: str, *probabilities: float | None) -> OrganRecord:
    labels = {str(number): Label(Certainty.ABSENT, one) for number, one in enumerate(probabilities)}
    return OrganRecord(OrganResult(report_id, organ, labels), 0, "h")


def test_an_index_that_grows_says_what_one_that_was_read_whole_says(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(20)]
    for failed in (2, 0, 1):
        journal_of(tmp_path, *[record(name, failed=failed) for name in names])
    with Index(tmp_path) as whole, Index() as growing:
        for number, line in enumerate(read_lines(tmp_path)):
            growing.add([line])
            if number == 1:
                assert [place.failures for place in growing.best_of("r0")] == [2]
        assert list(growing.best()) == list(whole.best())
        for name in names:
            [place] = growing.best_of(name)
            assert place.failures == 0
            assert [place] == list(whole.best_of(name))
        assert list(growing.best_of("x")) == []


def test_the_lowest_probability_is_that_of_the_records_that_count(tmp_path: Path) -> None:
    records = [
        probable("a", "liver", 0.9, None, 0.7),
        probable("a", "spleen", 0.8),
        probable("a", "spleen", 0.1),  # a later record of the same cells
        probable("b", "liver", None),
    ]
    journal_of(tmp_path, *records)
    with Index(tmp_path) as index:
        assert index.lowest_probabilities() == {digest_of("a"): 0.7}
