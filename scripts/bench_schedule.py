"""Our ways of running the chain against that of the original script, on one engine in one run.

The original way: eight requests in flight, the question before the text that it is about, and no
constraint on the answer. Ours: the same questions as leavs asks them by default, which are the
paper's. Lean: the fewest questions, with `--preset lean`. All label the same reports, ask the same
question once, and let the model reason up to the same length; the answers with which the chain goes
on are a guide's (see guide.py), as long as the guide's in all, so that original and ours differ in
nothing but the way.

Lean lets the model reason only where it is not sure of its answer, so what it costs hangs on the
model. Both ends are measured. Never sure: as sure as the model is, and the demo model and random
weights are hardly ever sure, so that nearly everything is asked twice, at once and then with
reasoning. Always sure: the guide is sure of each answer, and nothing is asked twice.

    python scripts/bench_schedule.py [--reports 4] [--reports-csv FILE] [--reasoning-tokens 64]
        [--model FOLDER]
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench_parts import (
    SMALLEST_WORK,
    Ran,
    add_work,
    bench_parser,
    chosen_model,
    chosen_reports,
    method_of,
    one_report,
    opened,
    parsed,
    run,
    settled,
    show,
    write,
)
from guide import MATERIAL, Guided, Wrapped
from leavs import EngineOptions, MethodOptions
from leavs.domain import Preset
from leavs.engines.engine import Constraint, Message, Reply
from leavs.reports import ReportSource

WORKERS = 8
CACHE_GIB = 1  # of keys and values, 46,000 tokens of the demo model
COLUMNS = (
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
)


@dataclass
class Original(Wrapped):
    """The engine as the original script uses it.

    A worker goes on with its conversation before another begins a new one: the queue in front of
    an engine sees to that, and lets in an eighth more than a batch.
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
        thought_tokens: int = 0,
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


async def compare(
    model: EngineOptions, warm_up: ReportSource, reports: ReportSource, method: MethodOptions
) -> Mapping[str, Ran]:
    """Measure the original way and ours."""
    costs = {}
    async with opened(model) as engine:
        await run(Guided(engine), warm_up, replace(method, max_reasoning_tokens=8))
        lean = replace(method, preset=Preset.LEAN)
        for name, way, how in (
            ("original", Guided(Original(engine)), method),
            ("ours", Guided(engine), method),
            ("lean, never sure", Guided(engine), lean),
            ("lean, always sure", Guided(engine, sure=True), lean),
        ):
            await settled(engine)
            costs[name] = await run(way, reports, how)
            print(f"{name}: {costs[name].seconds:,.0f} s", flush=True)
    return costs


def ratios(ran: Ran, original: Ran) -> dict[str, float]:
    """Return the costs of a way as shares of the original's."""
    return {
        "seconds": round(ran.seconds / original.seconds, 3),
        "computed_tokens": round(ran.total.computed_tokens / original.total.computed_tokens, 3),
    }


def row(name: str, ran: Ran, of_original: Mapping[str, float]) -> list[str]:
    """Write one way as a row of the table."""
    total = ran.total
    counts = (total.questions, total.calls)
    tokens = (total.prompt_tokens, total.computed_tokens, total.generated_tokens)
    return [
        name,
        f"{ran.seconds:,.0f}",
        *(f"{count:,}" for count in (*counts, *tokens)),
        f"{ran.reports / ran.seconds * 3600:,.1f}",
        *(f"{ratio:.2f}" for ratio in of_original.values()),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    add_work(parser, reports=4, reasoning_tokens=64)
    parser.add_argument("--cache-gib", type=int, default=CACHE_GIB, help="on the CPU")
    options = parsed(parser, arguments, **SMALLEST_WORK)
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(options.cache_gib)
    reports = chosen_reports(options)
    warm_up = one_report(options, options.reports)
    with chosen_model(options) as model:
        costs = asyncio.run(compare(model, warm_up, reports, method_of(options)))
    of_original = {name: ratios(ran, costs["original"]) for name, ran in costs.items()}
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        COLUMNS,
        [row(name, ran, of_original[name]) for name, ran in costs.items()],
    )
    ways = {n: {"of_original": of_original[n], **ran.record()} for n, ran in costs.items()}
    settings = {
        "dtype": options.dtype,
        "reasoning_tokens": options.reasoning_tokens,
        "cache_gib": options.cache_gib,
    }
    write("schedule", {**settings, "ways": ways}, options.write_to)


if __name__ == "__main__":
    main()
