"""Asks the engine one question: reasoning first or not, the answer constrained and read strictly.

An `Ask` serves one organ of one report and keeps the account of what its questions cost.
Knows nothing of what the questions mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from leavs.answers import read_choice
from leavs.domain import StepUsage, Thought
from leavs.engines import Choices, Constraint, Engine, Message, Reply
from leavs.errors import AnswerError
from leavs.prompts import Pack

T = TypeVar("T")

ANSWER_TOKENS = 16  # more than any choice or list of letters needs, where no constraint ends it


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
class Ask:
    """Asks the questions of one organ in one report.

    Args:
        reasoning: let the model think in a turn of its own before it answers.
        max_reasoning_tokens: the longest such turn; what is longer is cut, and the answer follows.
        usage: what was asked so far, by step; filled as questions are asked.
        transcript: the reasoning so far.
    """

    engine: Engine
    pack: Pack
    reasoning: bool
    max_reasoning_tokens: int
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

    async def answer(
        self,
        question: Question,
        constraint: Constraint,
        read: Callable[[Reply], T],
        max_tokens: int,
    ) -> T:
        """The answer as `read` understands it; it is asked for once more if it cannot be read.

        Raises:
            QuestionError: the engine gave no answer, or twice one that cannot be read.
        """
        messages = await self._conversation(question)
        reply = await self._reply(question, messages, max_tokens, constraint)
        try:
            result = read(reply)
        except AnswerError:
            request = Message("user", self.pack.answer(question.step, **self._values(question)))
            messages = [*messages, Message("assistant", reply.text), request]
            reply = await self._reply(question, messages, max_tokens, constraint)
            result = read(reply)
        self._note_answer(question, messages, reply)
        return result

    async def _conversation(self, question: Question) -> list[Message]:
        """The turns up to the request for the answer."""
        values = self._values(question)
        messages = [
            Message("system", self.pack.instructions(question.step)),
            Message("user", self.pack.question(question.step, **values)),
        ]
        if not self.reasoning:
            return messages
        reply = await self._reply(question, messages, self.max_reasoning_tokens, None)
        request = Message("user", self.pack.answer(question.step, **values))
        return [*messages, Message("assistant", reply.text), request]

    def _values(self, question: Question) -> dict[str, object]:
        return {**question.values, "reasoning": self.reasoning}

    async def _reply(
        self,
        question: Question,
        messages: list[Message],
        max_tokens: int,
        constraint: Constraint | None,
    ) -> Reply:
        reply = await self.engine.reply(messages, max_tokens=max_tokens, constraint=constraint)
        cost = StepUsage(1, reply.prompt_tokens, reply.cached_tokens, reply.generated_tokens)
        self.usage[question.step] = self.usage.get(question.step, StepUsage()) + cost
        return reply

    def _note_answer(self, question: Question, messages: list[Message], reply: Reply) -> None:
        if self.reasoning:
            thought = next(m.content for m in messages if m.role == "assistant")
            self.transcript.append(Thought(question.about, thought, reply.text))
