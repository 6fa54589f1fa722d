"""Runs the commands of docs/tutorial.md as its reader would, and knows what of it can differ.

The model's place is taken by `scripts/stand_in_server.py`, the reader's at the page of `leavs
review` by one who corrects as the shipped annotations say.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from annotated_reader import annotated
from loopback_server import running
from page_commands import Shown, shown_commands
from places import ROOT
from processes import PATIENCE
from stand_in_server import StandInServer

PAGE = ROOT / "docs" / "tutorial.md"
HOME = "/home/me/leavs"  # where the reader of the page has the checkout
TO_READ = 20  # reports that the page has its reader read
SERVED = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]+/")

# What is not the same each time, by what it is; the first group stays.
VOLATILE = {
    "the machine, in leavs doctor": r"^(Python|torch|vLLM|file system|space) .*",
    "its GPUs, each a line, or none": r"()^GPU(?:s| \d+) .*\n",
    "seconds": r"((?:\bseconds|\blean items) )[\d,.]+",
    "rate": r"(\breports an hour )[\d,]+",
    "date": r"()\b20\d\d-\d\d-\d\d\b",
    "address of the page": rf"(){SERVED.pattern}",
    "progress on a slow machine": r"()^.*(?: left| not known yet| items answered)\n",
}
# A cell that goes on in the next line, as a long path or the advice behind a warning
MORE_OF_A_CELL = re.compile(r"\n {15,}(?=\S)")
SPACES = re.compile(r"(?<=\S) {2,}")  # between columns; they hang on the width of what is volatile


@dataclass(frozen=True, slots=True)
class Ran:
    """A command of the page, what it printed, and its exit code."""

    shown: Shown
    output: str
    code: int


def fixed(output: str) -> str:
    """What must be the same each time."""
    output = SPACES.sub(" ", MORE_OF_A_CELL.sub(" ", output))
    for pattern in VOLATILE.values():
        output = re.sub(pattern, r"\1", output, flags=re.M)
    return output


@contextmanager
def stand_in() -> Iterator[str]:
    """The server that stands in for a model; its address."""
    with running(StandInServer()) as server:
        yield server.base_url


def new_folder(folder: Path) -> Path:
    """A folder that looks to the commands like the checkout."""
    (folder / "data").symlink_to(ROOT / "data")
    return folder


def walk(page: str, folder: Path, base_url: str) -> Iterator[Ran]:
    """Run the commands one after the other in a folder; `export` holds for those behind it."""
    settings = environment()
    for shown in shown_commands(page):
        if shown.not_run:
            continue
        if shown.command.startswith("export "):
            name, _, value = shown.command.removeprefix("export ").partition("=")
            settings[name] = base_url if name == "LEAVS_BASE_URL" else value
            yield Ran(shown, "", 0)
            continue
        process = subprocess.Popen(
            ["/bin/bash", "-c", shown.command],
            cwd=folder,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        with process:
            try:
                begun = _read_reports(process) if "leavs review" in shown.command else ""
                rest, _ = process.communicate(timeout=PATIENCE)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # or the end of the block waits for it
                raise
        yield Ran(shown, _as_at_home(begun + rest, folder), process.returncode)


def environment() -> dict[str, str]:
    """That of a user who has set nothing of leavs, with this leavs, and a browser that is none."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEAVS_")}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    sources = os.pathsep.join(filter(None, [str(ROOT / "src"), kept.get("PYTHONPATH")]))
    more = {"PATH": programs, "PYTHONPATH": sources, "COLUMNS": "100", "BROWSER": "true"}
    more["OMP_NUM_THREADS"] = "1"  # threads of small fits wait for each other on a busy machine
    return kept | more


def _as_at_home(output: str, folder: Path) -> str:
    lines = (line.rstrip() for line in output.replace(str(folder), HOME).splitlines())
    return "\n".join(lines).strip("\n")


def _read_reports(process: "subprocess.Popen[str]") -> str:
    """Correct a random sample as the annotations say, accept each report, and press Ctrl-C."""
    assert process.stdout is not None
    said = ""
    while not (found := SERVED.search(said)):
        line = process.stdout.readline()
        assert line, said
        said += line
    with httpx.Client(base_url=f"{found[0]}api/", timeout=PATIENCE) as client:
        _correct(client)
    os.killpg(process.pid, signal.SIGINT)
    return said


def _correct(client: httpx.Client) -> None:
    right = annotated()
    queue = client.get("queue", params={"kind": "random", "count": TO_READ}).json()
    for place in queue["places"]:
        report = client.get(f"reports/{place}").json()
        for organ, shown in report["organs"].items():
            keys = (report["id"], organ)
            labels, urgencies = right[*keys, "labels"], right[*keys, "urgency"]
            for name, cell in shown["cells"].items():
                after = {"certainty": labels[name], "urgency": urgencies[name]}
                if any(cell[key] != code for key, code in after.items()):
                    change = {"place": place, "organ": organ, "finding_type": name, "after": after}
                    client.post("changes", json=change).raise_for_status()
        client.post("accepted", json={"place": place, "accepted": True}).raise_for_status()
