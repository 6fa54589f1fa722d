"""What leavs itself costs beside the model, on an engine that answers at once: CPU and memory.

Labels reports of which no two have a sentence in common, journal included, so that no answer is
known before; every finding that the guide of guide.py names is followed to its end. CPU is this
process's, without the guide's own share, which is measured apart.

    python scripts/bench_driver.py [--reports 2000] [--profile]
"""

import asyncio
import random
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_parts import BENCHMARKS, MadeReports, bench_parser, parsed, run, show, write
from guide import Guide
from leavs import MethodOptions, Reasoning, Report, ScriptedEngine
from leavs.engines.engine import Constraint, Message, Reply
from leavs.method.pack import find_pack, load_pack

SENTENCES = 18  # a report; about the mean of the reports in data/
PAGE_KIB = resource.getpagesize() / 1024


@dataclass
class Timed:
    """A guide that measures how much CPU it uses itself."""

    guide: Guide
    seconds: float = 0.0

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        """See `leavs.engines.scripted.Script`."""
        if constraint is None:
            return Reply("It may be so.", prompt_tokens=1)
        began = time.perf_counter()
        answer = self.guide.answer(messages, constraint)
        self.seconds += time.perf_counter() - began
        return Reply(answer, prompt_tokens=1)


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


async def measure(count: int) -> dict[str, Any]:
    """Measure CPU and memory of one run over `count` reports."""
    script = Timed(Guide(load_pack(find_pack("leavs"))))
    held: dict[int, float] = {}  # in MiB, by the number of reports that were taken
    step = max(1, count // 20)

    def make(number: int) -> Report:
        if number % step == 0:
            held[number] = memory_mib()
        return report(number)

    method = MethodOptions(reasoning=Reasoning.NEVER)
    ran = await run(ScriptedEngine(script), MadeReports(make, count), method)
    held[count] = memory_mib()
    calls = ran.total.calls
    return {
        "reports": count,
        "calls": calls,
        "seconds": round(ran.seconds, 2),
        "guide_cpu_seconds": round(script.seconds, 2),
        "cpu_ms_a_call": round((ran.cpu_seconds - script.seconds) / calls * 1000, 4),
        "memory_mib": [round(one, 1) for one in held.values()],
    }


def profiled(count: int, folder: Path) -> dict[str, Any]:
    """Measure the same, and write a profile of it into a folder."""
    from pyinstrument import Profiler

    with Profiler(async_mode="disabled", interval=0.005) as profiler:
        figures = asyncio.run(measure(count))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "driver-profile.txt").write_text(profiler.output_text(show_all=False))
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures, or with --profile the profile alone."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--profile", action="store_true", help="write a pyinstrument profile")
    options = parsed(parser, arguments, reports=10)
    if options.profile:
        figures = profiled(options.reports, options.write_to or BENCHMARKS)
    else:
        figures = asyncio.run(measure(options.reports))
    held = figures["memory_mib"]
    show(
        "the driver alone",
        ("reports", "calls", "CPU ms a call", "MiB at a tenth", "at half", "at the end"),
        [
            [f"{options.reports:,}", f"{figures['calls']:,}", f"{figures['cpu_ms_a_call']:.3f}"]
            + [f"{held[place]:,.0f}" for place in (len(held) // 10, len(held) // 2, -1)]
        ],
    )
    if not options.profile:
        write("driver", figures, options.write_to)


if __name__ == "__main__":
    main()
