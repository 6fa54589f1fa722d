"""How often an answer changes with what runs beside it, at temperature 0.

Asks the same questions of the same reports with one request in flight and with many, in bfloat16
and in float32, and counts the answers that differ from those with one in flight. A guide leads the
chain (see bench_parts), so that the questions are the same; the answers compared are the model's.

    python scripts/bench_flips.py [--reports 1] [--reasoning-tokens 16]
"""

import argparse
import asyncio
from pathlib import Path

from bench_concurrency import AtMost
from bench_parts import Guide, Guided, run, settled, show, some_reports, write
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import EngineOptions
from leavs.engines.vllm.engine import open_vllm
from leavs.method.pack import find_pack, load_pack


async def answers(options: argparse.Namespace, dtype: str) -> list[dict[str, str]]:
    """The model's answers by question, for each number in flight."""
    pack = load_pack(find_pack("leavs"))
    reports = some_reports(options.reports_csv, options.reports)
    engine_options = EngineOptions(max_model_len=8192, dtype=dtype)
    found = []
    async with open_vllm(engine_options, str(find_demo_model()[0])) as engine:
        for at_once in (1, *options.in_flight):
            await settled()
            await engine.forget_prefixes()
            guided = Guided(AtMost(engine, at_once), Guide(pack))
            length = options.reasoning_tokens
            await run(guided, pack, reports, reasoning_tokens=length, two_turns=True)
            found.append(guided.answers)
    return found


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=1)
    parser.add_argument("--reports-csv", type=Path)
    parser.add_argument("--reasoning-tokens", type=int, default=16)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[8, 64, 256])
    options = parser.parse_args()
    rows, figures = [], {}
    for dtype in ("bfloat16", "float32"):
        alone, *beside = asyncio.run(answers(options, dtype))
        flips = {}
        for at_once, found in zip(options.in_flight, beside, strict=True):
            assert found.keys() == alone.keys(), "the questions differ"
            flips[at_once] = sum(found[question] != alone[question] for question in alone)
        rows.append([dtype, f"{len(alone):,}", *(f"{count:,}" for count in flips.values())])
        figures[dtype] = {"questions": len(alone), "flips": flips}
    show(
        "answers that differ from those with one request in flight",
        ("dtype", "questions", *(f"{at_once} in flight" for at_once in options.in_flight)),
        rows,
    )
    write("flips", {"reasoning_tokens": options.reasoning_tokens, **figures})


if __name__ == "__main__":
    main()
