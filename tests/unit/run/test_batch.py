"""Many reports: a few in flight, failures kept apart, and stopped at any moment without a loss."""

import asyncio
import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from labeling_process import done_in
from leavs.domain import Reasoning, Report, UnreadableReport
from leavs.engines.engine import Choices, Constraint, Message
from leavs.engines.scripted import Script, ScriptedEngine
from leavs.errors import EngineError, QuestionError
from leavs.journal.journal import Journal, read_lines
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.certainty import assess_certainty
from leavs.method.steps.choice import Steps
from leavs.method.steps.filtration import fast_only, fast_then_thorough, thorough_only
from leavs.run.batch import Batch
from leavs.run.recorder import Recorder, Tally
from leavs.system.stopping import Stop
from readers import plain_reader

REPORTS = [Report(f"r{number}", f"Report {number}.", number) for number in range(6)]


def batch_of(
    pack: Pack, folder: Path, script: Script, organs: int = 2, reports_in_flight: int = 2
) -> Batch:
    some = pack.ontology.organs[:organs]
    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, max_reasoning_tokens=9))
    tally, done = Tally(len(REPORTS), len(some)), done_in(folder).get
    recorder = Recorder(pack.ontology, some, Journal(folder, {}), done, tally)
    return Batch(ask, Steps(fast_only, assess_certainty), recorder, lambda: reports_in_flight)


def run(
    batch: Batch, entries: Sequence[Report | UnreadableReport], stop: Stop | None = None
) -> bool:
    async def whole() -> bool:
        return await batch.run(entries, stop or Stop(60))

    try:
        return asyncio.run(whole())
    finally:
        batch.recorder.journal.close()


def recorded(folder: Path) -> list[tuple[str, str]]:
    """Report and organ of all records."""
    lines = [line.record for line in read_lines(folder) if line.record["kind"] == "organ"]
    return sorted((line["report_id"], line["organ"]) for line in lines)


def all_of(reports: Sequence[Report]) -> list[tuple[str, str]]:
    return sorted((report.id, organ) for report in reports for organ in ("spleen", "liver"))


@pytest.mark.parametrize("places", [1, 2, 4, 100])
def test_no_more_reports_are_in_flight_than_allowed(
    pack: Pack, tmp_path: Path, places: int
) -> None:
    at_once, most = set[str](), 0

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        nonlocal most
        report = messages[1].content.split("<report>\n")[1][:9]
        at_once.add(report)
        most = max(most, len(at_once))
        await asyncio.sleep(0.005)
        at_once.discard(report)
        return "none"

    assert run(batch_of(pack, tmp_path, script, reports_in_flight=places), REPORTS)
    assert most == min(places, len(REPORTS))
    assert recorded(tmp_path) == all_of(REPORTS)


@pytest.mark.parametrize(("batch_size", "most"), [(1, 2), (4, 5), (16, 18)])
def test_no_more_questions_are_with_the_engine_than_keep_it_full(
    pack: Pack, tmp_path: Path, batch_size: int, most: int
) -> None:
    inside, at_once = 0, set[int]()

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        nonlocal inside
        inside += 1
        at_once.add(inside)
        await asyncio.sleep(0.001)
        inside -= 1
        return plain_reader(messages, constraint)

    engine = ScriptedEngine(script, batch_size)
    ask = Ask(engine, pack, Manner(Reasoning.NEVER, max_reasoning_tokens=9))
    reports = [Report(f"r{number}", f"Liver {number}. Spleen.", number) for number in range(40)]
    batch = batch_of(pack, tmp_path, script, reports_in_flight=20)
    steps = Steps(thorough_only, assess_certainty)
    assert run(replace(batch, ask=ask, steps=steps), reports)
    assert max(at_once) == most
    assert recorded(tmp_path) == all_of(reports)


def test_the_questions_of_earlier_reports_go_first(pack: Pack, tmp_path: Path) -> None:
    asked: list[int] = []

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked.append(int(re.findall(r"of report (\d)", messages[1].content)[0]))
        await asyncio.sleep(0.001)
        return "No" if isinstance(constraint, Choices) else "none"

    texts = [" ".join(f"Sentence {i} of report {n}." for i in range(5)) for n in range(9)]
    reports = [Report(f"r{number}", text, number) for number, text in enumerate(texts)]
    batch = batch_of(pack, tmp_path, script, reports_in_flight=9)
    ask = Ask(ScriptedEngine(script, 1), pack, Manner(Reasoning.NEVER, max_reasoning_tokens=9))
    steps = Steps(fast_then_thorough, assess_certainty)
    assert run(replace(batch, ask=ask, steps=steps), reports)
    assert len(asked) == 9 * 6 * 2
    last = [len(asked) - asked[::-1].index(number) for number in range(9)]
    begun = [asked.index(number) for number in range(9)]
    assert all(ends < begins for ends, begins in zip(last, begun[3:], strict=False))


def test_one_report_that_fails_costs_nothing_else(pack: Pack, tmp_path: Path) -> None:
    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if "Report 3." in messages[1].content:
            raise QuestionError("no")
        return plain_reader(messages, constraint)

    batch = batch_of(pack, tmp_path, script)
    assert run(batch, REPORTS)
    tally = batch.recorder.tally
    assert (tally.reports_done, tally.organs_done, tally.failed_cells) == (6, 12, 22)
    assert tally.certainties == {-2: 10 * 11, None: 22}
    assert tally.usage["filtration_fast"].calls == 10


UNREADABLE = UnreadableReport("bad", "x.txt holds no text", 6, "x.txt")
NO_ID = UnreadableReport("", "x.csv line 9 has no id", 7, "x.csv line 9")


def test_what_cannot_be_read_is_recorded_once(pack: Pack, tmp_path: Path) -> None:
    for expected in (1, 0):
        batch = batch_of(pack, tmp_path, plain_reader)
        assert run(batch, [UNREADABLE, NO_ID])
        tally = batch.recorder.tally
        assert (tally.reports_done, tally.reports_before) == (expected, 1 - expected)
        assert (tally.failed_cells, tally.input_problems) == (22 * expected, 1)
    assert recorded(tmp_path) == [("bad", "liver"), ("bad", "spleen")]


def test_organs_that_are_recorded_are_not_asked_again(pack: Pack, tmp_path: Path) -> None:
    assert run(batch_of(pack, tmp_path, plain_reader, organs=1), REPORTS[:2])
    asked: list[str] = []

    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked.append(messages[1].content)
        return "none"

    assert run(batch_of(pack, tmp_path, script), REPORTS[:2])
    assert len(asked) == 2
    assert all("The organ is the liver." in question for question in asked)
    assert recorded(tmp_path) == all_of(REPORTS[:2])


@pytest.mark.parametrize("error", [EngineError("gone"), RuntimeError("a bug")])
def test_an_engine_that_dies_ends_the_batch_with_its_own_error(
    pack: Pack, tmp_path: Path, error: Exception
) -> None:
    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if "Report 3." in messages[1].content:
            raise error
        return "none"

    with pytest.raises(type(error)) as raised:
        run(batch_of(pack, tmp_path, script, reports_in_flight=1), REPORTS)
    assert raised.value is error
    assert recorded(tmp_path) == all_of(REPORTS[:3])


def test_a_stop_takes_no_new_report_and_finishes_those_in_flight(
    pack: Pack, tmp_path: Path
) -> None:
    stop = Stop(60)

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if "Report 2." in messages[1].content:
            stop.request(signal.SIGTERM)
        await asyncio.sleep(0.005)
        return "none"

    batch = batch_of(pack, tmp_path, script, reports_in_flight=1)
    assert not run(batch, REPORTS, stop)
    assert recorded(tmp_path) == all_of(REPORTS[:3])
    assert batch.recorder.tally.stopping


def test_a_stop_during_the_last_report_is_no_loss(pack: Pack, tmp_path: Path) -> None:
    stop = Stop(60)

    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        stop.request(signal.SIGTERM)
        return "none"

    assert run(batch_of(pack, tmp_path, script), REPORTS[:1], stop)
    assert recorded(tmp_path) == all_of(REPORTS[:1])
