"""One question: what is sent in which turn, when it is asked again, and what it costs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from leavs.ask import ANSWER_TOKENS, Ask, Chosen, Question
from leavs.domain import StepUsage, Thought
from leavs.engines import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError, ContextError, EngineError
from leavs.prompts import Pack

THINKING = 300
YES_NO = ("Yes", "No")
SENTENCE = "The liver is CANARY."
QUESTION = Question(
    "filtration_thorough",
    {"organ": "liver", "covers": "the whole liver", "sentence": SENTENCE},
    "filtration_thorough: characters 0 to 20",
)


class PlannedEngine(ScriptedEngine):
    """Gives the planned replies (or raises them) in order, and keeps what it was asked."""

    def __init__(self, *plan: str | Reply | Exception) -> None:
        super().__init__(self._next)
        self.plan = list(plan)
        self.asked: list[tuple[list[Message], int, Constraint | None]] = []

    def _next(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        planned = self.plan.pop(0)
        if isinstance(planned, Exception):
            raise planned
        return planned

    async def reply(
        self, messages: Sequence[Message], *, max_tokens: int, constraint: Constraint | None = None
    ) -> Reply:
        self.asked.append((list(messages), max_tokens, constraint))
        return await super().reply(messages, max_tokens=max_tokens, constraint=constraint)


def choose(engine: PlannedEngine, pack: Pack, *, reasoning: bool) -> tuple[Chosen, Ask]:
    ask = Ask(engine, pack, reasoning, THINKING)
    return asyncio.run(ask.choose(QUESTION, YES_NO)), ask


def roles(messages: Sequence[Message]) -> list[str]:
    return [message.role for message in messages]


def test_without_reasoning_one_constrained_turn(pack: Pack) -> None:
    engine = PlannedEngine("Yes")
    chosen, ask = choose(engine, pack, reasoning=False)
    [(messages, max_tokens, constraint)] = engine.asked
    assert chosen == Chosen("Yes", {})
    assert roles(messages) == ["system", "user"]
    assert messages[0].content == pack.instructions("filtration_thorough")
    assert pack.answer("filtration_thorough", **QUESTION.values, reasoning=False) in (
        messages[1].content
    )
    assert SENTENCE in messages[1].content
    assert (max_tokens, constraint) == (ANSWER_TOKENS, Choices(YES_NO))
    assert ask.transcript == []


def test_with_reasoning_a_free_turn_and_then_a_constrained_one(pack: Pack) -> None:
    engine = PlannedEngine("It names the liver.", "Yes")
    chosen, ask = choose(engine, pack, reasoning=True)
    (first, thinking_tokens, free), (second, answer_tokens, constraint) = engine.asked
    request = pack.answer("filtration_thorough", **QUESTION.values, reasoning=True)
    assert chosen.choice == "Yes"
    assert (thinking_tokens, free) == (THINKING, None)
    assert (answer_tokens, constraint) == (ANSWER_TOKENS, Choices(YES_NO))
    assert request not in first[1].content
    assert second == [*first, Message("assistant", "It names the liver."), Message("user", request)]
    assert ask.transcript == [Thought(QUESTION.about, "It names the liver.", "Yes")]


def test_reasoning_that_was_cut_is_followed_by_the_answer(pack: Pack) -> None:
    engine = PlannedEngine(Reply("It names the", cut=True), "No")
    chosen, _ = choose(engine, pack, reasoning=True)
    assert chosen.choice == "No"
    assert engine.asked[1][0][2] == Message("assistant", "It names the")


@pytest.mark.parametrize("reasoning", [True, False])
def test_an_unreadable_reply_is_asked_once_more_and_the_second_counts(
    pack: Pack, reasoning: bool
) -> None:
    thought = ["Thinking."] if reasoning else []
    probable = Reply("No", probabilities={"Yes": 0.25, "No": 0.75})
    engine = PlannedEngine(*thought, "It depends.", probable)
    chosen, ask = choose(engine, pack, reasoning=reasoning)
    *_, (first, _, _), (again, max_tokens, constraint) = engine.asked
    assert chosen == Chosen("No", {"Yes": 0.25, "No": 0.75})
    assert again[:-2] == first
    assert again[-2] == Message("assistant", "It depends.")
    assert again[-1].content.startswith("Answer with one word only")
    assert (max_tokens, constraint) == (ANSWER_TOKENS, Choices(YES_NO))
    assert ask.transcript == [Thought(QUESTION.about, "Thinking.", "No") for _ in thought]


@pytest.mark.parametrize("reasoning", [True, False])
def test_a_question_that_is_unreadable_twice_fails(pack: Pack, reasoning: bool) -> None:
    thought = ["Thinking of CANARY."] if reasoning else []
    engine = PlannedEngine(*thought, "CANARY perhaps", "CANARY again", "Yes")
    ask = Ask(engine, pack, reasoning, THINKING)
    with pytest.raises(AnswerError) as error:
        asyncio.run(ask.choose(QUESTION, YES_NO))
    assert engine.plan == ["Yes"]
    assert "CANARY" not in str(error.value)
    assert ask.usage["filtration_thorough"].calls == 2 + reasoning
    assert ask.transcript == []


@pytest.mark.parametrize("error", [ContextError("too long"), EngineError("gone")])
@pytest.mark.parametrize("turn", [0, 1])
def test_what_the_engine_raises_is_not_asked_again(pack: Pack, error: Exception, turn: int) -> None:
    engine = PlannedEngine(*["Thinking."] * turn, error, "Yes")
    with pytest.raises(type(error)) as raised:
        choose(engine, pack, reasoning=True)
    assert raised.value is error
    assert len(engine.asked) == turn + 1


def test_any_reader_and_constraint_will_do(pack: Pack) -> None:
    engine = PlannedEngine(Reply("12", cut=True))
    ask = Ask(engine, pack, False, THINKING)

    def read(reply: Reply) -> tuple[int, bool]:
        return int(reply.text), reply.cut

    assert asyncio.run(ask.answer(QUESTION, Pattern(r"\d+"), read, 77)) == (12, True)
    assert engine.asked[0][1:] == (77, Pattern(r"\d+"))


def test_usage_counts_calls_and_tokens_by_step(pack: Pack) -> None:
    def costing(text: str, prompt: int, cached: int, generated: int) -> Reply:
        return Reply(text, prompt_tokens=prompt, cached_tokens=cached, generated_tokens=generated)

    engine = PlannedEngine(
        costing("Thinking.", 100, 10, 20),
        costing("unclear", 130, 96, 3),
        costing("Yes", 150, 128, 1),
        costing("none", 7, 0, 1),
    )
    ask = Ask(engine, pack, True, THINKING)
    asyncio.run(ask.choose(QUESTION, YES_NO))
    assert ask.usage == {"filtration_thorough": StepUsage(3, 380, 234, 24)}
    other = Question("finding_types", {"organ": "x", "covers": "x", "evidence": ["x"]}, "types")
    without = Ask(engine, pack, False, THINKING, ask.usage)
    asyncio.run(without.answer(other, Pattern("none"), lambda reply: reply.text, 5))
    assert ask.usage == {
        "filtration_thorough": StepUsage(3, 380, 234, 24),
        "finding_types": StepUsage(1, 7, 0, 1),
    }


def test_afresh_shares_the_way_of_asking_but_not_the_account(pack: Pack) -> None:
    engine = PlannedEngine("Thinking.", "Yes", "Thinking.", "No")
    _, first = choose(engine, pack, reasoning=True)
    second = first.afresh()
    assert (second.engine, second.pack, second.reasoning) == (engine, pack, True)
    assert second.max_reasoning_tokens == THINKING
    assert (second.usage, second.transcript) == ({}, [])
    asyncio.run(second.choose(QUESTION, YES_NO))
    assert first.usage["filtration_thorough"].calls == 2
    assert [thought.answer for thought in first.transcript] == ["Yes"]


def test_the_account_of_questions_at_once_is_whole(pack: Pack) -> None:
    async def script(messages: Any, constraint: Any) -> Reply:
        await asyncio.sleep(0)
        return Reply("Yes", prompt_tokens=2, generated_tokens=1)

    ask = Ask(ScriptedEngine(script), pack, False, THINKING)

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(ask.choose(QUESTION, YES_NO))

    asyncio.run(many())
    assert ask.usage == {"filtration_thorough": StepUsage(10, 20, 0, 10)}
