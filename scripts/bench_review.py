"""How soon `leavs review` shows a report of many, how soon the next one, and in how much memory.

Generates a run, starts the command and opens its page in headless Chromium.

    python scripts/bench_review.py [--reports 10000]
"""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from bench_parts import show, write
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

STEPS = 30  # reports that are gone through


def answer(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Every sentence informs, and no finding is mentioned."""
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else constraint.options[-1]
    return "none"


def generate(reports: int, folder: Path) -> tuple[Path, Path]:
    """A CSV of reports of about 2,000 characters, and a run over it."""
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


def measure(run: Path, reports: Path) -> dict[str, float]:
    """Seconds from the command to the first report, to the next one, and MiB of the server."""
    with sync_playwright() as driver:
        chromium = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        start = time.perf_counter()
        command = [sys.executable, "-m", "leavs", "review", str(run)]
        command += ["--reports", str(reports), "--no-open"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        page.goto(server.stdout.readline().split(" ")[0])
        page.locator("#grid td[data-organ]").first.wait_for()
        first = time.perf_counter() - start
        steps = []
        for number in range(2, STEPS + 2):
            begin = time.perf_counter()
            page.keyboard.press("j")
            page.locator("#position", has_text=f"{number} of").wait_for()
            steps.append(time.perf_counter() - begin)
        browser.close()
    status = Path(f"/proc/{server.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
    server.send_signal(signal.SIGINT)
    server.wait()
    return {
        "first_seconds": round(first, 2),
        "next_seconds": round(statistics.median(steps), 3),
        "memory_mib": round(memory / 1024),
    }


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=10_000)
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        figures = measure(*generate(options.reports, Path(temporary)))
    names = ("first report, s", "next report, s", "memory, MiB")
    row = [f"{options.reports:,}", *(f"{value:,}" for value in figures.values())]
    show("leavs review", ("reports", *names), [row])
    write("review", {"reports": options.reports, **figures})


if __name__ == "__main__":
    main()
