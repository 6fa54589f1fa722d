"""What fails at a step, meets a bug or is killed puts no text or prompt anywhere, either."""

import json
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from canaries import TEXT, ObligingServer, Place, report_text
from canary_inputs import ASKED, BASE, INPUTS, PROMPTS, fill
from loopback_server import Server, answer_of, completion, error_body, running
from processes import PATIENCE


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("COLUMNS", "200")
    return fill(Place(tmp_path))


# Failures at each step

ECHO = f"you said: {report_text(0)}"
FAILURES: dict[str, tuple[int, Callable[[], Server]]] = {
    "refused": (3, lambda: Server(answer_of(error_body(ECHO), 400))),
    "too long": (3, lambda: Server(answer_of(error_body(f"maximum context of {ECHO}"), 400))),
    "forbidden": (75, lambda: Server((403, "text/plain", ECHO))),
    "no JSON": (75, lambda: Server((200, "application/json", ECHO))),
    "a page": (75, lambda: Server((200, "text/html", f"<p>{ECHO}</p>"))),
    "broken": (75, lambda: Server((500, "text/plain", ECHO))),
    "moved": (75, lambda: Server((307, f"text/plain; {TEXT}", ECHO))),
    "no choice": (75, lambda: Server(answer_of({**completion(None), "choices": []}))),
    "wrong letters": (3, lambda: Server(answer_of(completion(ECHO)))),
    "cut": (3, lambda: Server(answer_of(completion(ECHO, finish_reason="length")))),
    "no models": (1, lambda: Server(models=(200, "application/json", f"{{{TEXT}"))),
}


def test_no_failure_quotes_a_text(place: Place) -> None:
    asked = ("--request-tries", "1", *ASKED, *PROMPTS)
    with ExitStack() as at_work:
        commands = []
        for number, (_, make) in enumerate(FAILURES.values()):
            server = at_work.enter_context(running(make()))
            where = ("--base-url", server.base_url, "--output-dir", f"out-{number}")
            commands.append((".", ("label", "--input-dir", "in/folder", *where, *asked)))
        codes = place.run_in_turn(commands)
    assert dict(zip(FAILURES, codes, strict=True)) == {
        failure: code for failure, (code, _) in FAILURES.items()
    }, place.told
    assert "Traceback" not in place.told[-1]
    assert place.leaks({**BASE, TEXT: INPUTS}) == []  # nothing was found in the texts


BUGS = ("ValueError", "UnicodeError", "RuntimeError", "KeyError")


def test_a_bug_that_quotes_a_prompt_is_told_without_it(place: Place) -> None:
    """The last of them ends the process; the others are told as their ends would be."""
    program = place.root / "in" / "buggy.py"
    program.write_text(
        "from leavs.system.private_process import keep_private\n"
        "keep_private()\n"
        "import sys\n"
        "from pathlib import Path\n"
        "from leavs import OutputOptions, ScriptedEngine, from_folder, label_reports\n"
        f"for kind in ({', '.join(BUGS)}):\n"
        "    def script(messages, constraint): raise kind(messages[1].content)\n"
        "    try:\n"
        "        label_reports(from_folder(Path('in/folder')), ScriptedEngine(script),\n"
        "                      output=OutputOptions(Path('out')))\n"
        "    except kind:\n"
        f"        if kind is {BUGS[-1]}: raise\n"
        "        sys.excepthook(*sys.exc_info())\n"
    )
    assert place.run(program=[str(program)]) == 1
    for kind in BUGS:
        assert f"{kind}: (message withheld" in place.told[-1]
    assert place.leaks({**BASE, TEXT: INPUTS}) == []


BROKEN: dict[str, tuple[str, str]] = {
    "rows.csv": (f'"{TEXT} is a mass."\n"{TEXT}","{TEXT}"\n', "--reports-csv"),
    "open.csv": (f'image1,anonymized_report\na,"{TEXT}\n', "--reports-csv"),
    "cut.jsonl": (f'{{"id": "a", "text": "{TEXT}\n', "--jsonl"),
    "cut.json": (f'{{"training": ["{TEXT}', "--amos-json"),
    "odd.json": (json.dumps({"training": [{"image": "a", "labels": TEXT}]}), "--amos-json"),
}


def test_no_broken_input_is_quoted(place: Place) -> None:
    commands = []
    for name, (content, option) in BROKEN.items():
        (place.root / "in" / name).write_text(content)
        named = ("label", option, f"in/{name}", "--dry-run", "--output-dir", f"out-{name}")
        commands.append((".", named))
    assert {*place.run_in_turn(commands)} <= {2, 3}, place.told
    assert place.leaks({**BASE, TEXT: INPUTS}) == []


# Ends


ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT)


@pytest.mark.parametrize("number", ENDS)
def test_no_end_leaves_a_text_behind(place: Place, number: signal.Signals) -> None:
    """No temporary file, no core dump, though such are allowed here."""
    with running(ObligingServer(at_once=12)) as server:
        assert isinstance(server, ObligingServer)
        command = ("label", "--input-dir", "in/folder", "--base-url", server.base_url)
        more = ("--drain-seconds", "0", "--output-dir", "out")
        at_work = place.start(*command, *ASKED, *PROMPTS, *more)
        assert server.waiting.wait(PATIENCE)
        at_work.process.send_signal(number)
        code = at_work.finish()
        server.gate.set()
    assert code == (75 if number == signal.SIGTERM else -number)
    assert place.leaks(BASE) == []
    assert [*(place.root / "tmp").iterdir(), *place.root.glob("core*")] == []
    assert {path.name for path in place.root.iterdir()} == {
        *("in", "pack", "out", "home", "tmp", "cache")
    }
