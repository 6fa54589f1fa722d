"""One question: what is sent in which turn, and when it is asked again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from leavs.domain import Reasoning, Thought
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.errors import AnswerError, ContextError, EngineError
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import CHOICE_TOKENS, Chosen, ReplyForm, one_of
from planned_engine import NUMBER, QUESTION, SENTENCE, THINKING, WAYS, YES_NO, PlannedEngine, choose


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
    assert (max_tokens, constraint) == (CHOICE_TOKENS, Choices(YES_NO))
    assert ask.account.transcript == []


def test_reasoning_is_free_and_the_answer_after_it_constrained(pack: Pack) -> None:
    engine = PlannedEngine("It names the liver.", "Yes")
    chosen, ask = choose(engine, pack, reasoning=True)
    (first, thinking_tokens, free), (second, answer_tokens, constraint) = engine.asked
    request = pack.answer("filtration_thorough", **QUESTION.values, reasoning=True)
    assert chosen.choice == "Yes"
    assert (thinking_tokens, free) == (THINKING, None)
    assert (answer_tokens, constraint) == (CHOICE_TOKENS, Choices(YES_NO))
    assert request not in first[1].content
    assert second == [*first, Message("assistant", "It names the liver."), Message("user", request)]
    assert ask.account.transcript == [Thought(QUESTION.about, "It names the liver.", "Yes")]


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
    assert again[-1] == Message("user", "Answer Yes or No only.")
    assert (max_tokens, constraint) == (CHOICE_TOKENS, Choices(YES_NO))
    assert ask.account.transcript == [Thought(QUESTION.about, "Thinking.", "No") for _ in thought]


@pytest.mark.parametrize("reasoning", [True, False])
def test_a_question_that_is_unreadable_twice_fails(pack: Pack, reasoning: bool) -> None:
    thought = ["Thinking of CANARY."] if reasoning else []
    engine = PlannedEngine(*thought, "CANARY perhaps", "CANARY again", "Yes")
    ask = Ask(engine, pack, Manner(WAYS[reasoning], THINKING, keep_reasoning=True))
    with pytest.raises(AnswerError) as error:
        asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
    assert engine.plan == ["Yes"]
    assert "CANARY" not in str(error.value)
    assert ask.account.usage["filtration_thorough"].calls == 2 + reasoning
    assert ask.account.transcript == []


@pytest.mark.parametrize("error", [ContextError(9_000), EngineError("gone")])
@pytest.mark.parametrize("turn", [0, 1])
def test_what_the_engine_raises_is_not_asked_again(pack: Pack, error: Exception, turn: int) -> None:
    engine = PlannedEngine(*["Thinking."] * turn, error, "Yes")
    with pytest.raises(type(error)) as raised:
        choose(engine, pack, reasoning=True)
    assert raised.value is error
    assert len(engine.asked) == turn + 1


def test_any_reader_and_constraint_will_do(pack: Pack) -> None:
    engine = PlannedEngine(Reply("12", cut=True))
    ask = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING))

    def read(reply: Reply) -> tuple[int, bool]:
        return int(reply.text), reply.cut

    assert asyncio.run(ask.answer(QUESTION, ReplyForm(Pattern(r"\d+"), read, 77))) == (12, True)
    assert engine.asked[0][1:] == (77, Pattern(r"\d+"))


def test_a_turn_that_goes_on_names_the_reply_before_it(pack: Pack) -> None:
    thought, unclear, answer = Reply("Thinking.", token_ids=[1]), Reply("It depends."), Reply("No")
    engine = PlannedEngine(thought, unclear, answer)
    choose(engine, pack, reasoning=True)
    assert engine.follows == [None, thought, unclear]


@pytest.mark.parametrize(
    ("reply", "reasoned"),
    [
        (Reply("Yes", probabilities={"Yes": 0.96, "No": 0.04}), False),
        (Reply("Yes", probabilities={"Yes": 0.95, "No": 0.05}), False),
        (Reply("Yes", probabilities={"Yes": 0.9499, "No": 0.0501}), True),
        (Reply("Yes", probabilities={"Yes": 0.02, "No": 0.98}), True),
        (Reply("Yes"), True),
        (Reply("It depends.", probabilities={"Yes": 0.99, "No": 0.01}), True),
    ],
)
def test_auto_reasons_where_the_answer_at_once_is_not_sure_enough(
    pack: Pack, reply: Reply, reasoned: bool
) -> None:
    thought = Reply("It names the liver.", token_ids=[1, 2])
    engine = PlannedEngine(reply, thought, "No")
    chosen, ask = choose(engine, pack, reasoning=Reasoning.AUTO)
    assert chosen.choice == ("No" if reasoned else "Yes")
    usage = ask.account.usage["filtration_thorough"]
    assert (usage.questions, usage.reasoned, usage.calls) == (1, reasoned, 3 if reasoned else 1)
    assert engine.asked == turns(pack)[: usage.calls]
    follows = [None, None, thought][: usage.calls]
    assert engine.follows == follows, "the reasoning does not follow the answer"
    assert ask.account.transcript == [Thought(QUESTION.about, thought.text, "No")] * reasoned


def turns(pack: Pack) -> list[tuple[list[Message], int, Constraint | None]]:
    """All that auto asks: the answer at once, then, in another conversation, the reasoning and the
    answer after it."""

    def begun(reasoning: bool) -> list[Message]:
        question = pack.question(QUESTION.prompt, **QUESTION.values, reasoning=reasoning)
        return [Message("system", pack.instructions(QUESTION.prompt)), Message("user", question)]

    request = pack.answer(QUESTION.prompt, **QUESTION.values, reasoning=True)
    thought = [Message("assistant", "It names the liver."), Message("user", request)]
    return [
        (begun(False), CHOICE_TOKENS, Choices(YES_NO)),
        (begun(True), THINKING, None),
        ([*begun(True), *thought], CHOICE_TOKENS, Choices(YES_NO)),
    ]


def test_auto_asks_once_more_where_the_answer_after_reasoning_cannot_be_read(pack: Pack) -> None:
    thought, unclear = Reply("Thinking."), Reply("It depends.")
    engine = PlannedEngine("perhaps", thought, unclear, "No")
    chosen, ask = choose(engine, pack, reasoning=Reasoning.AUTO)
    assert chosen.choice == "No"
    assert engine.follows == [None, None, thought, unclear]
    assert (
        ask.account.usage[QUESTION.prompt].calls,
        ask.account.usage[QUESTION.prompt].reasoned,
    ) == (4, 1)


LIST = Pattern(r"\d+")
WEIGHED, ENFORCED = replace(LIST, weighed=True), replace(LIST, enforced=True)
WORD = Choices(YES_NO)


@pytest.mark.parametrize(
    ("way", "plan", "of_list", "of_word"),
    [
        (Reasoning.NEVER, ["{}"], [LIST], [WORD]),
        (Reasoning.NEVER, ["unclear", "{}"], [LIST, ENFORCED], [WORD, WORD]),
        (Reasoning.ALWAYS, ["Well.", "{}"], [None, LIST], [None, WORD]),
        (
            Reasoning.ALWAYS,
            ["Well.", "unclear", "{}"],
            [None, LIST, ENFORCED],
            [None, WORD, WORD],
        ),
        (Reasoning.AUTO, ["{}", "Well.", "{}"], [WEIGHED, None, LIST], [WORD, None, WORD]),
        (
            Reasoning.AUTO,
            ["unclear", "Well.", "unclear", "{}"],
            [WEIGHED, None, LIST, ENFORCED],
            [WORD, None, WORD, WORD],
        ),
    ],
)
def test_a_list_is_asked_for_free_and_only_a_second_try_is_held_to_a_grammar(
    pack: Pack,
    way: Reasoning,
    plan: list[str],
    of_list: list[Constraint | None],
    of_word: list[Constraint | None],
) -> None:
    forms: list[tuple[ReplyForm[Any], str, list[Constraint | None]]] = [
        (NUMBER, "12", of_list),
        (one_of(YES_NO), "Yes", of_word),
    ]
    for form, answer, constraints in forms:
        engine = PlannedEngine(*(turn.format(answer) for turn in plan))
        asyncio.run(Ask(engine, pack, Manner(way, THINKING)).answer(QUESTION, form))
        assert [constraint for _, _, constraint in engine.asked] == constraints


def test_a_list_that_is_unreadable_twice_fails(pack: Pack) -> None:
    engine = PlannedEngine("CANARY", "CANARY again", "12")
    with pytest.raises(AnswerError, match="no number"):
        asyncio.run(Ask(engine, pack, Manner(Reasoning.NEVER, THINKING)).answer(QUESTION, NUMBER))
    assert engine.plan == ["12"]


@pytest.mark.parametrize(("probability", "answer"), [(0.96, "12"), (0.94, "34"), (None, "34")])
def test_auto_weighs_a_reply_that_is_no_choice(
    pack: Pack, probability: float | None, answer: str
) -> None:
    engine = PlannedEngine(Reply("12", probability=probability), "Thinking.", "34")
    ask = Ask(engine, pack, Manner(Reasoning.AUTO, THINKING))
    read = asyncio.run(ask.answer(QUESTION, NUMBER))
    assert read == answer
    constraints = [constraint for _, _, constraint in engine.asked]
    after = [] if read == "12" else [None, Pattern(r"\d+")]
    assert constraints == [Pattern(r"\d+", weighed=True), *after]


def test_how_sure_is_sure_enough_can_be_chosen(pack: Pack) -> None:
    reply = Reply("Yes", probabilities={"Yes": 0.6, "No": 0.4})
    for confidence, calls in ((0.5, 1), (0.6, 1), (0.7, 3)):
        engine = PlannedEngine(reply, "Thinking.", "Yes")
        ask = Ask(engine, pack, Manner(Reasoning.AUTO, THINKING, confidence))
        asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
        assert len(engine.asked) == calls
