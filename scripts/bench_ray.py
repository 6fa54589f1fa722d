"""Memory of the command in a run on Ray, at two thousand to two hundred thousand reports.

Ray is started on this machine, with two replicas whose engine is a function that answers at once.
Each size is run by a process of its own, which tells the most memory that it held itself: neither
Ray's daemons nor the replicas count. The cheapest work is asked for, one question a report (one
organ, fast filtration, no reasoning, and nothing informs about the organ), for what the command
holds does not depend on what is asked.

    python scripts/bench_ray.py [--sizes 2000 20000 200000] [--folder DIR]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_parts import bench_parser, parsed, show, write
from bench_scale import make_reports
from leavs import MethodOptions, OutputOptions, RayOptions, from_csv, label_reports
from leavs.domain import Filtration, Reasoning
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.journal.manifest import read

REPLICAS = 2
METHOD = MethodOptions(organs=("liver",), filtration=Filtration.FAST, reasoning=Reasoning.NEVER)


def answer(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    """Find nothing informative."""
    return Reply("none", prompt_tokens=1, generated_tokens=1)


def label(folder: Path) -> dict[str, Any]:
    """Label all reports of a folder on Ray, and tell what it took."""
    began = time.perf_counter()
    ran = label_reports(
        from_csv(folder / "reports.csv"),
        ScriptedEngine(answer),
        METHOD,
        OutputOptions(folder / "run"),
        ray=RayOptions(ray=True, replicas=REPLICAS),
    )
    assert ran.complete
    assert ran.exported.reports == ran.tally.reports_done
    return {
        "reports": ran.tally.reports_done,
        "shards": read(folder / "run")["num_shards"],
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mib": round(peak_mib(), 1),
    }


def peak_mib() -> float:
    """Return the most memory that this process held, without those that it started."""
    status = Path("/proc/self/status").read_text()
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) / 1024


def measure(count: int, folder: Path) -> dict[str, Any]:
    """Run so many reports in a process of its own."""
    make_reports(folder / "reports.csv", count)
    command = [sys.executable, __file__, "--labels", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    assert figures["reports"] == count
    return figures


def row(figures: dict[str, Any]) -> list[str]:
    """Return one size as a row of the table."""
    return [
        f"{figures['reports']:,}",
        f"{figures['shards']}",
        f"{figures['seconds']:,.1f}",
        f"{figures['peak_mib']:,.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--folder", type=Path, help="where to work; needs some 200 MB")
    parser.add_argument("--labels", type=Path, help=argparse.SUPPRESS)
    options = parsed(parser, arguments, sizes=[20])
    if options.labels:
        print(json.dumps(label(options.labels)))
        return
    sizes = []
    for count in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            sizes.append(measure(count, Path(name)))
        print(json.dumps(sizes[-1]), flush=True)
    show("the command on Ray", ["reports", "shards", "seconds", "peak MiB"], list(map(row, sizes)))
    growth = round(sizes[-1]["peak_mib"] / sizes[0]["peak_mib"], 2)
    print(f"peak memory, last size to first: {growth}")
    write("ray", {"replicas": REPLICAS, "sizes": sizes, "memory_growth": growth}, options.write_to)


if __name__ == "__main__":
    main()
