"""The method as a whole: what follows from what, and how far a failure reaches."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from leavs.domain import (
    Certainty,
    CertaintyQuestions,
    Filtration,
    Label,
    OrganResult,
    Reasoning,
    Step,
    Urgency,
)
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import ContextError, EngineError, QuestionError
from leavs.method.ask import Ask
from leavs.method.chain import label_organ, label_report
from leavs.method.ontology import Organ
from leavs.method.options import Manner, Ways
from leavs.method.pack import Pack
from leavs.method.steps.choice import Steps, chosen_steps
from leavs.text import split_sentences
from planned_reader import CYST, LIVER, REPORT, Answer, Reader

TYPES = [
    "normal",
    "absent",
    "adjacent",
    "quality",
    "postsurgical",
    "anatomy",
    "device",
    "enlarged",
    "atrophy",
    "diffuse",
    "focal",
]
UNREADABLE = "CANARY, I would say"


ALL_TYPES, MENTIONED = CertaintyQuestions


def steps_of(way: Filtration, certainty: CertaintyQuestions = ALL_TYPES) -> Steps:
    return chosen_steps(Ways(way, certainty, Reasoning.NEVER))


def labelled(
    reader: Reader,
    *,
    organ: str = LIVER,
    way: Filtration = Filtration.BOTH,
    certainty: CertaintyQuestions = ALL_TYPES,
) -> OrganResult:
    ask = Ask(ScriptedEngine(reader), reader.pack, Manner(Reasoning.NEVER, 100))
    [chosen] = [one for one in reader.pack.ontology.organs if one.name == organ]
    sentences = split_sentences(REPORT.text)
    return asyncio.run(label_organ(ask, REPORT, sentences, chosen, steps_of(way, certainty)))


def count(reader: Reader, step: str) -> int:
    return sum(about.split(":")[0] == step for about in reader.asked)


def test_without_evidence_all_is_not_mentioned_and_no_more_is_asked(pack: Pack) -> None:
    reader = Reader(pack)
    result = labelled(reader, organ="pancreas")
    assert result.labels == {name: Label(Certainty.NOT_MENTIONED) for name in TYPES}
    assert {label.urgency for label in result.labels.values()} == {Urgency.NOT_APPLICABLE}
    assert reader.asked == ["filtration_fast", *["filtration_thorough"] * 3]
    assert (result.evidence, result.mentioned, result.failed_cells) == ((), (), 0)


def test_every_type_has_a_label_in_the_order_of_the_pack(pack: Pack) -> None:
    reader = Reader(pack)
    result = labelled(reader)
    assert list(result.labels) == TYPES
    assert (result.report_id, result.organ) == ("r1", LIVER)
    assert [one.sentence.text for one in result.evidence] == [CYST]
    assert sorted(reader.asked[4:]) == sorted(f"certainty: {name}" for name in TYPES)


def test_types_that_are_mentioned_get_six_choices_and_the_others_four(pack: Pack) -> None:
    reader = Reader(pack, {"finding_types": "(A), (K)"})
    result = labelled(reader)
    assert result.mentioned == ("normal", "focal")
    offered = {
        about.removeprefix("certainty: "): ") affirmed" in prompt
        for about, prompt in zip(reader.asked, reader.prompts, strict=True)
        if about.startswith("certainty")
    }
    assert offered == {name: name in ("normal", "focal") for name in TYPES}


@pytest.mark.parametrize("way", [Filtration.BOTH, Filtration.NUMBERED, Filtration.NONE])
def test_where_only_mentioned_types_are_asked_about_the_others_are_not_mentioned(
    pack: Pack, way: Filtration
) -> None:
    plan: dict[str, Answer] = {
        "finding_types": "(A), (K)",
        "certainty: normal": Reply("A", probabilities={"A": 0.9}),
        "certainty: focal": Reply("D", probabilities={"D": 0.8}),
        "certainty": "A",
    }
    reader = Reader(pack, plan)
    result = labelled(reader, way=way, certainty=MENTIONED)
    about = [one for one in reader.asked if one.startswith(("certainty", "urgency"))]
    assert sorted(about) == ["certainty: focal", "certainty: normal", "urgency: focal"]
    assert result.mentioned == ("normal", "focal")
    labels = dict(result.labels)
    assert list(labels) == TYPES
    focal, normal = labels.pop("focal"), labels.pop("normal")
    assert (focal.certainty, focal.probability) == (Certainty.PRESENT, 0.8)
    assert (normal.certainty, normal.probability) == (Certainty.ABSENT, 0.9)
    assert labels == dict.fromkeys(labels, Label(Certainty.NOT_MENTIONED))


def test_without_a_mentioned_type_no_certainty_is_asked(pack: Pack) -> None:
    reader = Reader(pack)
    result = labelled(reader, certainty=MENTIONED)
    assert result.labels == {name: Label(Certainty.NOT_MENTIONED) for name in TYPES}
    assert result.evidence
    assert reader.asked[-1] == "finding_types"


def test_the_failure_of_a_mentioned_type_stays_in_its_cell(pack: Pack) -> None:
    plan: dict[str, Answer] = {"finding_types": "(A), (K)", "certainty: focal": UNREADABLE}
    result = labelled(Reader(pack, plan), certainty=MENTIONED)
    assert [name for name, label in result.labels.items() if label.failure] == ["focal"]


@pytest.mark.parametrize(
    ("letter", "certainty", "urgency"),
    [
        ("A", Certainty.ABSENT, Urgency.NOT_APPLICABLE),
        ("B", Certainty.NOT_MENTIONED, Urgency.NOT_APPLICABLE),
        ("C", Certainty.UNSURE, Urgency.HIGH),
        ("D", Certainty.PRESENT, Urgency.HIGH),
        ("E", Certainty.AMBIGUOUS, Urgency.NOT_APPLICABLE),
        ("F", Certainty.AMBIGUOUS, Urgency.NOT_APPLICABLE),
    ],
)
def test_urgency_is_asked_for_what_is_present_or_possible(
    pack: Pack, letter: str, certainty: Certainty, urgency: Urgency
) -> None:
    plan: dict[str, Answer] = {
        "finding_types": "(K)",
        "certainty: focal": letter,
        "urgency: focal": "D",
    }
    reader = Reader(pack, plan)
    label = labelled(reader).labels["focal"]
    assert (label.certainty, label.urgency) == (certainty, urgency)
    assert count(reader, "urgency") == (urgency is Urgency.HIGH)
    told = [prompt for prompt in reader.prompts if "not certain of it" in prompt]
    assert len(told) == (certainty is Certainty.UNSURE)


ALL = frozenset(TYPES)
FAILURES = [
    ("filtration_fast", Step.FILTRATION, ALL),
    ("filtration_thorough", Step.FILTRATION, ALL),
    ("finding_types", Step.FINDING_TYPES, ALL),
    ("certainty: focal", Step.CERTAINTY, {"focal"}),
    ("certainty: absent", Step.CERTAINTY, {"absent"}),
    ("urgency: focal", Step.URGENCY, {"focal"}),
]
WRONG: list[Answer] = [UNREADABLE, QuestionError("refused"), ContextError(9_000)]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("question", "step", "cells"), FAILURES)
def test_a_failure_stays_inside_its_cells(
    pack: Pack, question: str, step: Step, cells: set[str], wrong: Answer
) -> None:
    reader = Reader(
        pack, {"finding_types": "(A), (K)", "certainty: focal": "D", "urgency: focal": "C"}
    )
    whole = labelled(reader).labels
    reader.plan[question] = wrong
    result = labelled(reader)
    assert {name for name, label in result.labels.items() if label.failure} == cells
    assert result.failed_cells == len(cells)
    for name, label in result.labels.items():
        if name in cells:
            assert label.failure is not None
            assert label.failure.step is step
            assert label.urgency is None
            assert "CANARY" not in label.failure.reason
            assert "\n" not in label.failure.reason
        else:
            assert label == whole[name]


@pytest.mark.parametrize(("question", "step", "cells"), FAILURES)
def test_a_failed_cell_has_a_certainty_only_where_urgency_alone_failed(
    pack: Pack, question: str, step: Step, cells: set[str]
) -> None:
    plan: dict[str, Answer] = {
        "finding_types": "(K)",
        "certainty: focal": Reply("D", probabilities={"D": 0.75, "C": 0.25}),
    }
    result = labelled(Reader(pack, plan | {question: UNREADABLE}))
    known = (Certainty.PRESENT, 0.75) if step is Step.URGENCY else (None, None)
    for name in cells:
        label = result.labels[name]
        assert (label.certainty, label.probability) == known
        assert label.urgency_probability is None


def test_a_cut_list_alone_fails_the_organ_and_with_the_thorough_way_it_is_recorded(
    pack: Pack,
) -> None:
    plan: dict[str, Answer] = {"filtration_fast": Reply(f'"{CYST}": informative\n"The', cut=True)}
    fast = labelled(Reader(pack, plan), way=Filtration.FAST)
    both = labelled(Reader(pack, plan), way=Filtration.BOTH)
    assert {label.failure.step for label in fast.labels.values() if label.failure} == {
        Step.FILTRATION
    }
    assert fast.failed_cells == 11
    assert (both.failed_cells, both.list_cut) == (0, True)


def test_dropped_quotes_are_counted(pack: Pack) -> None:
    plan: dict[str, Answer] = {"filtration_fast": '"The duct is wide and long.": informative'}
    assert labelled(Reader(pack, plan)).dropped_quotes == 1


def test_evidence_stays_when_the_finding_types_fail(pack: Pack) -> None:
    result = labelled(Reader(pack, {"finding_types": UNREADABLE}))
    assert [one.sentence.text for one in result.evidence] == [CYST]


STEPS = ["filtration_fast", "filtration_thorough", "finding_types", "certainty: device", "urgency"]


@pytest.mark.parametrize("question", STEPS)
def test_an_engine_that_is_gone_stops_all(pack: Pack, question: str) -> None:
    plan: dict[str, Answer] = {"finding_types": "(K)", "certainty: focal": "D"}
    gone = EngineError("gone")
    with pytest.raises(EngineError) as raised:
        labelled(Reader(pack, plan | {question: gone}))
    assert raised.value is gone


def test_an_engine_that_is_gone_cancels_what_is_in_flight(pack: Pack) -> None:
    cancelled: list[str] = []

    async def wait() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("one")
            raise
        return "A"

    async def go() -> str:
        await asyncio.sleep(0.01)
        raise EngineError("gone")

    with pytest.raises(EngineError):
        labelled(Reader(pack, {"certainty": wait, "certainty: quality": go}))
    assert len(cancelled) == 10


def test_a_bug_is_not_a_failed_cell(pack: Pack) -> None:
    with pytest.raises(ZeroDivisionError):
        labelled(Reader(pack, {"certainty: focal": ZeroDivisionError()}))


def test_usage_is_by_step_and_reasoning_is_kept_question_by_question(pack: Pack) -> None:
    async def script(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        if constraint is None:
            return Reply("Thinking.", prompt_tokens=10, generated_tokens=5)
        answer = await reader(messages, constraint)
        assert isinstance(answer, str)
        return Reply(answer, prompt_tokens=20, cached_tokens=16, generated_tokens=1)

    plan: dict[str, Answer] = {"finding_types": "(K)", "certainty: focal": "D"}
    reader = Reader(pack, plan)
    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.ALWAYS, 100, keep_reasoning=True))
    liver = pack.ontology.organs[1]
    sentences = split_sentences(REPORT.text)
    result = asyncio.run(label_organ(ask, REPORT, sentences, liver, steps_of(Filtration.BOTH)))
    questions = {
        "filtration_fast": 1,
        "filtration_thorough": 2,
        "finding_types": 1,
        "certainty": 11,
        "urgency": 1,
    }
    assert {step: usage.calls for step, usage in result.usage.items()} == {
        step: 2 * times for step, times in questions.items()
    }
    for step, usage in result.usage.items():
        times = questions[step]
        assert (usage.prompt_tokens, usage.cached_tokens) == (30 * times, 16 * times)
        assert usage.generated_tokens == 6 * times
        assert (usage.questions, usage.known, usage.reasoned) == (times, 0, times)
    assert len(result.reasoning) == sum(questions.values())
    assert {thought.about for thought in result.reasoning} >= {"certainty: focal", "urgency: focal"}
    assert not any("CANARY" in thought.about for thought in result.reasoning)
    assert (ask.account.usage, ask.account.transcript) == ({}, [])
    assert result.seconds > 0


def run_report(
    pack: Pack,
    reader: Reader,
    record: Callable[[OrganResult], None],
    organs: Sequence[Organ] | None = None,
) -> None:
    async def run() -> None:
        ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
        some = pack.ontology.organs if organs is None else organs
        async with asyncio.timeout(5):
            await label_report(ask, REPORT, some, steps_of(Filtration.FAST), record)

    asyncio.run(run())


def test_a_report_has_one_result_for_each_organ_asked_for(pack: Pack) -> None:
    results: list[OrganResult] = []
    run_report(pack, Reader(pack), results.append)
    assert sorted(r.organ for r in results) == sorted(o.name for o in pack.ontology.organs)
    results.clear()
    run_report(pack, Reader(pack), results.append, pack.ontology.organs[:2])
    assert sorted(result.organ for result in results) == ["liver", "spleen"]


def test_a_failed_organ_leaves_the_others_alone(pack: Pack) -> None:
    results: dict[str, OrganResult] = {}
    reader = Reader(pack, {"finding_types": UNREADABLE})
    run_report(pack, reader, lambda result: results.update({result.organ: result}))
    assert [organ for organ, result in results.items() if result.failed_cells] == [LIVER]
    assert len(results) == 9


def test_each_organ_is_recorded_as_soon_as_it_is_complete(pack: Pack) -> None:
    others_recorded = asyncio.Event()
    results: list[str] = []

    def record(result: OrganResult) -> None:
        results.append(result.organ)
        if len(results) == 8:
            others_recorded.set()

    async def wait() -> str:
        await others_recorded.wait()
        return "none"

    run_report(pack, Reader(pack, {"finding_types": wait}), record)
    assert results[-1] == LIVER
    assert len(results) == 9


def test_what_is_recorded_stays_when_the_engine_goes(pack: Pack) -> None:
    results: list[str] = []

    async def go() -> str:
        await asyncio.sleep(0.02)
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        run_report(
            pack, Reader(pack, {"finding_types": go}), lambda result: results.append(result.organ)
        )
    assert len(results) == 8


@pytest.mark.parametrize(("step", "at_once"), [("filtration_fast", 9), ("certainty", 11)])
def test_independent_questions_are_in_flight_at_once(pack: Pack, step: str, at_once: int) -> None:
    barrier = asyncio.Barrier(at_once)
    usual = Reader(pack)

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        if usual.question(messages)[0] == step:
            await barrier.wait()
        return await usual(messages, constraint)

    async def run() -> None:
        ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, 100))
        async with asyncio.timeout(5):
            await label_report(
                ask, REPORT, pack.ontology.organs, steps_of(Filtration.FAST), lambda result: None
            )

    asyncio.run(run())
    assert count(usual, step) == at_once
