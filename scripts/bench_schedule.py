"""Our way of running the chain against that of the original script, on one engine in one run.

The original way: eight requests in flight, the question before the text that it is about, no
constraint on the answer, and every question asked however often it comes. Ours: what leavs does,
by default and with --two-turns. All ask the same questions of the same reports and let the model
reason up to the same length; the answers with which the chain goes on are a guide's (see
bench_parts), so that nothing differs but the way. An answer is as long as the guide's in all.

    python scripts/bench_schedule.py [--reports 4] [--reports-csv FILE] [--reasoning-tokens 64]
        [--model FOLDER]
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_parts import (
    MATERIAL,
    Forgetful,
    Guide,
    Guided,
    Ran,
    Wrapped,
    run,
    settled,
    show,
    some_reports,
    write,
)
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import EngineOptions
from leavs.engines.vllm.engine import open_vllm
from leavs.method.pack import find_pack, load_pack

WORKERS = 8
CACHE_GIB = 1  # of keys and values, 46,000 tokens of the demo model


@dataclass
class Original(Wrapped):
    """The engine as the original script uses it.

    A worker goes on with its conversation before another begins a new one: the line in front of an
    engine sees to that, and lets in an eighth more than a batch.
    """

    @property
    def batch_size(self) -> int:
        """See `Engine.batch_size`."""
        return WORKERS - 1

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        instructions, question, *rest = messages
        first = Message("user", question_first(question.content, instructions.content))
        return await self.engine.reply([first, *rest], max_tokens=max_tokens)


def question_first(question: str, instructions: str) -> str:
    """One turn: the question, how to answer it, and behind these the text that it is about."""
    material = MATERIAL.search(question)
    assert material, "a question without material"
    asked = (question[: material.start()] + question[material.end() :]).strip()
    return f"{asked}\n\n{instructions}\n\n{material.group().strip()}"


async def compare(options: argparse.Namespace) -> dict[str, Ran]:
    """The costs of the original way and of ours."""
    pack = load_pack(find_pack("leavs"))
    reports = some_reports(options.reports_csv, options.reports)
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(options.cache_gib)
    model = options.model or str(find_demo_model()[0])
    async with open_vllm(EngineOptions(max_model_len=8192), model) as engine:
        warm_up = some_reports(options.reports_csv, options.reports + 1)[-1:]
        await run(Guided(engine, Guide(pack)), pack, warm_up, reasoning_tokens=8)
        tokens = options.reasoning_tokens
        costs = {}
        for name, way, cache, two_turns in (
            ("original", Original(engine), Forgetful(), True),
            ("ours", engine, None, False),
            ("ours, two turns", engine, None, True),
        ):
            await settled()
            await engine.forget_prefixes()
            print(f"{name} ...", flush=True)
            costs[name] = await run(
                Guided(way, Guide(pack)),
                pack,
                reports,
                reasoning_tokens=tokens,
                cache=cache,
                two_turns=two_turns,
            )
            print(costs[name].record(), flush=True)
    return costs


def row(name: str, ran: Ran) -> list[str]:
    """One way's line of the table."""
    total = ran.total
    return [
        name,
        f"{ran.seconds:,.0f}",
        f"{total.questions:,}",
        f"{total.calls:,}",
        f"{total.prompt_tokens:,}",
        f"{total.computed_tokens:,}",
        f"{total.generated_tokens:,}",
        f"{ran.reports / ran.seconds * 3600:,.1f}",
    ]


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=4)
    parser.add_argument("--reports-csv", type=Path)
    parser.add_argument("--reasoning-tokens", type=int, default=64)
    parser.add_argument("--cache-gib", type=int, default=CACHE_GIB, help="on the CPU")
    parser.add_argument("--model", help="a folder or a name; the demo model by default")
    options = parser.parse_args()
    costs = asyncio.run(compare(options))
    original = costs["original"]
    rows, figures = [], {}
    for name, ran in costs.items():
        of_original = {
            "seconds": round(ran.seconds / original.seconds, 3),
            "computed_tokens": round(ran.total.computed_tokens / original.total.computed_tokens, 3),
        }
        rows.append([*row(name, ran), *(f"{ratio:.2f}" for ratio in of_original.values())])
        figures[name] = {"of_original": of_original, **ran.record()}
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        (
            "way",
            "s",
            "questions",
            "calls",
            "prompt",
            "computed",
            "generated",
            "reports/h",
            "of s",
            "of comp.",
        ),
        rows,
    )
    settings = {"reasoning_tokens": options.reasoning_tokens, "cache_gib": options.cache_gib}
    write("schedule", {**settings, "ways": figures})


if __name__ == "__main__":
    main()
