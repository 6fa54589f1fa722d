"""Calls and tokens of `--reasoning auto` and `--filtration joint` against the default.

One engine, the same reports for all; a guide leads the chain (see bench_parts), so that the
questions of two ways differ only where their method does. Where auto is sure of an answer depends
on the model: the probabilities are the demo model's own.

    python scripts/bench_methods.py [--reports 2] [--reasoning-tokens 64]
"""

import argparse
import asyncio
from pathlib import Path

from bench_parts import Guide, Guided, Ran, run, settled, show, some_reports, write
from leavs.domain import Filtration, Reasoning
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import EngineOptions
from leavs.engines.vllm.engine import open_vllm
from leavs.method.pack import find_pack, load_pack

WAYS = (
    (Reasoning.ALWAYS, Filtration.BOTH),
    (Reasoning.ALWAYS, Filtration.JOINT),
    (Reasoning.AUTO, Filtration.BOTH),
    (Reasoning.AUTO, Filtration.JOINT),
    (Reasoning.NEVER, Filtration.BOTH),
)


async def measure(options: argparse.Namespace) -> dict[str, Ran]:
    """The costs of each way."""
    pack = load_pack(find_pack("leavs"))
    reports = some_reports(options.reports_csv, options.reports)
    costs = {}
    model = str(find_demo_model()[0])
    async with open_vllm(EngineOptions(max_model_len=8192), model) as engine:
        for reasoning, filtration in WAYS:
            await settled()
            await engine.forget_prefixes()
            costs[f"{reasoning}, {filtration}"] = await run(
                Guided(engine, Guide(pack)),
                pack,
                reports,
                reasoning=reasoning,
                filtration=filtration,
                reasoning_tokens=options.reasoning_tokens,
            )
    return costs


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=2)
    parser.add_argument("--reports-csv", type=Path)
    parser.add_argument("--reasoning-tokens", type=int, default=64)
    options = parser.parse_args()
    costs = asyncio.run(measure(options))
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        ("way", "questions", "known", "reasoned", "calls", "prompt", "computed", "generated", "s"),
        [
            [
                way,
                f"{ran.total.questions:,}",
                f"{ran.total.known:,}",
                f"{ran.total.reasoned:,}",
                f"{ran.total.calls:,}",
                f"{ran.total.prompt_tokens:,}",
                f"{ran.total.computed_tokens:,}",
                f"{ran.total.generated_tokens:,}",
                f"{ran.seconds:,.0f}",
            ]
            for way, ran in costs.items()
        ],
    )
    write("methods", {way: ran.record() for way, ran in costs.items()})


if __name__ == "__main__":
    main()
