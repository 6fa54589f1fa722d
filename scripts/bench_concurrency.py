"""Speed by the number of requests in flight, with a model of any size and random weights.

Nothing is downloaded: the model has the shape of Qwen2-7B, or a small one that runs on a CPU too,
its weights are random and its tokenizer is the demo model's. Answers are constrained, reasoning and
answers have fixed lengths, and a guide (see guide.py) leads the chain, so that the work is the
same whatever the model says. On a GPU node:

    python scripts/bench_concurrency.py --shape qwen2-7b --reports 64 --reasoning-tokens 200
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_parts import (
    DEMO,
    SMALLEST_WORK,
    add_work,
    bench_parser,
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
from guide import AtMost, Guided
from leavs import EngineOptions, MethodOptions
from leavs.reports import ReportSource
from random_model import LOADED_AS, SHAPES, make_model

COLUMNS = (
    "in flight",
    "seconds",
    "reports/h",
    "calls/s",
    "computed/s",
    "generated/s",
    "CPU ms/call",
)


async def measure(
    model: EngineOptions,
    warm_up: ReportSource,
    reports: ReportSource,
    method: MethodOptions,
    in_flight: Sequence[int],
) -> list[dict[str, Any]]:
    """Measure each number in flight."""
    figures = []
    async with opened(model) as engine:
        await run(Guided(engine), warm_up, replace(method, max_reasoning_tokens=2))
        for at_once in in_flight:
            await settled(engine)
            ran = await run(Guided(AtMost(engine, at_once)), reports, method)
            cpu = 1000 * ran.cpu_seconds / ran.total.calls
            figures.append({"at_once": at_once, "cpu_ms_a_call": round(cpu, 3), **ran.record()})
    return figures


def row(one: Mapping[str, Any]) -> list[str]:
    """Write one number in flight as a row of the table."""
    seconds, total = one["seconds"], one["total"]
    return [
        f"{one['at_once']:,}",
        f"{seconds:,.1f}",
        f"{one['reports_an_hour']:,.0f}",
        f"{total['calls'] / seconds:,.1f}",
        f"{one['computed_tokens'] / seconds:,.0f}",
        f"{total['generated_tokens'] / seconds:,.0f}",
        f"{one['cpu_ms_a_call']:.2f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    add_work(parser, reports=2, reasoning_tokens=16)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64, 256, 1024])
    options = parsed(parser, arguments, **SMALLEST_WORK, shape="tiny", concurrency=[2, 8])
    reports, warm_up = chosen_reports(options), one_report(options, 0)
    # In two turns: random weights hardly ever end a paragraph
    method = replace(method_of(options), two_turns=True)
    with TemporaryDirectory() as folder:
        make_model(options.shape, Path(folder))
        most = f"max_num_seqs={max(options.concurrency)}"
        model = replace(DEMO, dtype=options.dtype, model=folder, engine_arg=(LOADED_AS, most))
        figures = asyncio.run(measure(model, warm_up, reports, method, options.concurrency))
    show(
        f"{options.shape}, {options.reports} reports, reasoning of {options.reasoning_tokens}",
        COLUMNS,
        [row(one) for one in figures],
    )
    settings = {"shape": options.shape, "dtype": options.dtype}
    write(f"concurrency-{options.shape}", {**settings, "in_flight": figures}, options.write_to)


if __name__ == "__main__":
    main()
