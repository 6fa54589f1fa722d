"""A place in which the real program is run at debug level, watched, and then searched for canaries.

Every word that nobody but the owner of a report may see is distinct: one in the texts of reports,
one in their ids, one in the prompts of a pack, one in the replies of the model.
"""

import json
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from loopback_server import Answer, Server, answer_of, completion
from processes import PATIENCE

TEXT, ID, PACK, THOUGHT = "QZTEXTQZ", "QZIDQZ", "QZPACKQZ", "QZTHOUGHTQZ"
CANARIES = (TEXT, ID, PACK, THOUGHT)
REPORTS = 3
DEBUG = {
    "HF_HUB_VERBOSITY": "debug",
    "HTTPX_LOG_LEVEL": "debug",
    "OPENAI_LOG": "debug",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONFAULTHANDLER": "1",
    "TRANSFORMERS_VERBOSITY": "debug",
    "VLLM_LOGGING_LEVEL": "DEBUG",
}
Allowed = Mapping[str, Sequence[str]]  # canary -> patterns of the files that may hold it
IN_TURN = """
import json, os
from pathlib import Path
from leavs.system.private_process import keep_private
keep_private()
from leavs import cli
home, codes = Path.cwd(), []
for folder, arguments in json.loads(Path("in/commands.json").read_text()):
    os.chdir(home / folder)
    codes.append(cli.run(arguments))
Path(home / "in" / "codes.json").write_text(json.dumps(codes))
"""


def report_text(number: int) -> str:
    return (
        f"The liver holds a {TEXT} cyst of {number} cm.\n"
        f"- The spleen of {TEXT} number {number} is normal in size.\n"
    )


class ObligingServer(Server):
    """Finds every sentence of the organ informative, and affirms all of it.

    Args:
        at_once: answers so many questions; the others wait for the gate.
    """

    def __init__(self, at_once: int = 10**9) -> None:
        super().__init__()
        self.at_once, self.gate, self.waiting = at_once, threading.Event(), threading.Event()

    def complete(self, body: bytes) -> Answer:
        super().complete(body)
        if len(self.bodies) > self.at_once:
            self.waiting.set()
            self.gate.wait(PATIENCE)
        return answer_of(completion(_obliging(json.loads(body)["messages"])))


def _obliging(messages: Sequence[Mapping[str, str]]) -> str:
    question = messages[1]["content"]
    if "First think" in question and len(messages) == 2:
        return f"The {THOUGHT} reader thinks of {TEXT}."
    if "Which sentences" in question:
        organ = re.findall(r"The organ is the (\w+)", question)[0]
        told = re.findall(rf"^(?:- )?(The {organ} .*{TEXT}.*)$", question, re.M)
        return "\n".join(f'"{one}": informative' for one in told) or "none"
    if "Which types" in question:
        return "(A)"
    return "D" if "(D)" in question else "A"


@dataclass
class Place:
    """Folders of its own for one or several runs of the program.

    Args:
        seen: command lines and environments of the program and of all that it started.
    """

    root: Path
    seen: set[tuple[str, bytes]] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("in", "home", "tmp", "cache"):
            (self.root / name).mkdir(exist_ok=True)

    def environment(self) -> dict[str, str]:
        ours = ("LEAVS_", "PYTEST_")  # settings of users; names of tests, which hold canaries
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {
            **kept,
            **DEBUG,
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
        }

    def start(self, *arguments: str, program: Sequence[str] = ("-m", "leavs")) -> "Running":
        """Start the program with the loosest umask, allowed to leave core dumps."""
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", *program, *arguments],
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            umask=0,
            preexec_fn=_allow_core_dumps,
        )
        return Running(self, process)

    def run(self, *arguments: str, program: Sequence[str] = ("-m", "leavs")) -> int:
        """The exit code of the program."""
        return self.start(*arguments, program=program).finish()

    def run_in_turn(self, commands: Sequence[tuple[str, Sequence[str]]]) -> list[int]:
        """The exit codes of commands, all in one process of the program, each in a folder below.

        Their arguments stand in a file, not in the command line.
        """
        (self.root / "in" / "commands.json").write_text(json.dumps(commands))
        assert self.run(program=["-c", IN_TURN]) == 0, self.told
        return list(json.loads((self.root / "in" / "codes.json").read_text()))

    def leaks(self, allowed: Allowed) -> list[tuple[str, str]]:
        """Each canary, and where it stands although it is not allowed to."""
        places = [*self._files(), *self._process_places(), ("told", "\n".join(self.told).encode())]
        return sorted(
            (canary, place)
            for place, content in places
            for canary in CANARIES
            if canary.encode() in content or canary in Path(place).name
            if not any(fnmatch(place, one) for one in allowed.get(canary, ()))
        )

    def holds(self, canary: str, pattern: str) -> bool:
        """Whether a canary stands where it should: else the search would prove nothing."""
        return any(fnmatch(n, pattern) and canary.encode() in c for n, c in self._files())

    def open_to_others(self, *besides: str) -> list[str]:
        """What others than the owner may read, but for some folders, among what was made."""
        return [
            f"{name} {path.stat().st_mode & 0o777:o}"
            for path in sorted(self.root.rglob("*"))
            if not {*(name := str(path.relative_to(self.root))).split("/")} & {*besides}
            if path.stat().st_mode & 0o077 and name not in ("home", "tmp", "cache")
        ]

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            yield name, path.read_bytes() if path.is_file() else b""

    def _process_places(self) -> Iterator[tuple[str, bytes]]:
        yield from ((f"process/{kind}", content) for kind, content in self.seen)


@dataclass
class Running:
    """The program at work; its processes are looked at until it ends."""

    place: Place
    process: "subprocess.Popen[str]"

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def finish(self) -> int:
        """Wait for its end, and keep what it told."""
        try:
            self.place.told += self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
            self._ended.set()
            self._watcher.join()
        return self.process.returncode

    def _watch(self) -> None:
        while True:
            for number in (self.process.pid, *_descendants(self.process.pid)):
                for kind in ("cmdline", "environ"):
                    try:
                        self.place.seen.add((kind, Path(f"/proc/{number}/{kind}").read_bytes()))
                    except OSError:
                        continue
            if self._ended.wait(0.05):
                return


def _descendants(number: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _descendants(child)


def _allow_core_dumps() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if os.geteuid() == 0:
        most = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
