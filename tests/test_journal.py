"""What is recorded survives, and what was half written is no record."""

import stat
from pathlib import Path

import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    StepUsage,
    Thought,
    UnreadableReport,
    Urgency,
)
from leavs.journal import (
    Journal,
    OrganRecord,
    hash_of,
    read_lines,
    result_from_json,
    result_to_json,
    what_is_done,
)


def result(report_id: str = "a", organ: str = "liver", failed: bool = False) -> OrganResult:
    label = Label(Certainty.PRESENT, 0.75, Urgency.LOW, 0.5, choices={"affirmed": 0.75})
    failure = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "why"))
    return OrganResult(
        report_id,
        organ,
        {"normal": Label(Certainty.ABSENT), "focal": failure if failed else label},
        (Evidence(Sentence(3, 9, "Zyste.", "Leber:"), FoundBy.THOROUGH, 0.9),),
        ("focal",),
        2,
        True,
        {"certainty": StepUsage(1, 2, 3, 4)},
        (Thought("certainty: focal", "Denn …", "D"),),
        1.5,
    )


def record(*args: object, **kwargs: object) -> OrganRecord:
    return OrganRecord(result(*args, **kwargs), 7, "hash")  # type: ignore[arg-type]


@pytest.mark.parametrize("failed", [True, False])
def test_a_result_comes_back_as_it_was(failed: bool) -> None:
    assert result_from_json(result_to_json(result(failed=failed))) == result(failed=failed)


def test_records_are_read_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {"host": "h"})
    journal.add_result(record())
    journal.add_input_problem(UnreadableReport("", "no id", 3, "x.csv line 4"))
    journal.add_report_text("a", 'Text "with" ünïcode\r\n\u2028 and \ud800')
    journal.close(complete=True)
    lines = [line.record for line in read_lines(tmp_path)]
    assert [line["kind"] for line in lines] == ["session", "organ", "input", "report", "end"]
    assert lines[3]["text"] == 'Text "with" ünïcode\r\n\u2028 and \ud800'


def test_a_half_written_line_is_no_record_and_others_hold(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(record("a"))
    journal.add_result(record("b"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        damaged: list[str] = []
        expected = sum(end <= cut for end in ends[1:3])
        assert len(what_is_done(tmp_path, damaged=damaged)) == expected
        assert damaged == []


def test_garbage_in_the_middle_is_named_and_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(record("a"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    path.write_bytes(b"\xff\xfe garbage\n" + path.read_bytes())
    damaged: list[str] = []
    assert set(what_is_done(tmp_path, damaged=damaged)) == {"a"}
    assert damaged == [f"{path} line 1"]


def test_failures_are_done_unless_they_are_to_be_retried(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(record("a", "liver", failed=True))
    journal.add_result(record("a", "spleen"))
    journal.close()
    assert what_is_done(tmp_path)["a"].organs == {"liver", "spleen"}
    assert what_is_done(tmp_path, retry_failures=True)["a"].organs == {"spleen"}


def test_two_processes_never_share_a_file(tmp_path: Path) -> None:
    journals = [Journal(tmp_path, {}) for _ in range(20)]
    for journal in journals:
        journal.close()
    assert len(list((tmp_path / "journal").iterdir())) == 20


def test_only_the_owner_reads_a_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "run", {}).close()
    (path,) = (tmp_path / "run" / "journal").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / "journal").stat().st_mode) == 0o700


def test_the_hash_tells_texts_apart() -> None:
    assert hash_of("a") != hash_of("a ")
    assert hash_of("\ud800") == hash_of("\ud800")
