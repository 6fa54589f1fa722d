"""A labeling process that can be killed, and what is left in its folder."""

import csv
import shutil
import subprocess
import sys
from contextlib import closing
from copy import copy
from pathlib import Path

import scripted_label
from leavs.cli.exit_codes import FAILED_CELLS
from leavs.cli.label import exit_code
from leavs.engines.scripted import ScriptedEngine
from leavs.journal.index import Done, Index
from leavs.journal.journal import read_lines
from leavs.method.pack import Pack
from leavs.tables.export import TABLES
from places import ROOT


def done_in(folder: Path) -> dict[str, Done]:
    """What is done, of each report."""
    with Index(folder) as index:
        lines = [line.record for line in read_lines(folder) if line.record["kind"] == "organ"]
        done = {line["report_id"]: index.done(line["report_id"]) for line in lines}
    return {report: one for report, one in done.items() if one is not None}


class Labeling:
    """A folder of reports and the processes that label them.

    Args:
        cases: the number of reports.
        wanted: the tables of a run that nobody disturbed.
    """

    def __init__(
        self, home: Path, pack: Pack, wanted: dict[str, bytes] | None = None, cases: int = 26
    ) -> None:
        self.reports, self.folder, self.log = home / "in.csv", home / "run", home / "log"
        self._processes: list[subprocess.Popen[bytes]] = []
        organs = [organ.name for organ in pack.ontology.organs]
        with self.reports.open("w", encoding="utf-8", newline="") as file:
            rows = [(f"case {n}", scripted_label.case_text(n, organs)) for n in range(cases)]
            csv.writer(file).writerows([("image1", "anonymized_report"), *rows])
        if wanted is None:
            assert self.label() == FAILED_CELLS
            wanted = self.tables()
        self.wanted = wanted

    def label(self) -> int:
        """Label the reports in this process, and return the exit code."""
        answers = scripted_label.LoggedAnswers(self.log, 0, 10**9)
        with closing(answers):
            engine = ScriptedEngine(answers)
            return exit_code(scripted_label.label(self.reports, self.folder, engine, 60))

    def copy(self, home: Path) -> "Labeling":
        """The same reports, run and log in another folder."""
        shutil.copytree(self.reports.parent, home, dirs_exist_ok=True)
        copied = copy(self)
        copied.reports, copied.folder, copied.log = home / "in.csv", home / "run", home / "log"
        return copied

    def tables(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in TABLES}

    def start(
        self,
        seconds: float = 0.003,
        drain: float = 60,
        slow_after: int = 10**9,
        shard: tuple[int, int] | None = None,
    ) -> subprocess.Popen[bytes]:
        """A process that labels the reports; `log` gets the questions."""
        paths = [str(path) for path in (self.reports, self.folder, self.log)]
        numbers = [str(number) for number in (seconds, drain, slow_after)]
        script = str(ROOT / "tests" / "support" / "scripted_label.py")
        part = [str(number) for number in shard or ()]
        process = subprocess.Popen([sys.executable, script, *paths, *numbers, *part])
        self._processes.append(process)
        return process

    def end(self) -> None:
        """Kill the processes that are still at work."""
        for process in self._processes:
            process.kill()
            process.wait()

    def lines(self) -> list[list[str]]:
        content = self.log.read_text() if self.log.exists() else ""
        return [line.split("\t") for line in content.splitlines()]

    def recorded(self) -> set[tuple[str, str]]:
        done = done_in(self.folder)
        return {(report, organ) for report in done for organ in done[report].organs}
