"""One question, and an engine that answers it by a plan."""

import asyncio
from collections.abc import Sequence

from leavs.domain import Prompt, Reasoning
from leavs.engines.engine import Constraint, Message, Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.ask import Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import Chosen, ReplyForm, one_of

THINKING = 300
YES_NO = ("Yes", "No")


def read_number(reply: Reply) -> str:
    if not reply.text.isdigit():
        raise AnswerError("no number")
    return reply.text


NUMBER = ReplyForm(Pattern(r"\d+"), read_number, 7)
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
        thought_tokens: int = 0,
    ) -> Reply:
        self.asked.append((list(messages), max_tokens, constraint))
        self.follows.append(follows)
        return await super().reply(messages, max_tokens=max_tokens, constraint=constraint)


def choose(engine: PlannedEngine, pack: Pack, *, reasoning: bool | Reasoning) -> tuple[Chosen, Ask]:
    way = reasoning if isinstance(reasoning, Reasoning) else WAYS[reasoning]
    ask = Ask(engine, pack, Manner(way, THINKING, keep_reasoning=True))
    return asyncio.run(ask.answer(QUESTION, one_of(YES_NO))), ask


def other_question(sentence: str) -> Question:
    return Question(QUESTION.prompt, {**QUESTION.values, "sentence": sentence}, QUESTION.about)
