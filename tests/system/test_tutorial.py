"""Every command of the tutorial runs as it stands there, and prints what is shown under it."""

import re
from collections.abc import Sequence

import pytest

from leavs.cli.exit_codes import FAILED_CELLS, INTERRUPTED
from page_commands import shown_commands
from tutorial import PAGE, Ran, fixed, new_folder, stand_in, walk
from write_tutorial import renewed

TEXT = PAGE.read_text(encoding="utf-8")
SHOWN = shown_commands(TEXT)
TO_RUN = [one for one in SHOWN if not one.not_run]
# Commands that end with another exit code than 0, as the page says.
CODES = {"leavs check": FAILED_CELLS, "leavs review": INTERRUPTED}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Ran]:
    with stand_in() as base_url:
        return list(walk(TEXT, new_folder(tmp_path_factory.mktemp("checkout")), base_url))


@pytest.mark.parametrize("place", range(len(TO_RUN)), ids=lambda place: TO_RUN[place].command[:40])
def test_a_command_prints_what_is_shown(ran: Sequence[Ran], place: int) -> None:
    """Where a change is meant: PYTHONPATH=tests/support python scripts/write_tutorial.py."""
    shown = ran[place].shown
    assert shown.output is not None
    assert fixed(f"{ran[place].output}\n") == fixed(f"{shown.output}\n")
    code = next((code for name, code in CODES.items() if shown.command.startswith(name)), 0)
    assert ran[place].code == code


def test_a_wrong_output_is_written_again_and_no_other(ran: Sequence[Ran]) -> None:
    outputs = {one.shown.line: one.output for one in ran}
    figures = re.compile(r"^( cells failed +)0$", re.MULTILINE)
    assert figures.search(TEXT)
    assert renewed(TEXT, outputs) == TEXT
    mended = renewed(figures.sub(r"\g<1>9", TEXT), outputs)
    assert fixed(mended) == fixed(TEXT)


def test_only_what_installs_or_serves_is_not_run() -> None:
    programs = [one.command for one in SHOWN if one.not_run]
    assert [re.sub(r"^\w+=\S+ ", "", one).split()[0] for one in programs] == [
        *("pip", "vllm", "python")
    ]


STEPS = "doctor exam label show review evaluate calibrate convert methods"


def test_each_step_of_the_first_hour_is_shown_in_its_order() -> None:
    commands = [one.command.split()[1] for one in TO_RUN if one.command.startswith("leavs ")]
    assert [step for step in dict.fromkeys(commands) if step in STEPS.split()] == STEPS.split()
