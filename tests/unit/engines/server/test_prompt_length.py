import asyncio
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from leavs import MethodOptions, from_folder
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.engines.server.completion import Completion
from leavs.engines.server.prompt_length import PromptLengths
from leavs.engines.server.trial_texts import INSTRUCTIONS, LONG_INSTRUCTIONS
from leavs.errors import ContextError, QuestionError
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.pack import Pack
from leavs.method.steps.choice import chosen_steps
from real_tokenizers import KINDS, real

LONG = [Message("user", "The liver is normal. " * 500)]  # 10,500 characters


def check(read: int | None, context: int | None = None, before: int = 0) -> None:
    follows = Reply("x", prompt_tokens=before) if before else None
    PromptLengths(4.0, context).check(LONG, Completion("A", False, prompt_tokens=read), follows)


@pytest.mark.parametrize("read", [2019, 2600, 10_000, None])
def test_a_prompt_that_can_be_whole_passes(read: int | None) -> None:
    check(read)


@pytest.mark.parametrize("read", [1, 1000, 2000])
def test_a_prompt_that_the_server_cut_fails(read: int) -> None:
    with pytest.raises(QuestionError, match=rf"cut the prompt \({read:,} tokens read of at least"):
        check(read)


def test_a_conversation_that_goes_on_does_not_become_shorter() -> None:
    check(3001, before=3000)
    with pytest.raises(QuestionError, match="cut the prompt"):
        check(2999, before=3000)


def test_a_context_that_the_user_names_is_kept() -> None:
    check(2600, context=2616)
    with pytest.raises(ContextError, match="2,600 tokens is longer than the context of 2,615"):
        check(2600, context=2615)
    lengths = PromptLengths(4.0, 2000)
    with pytest.raises(ContextError, match="longer than the context of 2,000"):
        lengths.room(LONG, 100)
    assert PromptLengths(4.0, 2100).room(LONG, 100) == 81
    assert PromptLengths(4.0, None).room(LONG, 100) == 100


def test_nothing_is_known_where_the_server_does_not_count() -> None:
    lengths = PromptLengths(None, None)
    lengths.check(LONG, Completion("A", False, prompt_tokens=1), None)
    assert lengths.at_least(LONG) == 0


def test_lines_and_runs_of_spaces_count_little() -> None:
    lengths = PromptLengths(4.0, None)
    assert lengths.at_least([Message("user", "-" * 5000 + " " * 5000)]) == 0


@pytest.fixture(scope="module")
def prompts(pack: Pack) -> set[tuple[Message, ...]]:
    """Those of the shipped reports, whatever is answered."""
    asked: set[tuple[Message, ...]] = set()
    chance, options = random.Random(17), MethodOptions()

    def answer(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked.add((*messages,))
        if isinstance(constraint, Choices):
            return chance.choice(constraint.options)
        return "none" if constraint else "The sentences say so."

    async def label() -> None:
        ask = Ask(ScriptedEngine(answer), pack, options.manner())
        for report in from_folder(Path("data/reports")):
            organs, steps = pack.ontology.organs[:1], chosen_steps(options.ways)
            await label_report(ask, report, organs, steps, lambda _: None)

    asyncio.run(label())
    return asked


@pytest.mark.parametrize("name", KINDS)
def test_the_lower_limit_is_three_quarters_to_nine_tenths_of_a_prompt(
    prompts: set[tuple[Message, ...]], name: str
) -> None:
    tokenizer = real(name)

    @cache
    def tokens(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    added = tokens(LONG_INSTRUCTIONS) - tokens(INSTRUCTIONS)
    lengths = PromptLengths((len(LONG_INSTRUCTIONS) - len(INSTRUCTIONS)) / added, None)
    shares = [
        lengths.at_least(prompt) / sum(tokens(message.content) for message in prompt)
        for prompt in prompts
    ]
    assert len(shares) > 1000
    assert 0.75 < min(shares) < max(shares) < 0.9
