"""Without a network the local commands work the same, and none of them wants to leave.

The real program runs in a network namespace that has a loopback interface and nothing else.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leavs.system.private_process import NO_STATISTICS
from leavs.tables.export import TABLES
from places import ROOT
from real_runs import SMALL

REPORTS = sorted((ROOT / "data" / "reports").iterdir(), key=lambda path: path.stat().st_size)[:2]
UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sH14s", b"lo", 0x41, b""))  # SIOCSIFFLAGS: up, running
os.execv(sys.argv[1], sys.argv[1:])
"""
# To the kernel, a file or this machine itself: names of it, its loopback addresses
STAYS = re.compile(
    r"socket\.\w+ (None|b?'[^'.]*'|'(127\.[\d.]+|::1|localhost)'"
    r"|\('(127\.[\d.]+|::1|localhost)', .*\)|b?'[/\\].*'|\(\d+, \d+\))"
)


@pytest.fixture(scope="module")
def cut_off() -> list[str]:
    """What a command line begins with that has no network."""
    command = ["unshare", "--net", sys.executable, "-c", UP]
    try:
        done = subprocess.run([*command, "/bin/true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()[-200:]}")
    return command


class Alone:
    """A folder in which commands run, with or without a network."""

    def __init__(self, folder: Path, before: list[str]) -> None:
        self.folder, self._before = folder, before
        folder.mkdir()
        self.went_to = folder / "went_to"

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        watched = str(ROOT / "tests" / "support" / "watched")
        paths = [watched, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        done = subprocess.run(
            [*self._before, sys.executable, "-m", "leavs", *map(str, arguments)],
            cwd=self.folder,
            env={
                **{name: v for name, v in os.environ.items() if not name.startswith("LEAVS_")},
                "PYTHONPATH": os.pathsep.join(path for path in paths if path),
                "WENT_TO": str(self.went_to),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def left(self) -> list[str]:
        """Where the commands wanted to go that is not on this machine."""
        lines = self.went_to.read_text().splitlines() if self.went_to.exists() else []
        return [line for line in lines if not STAYS.fullmatch(line)]


LOCAL: list[tuple[str | Path, ...]] = [
    ("label", "--single-file", *REPORTS, "--dry-run", "--include-report", "--output-dir", "out"),
    ("export", "out", "--include-report", "--spreadsheet-safe"),
    ("label", "--single-file", *REPORTS, "--dry-run", "--output-dir", "again"),
    ("merge", "out", "again", "--by", "majority", "--output-dir", "merged"),
    ("show", "out"),
    ("status", "out"),
    ("check", "out"),
    ("convert", "out", "--to", "wide"),
    ("convert", "out", "--to", "tidy"),
    ("evaluate", "out", "--annotations", ROOT / "data" / "annotations.csv", "--resamples", "2"),
    ("view", "out", "--output", "page.html"),
    ("doctor", "--dry-run", "--single-file", *REPORTS),
    ("exam", "--dry-run", "--items", "4", "--reports", "1"),
]


def test_local_commands_work_the_same_without_a_network(cut_off: list[str], tmp_path: Path) -> None:
    alone, joined = Alone(tmp_path / "alone", cut_off), Alone(tmp_path / "joined", [])
    for command in LOCAL:
        code, told = alone.run(*command)
        assert code in (0, 3) or command[0] == "doctor", told
        if command[0] in ("label", "export", "convert"):
            assert joined.run(*command)[0] == code
    assert alone.left() == []
    assert joined.left() == []
    for name in (*TABLES, "labels-spreadsheet.csv", "labels-wide.csv"):
        assert (alone.folder / "out" / name).read_bytes() == (
            joined.folder / "out" / name
        ).read_bytes()


def test_the_watch_sees_who_leaves(cut_off: list[str], tmp_path: Path) -> None:
    alone = Alone(tmp_path / "alone", cut_off)
    server = ("--base-url", "http://192.0.2.7:8000/v1", "--allow-remote")
    code, told = alone.run("label", "--single-file", *REPORTS, *server)
    assert (code, "no answer from http://192.0.2.7:8000/v1" in told) == (1, True), told
    assert any("192.0.2.7" in line for line in alone.left())


def test_the_site_is_built_without_a_network(cut_off: list[str], tmp_path: Path) -> None:
    command = [*cut_off, sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "commands" / "index.html").exists()


@pytest.mark.vllm
def test_the_model_labels_without_a_network(cut_off: list[str], tmp_path: Path) -> None:
    alone = Alone(tmp_path / "alone", cut_off)
    (alone.folder / "r.txt").write_text("The spleen is normal.")
    model = ("--model", "demo", *SMALL, "--reasoning", "never")
    short = ("--filtration", "none", "--organs", "spleen", "--output-dir", "out")
    commands = (
        ("download", "demo"),  # it is there
        ("doctor", *model),
        ("label", "--single-file", "r.txt", *model, *short),
    )
    for command in commands:
        code, told = alone.run(*command)
        assert code == 0 or command[0] == "doctor", told
    assert alone.left() == []


# Usage statistics

FINDER = """
import os, sys

class Watch:
    seen = {}
    def find_spec(self, name, path=None, target=None):
        if name in ("vllm", "ray", "huggingface_hub", "transformers", "tokenizers"):
            self.seen.setdefault(name, [os.environ.get(one) for one in %r])
        if name == "vllm":
            raise ImportError("it is long to import")

sys.meta_path.insert(0, Watch())
"""
# Each opens what loads these packages; what comes of it does not matter.
LOADERS = {
    "the command": "from leavs import cli\nsys.argv = ['leavs', '--version']\n"
    "try: cli.main()\nexcept SystemExit: pass\nimport huggingface_hub",
    "an engine": "from leavs import EngineOptions\n"
    "from leavs.engines.vllm.engine import start_vllm\n"
    "try: start_vllm(EngineOptions(), '/nowhere')\nexcept Exception: pass",
    "the hub": "from leavs.engines.models.hub import find_model\nfind_model('a/b')",
    "the doctor": "from leavs import cli\ncli.run(['doctor', '--model', 'a/b'])",
}


@pytest.mark.parametrize("loader", LOADERS)
def test_statistics_are_off_before_what_sends_them_is_loaded(loader: str, tmp_path: Path) -> None:
    code = FINDER % [*NO_STATISTICS] + LOADERS[loader] + "\nprint('seen', Watch.seen)"
    environment = {name: value for name, value in os.environ.items() if name not in NO_STATISTICS}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**environment, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    [seen] = re.findall(r"^seen (.*)$", done.stdout, re.M)
    wanted = [*NO_STATISTICS.values()]
    assert seen != "{}", done.stderr
    loaded = eval(seen)  # noqa: S307 - printed above
    assert {name: values for name, values in loaded.items() if values != wanted} == {}
