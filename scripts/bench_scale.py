"""Memory, journal, resume scan and export at ten thousand, a hundred thousand, a million reports.

Each phase is a process of its own, whose peak memory the kernel tells: label (input, chain with a
scripted engine, journal; two shards at once), scan (what a run reads before it goes on), status,
and export (all four tables). The reports are made here and short, so that a million can be labeled
without a model in about an hour: all organs are asked about, and in every tenth report one has
evidence. What a full report takes on the disk is measured on those in data/, where most organs have
evidence.

    python scripts/bench_scale.py [--sizes 10000 100000 1000000] [--folder DIR]
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_parts import bench_parser, parsed, show, some_reports, write
from guide import Guide
from leavs import MethodOptions, OutputOptions, from_csv, label_reports
from leavs.domain import Filtration, Reasoning, Shard
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.journal.index import Index
from leavs.journal.status import read_status
from leavs.method.pack import find_pack, load_pack
from leavs.run.plan import anything_left
from leavs.tables import export as tables

FAST = MethodOptions(filtration=Filtration.FAST, reasoning=Reasoning.NEVER)
ORGANS = ("spleen", "liver", "stomach", "pancreas", "gallbladder", "small bowel", "large bowel")
SAID = ("is normal", "is enlarged", "has a cyst of 12 mm", "is surgically absent", "looks dense")


def make_reports(path: Path, count: int) -> None:
    """Write a CSV of reports of a few sentences, no two the same."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image1", "anonymized_report"))
        for number in range(count):
            chance = random.Random(number)  # noqa: S311 - nothing secret
            organ, said = chance.choice(ORGANS), chance.choice(SAID)
            told = f"The {organ} {said}." if number % 10 == 0 else "Nothing was remarked."
            text = f"CLINICAL INFORMATION: case {number}.\nFINDINGS: {told}"
            writer.writerow((f"study-{number:07d}.nii.gz", text))


def answer(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    """Quote the sentence that names the organ; mention one finding, and affirm it."""
    question = messages[1].content
    if isinstance(constraint, Choices):
        chosen = constraint.options[len(question) % len(constraint.options)]
        share = 0.75 / max(1, len(constraint.options) - 1)
        weights = {one: 0.25 if one == chosen else share for one in constraint.options}
        return Reply(chosen, probabilities=weights, prompt_tokens=1, generated_tokens=1)
    if "<report>" in question:
        organ = question.rsplit("The organ is the ", 1)[1].split(".")[0]
        told = question.split("<report>", 1)[1].split("</report>", 1)[0]
        sentence = told.split("FINDINGS: ")[1].strip()
        return Reply(f'"{sentence}": informative' if organ in sentence else "none")
    return Reply("(K)")


def label(folder: Path, shard: int) -> dict[str, Any]:
    """Label the reports of one of two shards, none of which is done."""
    source, output = from_csv(folder / "reports.csv"), OutputOptions(folder / "run")
    engine, half = ScriptedEngine(answer), Shard(shard, 2)
    ran = label_reports(source, engine, FAST, output, shard=half)
    assert ran.complete
    return {
        "reports": ran.tally.reports_done,
        "calls": sum(use.calls for use in ran.tally.usage.values()),
    }


def scan(folder: Path) -> dict[str, Any]:
    """Read what a run reads before it goes on: the journal and the input."""
    organs = load_pack(find_pack("leavs")).ontology.organs
    with Index(folder / "run") as index:
        assert not anything_left(from_csv(folder / "reports.csv"), index.done, organs)
    return {}


def status(folder: Path) -> dict[str, Any]:
    """Find out how far the run is."""
    assert read_status(folder / "run").complete
    return {}


def export(folder: Path) -> dict[str, Any]:
    """Make the four tables."""
    exported = tables.export(folder / "run")
    assert not exported.failed_cells and not exported.duplicates
    return {"rows": exported.rows}


PHASES: dict[str, Callable[..., dict[str, Any]]] = {
    "label": label,
    "scan": scan,
    "status": status,
    "export": export,
}


def run_phase(arguments: Sequence[str]) -> None:
    """Run one phase, in a child process, and print its figures."""
    name, folder, *more = arguments
    began = time.perf_counter()
    figures = PHASES[name](Path(folder), *map(int, more))
    print(json.dumps({"seconds": time.perf_counter() - began, **figures}))


def measured(name: str, folder: Path, *more: int) -> subprocess.Popen[bytes]:
    """Start a phase in a process of its own."""
    arguments = [name, str(folder), *map(str, more)]
    return subprocess.Popen(
        [sys.executable, __file__, "--phase", *arguments], stdout=subprocess.PIPE
    )


def finished(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Await a phase; return its figures and the most memory that its process held."""
    assert process.stdout is not None
    with process.stdout as stdout:
        told = stdout.read()
    _, status_code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status_code)
    assert process.returncode == 0, f"it ended with {process.returncode}"
    return {**json.loads(told), "peak_mib": usage.ru_maxrss / 1024}


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(count: int, folder: Path) -> dict[str, Any]:
    """Measure all phases for so many reports."""
    make_reports(folder / "reports.csv", count)
    shards = [measured("label", folder, number) for number in range(2)]
    labeled = [finished(process) for process in shards]
    figures: dict[str, Any] = {
        "reports": count,
        "label": {
            "seconds": max(one["seconds"] for one in labeled),
            "peak_mib": max(one["peak_mib"] for one in labeled),
            "calls": sum(one["calls"] for one in labeled),
        },
        "journal_bytes_a_report": size_of(folder / "run" / "journal") / count,
    }
    assert sum(one["reports"] for one in labeled) == count
    for name in ("scan", "status", "export"):
        figures[name] = finished(measured(name, folder))
    tables_bytes = sum((folder / "run" / name).stat().st_size for name in tables.TABLES)
    return figures | {"tables_bytes_a_report": tables_bytes / count}


def measure_full_reports(count: int) -> dict[str, Any]:
    """Measure journal and tables of reports in data/, with the findings that the guide names."""
    pack = load_pack(find_pack("leavs"))
    guide = Guide(pack)

    def script(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        assert constraint is not None
        text = guide.answer(messages, constraint)
        options = constraint.options if isinstance(constraint, Choices) else ()
        return Reply(text, probabilities=dict.fromkeys(options, 0.123456789012345))

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        method = MethodOptions(reasoning=Reasoning.NEVER)
        source, output = some_reports(None, count), OutputOptions(folder)
        ran = label_reports(source, ScriptedEngine(script), method, output)
        reports = ran.tally.reports_done
        tables_bytes = sum((folder / table).stat().st_size for table in tables.TABLES)
        return {
            "reports": reports,
            "journal_bytes_a_report": size_of(folder / "journal") / reports,
            "tables_bytes_a_report": tables_bytes / reports,
        }


def row(figures: dict[str, Any]) -> list[str]:
    """One size as a row of the table."""
    phases = [figures[name] for name in PHASES]
    return [
        f"{figures['reports']:,}",
        *(f"{phase['peak_mib']:,.0f}" for phase in phases),
        *(f"{phase['seconds']:,.1f}" for phase in phases),
        f"{figures['journal_bytes_a_report']:,.0f}",
        f"{figures['tables_bytes_a_report']:,.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where to work; needs some 10 GB a million")
    parser.add_argument("--full-reports", type=int, default=26, help="of those in data/")
    parser.add_argument("--phase", nargs="+", help=argparse.SUPPRESS)
    options = parsed(parser, arguments, sizes=[10], full_reports=1)
    if options.phase:
        run_phase(options.phase)
        return
    sizes = []
    for count in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            sizes.append(measure(count, Path(name)))
        print(json.dumps(sizes[-1]), flush=True)
    columns = ["reports", *(f"{name} MiB" for name in PHASES), *(f"{name} s" for name in PHASES)]
    show("scale", [*columns, "journal B a report", "tables B a report"], list(map(row, sizes)))
    growth = {
        name: round(sizes[-1][name]["peak_mib"] / sizes[0][name]["peak_mib"], 2) for name in PHASES
    }
    print(f"peak memory, last size to first: {growth}")
    full = measure_full_reports(options.full_reports)
    print(f"full reports: {full}")
    figures = {"sizes": sizes, "memory_growth": growth, "full_reports": full}
    write("scale", figures, options.write_to)


if __name__ == "__main__":
    main()
