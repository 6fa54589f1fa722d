"""How often an answer changes with what runs beside it, at temperature 0.

Asks the same questions of the same reports with one request in flight and with many, in bfloat16
and in float32, and counts the answers that differ from those with one in flight. A guide leads the
chain (see guide.py), so that the questions are the same; the answers compared are the model's.

    python scripts/bench_flips.py [--reports 1] [--reasoning-tokens 16]
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench_parts import (
    SMALLEST_WORK,
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
from guide import AtMost, Guided
from leavs import EngineOptions, MethodOptions
from leavs.reports import ReportSource

Answers = Mapping[str, str]  # by question


async def answers(
    model: EngineOptions, reports: ReportSource, method: MethodOptions, in_flight: Sequence[int]
) -> list[Answers]:
    """Collect the model's answers for each number in flight."""
    found: list[Answers] = []
    async with opened(model) as engine:
        for at_once in in_flight:
            await settled(engine)
            given: dict[str, str] = {}
            guided = Guided(AtMost(engine, at_once), answers=given)
            await run(guided, reports, method)
            found.append(given)
    return found


def flips(alone: Answers, beside: Answers) -> int:
    """Count the answers that differ."""
    assert beside.keys() == alone.keys(), "the questions differ"
    return sum(beside[question] != answer for question, answer in alone.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    add_work(parser, reports=1, reasoning_tokens=16)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[8, 64, 256])
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    smallest = {"in_flight": [8], "dtypes": ["float32"]}
    options = parsed(parser, arguments, **SMALLEST_WORK, **smallest)
    reports = chosen_reports(options)
    method = method_of(options)
    rows, figures = [], {}
    for dtype in options.dtypes:
        with chosen_model(options) as chosen:
            model, numbers = replace(chosen, dtype=dtype), (1, *options.in_flight)
            alone, *others = asyncio.run(answers(model, reports, method, numbers))
        counts = [flips(alone, beside) for beside in others]
        rows.append([dtype, f"{len(alone):,}", *(f"{count:,}" for count in counts)])
        of_each = dict(zip(options.in_flight, counts, strict=True))
        figures[dtype] = {"questions": len(alone), "flips": of_each}
    show(
        "answers that differ from those with one request in flight",
        ("dtype", "questions", *(f"{at_once} in flight" for at_once in options.in_flight)),
        rows,
    )
    write("flips", {"reasoning_tokens": options.reasoning_tokens, **figures}, options.write_to)


if __name__ == "__main__":
    main()
