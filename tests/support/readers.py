"""Scripted readers that many tests give to a `ScriptedEngine`."""

import asyncio
import hashlib
from collections.abc import Sequence

from leavs.domain import Filtration, Reasoning
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.errors import QuestionError
from leavs.method.options import MethodOptions


def plain_reader(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """A reader who finds every sentence informative and every finding not mentioned."""
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else "B"
    return "none" if constraint is not None else "Thinking."


TWO = MethodOptions(
    organs=("spleen", "liver"), filtration=Filtration.FAST, reasoning=Reasoning.NEVER
)


SENTENCES = (
    "The liver is normal.",
    "There is a cyst in the liver.",
    "The spleen is large.",
    "No change of the spleen and the liver.",
    "The kidneys are as they were.",
)


async def by_hash(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    """Answers as the conversation's hash says, sooner or later; some questions fail."""
    digest = hashlib.sha256(str(messages).encode()).digest()
    for _ in range(digest[0] % 8):
        await asyncio.sleep(0)
    if digest[1] < 3:
        raise QuestionError("its hash is too small")
    question = messages[1].content
    if constraint is None:
        return Reply(f"It is {digest.hex()}.")
    if isinstance(constraint, Choices):
        chosen, other = constraint.options[digest[2] % 2], constraint.options[1 - digest[2] % 2]
        return Reply(chosen, probabilities={chosen: 0.9 + digest[3] / 2600, other: 0.001})
    if "<report>" in question:
        quoted = [one for one, byte in zip(SENTENCES, digest, strict=False) if byte < 100]
        text = "\n".join(f'"{one}": informative' for one in quoted)
    else:
        letters = [letter for letter, byte in zip("ABCDEFGHI", digest, strict=False) if byte < 100]
        text = ", ".join(f"({letter})" for letter in letters)
    return Reply(text or "none", probability=0.9 + digest[3] / 2600)
