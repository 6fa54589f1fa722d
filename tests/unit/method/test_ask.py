"""One question: what is sent in which turn, when it is asked again, and what it costs."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leavs.domain import Prompt, Reasoning, Thought, Usage
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reasoned, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError, ContextError, EngineError
from leavs.method.answer_cache import AnswerCache
from leavs.method.ask import Answer, Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.reply_form import CHOICE_TOKENS, Chosen, ReplyForm, one_of

THINKING = 300
YES_NO = ("Yes", "No")
NUMBER = ReplyForm(Pattern(r"\d+"), lambda reply: reply.text, 7)
WAYS = {True: Reasoning.ALWAYS, False: Reasoning.NEVER}
SENTENCE = "The liver is CANARY."
QUESTION = Question(
    Prompt.FILTRATION_THOROUGH,
    {"organ": "liver", "covers": "the whole liver", "sentence": SENTENCE},
    "filtration_thorough: characters 0 to 20",
)


class PlannedEngine(ScriptedEngine):
    """Gives the planned replies (or raises them) in order, and keeps what it was asked."""

    def __init__(self, *plan: str | Reply | Exception) -> None:
        super().__init__(self._next)
        self.plan = list(plan)
        self.asked: list[tuple[list[Message], int, Constraint | None]] = []
        self.follows: list[Reply | None] = []

    def _next(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        planned = self.plan.pop(0)
        if isinstance(planned, Exception):
            raise planned
        return planned

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        self.asked.append((list(messages), max_tokens, constraint))
        self.follows.append(follows)
        return await super().reply(messages, max_tokens=max_tokens, constraint=constraint)


def choose(engine: PlannedEngine, pack: Pack, *, reasoning: bool | Reasoning) -> tuple[Chosen, Ask]:
    way = reasoning if isinstance(reasoning, Reasoning) else WAYS[reasoning]
    ask = Ask(engine, pack, Manner(way, THINKING, keep_reasoning=True))
    return asyncio.run(ask.answer(QUESTION, one_of(YES_NO))), ask


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


def test_in_two_turns_the_first_is_free_and_the_second_constrained(pack: Pack) -> None:
    engine = PlannedEngine("It names the liver.", "Yes")
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING, keep_reasoning=True, two_turns=True))
    chosen = asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
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
    assert again[-1].content.startswith("Answer with one word: ")
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


def test_usage_counts_calls_and_tokens_by_step(pack: Pack) -> None:
    def costing(text: str, prompt: int, cached: int, generated: int) -> Reply:
        return Reply(text, prompt_tokens=prompt, cached_tokens=cached, generated_tokens=generated)

    engine = PlannedEngine(
        costing("Thinking.", 100, 10, 20),
        costing("unclear", 130, 96, 3),
        costing("Yes", 150, 128, 1),
        costing("none", 7, 0, 1),
    )
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING))
    asyncio.run(ask.answer(QUESTION, one_of(YES_NO)))
    assert ask.account.usage == {"filtration_thorough": Usage(3, 380, 234, 24, 1, 0, 1)}
    other = Question(
        Prompt.FINDING_TYPES, {"organ": "x", "covers": "x", "evidence": ["x"]}, "types"
    )
    without = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING), account=ask.account)
    asyncio.run(without.answer(other, ReplyForm(Pattern("none"), lambda reply: reply.text, 5)))
    assert ask.account.usage == {
        "filtration_thorough": Usage(3, 380, 234, 24, 1, 0, 1),
        "finding_types": Usage(1, 7, 0, 1, 1),
    }


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


def test_a_turn_that_goes_on_names_the_reply_before_it(pack: Pack) -> None:
    thought, unclear, answer = Reply("Thinking.", token_ids=[1]), Reply("It depends."), Reply("No")
    engine = PlannedEngine(thought, unclear, answer)
    choose(engine, pack, reasoning=True)
    assert engine.follows == [None, thought, unclear]


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


def other_question(sentence: str) -> Question:
    return Question(QUESTION.prompt, {**QUESTION.values, "sentence": sentence}, QUESTION.about)


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
        values = {"reasoning": reasoning, "together": reasoning}
        question = pack.question(QUESTION.prompt, **QUESTION.values, **values)
        return [Message("system", pack.instructions(QUESTION.prompt)), Message("user", question)]

    request = pack.answer(QUESTION.prompt, **QUESTION.values, reasoning=True)
    thought = [Message("assistant", "It names the liver."), Message("user", request)]
    return [
        (begun(False), CHOICE_TOKENS, Choices(YES_NO)),
        (begun(True), THINKING + CHOICE_TOKENS, Reasoned(YES_NO)),
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


@pytest.mark.parametrize("way", [Reasoning.ALWAYS, Reasoning.NEVER])
def test_only_auto_wants_a_reply_weighed(pack: Pack, way: Reasoning) -> None:
    engine = PlannedEngine("12", "12")
    ask = Ask(engine, pack, Manner(way, THINKING))
    asyncio.run(ask.answer(QUESTION, NUMBER))
    assert Pattern(r"\d+") in [constraint for _, _, constraint in engine.asked]
    assert Pattern(r"\d+", weighed=True) not in [constraint for _, _, constraint in engine.asked]


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


def test_what_is_remembered_is_bounded(pack: Pack) -> None:
    engine = PlannedEngine("Yes", "Yes", "No")
    memory: AnswerCache[Answer] = AnswerCache(1)
    ask = Ask(engine, pack, Manner(Reasoning.NEVER, THINKING), memory)
    for sentence in ("A.", "B.", "A."):
        asyncio.run(ask.answer(other_question(sentence), one_of(YES_NO)))
    assert engine.plan == []


IN_ONE = Reply("It names the liver.\nAnswer: Yes", probabilities={"Yes": 0.75, "No": 0.25})


def ask_in_one(engine: PlannedEngine, pack: Pack) -> tuple[Chosen, Ask]:
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING, keep_reasoning=True))
    return asyncio.run(ask.answer(QUESTION, one_of(YES_NO))), ask


def test_in_one_request_the_model_thinks_and_chooses(pack: Pack) -> None:
    engine = PlannedEngine(IN_ONE)
    chosen, ask = ask_in_one(engine, pack)
    [(messages, max_tokens, constraint)] = engine.asked
    assert chosen == Chosen("Yes", IN_ONE.probabilities)
    assert constraint == Reasoned(YES_NO)
    assert max_tokens == THINKING + CHOICE_TOKENS
    assert 'Then write "Answer: "' in messages[1].content
    assert "Do not give the final answer yet" not in messages[1].content
    assert ask.account.transcript == [Thought(QUESTION.about, "It names the liver.", "Yes")]
    assert (
        ask.account.usage[QUESTION.prompt].calls,
        ask.account.usage[QUESTION.prompt].reasoned,
    ) == (1, 1)


@pytest.mark.parametrize(
    "text", ["It names the", "It is so.\nAnswer: Perhaps", "Answer: Yes", "\nAnswer: Yes and more"]
)
def test_a_reply_without_its_choice_is_followed_by_the_answer(pack: Pack, text: str) -> None:
    engine = PlannedEngine(Reply(text, cut=True), "No")
    chosen, ask = ask_in_one(engine, pack)
    assert chosen.choice == "No"
    assert engine.asked[1][0][2] == Message("assistant", text)
    assert engine.asked[1][2] == Choices(YES_NO)
    assert ask.account.transcript == [Thought(QUESTION.about, text, "No")]


def test_a_list_has_its_own_turn_in_any_case(pack: Pack) -> None:
    engine = PlannedEngine("Thinking.", "12")
    ask = Ask(engine, pack, Manner(Reasoning.ALWAYS, THINKING))
    asyncio.run(ask.answer(QUESTION, NUMBER))
    assert [constraint for _, _, constraint in engine.asked] == [None, Pattern(r"\d+")]
