"""Calls and tokens of `--reasoning auto` and `--filtration joint` against the default.

One engine, the same reports for all; a guide leads the chain (see guide.py), so that the
questions of two ways differ only where their method does. Where auto is sure of an answer depends
on the model: the probabilities are the demo model's own.

    python scripts/bench_methods.py [--reports 2] [--reasoning-tokens 64]
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench_parts import (
    SMALLEST_WORK,
    Ran,
    add_work,
    bench_parser,
    chosen_model,
    chosen_reports,
    method_of,
    opened,
    parsed,
    run,
    settled,
    show,
    write,
)
from guide import Guided
from leavs import EngineOptions, Filtration, MethodOptions, Reasoning
from leavs.reports import ReportSource

WAYS = (
    (Reasoning.ALWAYS, Filtration.BOTH),
    (Reasoning.ALWAYS, Filtration.JOINT),
    (Reasoning.AUTO, Filtration.BOTH),
    (Reasoning.AUTO, Filtration.JOINT),
    (Reasoning.NEVER, Filtration.BOTH),
)


COLUMNS = ("way", "questions", "known", "reasoned", "calls", "prompt", "computed", "generated", "s")


async def measure(
    model: EngineOptions, reports: ReportSource, method: MethodOptions
) -> Mapping[str, Ran]:
    """Measure each way."""
    costs = {}
    async with opened(model) as engine:
        for reasoning, filtration in WAYS:
            await settled(engine)
            way = replace(method, reasoning=reasoning, filtration=filtration)
            costs[f"{reasoning}, {filtration}"] = await run(Guided(engine), reports, way)
    return costs


def row(way: str, ran: Ran) -> list[str]:
    """Write one way as a row of the table."""
    total = ran.total
    counts = (total.questions, total.known, total.reasoned, total.calls)
    tokens = (total.prompt_tokens, total.computed_tokens, total.generated_tokens)
    return [way, *(f"{count:,}" for count in (*counts, *tokens)), f"{ran.seconds:,.0f}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    add_work(parser, reports=2, reasoning_tokens=64)
    options = parsed(parser, arguments, **SMALLEST_WORK)
    reports = chosen_reports(options)
    with chosen_model(options) as model:
        costs = asyncio.run(measure(model, reports, method_of(options)))
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        COLUMNS,
        [row(way, ran) for way, ran in costs.items()],
    )
    ways = {way: ran.record() for way, ran in costs.items()}
    write("methods", {"dtype": options.dtype, **ways}, options.write_to)


if __name__ == "__main__":
    main()
