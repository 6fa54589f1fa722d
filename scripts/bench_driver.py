"""What leavs itself costs beside the model, on an engine that answers at once: CPU and memory.

Runs `leavs label`'s own batch, journal included, over reports of which no two have a sentence in
common, so that no answer is known before; every finding that the guide of bench_parts names is
followed to its end. CPU is this process's, without the guide's own share, which is measured apart.

    python scripts/bench_driver.py [--reports 2000] [--profile]
"""

import argparse
import asyncio
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_parts import BENCHMARKS, Guide, run, show, write
from leavs.domain import Reasoning, Report
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.method.pack import find_pack, load_pack

SENTENCES = 18  # a report; about the mean of the reports in data/
PAGE_KIB = resource.getpagesize() / 1024


@dataclass
class Timed:
    """A guide that knows how much CPU it has used itself."""

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
    """A report whose every sentence has its number in it."""
    chance = random.Random(number)  # noqa: S311 - nothing secret
    organs = ["spleen", "liver", "kidney", "stomach", "pancreas", "gallbladder", "bowel", "colon"]
    told = [
        f"The {chance.choice(organs)} shows finding {number}-{place} of {chance.randint(1, 90)} mm."
        for place in range(SENTENCES)
    ]
    return Report(f"r{number:06d}", "FINDINGS:\n" + " ".join(told), number)


def memory_mib() -> float:
    """What this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KIB / 1024


async def measure(count: int) -> dict[str, Any]:
    """CPU and memory of one run over `count` reports."""
    pack = load_pack(find_pack("leavs"))
    script = Timed(Guide(pack))
    seen: list[float] = []

    def taken(number: int) -> Report:
        if number % (count // 20) == 0:
            seen.append(memory_mib())
        return report(number)

    reports = Made(taken, count)
    ran = await run(ScriptedEngine(script), pack, reports, reasoning=Reasoning.NEVER)
    seen.append(memory_mib())
    calls = ran.total.calls
    return {
        "reports": count,
        "calls": calls,
        "seconds": round(ran.seconds, 2),
        "guide_cpu_seconds": round(script.seconds, 2),
        "cpu_ms_a_call": round((ran.cpu_seconds - script.seconds) / calls * 1000, 4),
        "memory_mib": [round(one, 1) for one in seen],
    }


@dataclass(frozen=True, slots=True)
class Made(Sequence[Report]):
    """Reports that are made one by one as they are taken, and kept nowhere."""

    make: Callable[[int], Report]
    count: int

    def __getitem__(self, number: Any) -> Any:
        if number >= self.count:
            raise IndexError
        return self.make(number)

    def __len__(self) -> int:
        return self.count


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--profile", action="store_true", help="write a pyinstrument profile too")
    options = parser.parse_args()
    if options.profile:
        from pyinstrument import Profiler

        with Profiler(async_mode="disabled", interval=0.005) as profiler:
            figures = asyncio.run(measure(options.reports))
        BENCHMARKS.mkdir(exist_ok=True)
        (BENCHMARKS / "driver-profile.txt").write_text(profiler.output_text(show_all=False))
    else:
        figures = asyncio.run(measure(options.reports))
    held = figures["memory_mib"]
    show(
        "the driver alone",
        ("reports", "calls", "CPU ms a call", "MiB at a tenth", "at half", "at the end"),
        [
            [f"{options.reports:,}", f"{figures['calls']:,}", f"{figures['cpu_ms_a_call']:.3f}"]
            + [f"{held[place]:,.0f}" for place in (2, 10, -1)]
        ],
    )
    if not options.profile:
        write("driver", figures)


if __name__ == "__main__":
    main()
