"""Asks the engine one question: reasoning first or not, the answer constrained and read strictly.

An `Ask` serves one organ of one report and keeps the account of what its questions cost.
Knows nothing of what the questions mean.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TypeVar

from leavs.domain import Reasoning, StepUsage, Thought
from leavs.engines.engine import Choices, Constraint, Engine, Message, Pattern, Reasoned, Reply
from leavs.errors import AnswerError
from leavs.method.answer_cache import Answered
from leavs.method.answers import LETTERS, letters_pattern, read_choice, read_letters
from leavs.method.options import CONFIDENCE
from leavs.method.pack import Pack

T = TypeVar("T")

ANSWER_TOKENS = 16  # more than any choice or list of letters needs, where no constraint ends it
TOKENS_A_LETTER = 6  # "(A), " is three or four tokens in the usual vocabularies


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a step.

    Args:
        step: whose prompt file asks it.
        values: the variables of that file's `question` block, without `reasoning`.
        about: names the question in the record, without text of the report ("certainty: focal").
    """

    step: str
    values: Mapping[str, object]
    about: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice that the model made, and the probability of each, where the engine says."""

    choice: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that could be read, and the reasoning before it, where there was any."""

    reply: Reply
    thought: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks the questions of one organ in one report.

    Args:
        reasoning: whether the model thinks before it answers: always, never, or where its answer
            without that is not sure enough.
        max_reasoning_tokens: the longest such thought; what is longer is cut, and the answer
            follows.
        confidence: the probability from which an answer is sure enough, 0 to 1.
        keep_reasoning: write what the model thought into the transcript.
        two_turns: let the model think in one reply and answer in the next. Else it does both in
            one where it answers with a choice; if that reply was cut, or lacks the form that the
            engine was asked to see to, the answer is a turn of its own after all.
        answered: the answers of the whole run, so that the same question is asked once.
        usage: what was asked so far, by step; filled as questions are asked.
        transcript: the reasoning so far, where it is kept.
    """

    engine: Engine
    pack: Pack
    reasoning: Reasoning
    max_reasoning_tokens: int
    confidence: float = CONFIDENCE
    keep_reasoning: bool = False
    two_turns: bool = False
    answered: Answered[Answer] = field(default_factory=Answered)
    usage: dict[str, StepUsage] = field(default_factory=dict)
    transcript: list[Thought] = field(default_factory=list)

    def afresh(self) -> "Ask":
        """The same way of asking with an empty account."""
        return replace(self, usage={}, transcript=[])

    async def choose(self, question: Question, options: tuple[str, ...]) -> Chosen:
        """The one of `options` that answers the question.

        Raises:
            QuestionError: the engine gave no answer, or twice one that cannot be read.
        """

        def read(reply: Reply) -> Chosen:
            choice = read_choice(reply.text, options)
            # The probabilities are those of the reply's first token; behind other words stands
            # an answer of which they say nothing.
            at_once = reply.text.strip().startswith(choice)
            return Chosen(choice, reply.probabilities if at_once else {})

        return await self.answer(question, Choices(options), read, ANSWER_TOKENS)

    async def choose_several(self, question: Question, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names`, called (A), (B), ... in the prompt, that answer the question.

        Raises:
            QuestionError: the engine gave no answer, or twice one that cannot be read.
        """
        letters = LETTERS[: len(names)]

        def read(reply: Reply) -> tuple[str, ...]:
            if reply.cut:
                raise AnswerError("the list of letters was cut at its length limit")
            return read_letters(reply.text, letters)

        picked = await self.answer(
            question, Pattern(letters_pattern(letters)), read, TOKENS_A_LETTER * len(letters)
        )
        return tuple(names[letters.index(letter)] for letter in picked)

    async def answer(
        self,
        question: Question,
        constraint: Constraint,
        read: Callable[[Reply], T],
        max_tokens: int,
    ) -> T:
        """The answer as `read` understands it; it is asked for once more if it cannot be read.

        Where the same question was asked before in the run, its answer is taken.

        Raises:
            QuestionError: the engine gave no answer, or twice one that cannot be read.
        """
        reasons = self.reasoning is Reasoning.ALWAYS
        text = self._text(question, constraint, reasons)
        prompt = f"{question.step}\0{constraint}\0{text}".encode("utf-8", "surrogatepass")

        async def ask() -> Answer:
            if self.reasoning is Reasoning.AUTO:
                return await self._at_once_if_sure(question, text, constraint, read, max_tokens)
            return await self._outright(question, text, constraint, read, max_tokens, reasons)

        answer, known = await self.answered.once(blake2b(prompt, digest_size=16).digest(), ask)
        self._count(question, StepUsage(questions=1, known=int(known)))
        if answer.thought is not None:
            self.transcript.append(Thought(question.about, answer.thought, answer.reply.text))
        return read(answer.reply)

    async def _at_once_if_sure(
        self,
        question: Question,
        text: str,
        constraint: Constraint,
        read: Callable[[Reply], T],
        max_tokens: int,
    ) -> Answer:
        """The answer without reasoning, if it can be read and is sure enough; else with it."""
        weighed = constraint
        if isinstance(constraint, Pattern):
            weighed = replace(constraint, weighed=True)
        reply = await _Talk(self, question, text, reasons=False).reply(max_tokens, weighed)
        try:
            read(reply)
        except AnswerError:
            pass
        else:
            if _probability(reply) >= self.confidence:
                return self._to_remember(reply, None)
        text = self._text(question, constraint, reasons=True)
        return await self._outright(question, text, constraint, read, max_tokens, reasons=True)

    async def _outright(
        self,
        question: Question,
        text: str,
        constraint: Constraint,
        read: Callable[[Reply], T],
        max_tokens: int,
        reasons: bool,
    ) -> Answer:
        """The answer, after reasoning or without; asked once more if it cannot be read."""
        talk = _Talk(self, question, text, reasons)
        thought = None
        if reasons:
            self._count(question, StepUsage(reasoned=1))
            if (form := self._form(constraint, reasons)) is not None:
                reply = await talk.reply(self.max_reasoning_tokens + ANSWER_TOKENS, form)
                if (parts := form.split(reply.text)) is not None:
                    return self._to_remember(replace(reply, text=parts[1]), parts[0])
            else:
                reply = await talk.reply(self.max_reasoning_tokens, None)
            thought = reply.text
            talk.request_the_answer()
        reply = await talk.reply(max_tokens, constraint)
        try:
            read(reply)
        except AnswerError:
            talk.request_the_answer()
            reply = await talk.reply(max_tokens, constraint)
            read(reply)
        return self._to_remember(reply, thought)

    def _form(self, constraint: Constraint, reasons: bool) -> Reasoned | None:
        """Of a reply with reasoning and answer in one; a list of answers has a form of its own."""
        if self.two_turns or not reasons or not isinstance(constraint, Choices):
            return None
        return Reasoned(constraint.options)

    def _text(self, question: Question, constraint: Constraint, reasons: bool) -> str:
        together = self._form(constraint, reasons) is not None
        values = {**question.values, "reasoning": reasons, "together": together}
        return self.pack.question(question.step, **values)

    def _to_remember(self, reply: Reply, thought: str | None) -> Answer:
        return Answer(replace(reply, token_ids=()), thought if self.keep_reasoning else None)

    def _count(self, question: Question, cost: StepUsage) -> None:
        self.usage[question.step] = self.usage.get(question.step, StepUsage()) + cost


def _probability(reply: Reply) -> float:
    """Of the whole reply; 0 where the engine does not say."""
    if reply.probability is not None:
        return reply.probability
    return reply.probabilities.get(reply.text, 0.0)


class _Talk:
    """One conversation about one question, as it grows turn by turn."""

    def __init__(self, ask: Ask, question: Question, text: str, reasons: bool) -> None:
        self._ask = ask
        self._question = question
        self._values = {**question.values, "reasoning": reasons}
        self._last: Reply | None = None
        self._messages = [
            Message("system", ask.pack.instructions(question.step)),
            Message("user", text),
        ]

    def request_the_answer(self) -> None:
        request = self._ask.pack.answer(self._question.step, **self._values)
        self._messages.append(Message("user", request))

    async def reply(self, max_tokens: int, constraint: Constraint | None) -> Reply:
        reply = await self._ask.engine.reply(
            self._messages, max_tokens=max_tokens, constraint=constraint, follows=self._last
        )
        self._messages.append(Message("assistant", reply.text))
        self._last = reply
        self._ask._count(
            self._question,
            StepUsage(1, reply.prompt_tokens, reply.cached_tokens, reply.generated_tokens),
        )
        return reply
