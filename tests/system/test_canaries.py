"""Texts, ids and prompts stand in the files that are meant to hold them, and nowhere else.

The real program runs every command at debug level, fails at each step and is killed; then all that
it told, wrote and was started with is searched.
"""

import csv
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canaries import (
    ID,
    PACK,
    REPORTS,
    TEXT,
    THOUGHT,
    Allowed,
    ObligingServer,
    Place,
    report_text,
)
from loopback_server import Server, answer_of, completion, error_body, running
from places import ROOT

ASKED = ("--organs", "spleen", "liver", "--filtration", "fast", "--reports-in-flight", "2")
PROMPTS = ("--pack", "pack", "--reasoning", "never")
INPUTS = ("in", "in/*", "pack/*")
JOURNAL = "out/journal/*"
TABLES = ("out/labels.csv", "out/details.csv", "out/sentences.csv", "out/failures.csv")
EVIDENCE = (JOURNAL, "out/details.csv", "out/sentences.csv")
BASE: dict[str, tuple[str, ...]] = {
    TEXT: (*INPUTS, *EVIDENCE),
    ID: (*INPUTS, JOURNAL, *TABLES),
    PACK: INPUTS,
    THOUGHT: (),
}


def allowing(more: Allowed) -> Allowed:
    return {canary: (*places, *more.get(canary, ())) for canary, places in BASE.items()}


def fill(place: Place) -> Place:
    """The same reports as six inputs, and a pack with a canary in each of its prompts."""
    texts = {f"{ID}-{number}": report_text(number) for number in range(REPORTS)}
    (place.root / "in" / "folder").mkdir()
    for name, text in texts.items():
        (place.root / "in" / "folder" / f"{name}.txt").write_text(text)
    names = "".join(f"folder/{name}.txt\n" for name in texts)
    (place.root / "in" / "list.txt").write_text(names)
    with (place.root / "in" / "reports.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image1", "anonymized_report"), *texts.items()])
    lines = (json.dumps({"id": name, "text": text}) for name, text in texts.items())
    (place.root / "in" / "reports.jsonl").write_text("\n".join(lines))
    cases = [
        {"image": f"imagesTr/{name}.nii.gz", "labels": {"report": {"abdomen": {"f": text}}}}
        for name, text in texts.items()
    ]
    (place.root / "in" / "amos.json").write_text(json.dumps({"training": cases}))
    shutil.copytree(ROOT / "prompts" / "leavs", place.root / "pack")
    for path in (place.root / "pack").glob("*.jinja"):
        start = "{% block instructions %}\n"
        path.write_text(path.read_text().replace(start, f"{start}{PACK}. "))
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return fill(Place(tmp_path))


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Reports labeled with their texts and thoughts kept, and an annotation of them."""
    made = fill(Place(tmp_path_factory.mktemp("labeled")))
    with running(ObligingServer()) as server:
        code = made.run(
            *("label", "--input-dir", "in/folder", "--base-url", server.base_url, *ASKED),
            *("--pack", "pack", "--two-turns", "--keep-reasoning", "--include-report"),
            *("--output-dir", "out"),
        )
        assert code == 0, made.told
        assert all(PACK in str(body["messages"]) for body in server.bodies)
    kept = allowing({TEXT: ["out/labels.csv"], THOUGHT: [JOURNAL]})
    assert made.leaks(kept) == []
    assert made.open_to_others("in", "pack") == []
    for canary, pattern in ((TEXT, "out/labels.csv"), (ID, "out/labels.csv"), (THOUGHT, JOURNAL)):
        assert made.holds(canary, pattern)
    with (made.root / "out" / "labels.csv").open(newline="") as file:
        rows = [[*row[:2], *row[3:]] for row in csv.reader(file)]
    with (made.root / "in" / "readers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return made


# Labeling, from every input


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (("--single-file", f"in/folder/{ID}-0.txt"), {ID: ("out/run.json", "process/cmdline")}),
        (("--input-dir", "in/folder"), {}),
        (("--test-list", "in/list.txt"), {}),
        (("--reports-csv", "in/reports.csv"), {}),
        (("--jsonl", "in/reports.jsonl"), {}),
        (("--amos-json", "in/amos.json"), {}),
        (("--input-dir", "in/folder", "--include-report"), {TEXT: ("out/labels.csv",)}),
        (("--jsonl", "in/reports.jsonl", "--num-shards", "2", "--shard-id", "1"), {}),
    ],
)
def test_labeling_puts_texts_where_they_belong(
    place: Place, arguments: tuple[str, ...], more: Allowed
) -> None:
    with running(ObligingServer()) as server:
        url = ("--base-url", server.base_url)
        assert place.run("label", *arguments, *url, *ASKED, *PROMPTS, "--output-dir", "out") == 0
    assert place.holds(TEXT, JOURNAL)
    assert place.leaks(allowing(more)) == []
    assert place.open_to_others("in", "pack") == []


def test_a_dry_run_puts_them_there_too(place: Place) -> None:
    run = ("--input-dir", "in/folder", "--dry-run", *PROMPTS, "--output-dir", "out")
    assert place.run("label", *run) == 0
    assert place.leaks(BASE) == []


# Every other command, on what was labeled

SHOWN = {ID: ("told",)}
REVIEW = {TEXT: ("page.html",), ID: ("page.html",), THOUGHT: ("page.html",)}
COMMANDS: list[tuple[tuple[str, ...], int, Allowed]] = [
    (("export", "out"), 0, {}),
    (("export", "out", "--include-report"), 0, {TEXT: ("out/labels.csv",)}),
    (
        ("export", "out", "--include-report", "--spreadsheet-safe"),
        0,
        {TEXT: ("out/*.csv",), ID: ("out/*.csv",)},
    ),
    (("show", "out"), 0, SHOWN),
    (
        ("show", "out", "--report", f"{ID}-9"),
        2,
        {ID: ("told", "process/cmdline")},
    ),
    (("status", "out"), 0, {}),
    (("status", "out", "--json"), 0, {}),
    (("check", "out"), 0, {}),
    (("check", "out", "--list"), 0, {}),
    *(
        (("convert", "out", "--to", shape), 0, {ID: (f"out/labels-{shape}.csv",)})
        for shape in ("wide", "long", "tidy")
    ),
    (
        ("evaluate", "out", "--annotations", "in/readers.csv", "--resamples", "2"),
        0,
        {ID: ("evaluation/*",), TEXT: ("evaluation/*",)},
    ),
    (("view", "out", "--output", "page.html"), 0, REVIEW),
    (("view", "out", "--reports", "in/folder", "--output", "page.html"), 0, REVIEW),
    (("doctor", "--dry-run", "--input-dir", "in/folder", *PROMPTS, "--json"), 0, {}),
    (("doctor", "--dry-run", "--input-dir", "in/folder", *PROMPTS, "--measure"), 0, {}),
    (("label", "--input-dir", "in/folder", "--dry-run", "--output-dir", "out"), 2, {}),
]


@pytest.mark.parametrize(("arguments", "code", "more"), COMMANDS)
def test_no_command_takes_texts_elsewhere(
    labeled: Place, tmp_path: Path, arguments: tuple[str, ...], code: int, more: Allowed
) -> None:
    place = Place(tmp_path)
    for name in ("in", "pack", "out"):
        shutil.copytree(labeled.root / name, tmp_path / name, dirs_exist_ok=True)
    kept = {TEXT: ["out/labels.csv"], THOUGHT: [JOURNAL]}
    allowed = {canary: (*kept.get(canary, ()), *more.get(canary, ())) for canary in BASE}
    ended = place.run(*arguments)
    assert ended == code, place.told
    assert place.leaks(allowing(allowed)) == []
    assert place.open_to_others("in", "pack") == []


def test_a_review_tells_its_address_and_nothing_more(labeled: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    shutil.copytree(labeled.root / "out", tmp_path / "out")
    running_review = place.start("review", "out", "--no-open")
    assert running_review.process.stdout is not None
    place.told.append(running_review.process.stdout.readline())
    running_review.process.send_signal(signal.SIGINT)
    running_review.finish()
    assert place.told[0].startswith("http://127.0.0.1:")
    assert place.leaks(allowing({TEXT: ["out/labels.csv"], THOUGHT: [JOURNAL]})) == []
    assert place.open_to_others("in") == []


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


@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_quotes_a_text(place: Place, failure: str) -> None:
    code, make = FAILURES[failure]
    with running(make()) as server:
        command = ("label", "--input-dir", "in/folder", "--base-url", server.base_url)
        once = ("--request-tries", "1", "--output-dir", "out")
        ended = place.run(*command, *ASKED, *PROMPTS, *once)
    assert ended == code, place.told
    assert "Traceback" not in place.told[-1]
    allowed = {**BASE, TEXT: INPUTS}  # nothing was found in the texts
    assert place.leaks(allowed) == []


@pytest.mark.parametrize("kind", ["KeyError", "ValueError", "UnicodeError", "RuntimeError"])
def test_a_bug_that_quotes_a_prompt_is_told_without_it(place: Place, kind: str) -> None:
    program = place.root / "in" / "buggy.py"
    program.write_text(
        "from leavs.system.private_process import keep_private\n"
        "keep_private()\n"
        "from pathlib import Path\n"
        "from leavs import OutputOptions, ScriptedEngine, from_folder, label_reports\n"
        f"def script(messages, constraint): raise {kind}(messages[1].content)\n"
        "label_reports(from_folder(Path('in/folder')), ScriptedEngine(script),\n"
        "              output=OutputOptions(Path('out')))\n"
    )
    assert place.run(program=[str(program)]) == 1
    assert f"{kind}: (message withheld" in place.told[-1]
    assert place.leaks({**BASE, TEXT: INPUTS}) == []


BROKEN: list[tuple[str, str, tuple[str, ...]]] = [
    ("x.csv", f'"{TEXT} is a mass."\n"{TEXT}","{TEXT}"\n', ("--reports-csv",)),
    ("x.csv", f'image1,anonymized_report\na,"{TEXT}\n', ("--reports-csv",)),
    ("x.jsonl", f'{{"id": "a", "text": "{TEXT}\n', ("--jsonl",)),
    ("x.json", f'{{"training": ["{TEXT}', ("--amos-json",)),
    ("x.json", json.dumps({"training": [{"image": "a", "labels": TEXT}]}), ("--amos-json",)),
]


@pytest.mark.parametrize(("name", "content", "option"), BROKEN)
def test_no_broken_input_is_quoted(
    place: Place, name: str, content: str, option: tuple[str, ...]
) -> None:
    (place.root / "in" / name).write_text(content)
    code = place.run("label", *option, f"in/{name}", "--dry-run", "--output-dir", "out")
    assert code in (2, 3)
    assert place.leaks({**BASE, TEXT: INPUTS}) == []


# Ends


ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT)


@pytest.mark.parametrize("number", ENDS)
def test_no_end_leaves_a_text_behind(place: Place, number: signal.Signals) -> None:
    """No temporary file, no core dump, though such are allowed here."""
    with running(ObligingServer(at_once=20)) as server:
        assert isinstance(server, ObligingServer)
        command = ("label", "--input-dir", "in/folder", "--base-url", server.base_url)
        more = ("--drain-seconds", "0", "--output-dir", "out")
        at_work = place.start(*command, *ASKED, *PROMPTS, *more)
        assert server.waiting.wait(60)
        at_work.process.send_signal(number)
        code = at_work.finish()
        server.gate.set()
    assert code == (75 if number == signal.SIGTERM else -number)
    assert place.leaks(BASE) == []
    assert [*(place.root / "tmp").iterdir(), *place.root.glob("core*")] == []
    assert {path.name for path in place.root.iterdir()} == {
        *("in", "pack", "out", "home", "tmp", "cache")
    }


# Modes, where the caller's umask is the loosest and `main` has not set it


def test_files_are_private_by_themselves(labeled: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name in ("in", "out"):
        shutil.copytree(labeled.root / name, tmp_path / name, dirs_exist_ok=True)
    (tmp_path / "there").mkdir(mode=0o755)
    (tmp_path / "there").chmod(0o755)
    program = tmp_path / "in" / "commands.py"
    commands = [
        ["label", "--input-dir", "in/folder", "--dry-run", "--output-dir", "a/b"],
        ["label", "--input-dir", "in/folder", "--dry-run", "--output-dir", "there"],
        ["export", "out", "--spreadsheet-safe"],
        ["convert", "out", "--to", "wide"],
        ["evaluate", "out", "--annotations", "in/readers.csv", "--resamples", "2"],
        ["view", "out", "--output", "page.html"],
    ]
    program.write_text(
        "import os, sys\n"
        "from leavs import cli\n"
        "os.umask(0)\n"
        f"sys.exit(sum(cli.run(command) for command in {commands}))\n"
    )
    assert place.run(program=[str(program)]) == 0, place.told
    made = place.open_to_others("in", "home", "cache")
    assert made == ["there 755"], "a folder that existed keeps its mode"


def test_the_search_finds_what_it_searches(place: Place) -> None:
    """In files, their names, what was told, arguments and environments of children."""
    program = place.root / "tmp" / f"{ID}.py"
    program.write_text(
        "import subprocess, sys, os\n"
        f"print('{TEXT}'); print('{PACK}', file=sys.stderr)\n"
        "code = 'import time; time.sleep(1)'\n"
        f"subprocess.run([sys.executable, '-c', code, '{TEXT}'], env={{'A': '{THOUGHT}'}})\n"
    )
    assert place.run(program=[str(program)]) == 0
    found = place.leaks(dict.fromkeys(BASE, INPUTS))
    assert {*found} >= {
        (TEXT, "told"),
        (PACK, "told"),
        (TEXT, "process/cmdline"),
        (THOUGHT, "process/environ"),
        (ID, f"tmp/{ID}.py"),
    }


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "200")
    yield
