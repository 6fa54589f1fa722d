"""Asks the engine one question: reasoning first or not, the answer constrained and read strictly.

Knows nothing of what the questions mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

from leavs.domain import Prompt, Reasoning, Thought
from leavs.engines.engine import Constraint, Engine, Message, Reply
from leavs.errors import AnswerError
from leavs.method.account import Account
from leavs.method.answer_cache import AnswerCache
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import Chosen, ReplyForm

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one organ.

    Args:
        prompt: the prompt whose file asks the question.
        values: the variables of that file's `question` block, without `reasoning`.
        about: names the question in the record, without text of the report ("certainty: focal").
    """

    prompt: Prompt
    values: Mapping[str, object]
    about: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that could be read, and the reasoning before it, if that is kept."""

    reply: Reply
    thought: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks the questions of one organ in one report.

    Args:
        manner: how the questions are asked, the same for the whole run.
        cache: the answers of the whole run, so that the same question is put to the engine once.
        account: what this organ's questions have cost so far.
    """

    engine: Engine
    pack: Pack
    manner: Manner
    cache: AnswerCache[Answer] = field(default_factory=AnswerCache)
    account: Account = field(default_factory=Account)

    def afresh(self) -> "Ask":
        """Return a copy with an empty account, for another organ."""
        return replace(self, account=Account())

    async def answer(self, question: Question, form: ReplyForm[T]) -> T:
        """Return the answer to a question.

        If the same question was asked before in the run, its answer is used again. If the reply
        cannot be read, the answer is asked for once more, and its form is enforced.

        Raises:
            QuestionError: the engine gave no answer, or twice one that cannot be read.
            EngineError: the engine cannot go on.
        """
        reasons = self.manner.reasoning is Reasoning.ALWAYS and not self.manner.thinking
        text = self._text(question, reasons)
        key = f"{question.prompt}\0{_words(form.constraint)}\0{text}"

        async def ask() -> Answer:
            if self.manner.reasoning is Reasoning.AUTO:
                return await self._at_once_if_sure(question, text, form)
            return await self._outright(question, text, form, reasons)

        answer, known = await self.cache.once(_digest(key), ask)
        self.account.add(question.prompt, questions=1, known=int(known))
        if answer.thought is not None:
            thought = Thought(question.about, answer.thought, answer.reply.text)
            self.account.transcript.append(thought)
        return form.read(answer.reply)

    async def _at_once_if_sure(self, question: Question, text: str, form: ReplyForm[Any]) -> Answer:
        """Ask without reasoning; ask with it if the answer cannot be read or is not sure enough."""
        conversation = _Conversation(self, question, text, reasons=False)
        reply = await conversation.reply(form.max_tokens, form.weighed)
        if _probability(reply, form) >= self.manner.confidence:
            return self._to_remember(reply, None)
        reasons = not self.manner.thinking
        text = self._text(question, reasons)
        return await self._outright(question, text, form, reasons)

    async def _outright(
        self, question: Question, text: str, form: ReplyForm[Any], reasons: bool
    ) -> Answer:
        """Ask, with reasoning or without, and once more if the answer cannot be read."""
        conversation = _Conversation(self, question, text, reasons)
        thought = None
        if reasons:
            self.account.add(question.prompt, reasoned=1)
            thought = (await conversation.reply(self.manner.max_reasoning_tokens, None)).text
            conversation.request_the_answer()
        own = self.manner.max_reasoning_tokens if self.manner.thinking else 0
        reply = await conversation.reply(form.max_tokens, form.constraint, own)
        if own:
            self.account.add(question.prompt, reasoned=1)
            thought = reply.thought
        if not _can_be_read(reply, form):
            conversation.request_the_answer()
            reply = await conversation.reply(form.max_tokens, form.enforced)
            form.read(reply)
        return self._to_remember(reply, thought)

    def _text(self, question: Question, reasons: bool) -> str:
        return self.pack.question(question.prompt, **question.values, reasoning=reasons)

    def _to_remember(self, reply: Reply, thought: str | None) -> Answer:
        kept = thought if self.manner.keep_reasoning else None
        # Less than the engine gave: what is remembered must stay small.
        answer = Reply(
            reply.text, reply.cut, reply.probabilities, reply.probability, as_json=reply.as_json
        )
        return Answer(answer, kept)


_words = lru_cache(maxsize=1024)(str)  # of a constraint


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _can_be_read(reply: Reply, form: ReplyForm[Any]) -> bool:
    try:
        form.read(reply)
    except AnswerError:
        return False
    return True


def _probability(reply: Reply, form: ReplyForm[Any]) -> float:
    """The probability of the answer; 0 if it cannot be read, or if the engine gives none."""
    try:
        answer = form.read(reply)
    except AnswerError:
        return 0.0
    if isinstance(answer, Chosen):
        return answer.probabilities.get(answer.choice, 0.0)
    return reply.probability or 0.0


class _Conversation:
    """The conversation about one question, as it grows turn by turn."""

    def __init__(self, ask: Ask, question: Question, text: str, reasons: bool) -> None:
        self._ask = ask
        self._question = question
        self._reasons = reasons
        self._last: Reply | None = None
        self._messages = [
            Message("system", ask.pack.instructions(question.prompt)),
            Message("user", text),
        ]

    def request_the_answer(self) -> None:
        question = self._question
        request = self._ask.pack.answer(question.prompt, **question.values, reasoning=self._reasons)
        if self._messages[-1].role == "user":  # the model said nothing, and turns alternate
            request = f"{self._messages.pop().content}\n\n{request}"
        self._messages.append(Message("user", request))

    async def reply(
        self, max_tokens: int, constraint: Constraint | None, thought_tokens: int = 0
    ) -> Reply:
        reply = await self._ask.engine.reply(
            self._messages,
            max_tokens=max_tokens,
            constraint=constraint,
            follows=self._last,
            thought_tokens=thought_tokens,
        )
        self._last = None
        if reply.text.strip():
            self._messages.append(Message("assistant", reply.text))
            self._last = reply
        self._ask.account.add(
            self._question.prompt,
            calls=1,
            prompt_tokens=reply.prompt_tokens,
            cached_tokens=reply.cached_tokens,
            generated_tokens=reply.generated_tokens,
            grammars=int(reply.grammar),
        )
        return reply
