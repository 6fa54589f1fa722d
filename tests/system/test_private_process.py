"""A process of leavs tells nobody what it holds, whatever it dies of."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leavs.system.private_process import NO_STATISTICS, WITHHELD, bug_in_lines

CANARY = "a mass in the pancreas of Jane Doe"
START = "import os, sys\nfrom leavs.system.private_process import keep_private\nkeep_private()\n"


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", START + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# What goes wrong with `text`, which stands in a file: source lines are shown.
BUGS = {
    "key": "{}[text]",
    "number": "float(text)",
    "chain": "try:\n  {}[text]\nexcept KeyError as e:\n  raise ValueError(str(e)) from e",
    "context": "try:\n  {}[text]\nexcept KeyError:\n  int(text)",
    "group": "raise ExceptionGroup(text, [KeyError(text)])",
    "note": "e = ValueError('x'); e.add_note(text); raise e",
    "codec": "raise UnicodeDecodeError('utf-8', text.encode(), 0, 1, text)",
    "thread": "import threading\nt = threading.Thread(target=lambda: int(text))\n"
    "t.start(); t.join(); sys.exit(1)",
    "finalizer": "class A:\n  def __del__(self): int(text)\nA(); sys.exit(1)",
    "task": "import asyncio\nasync def f(): int(text)\nasync def main():\n"
    "  asyncio.ensure_future(f()); await asyncio.sleep(0)\nasyncio.run(main()); sys.exit(1)",
    "callback": "import asyncio\nasync def main():\n"
    "  asyncio.get_running_loop().call_soon(lambda t: int(t), text); await asyncio.sleep(0)\n"
    "asyncio.run(main()); sys.exit(1)",
    "log": "import logging\ntry:\n  int(text)\nexcept ValueError:\n"
    "  logging.getLogger('uvicorn.error').exception('in a server'); sys.exit(1)",
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_tells_where_and_what_kind_and_quotes_nothing(bug: str, tmp_path: Path) -> None:
    script = tmp_path / "bug.py"
    script.write_text(f"{START}text = open('text').read()\n{BUGS[bug]}\n")
    (tmp_path / "text").write_text(CANARY)

    def told(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    assert "Error" in told()
    assert 'bug.py", line' in told()
    assert "Jane Doe" not in told()
    assert "Jane Doe" in told(LEAVS_SHOW_MESSAGES="1")


def test_messages_that_quote_nothing_stay() -> None:
    shown = {
        "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere'": "open('/nowhere')",
        "ModuleNotFoundError: No module named 'nowhere'": "import nowhere",
        "AttributeError: 'int' object has no attribute 'x'": "(1).x",
        "UsageError: say so": "from leavs.errors import UsageError\nraise UsageError('say so')",
        f"KeyError: ({WITHHELD})": "{}['a']",
        f"OSError: ({WITHHELD})": "raise OSError('a')",
    }
    for words, code in shown.items():
        assert words in python(code).stderr


def test_a_chain_that_goes_round_ends() -> None:
    one, other = ValueError("a"), KeyError("b")
    one.__cause__, other.__cause__ = other, one
    assert bug_in_lines(one).count("Error") == 2


def test_statistics_are_off_before_anything_is_imported() -> None:
    done = python("print(sorted(os.environ.items()))", DO_NOT_TRACK="0", OPENAI_LOG="debug")
    for name, value in NO_STATISTICS.items():
        assert f"('{name}', '{value}')" in done.stdout
    assert "OPENAI_LOG" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT])
def test_no_crash_leaves_a_core_dump(number: signal.Signals, tmp_path: Path) -> None:
    """Of the process and of those that it starts; the same crash without leavs leaves one."""

    def crash(code: str) -> list[str]:
        def allow_cores() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)

        try:
            subprocess.run(
                [sys.executable, "-c", code], cwd=tmp_path, preexec_fn=allow_cores, check=False
            )
        except subprocess.SubprocessError:
            pytest.skip("the limit of core dumps cannot be raised here")
        found = [path.name for path in tmp_path.iterdir()]
        for name in found:
            (tmp_path / name).unlink()
        return found

    die = f"os.kill(os.getpid(), {int(number)})\n"
    child = f"import subprocess\nsubprocess.run([sys.executable, '-c', 'import os; {die.strip()}'])"
    if not crash("import os\n" + die):
        pytest.skip("this kernel puts core dumps elsewhere")
    assert crash(START + die) == []
    assert crash(START + child) == []
