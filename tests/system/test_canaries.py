"""Texts, ids and prompts stand in the files that are meant to hold them, and nowhere else.

The real program runs every command at debug level; then all that it told, wrote and was started
with is searched.
"""

import csv
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from canaries import ID, PACK, REPORTS, TEXT, THOUGHT, Allowed, ObligingServer, Place
from canary_inputs import ASKED, BASE, EVIDENCE, INPUTS, JOURNAL, KEPT, PROMPTS, allowing, fill
from loopback_server import running
from places import ELSEWHERE


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
            *("--pack", "pack", "--keep-reasoning", "--include-report"),
            *("--output-dir", "out"),
        )
        assert code == 0, made.told
        assert all(PACK in str(body["messages"]) for body in server.bodies)
    assert made.leaks(allowing(KEPT)) == []
    assert made.open_to_others("in", "pack") == []
    for canary, pattern in ((TEXT, "out/labels.csv"), (ID, "out/labels.csv"), (THOUGHT, JOURNAL)):
        assert made.holds(canary, pattern)
    with (made.root / "out" / "labels.csv").open(newline="") as file:
        rows = [[*row[:2], *row[3:]] for row in csv.reader(file)]
    with (made.root / "in" / "readers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return made


# Labeling, from every input


LABELING: dict[str, tuple[str, ...]] = {
    "out-folder": ("--input-dir", "in/folder"),
    "out-list": ("--test-list", "in/list.txt"),
    "out-csv": ("--reports-csv", "in/reports.csv"),
    "out-jsonl": ("--jsonl", "in/reports.jsonl"),
    "out-amos": ("--amos-json", "in/amos.json"),
    "out-texts": ("--input-dir", "in/folder", "--include-report"),
    "out-shard": ("--jsonl", "in/reports.jsonl", "--num-shards", "2", "--shard-id", "1"),
}


def test_labeling_puts_texts_where_they_belong(place: Place) -> None:
    with running(ObligingServer()) as server:
        asked = ("--base-url", server.base_url, *ASKED, *PROMPTS)
        commands = [
            (".", ("label", *arguments, *asked, "--output-dir", folder))
            for folder, arguments in LABELING.items()
        ]
        dry = ("--input-dir", "in/folder", "--dry-run", *PROMPTS, "--output-dir", "out-dry")
        assert {*place.run_in_turn([*commands, (".", ("label", *dry))])} == {0}, place.told
    for folder in LABELING:
        assert place.holds(TEXT, f"{folder}/journal/*")
    assert place.leaks(allowing({TEXT: ("out-texts/labels.csv",)})) == []
    assert place.open_to_others("in", "pack") == []


def test_a_file_that_is_named_is_in_the_command_line_and_its_text_is_not(place: Place) -> None:
    with running(ObligingServer()) as server:
        named = ("--single-file", f"in/folder/{ID}-0.txt", "--base-url", server.base_url)
        assert place.run("label", *named, *ASKED, *PROMPTS, "--output-dir", "out") == 0
    assert place.holds(TEXT, JOURNAL)
    assert place.leaks(allowing({ID: ("out/run.json", "process/cmdline")})) == []
    assert place.open_to_others("in", "pack") == []


# Every other command, on what was labeled

REVIEW = {TEXT: ("page.html",), ID: ("page.html",), THOUGHT: ("page.html",)}
COMMANDS: list[tuple[tuple[str, ...], int, Allowed]] = [
    (("export", "out"), 0, {}),
    (("export", "out", "--include-report"), 0, {TEXT: ("out/labels.csv",)}),
    (
        ("export", "out", "--include-report", "--spreadsheet-safe"),
        0,
        {TEXT: ("out/*.csv",), ID: ("out/*.csv",)},
    ),
    (("status", "out"), 0, {}),
    (("status", "out", "--json"), 0, {}),
    (
        ("merge", "out", "other", "--by", "majority", "--output-dir", "merged"),
        0,
        {
            TEXT: ("other/*", "other/journal/*", "merged/details.csv", "merged/sentences.csv"),
            ID: ("other/*", "other/journal/*", "merged/*.csv"),
            THOUGHT: ("other/journal/*",),
        },
    ),
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


def test_a_search_for_identities_tells_counts_alone(place: Place) -> None:
    for path in (place.root / "in" / "folder").iterdir():
        path.write_text(f"Name: {TEXT}, {ID}, MRN 1234567\n{path.read_text()}")
    with running(ObligingServer()) as server:
        address = server.base_url.replace("127.0.0.1", ELSEWHERE)
        asked = ("--base-url", address, "--allow-remote", *ASKED, *PROMPTS)
        command = ("label", "--input-dir", "in/folder", *asked, "--output-dir", "out")
        codes = place.run_in_turn([(".", command), (".", (*command, "--yes-remote"))])
    assert codes == [2, 0], place.told
    assert sum(told.count(f"names in {REPORTS}, record numbers") for told in place.told) == 2
    assert place.leaks(allowing({ID: EVIDENCE})) == []


def copy_of(labeled: Place, folder: Path) -> Place:
    """What was labeled once more, to run commands on."""
    for name in ("in", "pack", "out"):
        shutil.copytree(labeled.root / name, folder / name, dirs_exist_ok=True)
    return Place(folder)


def test_no_command_takes_texts_elsewhere(labeled: Place, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    commands, allowed = [], {canary: list(INPUTS) for canary in BASE if canary != THOUGHT}
    for number, (arguments, _, more) in enumerate(COMMANDS):
        (tmp_path / str(number)).mkdir(mode=0o700)
        copy_of(labeled, tmp_path / str(number))
        if "other" in arguments:
            shutil.copytree(labeled.root / "out", tmp_path / str(number) / "other")
        commands.append((str(number), arguments))
        for one in (allowing(KEPT), more):
            for canary, places in one.items():
                allowed.setdefault(canary, []).extend(f"{number}/{place}" for place in places)
    place = Place(tmp_path)
    codes = place.run_in_turn(commands)
    assert codes == [code for _, code, _ in COMMANDS], place.told
    assert place.leaks(allowed) == []
    assert place.open_to_others("in", "pack", "home", "tmp", "cache") == []


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (("show", "out"), 0, ("told",)),
        (("show", "out", "--report", f"{ID}-9"), 2, ("told", "process/cmdline")),
    ],
)
def test_what_is_shown_is_ids_and_no_text(
    labeled: Place, tmp_path: Path, arguments: tuple[str, ...], code: int, shown: tuple[str, ...]
) -> None:
    place = copy_of(labeled, tmp_path)
    assert place.run(*arguments) == code, place.told
    kept = {**allowing(KEPT)}
    assert place.leaks({**kept, ID: (*kept[ID], *shown)}) == []
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
    assert place.leaks(allowing(KEPT)) == []
    assert place.open_to_others("in") == []


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
