"""What leavs itself costs beside the model: CPU and memory of this process.

Alone, on an engine that answers at once: labels reports of which no two have a sentence in common,
journal included, so that no answer is known before; every finding that the guide of guide.py names
is followed to its end.

    python scripts/bench_driver.py [--reports 2000] [--profile]

With --engine, what vLLM's client and the encoding of prompts cost on top: the engine runs in a
process of its own, here too, with a small model of random weights. Answers come at once, without
reasoning, and each sentence is asked about, so that requests are as short and as many as they get;
the reports are those that leavs comes with, of which there are 26.

    python scripts/bench_driver.py --engine [--reports 8] [--profile]

CPU is this process's, without its children and without the guide's own share, which is measured
apart. With an engine it must not be over 0.6 ms a request, or it is the limit on a fast GPU.
"""

import asyncio
import random
import resource
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_parts import (
    BENCHMARKS,
    DEMO,
    MadeReports,
    Ran,
    bench_parser,
    opened,
    parsed,
    run,
    settled,
    show,
    some_reports,
    write,
)
from guide import Guide, Guided, TimedGuide
from leavs import Filtration, MethodOptions, Reasoning, Report, ScriptedEngine
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import Script
from random_model import LOADED_AS, SHAPES, make_model

SENTENCES = 18  # a report; about the mean of the reports in data/
PAGE_KIB = resource.getpagesize() / 1024


def script(guide: Guide) -> Script:
    """Return what an engine says that answers at once, as the guide does."""

    def answered(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        answer = guide.answer(messages, constraint) if constraint else "It may be so."
        return Reply(answer, prompt_tokens=1)

    return answered


def report(number: int) -> Report:
    """Make a report whose every sentence has its number in it."""
    chance = random.Random(number)  # noqa: S311 - nothing secret
    organs = ["spleen", "liver", "kidney", "stomach", "pancreas", "gallbladder", "bowel", "colon"]
    told = [
        f"The {chance.choice(organs)} shows finding {number}-{place} of {chance.randint(1, 90)} mm."
        for place in range(SENTENCES)
    ]
    return Report(f"r{number:06d}", "FINDINGS:\n" + " ".join(told), number)


def memory_mib() -> float:
    """Return what this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KIB / 1024


def figures_of(ran: Ran, guide: TimedGuide) -> dict[str, Any]:
    """Return the CPU of a run."""
    guided = guide.seconds()
    return {
        "reports": ran.reports,
        "calls": ran.total.calls,
        "seconds": round(ran.seconds, 2),
        "guide_cpu_seconds": round(guided, 2),
        "cpu_ms_a_call": round(ran.cpu_ms_a_call(guided), 4),
    }


async def measure_alone(count: int, profiler: AbstractContextManager[Any]) -> dict[str, Any]:
    """Measure CPU and memory of one run over `count` reports."""
    guide = TimedGuide()
    held: dict[int, float] = {}  # in MiB, by the number of reports that were taken
    step = max(1, count // 20)

    def make(number: int) -> Report:
        if number % step == 0:
            held[number] = memory_mib()
        return report(number)

    method = MethodOptions(reasoning=Reasoning.NEVER)
    with profiler:
        ran = await run(ScriptedEngine(script(guide)), MadeReports(make, count), method)
    held[count] = memory_mib()
    return {**figures_of(ran, guide), "memory_mib": [round(one, 1) for one in held.values()]}


async def measure_with_engine(
    count: int, shape: str, dtype: str, profiler: AbstractContextManager[Any]
) -> dict[str, Any]:
    """Measure CPU of one run over `count` reports, with vLLM in a process of its own."""
    guide = TimedGuide()
    method = MethodOptions(reasoning=Reasoning.NEVER, filtration=Filtration.THOROUGH)
    with TemporaryDirectory() as folder:
        make_model(shape, Path(folder))
        model = replace(DEMO, model=folder, dtype=dtype, engine_arg=(LOADED_AS,))
        async with opened(model) as engine:
            await run(Guided(engine), some_reports(None, 1, first=count), method)
            await settled(engine)
            with profiler:
                ran = await run(Guided(engine, guide), some_reports(None, count), method)
    return {"shape": shape, "dtype": dtype, **figures_of(ran, guide)}


def table(title: str, figures: dict[str, Any]) -> None:
    """Print the figures of one run."""
    columns = ["reports", "calls", "s", "CPU ms a call"]
    row = [f"{figures['reports']:,}", f"{figures['calls']:,}", f"{figures['seconds']:,.1f}"]
    row.append(f"{figures['cpu_ms_a_call']:.3f}")
    if held := figures.get("memory_mib"):
        columns += ["MiB at a tenth", "at half", "at the end"]
        row += [f"{held[place]:,.0f}" for place in (len(held) // 10, len(held) // 2, -1)]
    show(title, columns, [row])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures, or with --profile the profile alone."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports", type=int, help="by default 2,000, with --engine 8")
    parser.add_argument("--engine", action="store_true", help="with vLLM beside this process")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="of the engine's model")
    parser.add_argument("--dtype", default="auto", help="of that model")
    parser.add_argument("--profile", action="store_true", help="write a pyinstrument profile")
    options = parsed(parser, arguments, shape="tiny")
    sizes = (10, 1) if options.smallest else (2000, 8)
    count = options.reports or sizes[options.engine]
    name = "driver-engine" if options.engine else "driver"
    profiler: Any = nullcontext()
    if options.profile:
        from pyinstrument import Profiler

        profiler = Profiler(async_mode="disabled", interval=0.005)
    if options.engine:
        figures = asyncio.run(measure_with_engine(count, options.shape, options.dtype, profiler))
        table(f"the driver of an engine of the shape {options.shape}", figures)
    else:
        figures = asyncio.run(measure_alone(count, profiler))
        table("the driver alone", figures)
    if not options.profile:
        write(name, figures, options.write_to)
        return
    folder = options.write_to or BENCHMARKS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-profile.txt").write_text(profiler.output_text(show_all=False))


if __name__ == "__main__":
    main()
