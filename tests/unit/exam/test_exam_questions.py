"""An item is put as a run puts it, and what comes back is read as strictly."""

import asyncio
from collections.abc import Sequence

import pytest

from exam_reader import gold_reader, in_form
from leavs.domain import Certainty, CertaintyQuestions, Filtration, Preset, Reasoning, Step
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import Script, ScriptedEngine
from leavs.errors import EngineError
from leavs.exam.items import Item, load_items, shipped_data
from leavs.exam.questions import THOROUGH, Answered, Belief, ask_item, is_asked
from leavs.method.ask import Ask
from leavs.method.options import PRESETS, MethodOptions, Ways
from leavs.method.pack import Pack

NEVER = MethodOptions(reasoning=Reasoning.NEVER)
LEAN = PRESETS[Preset.LEAN]


@pytest.fixture(scope="module")
def items(pack: Pack) -> dict[str, Item]:
    return {item.id: item for item in load_items(shipped_data() / "exam", pack)}


def first(items: dict[str, Item], step: Step, mentioned: bool = True) -> Item:
    return next(
        one
        for one in items.values()
        if one.step is step and one.mentioned is mentioned and one.answer
    )


def put(script: Script, pack: Pack, item: Item, method: MethodOptions = NEVER) -> Answered:
    return asyncio.run(
        ask_item(Ask(ScriptedEngine(script), pack, method.manner()), item, method.ways)
    )


@pytest.mark.parametrize("step", [Step.FILTRATION, Step.FINDING_TYPES, Step.CERTAINTY])
def test_what_cannot_be_read_is_no_answer_and_says_why(
    step: Step, items: dict[str, Item], pack: Pack
) -> None:
    found = put(lambda messages, constraint: "Well, well.", pack, first(items, step))
    assert found.answer is None
    assert not found.right
    assert found.problem.startswith("the reply is not")
    assert sum(use.calls for use in found.usage.values()) >= 2, "the answer was asked for again"


def test_an_engine_that_is_gone_ends_the_exam(items: dict[str, Item], pack: Pack) -> None:
    def gone(messages: Sequence[Message], constraint: Constraint | None) -> str:
        raise EngineError("it is gone")

    with pytest.raises(EngineError, match="it is gone"):
        put(gone, pack, first(items, Step.URGENCY))


def test_of_a_choice_the_probability_is_kept(items: dict[str, Item], pack: Pack) -> None:
    def unsure(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        assert isinstance(constraint, Choices)
        return Reply("A", probabilities={"A": 0.7, "B": 0.3})

    for step in (Step.CERTAINTY, Step.URGENCY):
        found = put(unsure, pack, first(items, step))
        assert found.probability == 0.7
        assert found.beliefs == (Belief(step, 0.7, found.right),)


def test_the_two_answers_that_stand_for_one_code_are_told_apart(
    items: dict[str, Item], pack: Pack
) -> None:
    item = first(items, Step.CERTAINTY)
    offered = [put(lambda *_, letter=letter: letter, pack, item).answer for letter in "EF"]
    assert offered == [{"prior"}, {"broad"}]


def test_a_yes_of_thorough_filtration_is_believed_as_far_as_it_was_sure(
    items: dict[str, Item], pack: Pack
) -> None:
    item = first(items, Step.FILTRATION)

    def yes(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        return Reply("Yes", probabilities={"Yes": 0.8, "No": 0.2})

    found = put(yes, pack, item, MethodOptions(filtration=Filtration.THOROUGH))
    assert found.answer == set(item.offered)
    assert [one.step for one in found.beliefs] == [THOROUGH] * (
        len(item.offered) - len(item.either)
    )
    assert sum(one.right for one in found.beliefs) == len(item.answer)


def test_what_a_possible_finding_is_asked_for_says_so(items: dict[str, Item], pack: Pack) -> None:
    asked = []

    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked.append(messages[1].content)
        return "A"

    doubtful = next(one for one in items.values() if one.certainty is Certainty.UNSURE)
    put(script, pack, doubtful)
    assert "(the radiologist" in asked[0]
    assert all(sentence in asked[0] for sentence in doubtful.evidence)


def test_only_what_the_ways_ask_is_asked(items: dict[str, Item]) -> None:
    unmentioned = first(items, Step.CERTAINTY, mentioned=False)
    assert is_asked(unmentioned, PRESETS[Preset.PAPER])
    assert not is_asked(unmentioned, LEAN)
    assert is_asked(first(items, Step.CERTAINTY), LEAN)
    whole = Ways(Filtration.NONE, CertaintyQuestions.ALL, Reasoning.NEVER)
    assert not is_asked(first(items, Step.FILTRATION), whole)


@pytest.mark.parametrize("filtration", [Filtration.FAST, Filtration.BOTH, Filtration.NUMBERED])
def test_what_filtration_finds_is_the_answer(
    filtration: Filtration, items: dict[str, Item], pack: Pack
) -> None:
    item = first(items, Step.FILTRATION)
    reader = gold_reader(pack, [item])

    def script(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        return in_form(item, reader.steps[messages[0].content], item.answer, constraint)

    found = put(script, pack, item, MethodOptions(filtration=filtration, reasoning=Reasoning.NEVER))
    assert found.answer == item.answer
    assert found.right
