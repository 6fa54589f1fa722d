"""How soon `leavs review` shows a report of many, how soon the next one, and in how much memory.

Generates a run, starts the command and opens its page in headless Chromium.

    python scripts/bench_review.py [--reports 10000]
"""

import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from bench_parts import bench_parser, parsed, show, write
from leavs import (
    Filtration,
    MethodOptions,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    from_csv,
    label_reports,
)
from leavs.engines.engine import Choices, Constraint, Message

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def answer(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Say that every sentence informs, and that no finding is mentioned."""
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else constraint.options[-1]
    return "none"


def generate(reports: int, folder: Path) -> tuple[Path, Path]:
    """Write a CSV of reports of about 2,000 characters, and label them."""
    source = folder / "reports.csv"
    with source.open("w") as file:
        file.write("image1,anonymized_report\n")
        for number in range(reports):
            sentences = " ".join(f"Sentence {one} of report {number} is so." for one in range(50))
            file.write(f'r{number:06d},"FINDINGS: {sentences}"\n')
    method = MethodOptions(filtration=Filtration.FAST, reasoning=Reasoning.NEVER)
    output = OutputOptions(folder / "run")
    label_reports(from_csv(source), ScriptedEngine(answer), method=method, output=output)
    return folder / "run", source


def measure(run: Path, reports: Path, steps: int) -> dict[str, float]:
    """Measure seconds to the first report and to the next one, and MiB of the server."""
    with sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page()
        start = time.perf_counter()
        server = served(run, reports)
        assert server.stdout is not None
        page.goto(server.stdout.readline().split(" ")[0])
        page.locator("#grid td[data-organ]").first.wait_for()
        first = time.perf_counter() - start
        seconds = [gone_on(page, number) for number in range(2, steps + 2)]
        browser.close()
    memory = memory_mib(server.pid)
    server.send_signal(signal.SIGINT)
    server.communicate()
    return {
        "first_seconds": round(first, 2),
        "next_seconds": round(statistics.median(seconds), 3),
        "memory_mib": memory,
    }


def served(run: Path, reports: Path) -> "subprocess.Popen[str]":
    """Start the command."""
    command = [sys.executable, "-m", "leavs", "review", str(run)]
    command += ["--reports", str(reports), "--no-open"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def gone_on(page: Page, number: int) -> float:
    """Go on to the report with this number, and return the seconds that it takes."""
    begin = time.perf_counter()
    page.keyboard.press("j")
    page.locator("#position", has_text=f"{number} of").wait_for()
    return time.perf_counter() - begin


def memory_mib(process: int) -> int:
    """Return what a process holds in memory now."""
    status = Path(f"/proc/{process}/status").read_text()
    held = next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
    return round(held / 1024)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=30, help="reports that are gone through")
    options = parsed(parser, arguments, reports=5, steps=2)
    with TemporaryDirectory() as temporary:
        run, reports = generate(options.reports, Path(temporary))
        figures = measure(run, reports, options.steps)
    names = ("first report, s", "next report, s", "memory, MiB")
    row = [f"{options.reports:,}", *(f"{value:,}" for value in figures.values())]
    show("leavs review", ("reports", *names), [row])
    write("review", {"reports": options.reports, **figures}, options.write_to)


if __name__ == "__main__":
    main()
