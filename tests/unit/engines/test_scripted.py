"""A function as a model."""

import asyncio
from collections.abc import Sequence

import pytest

from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.scripted import Script, ScriptedEngine, dry_run_script
from leavs.errors import EngineError

MESSAGES = [Message("system", "You read reports."), Message("user", "Is it normal?")]


def reply_of(script: Script, constraint: Constraint | None = None) -> Reply:
    async def run() -> Reply:
        engine = ScriptedEngine(script)
        try:
            return await engine.reply(MESSAGES, max_tokens=5, constraint=constraint)
        finally:
            await engine.close()

    return asyncio.run(run())


async def later(messages: Sequence[Message], constraint: Constraint | None) -> str:
    await asyncio.sleep(0)
    return f"{messages[-1].content} {constraint}"


async def whole_later(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    return Reply("cut", cut=True)


def counted(text: str) -> Reply:
    return Reply(text, prompt_tokens=6, generated_tokens=4)


@pytest.mark.parametrize(
    ("script", "reply"),
    [
        (lambda messages, constraint: "a b c d", counted("a b c d")),
        (lambda messages, constraint: "", Reply("", prompt_tokens=6)),
        (lambda messages, constraint: Reply("x", cached_tokens=9), Reply("x", cached_tokens=9)),
        (later, counted("Is it normal? None")),
        (whole_later, Reply("cut", cut=True)),
    ],
)
def test_replies_what_the_function_says(script: Script, reply: Reply) -> None:
    assert reply_of(script) == reply


def test_the_function_sees_the_conversation_and_the_constraint() -> None:
    seen: list[object] = []

    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        seen.extend([messages, constraint])
        return "A"

    reply_of(script, Choices(("A", "B")))
    assert seen == [MESSAGES, Choices(("A", "B"))]


def test_what_the_function_raises_is_raised() -> None:
    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        reply_of(script)


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        (Choices(("Yes", "No")), "Yes"),
        (Choices(("A", "B", "C")), "A"),
        (Pattern("none|.*"), "none"),
        (None, ""),
    ],
)
def test_a_dry_run_says_as_little_as_it_may(constraint: Constraint | None, text: str) -> None:
    assert reply_of(dry_run_script, constraint).text == text
