"""Disks that are full, read-only or faulty: nothing recorded is lost, a line says what to do.

The disks are real: a small tmpfs, a folder mounted read-only, and calls of the system that fail
because a library in front of libc says so.
"""

import errno
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from labeling_process import Labeling
from leavs import cli
from leavs.cli.exit_codes import FAILED_CELLS  # of a whole run: a few questions fail
from leavs.journal.index import Index
from leavs.journal.journal import read_lines
from leavs.method.pack import Pack
from leavs.tables.export import TABLES
from places import ROOT

ORGANS, CASES = 9, 8


@pytest.fixture(scope="module")
def undisturbed(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Labeling:
    return Labeling(tmp_path_factory.mktemp("undisturbed"), pack, cases=CASES)


@pytest.fixture
def labeling(pack: Pack, tmp_path: Path, undisturbed: Labeling) -> Labeling:
    """Reports that are not labeled yet."""
    return Labeling(tmp_path, pack, undisturbed.wanted, CASES)


@pytest.fixture
def done(tmp_path: Path, undisturbed: Labeling) -> Labeling:
    """Reports that are labeled."""
    return undisturbed.copy(tmp_path)


def mount(*arguments: str) -> None:
    done = subprocess.run(["/bin/mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small(labeling: Labeling) -> Iterator[Labeling]:
    """Labeling into a disk that is smaller than the journal."""
    labeling.folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=100k", "tmpfs", str(labeling.folder))
    yield labeling
    subprocess.run(["/bin/umount", "-l", str(labeling.folder)], check=True)


def resize(folder: Path, size: str) -> None:
    mount("-o", f"remount,size={size}", str(folder))


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes calls fail."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    library = tmp_path_factory.mktemp("shim") / "disk_faults.so"
    source = ROOT / "tests" / "support" / "disk_faults.c"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


def labeled(labeling: Labeling, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code and stderr of a process that labels the reports."""
    script = str(ROOT / "tests" / "support" / "scripted_label.py")
    paths = [str(path) for path in (labeling.reports, labeling.folder, labeling.log)]
    done = subprocess.run(
        [sys.executable, script, *paths, "0", "60", str(10**9)],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def one_line(told: str) -> str:
    [line] = told.splitlines()
    assert "case" not in line, "no text of a report"
    assert "Traceback" not in line
    return line


def test_a_full_disk_ends_the_run_in_a_line_and_loses_nothing(small: Labeling) -> None:
    code, told = labeled(small)
    assert code == 75
    assert re.search(
        r"cannot be written: No space left on device; .*(again|leavs export)", one_line(told)
    )
    damaged: list[str] = []
    before = {
        (line.record["report_id"], line.record["organ"])
        for line in read_lines(small.folder, damaged)
        if line.record["kind"] == "organ"
    }
    assert damaged == [], "the record that did not fit left no half of itself"
    assert before
    for _ in range(2):  # and again, while it is still full
        code, told = labeled(small)
        assert code == 75
        assert one_line(told)
    resize(small.folder, "20m")
    asked = len(small.lines())
    assert small.label() == FAILED_CELLS
    assert small.tables() == small.wanted
    again = {(f"case {case}", organ) for _, case, organ in small.lines()[asked:]}
    assert not again & before, "what was recorded is not asked again"


def test_tables_that_do_not_fit_leave_the_old_ones(
    small: Labeling, undisturbed: Labeling, capsys: pytest.CaptureFixture[str]
) -> None:
    resize(small.folder, "20m")
    shutil.copytree(undisturbed.folder, small.folder, dirs_exist_ok=True)
    (small.folder / "filling").write_bytes(bytes(os.statvfs(small.folder).f_bavail * 4096 - 32768))
    assert cli.run(["export", str(small.folder)]) == 75
    told = one_line(capsys.readouterr().err)
    assert "the journal is whole" in told
    assert f"leavs export {small.folder}" in told
    assert small.tables() == small.wanted
    assert not list(small.folder.glob(".*.tmp"))
    (small.folder / "filling").unlink()
    assert cli.run(["export", str(small.folder)]) == 0
    assert small.tables() == small.wanted


def test_a_full_folder_for_temporary_files_is_named(small: Labeling, tmp_path: Path) -> None:
    script = (
        "from leavs.system.scratch import open_scratch\nimport os\n"
        "database = open_scratch('CREATE TABLE kept (value BLOB); BEGIN')\n"
        "rows = ((os.urandom(1000),) for _ in range(30_000))\n"
        "from leavs.errors import StorageError\n"
        "try:\n    database.executemany('INSERT INTO kept VALUES (?)', rows)\n"
        "except StorageError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "SQLITE_TMPDIR": str(small.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(
        r"folder for temporary files \(.*full\); make room .*SQLITE_TMPDIR", done.stdout
    )


def test_a_read_only_folder_is_refused_to_write_and_read_all_the_same(
    done: Labeling, capsys: pytest.CaptureFixture[str]
) -> None:
    mount("--bind", str(done.folder), str(done.folder))
    try:
        mount("-o", "remount,bind,ro", str(done.folder))
        code, told = labeled(done)
        assert code == 75
        assert "Read-only file system; what was recorded is safe" in one_line(told)
        assert cli.run(["export", str(done.folder)]) == 75
        assert "Read-only file system" in one_line(capsys.readouterr().err)
        assert cli.run(["status", str(done.folder)]) == 0
        assert "complete" in capsys.readouterr().out
    finally:
        subprocess.run(["/bin/umount", "-l", str(done.folder)], check=True)
    assert done.tables() == done.wanted


def test_a_new_folder_where_nothing_can_be_written_is_refused(labeling: Labeling) -> None:
    labeling.folder.mkdir()
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", str(labeling.folder))
    try:
        code, told = labeled(labeling)
    finally:
        subprocess.run(["/bin/umount", "-l", str(labeling.folder)], check=True)
    assert code == 2
    assert "cannot be used: Read-only file system; choose another --output-dir" in one_line(told)
    assert labeling.lines() == [], "nothing was asked"


PASSES, STAYS = 3, 10**6


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
@pytest.mark.parametrize(
    ("file", "call"),
    [("in.csv", "open"), ("in.csv", "read"), ("/run/journal/", "open"), ("/run/journal/", "write")],
)
def test_a_failure_that_passes_is_not_noticed(
    labeling: Labeling, shim: Path, file: str, call: str, code: int
) -> None:
    environment = fault(shim, file, call, code, after=0, times=PASSES)
    assert labeled(labeling, environment) == (FAILED_CELLS, "")
    assert labeling.tables() == labeling.wanted


@pytest.mark.parametrize(
    ("file", "call", "code", "after", "ended", "told"),
    [
        ("in.csv", "read", errno.EIO, 0, 2, r"in\.csv cannot be read: Input/output error"),
        ("in.csv", "open", errno.ESTALE, 0, 2, r"in\.csv cannot be read: Stale file handle"),
        (
            "/run/journal/",
            "open",
            errno.EIO,
            0,
            75,
            r"cannot be written: Input/output error; what was",
        ),
        (
            "/run/journal/",
            "write",
            errno.EIO,
            40,
            75,
            r"cannot be written: Input/output error; what",
        ),
        ("/run/journal/", "write", errno.EDQUOT, 40, 75, r"cannot be written: Disk quota exceeded"),
        (
            "/run/journal/",
            "fsync",
            errno.EIO,
            3,
            75,
            r"cannot be written: Input/output error; what was",
        ),
        ("labels.csv", "write", errno.EIO, 0, 75, r"tables in .* cannot be written: Input/output"),
    ],
)
def test_a_failure_that_stays_ends_the_run_in_a_line(
    labeling: Labeling,
    shim: Path,
    file: str,
    call: str,
    code: int,
    after: int,
    ended: int,
    told: str,
) -> None:
    environment = fault(shim, file, call, code, after, STAYS)
    found, said = labeled(labeling, environment)
    assert found == ended
    assert re.search(told, one_line(said))
    damaged: list[str] = []
    assert list(read_lines(labeling.folder, damaged)) is not None
    assert damaged == []
    assert labeling.label() == FAILED_CELLS
    assert labeling.tables() == labeling.wanted


def test_a_journal_that_cannot_be_read_is_named(done: Labeling, shim: Path) -> None:
    [journal] = (done.folder / "journal").iterdir()
    passing = fault(shim, journal.name, "read", errno.EIO, 1, PASSES)
    assert labeled(done, passing) == (FAILED_CELLS, "")
    staying = fault(shim, journal.name, "read", errno.EIO, 1, STAYS)
    code, told = labeled(done, staying)
    assert code == 75
    assert f"{journal} cannot be read: Input/output error; mend that" in one_line(told)
    assert labeled(done)[0] == FAILED_CELLS
    assert done.tables() == done.wanted


def fault(shim: Path, file: str, call: str, code: int, after: int, times: int) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(shim),
        "FAULT_FILE": file,
        "FAULT_CALL": call,
        "FAULT_ERRNO": str(code),
        "FAULT_AFTER": str(after),
        "FAULT_TIMES": str(times),
    }


@pytest.mark.parametrize("seed", range(8))
def test_a_journal_with_garbage_in_it_costs_only_what_it_hit(done: Labeling, seed: int) -> None:
    """Bytes overwritten, cut out, or put in between, anywhere: those cells are asked again."""
    [journal] = (done.folder / "journal").iterdir()
    chance, content = random.Random(seed), bytearray(journal.read_bytes())
    for _ in range(5):
        place, length = chance.randrange(len(content)), chance.randrange(1, 4000)
        garbage = chance.randbytes(length) if seed % 2 else bytes(length)
        content[place : place + chance.choice((0, length))] = chance.choice((garbage, b""))
    journal.write_bytes(bytes(content))
    asked = len(done.lines())
    assert done.label() == FAILED_CELLS
    assert done.tables() == done.wanted
    assert len(done.lines()) - asked < asked, "not all was asked again"


def test_a_clock_that_jumps_back_changes_no_label(done: Labeling) -> None:
    """Which record counts does not depend on when its process thinks it is."""
    [journal] = (done.folder / "journal").iterdir()
    older = journal.with_name("19700101T000000.000000-host-1-00000000.jsonl")
    shutil.copy(journal, older)
    os.utime(older, (0, 0))
    assert done.label() == FAILED_CELLS
    assert done.tables() == done.wanted
    with Index(done.folder) as index:
        assert index.records == 2 * ORGANS * CASES
    os.utime(journal, (4e9, 4e9))  # a file from the future
    assert cli.run(["status", str(done.folder), "--json"]) == 0


def test_what_a_killed_export_left_is_removed_by_the_next(done: Labeling) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = os.uname().nodename
    dead = done.folder / f".labels.csv.{host}-{process.pid}-0a1b2c3d.tmp"
    alive = done.folder / f".labels.csv.{host}-{os.getpid()}-0a1b2c3d.tmp"
    elsewhere = done.folder / f".labels.csv.node-17-{process.pid}-0a1b2c3d.tmp"
    for path in (dead, alive, elsewhere):
        path.write_text("half a table")
    assert cli.run(["export", str(done.folder)]) == 0
    assert [path.exists() for path in (dead, alive, elsewhere)] == [False, True, True]
    assert {*TABLES} <= {path.name for path in done.folder.iterdir()}
