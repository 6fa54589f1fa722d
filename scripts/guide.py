"""A guide through the chain, and the engine wrappers with which benches measure it.

A bench must ask the same questions whichever way it runs, and a tiny model or one with random
weights answers at random. So each question is put to the real engine, with all it costs, and the
chain goes on from a guide's answer, which depends on nothing but the words of the question.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from leavs.engines.engine import Choices, Constraint, Engine, Message, Reply
from leavs.method.answers import LETTERS
from leavs.method.pack import PACK_VARIABLES, Pack, find_pack, load_pack
from leavs.text import split_sentences

# A sentence informs about an organ, roughly, if it has one of these in it
WORDS = {
    "spleen": ("splen", "spleen"),
    "liver": ("liver", "hepat"),
    "right kidney": ("kidney", "renal"),
    "left kidney": ("kidney", "renal"),
    "stomach": ("stomach", "gastr"),
    "pancreas": ("pancrea",),
    "gallbladder": ("gallbladder", "cholecyst"),
    "small bowel": ("bowel", "duoden", "ileum", "jejun"),
    "large bowel": ("bowel", "colon", "append", "rectum"),
}
ONE_OF = 50  # questions is answered again, to measure what answering costs
MENTIONED = 3  # finding types of an organ that are taken to be mentioned

MATERIAL = re.compile(r"<(report|sentences|sentence)>\n(.*?)\n</\1>\n*", re.S)
STATEMENT = re.compile(r"^(?:Statement|Finding): .+$", re.M)
ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)


class Guide:
    """Answers a question from its words alone, in the form that its constraint asks for."""

    def __init__(self, pack: Pack) -> None:
        self._steps = {pack.instructions(step): step for step in PACK_VARIABLES}
        self._organs = [organ.name for organ in pack.ontology.organs]
        self._types = len(pack.ontology.finding_types)

    def answer(self, messages: Sequence[Message], constraint: Constraint) -> str:
        """Return the answer with which the chain goes on."""
        step, question = self._steps[messages[0].content], messages[1].content
        material = MATERIAL.search(question)
        told = material[2] if material else ""
        organ = (ORGAN.findall(question) or [""])[0]
        match step:
            case "filtration_fast":
                return quoted(told, organ)
            case "filtration_thorough":
                return "Yes" if informs(told, organ) else "No"
            case "filtration_joint":
                return lettered(
                    place for place, name in enumerate(self._organs) if informs(told, name)
                )
            case "filtration_numbered":
                lines = enumerate(told.splitlines(), 1)
                named = [str(number) for number, line in lines if informs(line, organ)]
                return ", ".join(named) or "none"
            case "finding_types":
                first = chance(told + organ, self._types)
                return lettered(sorted((first + 4 * n) % self._types for n in range(MENTIONED)))
        assert isinstance(constraint, Choices)
        about = told + organ + "".join(STATEMENT.findall(question))
        return constraint.options[chance(about, len(constraint.options))]


class TimedGuide(Guide):
    """A guide that tells how much CPU it used itself.

    To measure while the questions are asked would cost more than to answer them, so some of them
    are answered again afterwards.
    """

    def __init__(self) -> None:
        super().__init__(load_pack(find_pack("leavs")))
        self._asked = 0
        self._some: list[tuple[Sequence[Message], Constraint]] = []

    def answer(self, messages: Sequence[Message], constraint: Constraint) -> str:
        """See `Guide.answer`."""
        if self._asked % ONE_OF == 0:
            self._some.append((messages[:2], constraint))
        self._asked += 1
        return super().answer(messages, constraint)

    def seconds(self) -> float:
        """Return the CPU seconds of all answers, from those of some."""
        began = time.process_time()
        for messages, constraint in self._some:
            super().answer(messages, constraint)
        return (time.process_time() - began) * self._asked / max(1, len(self._some))


def quoted(report: str, organ: str) -> str:
    """List every other sentence that informs, as the model is asked to write it."""
    sentences = [one.text for one in split_sentences(report) if not one.is_heading]
    listed = [one for one in sentences if informs(one, organ)][::2]
    return "\n".join(f'"{" ".join(one.split())}": informative' for one in listed) or "none"


def informs(sentence: str, organ: str) -> bool:
    """Tell whether a sentence has one of the organ's words in it."""
    return any(word in sentence.lower() for word in WORDS.get(organ, (organ,)))


def lettered(places: Iterable[int]) -> str:
    """List the letters at some places, as the model is asked to write them."""
    return ", ".join(f"({LETTERS[place]})" for place in places) or "none"


def chance(text: str, choices: int) -> int:
    """Return a number below `choices` that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) % choices


@dataclass
class Wrapped:
    """An engine around another one that passes on what it does not change."""

    engine: Engine

    @property
    def batch_size(self) -> int:
        """See `Engine.batch_size`."""
        return self.engine.batch_size

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`."""
        return await self.engine.reply(
            messages, max_tokens=max_tokens, constraint=constraint, follows=follows
        )

    async def close(self) -> None:
        """See `Engine.close`."""
        await self.engine.close()


@dataclass
class Guided(Wrapped):
    """Asks the engine for an answer of the length of the guide's, and then gives the guide's.

    Args:
        sure: the guide is sure of each answer; else as sure as the engine is of its own.
        answers: filled with what the engine itself answered, by question, if it is given.
    """

    guide: Guide = field(default_factory=lambda: Guide(load_pack(find_pack("leavs"))))
    sure: bool = False
    answers: dict[str, str] | None = None

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`."""
        if constraint is None:
            return await super().reply(messages, max_tokens=max_tokens, follows=follows)
        answer = self.guide.answer(messages, constraint)
        reply = await super().reply(
            messages,
            max_tokens=min(max_tokens, len(answer) // 3 + 2),
            constraint=constraint,
            follows=follows,
        )
        if self.answers is not None:
            self.answers[messages[0].content + messages[1].content] = reply.text
        likely = max(reply.probabilities.values(), default=reply.probability)
        return Reply(
            answer,
            probability=1.0 if self.sure else likely,
            grammar=reply.grammar,
            prompt_tokens=reply.prompt_tokens,
            cached_tokens=reply.cached_tokens,
            generated_tokens=reply.generated_tokens,
            token_ids=reply.token_ids,
        )


@dataclass
class AtMost(Wrapped):
    """An engine that works on so many questions at once, and no more."""

    at_once: int
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.at_once)

    @property
    def batch_size(self) -> int:
        """See `Engine.batch_size`."""
        return self.at_once

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`."""
        async with self.places:
            return await self.engine.reply(
                messages, max_tokens=max_tokens, constraint=constraint, follows=follows
            )
