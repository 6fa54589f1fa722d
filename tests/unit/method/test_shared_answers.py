"""Which questions are the same, and who is answered from memory."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.domain import Prompt, Reasoning, Usage
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.answer_cache import AnswerCache
from leavs.method.ask import Answer, Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.reply_form import Chosen, one_of
from planned_engine import (
    QUESTION,
    SENTENCE,
    THINKING,
    YES_NO,
    PlannedEngine,
    choose,
    other_question,
)


def test_organs_that_ask_the_same_at_once_share_one_answer(pack: Pack) -> None:
    asked = 0

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return Reply("Yes", prompt_tokens=2, generated_tokens=1)

    one = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, THINKING))
    organs = [one.afresh() for _ in range(9)]

    async def all_organs() -> list[Chosen]:
        return await asyncio.gather(*(organ.answer(QUESTION, one_of(YES_NO)) for organ in organs))

    assert asyncio.run(all_organs()) == [Chosen("Yes", {})] * 9
    assert asked == 1
    known = Usage(questions=1, known=1)
    assert [organ.account.usage[QUESTION.prompt] for organ in organs] == [Usage(1, 2, 0, 1, 1)] + [
        known
    ] * 8


def test_who_does_not_share_the_answers_asks_itself(pack: Pack) -> None:
    engine = PlannedEngine("Yes", "No")
    answers = [choose(engine, pack, reasoning=False)[0].choice for _ in range(2)]
    assert answers == ["Yes", "No"]


def test_a_question_that_failed_is_asked_again_by_the_next(pack: Pack) -> None:
    engine = PlannedEngine("perhaps", "perhaps", "Yes")
    first = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING))
    second = first.afresh()
    with pytest.raises(AnswerError):
        asyncio.run(first.answer(QUESTION, one_of(YES_NO)))
    assert asyncio.run(second.answer(QUESTION, one_of(YES_NO))).choice == "Yes"
    assert [ask.account.usage[QUESTION.prompt].calls for ask in (first, second)] == [2, 1]
    assert second.account.usage[QUESTION.prompt].known == 0


def test_the_same_question_is_asked_once_for_all_who_share_the_answers(pack: Pack) -> None:
    sure = Reply("Yes", probabilities={"Yes": 0.75, "No": 0.25}, token_ids=[1, 2, 3])
    engine = PlannedEngine("Thinking.", sure)
    chosen, first = choose(engine, pack, reasoning=True)
    second = first.afresh()
    assert asyncio.run(second.answer(QUESTION, one_of(YES_NO))) == chosen
    assert chosen.probabilities == sure.probabilities
    assert first.account.usage["filtration_thorough"].known == 0
    assert second.account.usage == {"filtration_thorough": Usage(questions=1, known=1)}
    assert second.account.transcript == first.account.transcript
    assert "1, 2, 3" not in str(first.cache._answers), "token ids are kept"


@pytest.mark.parametrize(
    ("other", "options"),
    [(SENTENCE + " ", ("No", "Yes")), ("The liver is canary.", YES_NO), (SENTENCE, ("Yes", "Na"))],
)
def test_another_sentence_or_other_answers_are_another_question(
    pack: Pack, other: str, options: tuple[str, ...]
) -> None:
    engine = PlannedEngine("Yes", "Yes")
    _, ask = choose(engine, pack, reasoning=False)
    asyncio.run(ask.answer(other_question(other), one_of(options)))
    assert len(engine.asked) == 2


def test_the_same_words_in_another_step_are_another_question(tmp_path: Path) -> None:
    """A step has instructions of its own, and a pack may ask in the same words after them."""
    shutil.copytree(find_pack("leavs"), folder := tmp_path / "pack")
    for step in (Prompt.CERTAINTY, Prompt.URGENCY):
        path = folder / f"{step}.jinja"
        before, rest = path.read_text(encoding="utf-8").split("{% block question %}")
        after = rest.split("{% endblock %}", 1)[1]
        words = "{% block question %}{{ statement }}: {{ evidence[0] }}{% endblock %}"
        path.write_text(before + words + after, encoding="utf-8")
    values: dict[str, object] = {"statement": "there is a cyst", "evidence": ["A cyst."]}
    engine = PlannedEngine("A", "B")
    ask = Ask(engine, load_pack(folder), Manner(Reasoning.NEVER, THINKING))
    answers = [
        asyncio.run(ask.answer(Question(step, values, step), one_of("AB"))).choice
        for step in (Prompt.CERTAINTY, Prompt.URGENCY)
    ]
    assert answers == ["A", "B"]
    (first, *_), (second, *_) = engine.asked
    assert first[1] == second[1], "the words are the same"


def test_what_is_remembered_is_bounded(pack: Pack) -> None:
    engine = PlannedEngine("Yes", "Yes", "No")
    memory: AnswerCache[Answer] = AnswerCache(1)
    ask = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING), memory)
    for sentence in ("A.", "B.", "A."):
        asyncio.run(ask.answer(other_question(sentence), one_of(YES_NO)))
    assert engine.plan == []
