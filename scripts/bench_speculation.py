"""What speculation by n-grams gains where the model quotes the report: in fast filtration.

The engine guesses the next tokens from what follows the last ones elsewhere in the prompt, and the
model checks several guesses at once. The questions are those of fast filtration without reasoning,
the same with and without speculation, each on an engine of its own; the replies are the model's own
and all of the same length, so that both engines generate the same number of tokens. How many of the
replies are the same shows whether speculation changes what is said; in float32 it should not.

    python scripts/bench_speculation.py [--reports 4] [--tokens 96] [--in-flight 1 64]
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench_parts import (
    SMALLEST_WORK,
    add_work,
    bench_parser,
    chosen_model,
    chosen_reports,
    opened,
    parsed,
    run,
    settled,
    show,
    write,
)
from guide import Guide
from leavs import EngineOptions, Filtration, MethodOptions, Reasoning, ScriptedEngine
from leavs.domain import Prompt
from leavs.engines.engine import Constraint, Message
from leavs.method.pack import find_pack, load_pack
from leavs.reports import ReportSource
from recorded import given, of_length

SPECULATION = {"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 4}

Conversation = Sequence[Message]


@dataclass(frozen=True, slots=True)
class Written:
    """What an engine wrote to all questions, as tokens, and in how many seconds."""

    replies: Sequence[Sequence[int]]
    seconds: float

    def record(self) -> dict[str, Any]:
        """Return the costs as JSON values."""
        tokens = sum(map(len, self.replies))
        return {
            "seconds": round(self.seconds, 2),
            "generated_tokens": tokens,
            "tokens_a_second": round(tokens / self.seconds, 1),
        }


async def questions(reports: ReportSource, organs: Sequence[str]) -> list[Conversation]:
    """Collect the questions of fast filtration; a guide answers them."""
    pack = load_pack(find_pack("leavs"))
    guide, asked = Guide(pack), list[Conversation]()
    instructions = pack.instructions(Prompt.FILTRATION_FAST)

    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        assert constraint, "nothing is asked without a form"
        if messages[0].content == instructions:
            asked.append(tuple(messages))
        return guide.answer(messages, constraint)

    method = MethodOptions(
        organs=tuple(organs), reasoning=Reasoning.NEVER, filtration=Filtration.FAST
    )
    await run(ScriptedEngine(script), reports, method)
    return asked


async def answered(
    model: EngineOptions, asked: Sequence[Conversation], tokens: int, in_flight: Sequence[int]
) -> list[Written]:
    """Let the engine answer all questions for each number in flight."""
    written = []
    async with opened(model) as engine:
        parameters = of_length(engine.sampling(tokens, None), tokens)
        prompts = [(engine.tokenizer.encode(messages), parameters) for messages in asked]
        await given(engine, prompts[:2])
        for at_once in in_flight:
            await settled(engine)
            began = time.perf_counter()
            outputs = await given(engine, prompts, at_once)
            seconds = time.perf_counter() - began
            replies = [tuple(output.outputs[0].token_ids) for output in outputs]
            written.append(Written(replies, seconds))
    return written


def compared(at_once: int, plain: Written, speculated: Written) -> dict[str, Any]:
    """Return the costs without and with speculation for one number in flight."""
    pairs = zip(plain.replies, speculated.replies, strict=True)
    return {
        "at_once": at_once,
        "plain": plain.record(),
        "speculated": speculated.record(),
        "ratio": round(plain.seconds / speculated.seconds, 3),
        "replies": len(plain.replies),
        "same_replies": sum(one == other for one, other in pairs),
    }


def row(one: Mapping[str, Any]) -> list[str]:
    """Write one number in flight as a row of the table."""
    return [
        f"{one['at_once']:,}",
        f"{one['plain']['tokens_a_second']:,.1f}",
        f"{one['speculated']['tokens_a_second']:,.1f}",
        f"{one['ratio']:.2f}",
        f"{one['same_replies']:,} of {one['replies']:,}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    add_work(parser, reports=4)
    parser.set_defaults(dtype="float32")
    parser.add_argument("--tokens", type=int, default=96, help="of each reply")
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 64])
    options = parsed(parser, arguments, **SMALLEST_WORK, tokens=8, in_flight=[2])
    asked = asyncio.run(questions(chosen_reports(options), options.organs))
    with chosen_model(options) as model:
        speculation = f"speculative_config={json.dumps(SPECULATION)}"
        speculating = replace(model, engine_arg=(*model.engine_arg, speculation))
        plain, speculated = (
            asyncio.run(answered(one, asked, options.tokens, options.in_flight))
            for one in (model, speculating)
        )
    figures = [compared(*one) for one in zip(options.in_flight, plain, speculated, strict=True)]
    show(
        f"{len(asked):,} questions of fast filtration, replies of {options.tokens} tokens",
        ("in flight", "tokens/s", "with speculation", "ratio", "same replies"),
        [row(one) for one in figures],
    )
    settings = {"dtype": options.dtype, "tokens": options.tokens, "speculation": SPECULATION}
    write("speculation", {**settings, "in_flight": figures}, options.write_to)


if __name__ == "__main__":
    main()
