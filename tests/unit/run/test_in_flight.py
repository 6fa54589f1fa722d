"""Which reports a process that died was labeling, and how one is given up."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from leavs import MethodOptions, OutputOptions, Reasoning, ScriptedEngine, from_jsonl
from leavs.domain import Filtration, Report
from leavs.journal.index import Index
from leavs.journal.status import read_status
from leavs.run.in_flight import DIED, Part, Work, give_up, in_flight, last_taken
from leavs.run.recorder import Tally
from leavs.run.session import Session, no_progress
from readers import plain_reader

METHOD = MethodOptions(
    organs=("liver", "spleen"), filtration=Filtration.NONE, reasoning=Reasoning.NEVER
)


@pytest.fixture
def part(tmp_path: Path) -> Part:
    """Five reports, of which the second cannot be read."""
    path = tmp_path / "reports.jsonl"
    texts = ["x" if number != 1 else "" for number in range(5)]
    path.write_text("".join(f'{{"id":"r{n}","text":"{text}"}}\n' for n, text in enumerate(texts)))
    return Part(from_jsonl(path), tmp_path / "trace")


def session_of(part: Part, folder: Path) -> Session:
    output = OutputOptions(folder / "run")
    return Session(part, ScriptedEngine(plain_reader), METHOD, output, no_progress)


def test_a_trace_tells_what_was_handed_out(part: Part) -> None:
    assert last_taken(part.trace) == -1
    entries = iter(part)
    # An entry counts when the next one is asked for: before that no question is asked about it.
    seen = [(next(entries).position, last_taken(part.trace)) for _ in range(4)]
    assert seen == [(0, -1), (1, 0), (2, 1), (3, 2)]


def test_in_flight_is_what_was_taken_and_is_not_recorded(part: Part, tmp_path: Path) -> None:
    only = Part(part.source, part.trace, only=frozenset({0, 1}))
    session = session_of(only, tmp_path)
    asyncio.run(session.label())
    plan = asyncio.run(session.plan())
    for taken, expected in ((-1, []), (1, []), (2, ["r2"]), (3, ["r2", "r3"])):
        part.trace.write_text(f"{taken:20}")
        found = in_flight(session, plan, part)
        assert [report.id for report in found.reports] == expected
        assert found.records == 4
    apart = Part(part.source, part.trace, without=frozenset({2}))
    assert [report.id for report in in_flight(session, plan, apart).reports] == ["r3"]


def test_what_is_given_up_is_a_failure_of_the_engine_and_done(part: Part, tmp_path: Path) -> None:
    session = session_of(part, tmp_path)
    plan = asyncio.run(session.plan())
    session.claim(plan)
    part.trace.write_text("0")
    [report] = in_flight(session, plan, part).reports
    results = give_up(session, plan, [(report, "it died")])
    assert [result.organ for result in results] == ["spleen", "liver"]
    failures = {label.failure for result in results for label in result.labels.values()}
    assert {(one.step.value, one.reason) for one in failures if one} == {("engine", "it died")}
    assert in_flight(session, plan, part).reports == []
    with Index(tmp_path / "run") as index:
        assert index.records == 2


def test_what_is_left_out_is_not_complete_before_it_is_given_up(tmp_path: Path) -> None:
    path, folder = tmp_path / "reports.jsonl", tmp_path / "run"
    path.write_text('{"id":"r0","text":"x"}\n{"text":"no id"}\n{"id":"r2","text":"x"}\n')
    part = Part(from_jsonl(path), tmp_path / "trace", without=frozenset({0}))
    session = replace(session_of(part, tmp_path), whole=part.whole)
    assert asyncio.run(session.label()).complete
    assert not read_status(folder).complete
    [killer, *_] = part.source
    assert isinstance(killer, Report)
    give_up(session, asyncio.run(session.plan()), [(killer, DIED)])
    assert read_status(folder).complete, "the entry without an id is no report that is left"


def reports_of(*positions: int) -> list[Report]:
    return [Report(f"r{position}", "x", position) for position in positions]


def test_what_was_in_flight_at_three_deaths_is_labeled_alone() -> None:
    work = Work(0)
    for beside in ((1, 2), (1, 3), (1, 2)):
        assert not work.alone
        work.count_death(reports_of(*beside), "")
    assert (work.alone, work.apart) == ({1}, {1})
    work.count_death(reports_of(2), "")
    assert (work.alone, work.apart) == ({2}, {1, 2}), "1 is done, or would be in flight"


def test_what_kills_alone_is_given_up_with_what_the_engine_had_to_say() -> None:
    work = Work(0, alone={1, 2}, apart={1, 2})
    for position, words in ((1, ""), (2, "the engine is gone")):
        work.asked_alone = position
        work.count_death(reports_of(position), words)
    assert work.alone == set()
    assert [(report.position, reason) for report, reason in work.fatal_reports] == [
        (1, DIED),
        (2, f"{DIED}: the engine is gone"),
    ]


def test_what_was_alone_and_not_taken_when_its_process_died_is_still_to_be_labeled() -> None:
    work = Work(0, alone={3, 4}, apart={3, 4}, asked_alone=3)
    work.count_death([], "")  # the machine had died before it was asked
    assert (work.alone, work.fatal_reports) == ({3, 4}, [])


def test_a_report_that_two_attempts_saw_counts_once() -> None:
    total, work = Tally(9, 2), Work(0)
    work.begin(None)
    work.count(Tally(9, 2, reports_done=3, reports_before=2, input_problems=1, organs_done=7))
    work.begin(4)
    work.count(Tally(9, 2, reports_done=1, organs_done=1))
    work.begin(None)
    for before in (1, 5):  # the attempt passes what was done before one after the other
        work.count(Tally(9, 2, reports_done=3, reports_before=before, input_problems=1))
        total.count(work.tallies)
        assert (total.reports_done, total.reports_before) == (7, max(0, before - 3))
    assert (total.reports_total, total.organs_done, total.input_problems) == (9, 8, 1)


def test_what_is_set_apart_is_not_in_flight_beside_the_others(part: Part, tmp_path: Path) -> None:
    session = session_of(part, tmp_path)
    plan = asyncio.run(session.plan())
    session.claim(plan)
    work = Work(0, alone={3}, apart={2, 3})
    (tmp_path / "0").write_text("3")
    for alone, expected in ((None, ["r0"]), (3, ["r3"])):
        work.asked_alone = alone
        found = in_flight(session, plan, work.part(part.source, tmp_path))
        assert [report.id for report in found.reports] == expected
