"""What questions cost, by step, and the reasoning that is kept of them."""

import asyncio
from typing import Any

import pytest

from leavs.domain import Prompt, Reasoning, Thought, Usage
from leavs.engines.engine import Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.method.account import Account
from leavs.method.ask import Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import ReplyForm, one_of
from planned_engine import QUESTION, THINKING, YES_NO, PlannedEngine, choose, other_question


def test_usage_counts_calls_and_tokens_by_step(pack: Pack) -> None:
    def costing(
        text: str, prompt: int, cached: int, generated: int, grammar: bool = False
    ) -> Reply:
        return Reply(
            text,
            grammar=grammar,
            prompt_tokens=prompt,
            cached_tokens=cached,
            generated_tokens=generated,
        )

    engine = PlannedEngine(
        costing("Thinking.", 100, 10, 20),
        costing("unclear", 130, 96, 3),
        costing("Yes", 150, 128, 1, grammar=True),
        costing("none", 7, 0, 1),
    )
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING))
    asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
    assert ask.account.usage == {"filtration_thorough": Usage(3, 380, 234, 24, 1, 0, 1, 1)}
    other = Question(
        Prompt.FINDING_TYPES,
        {"organ": "x", "covers": "x", "evidence": ["x"], "guidance": ""},
        "types",
    )
    without = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING), account=ask.account)
    asyncio.run(without.answer(other, ReplyForm(Pattern("none"), lambda reply: reply.text, 5)))
    assert ask.account.usage == {
        "filtration_thorough": Usage(3, 380, 234, 24, 1, 0, 1, 1),
        "finding_types": Usage(1, 7, 0, 1, 1),
    }


def test_what_is_counted_has_a_name_of_its_own() -> None:
    account = Account()
    account.add(Prompt.URGENCY, calls=1, grammars=1)
    account.add(Prompt.CERTAINTY)
    account.add(Prompt.URGENCY, calls=2, known=1)
    assert list(account.usage.items()) == [
        ("urgency", Usage(calls=3, known=1, grammars=1)),
        ("certainty", Usage()),
    ]
    with pytest.raises(KeyError):
        account.add(Prompt.URGENCY, call=1)


def test_afresh_shares_the_way_of_asking_but_not_the_account(pack: Pack) -> None:
    engine = PlannedEngine("Thinking.", "Yes", "Thinking.", "No")
    _, first = choose(engine, pack, reasoning=True)
    second = first.afresh()
    assert (second.engine, second.pack, second.manner) == (engine, pack, first.manner)
    assert second.cache is first.cache
    assert (second.account.usage, second.account.transcript) == ({}, [])
    asyncio.run(second.answer(other_question("The spleen is normal."), one_of(YES_NO)))
    assert first.account.usage["filtration_thorough"].calls == 2
    assert [thought.answer for thought in first.account.transcript] == ["Yes"]


def test_the_account_of_questions_at_once_is_whole(pack: Pack) -> None:
    async def script(messages: Any, constraint: Any) -> Reply:
        await asyncio.sleep(0)
        return Reply("Yes", prompt_tokens=2, generated_tokens=1)

    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, THINKING))

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(ask.answer(other_question(f"Sentence {number}."), one_of(YES_NO)))

    asyncio.run(many())
    assert ask.account.usage == {"filtration_thorough": Usage(10, 20, 0, 10, 10)}


def test_reasoning_is_kept_only_where_it_is_wanted(pack: Pack) -> None:
    engine = PlannedEngine("Thinking of CANARY.", "Yes")
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING))
    asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
    assert ask.account.transcript == []
    assert "Thinking" not in str(ask.cache._answers)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("way", Reasoning)
def test_the_transcript_is_filled_where_there_was_reasoning_and_it_is_kept(
    pack: Pack, keep: bool, way: Reasoning
) -> None:
    at_once = [] if way is Reasoning.ALWAYS else ["Yes"]
    thinking = [] if way is Reasoning.NEVER else ["Thinking.", "No"]
    ask = Ask(PlannedEngine(*at_once, *thinking), pack, Manner(way, THINKING, keep_reasoning=keep))
    for _ in range(2):  # the second time from memory
        asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
    thought = Thought(QUESTION.about, "Thinking.", "No")
    assert ask.account.transcript == ([thought] * 2 if keep and thinking else [])
