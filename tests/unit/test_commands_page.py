"""The page of commands says what the command line says."""

import dataclasses
import re
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
import pytest

from leavs.cli import app
from write_commands import PAGE, Option, commands, page


def test_the_page_is_what_the_options_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(app), (
        "if meant: python scripts/write_commands.py"
    )


def test_every_command_of_the_help_has_a_section() -> None:
    sections = re.findall(r"^## leavs (\S+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert sections == [name for name in app if not name.startswith("-")]


def test_the_page_does_not_hang_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page(app)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert page(app) == before
    assert "\x1b" not in before


# A command line that has all that ours may get


@dataclasses.dataclass(frozen=True)
class _Group:
    """A group.

    Args:
        share: of *all* | a part; see --other.
    """

    share: float = 0.5


def _first(
    run: Path,
    *more: Path,
    needed: int,
    kind: Literal["a", "b"] = "a",
    many: tuple[str, ...] = (),
    zero: int = 0,
    flag: bool = False,
    either: bool | str = False,
    hidden: Annotated[int, cyclopts.Parameter(show=False)] = 1,
    group: Annotated[_Group | None, cyclopts.Parameter(name="*", group="Group")] = None,
) -> None:
    """Do one
    thing.

    Args:
        kind: which.
        zero: at `--first` none.
    """


def _second(
    *, group: Annotated[_Group | None, cyclopts.Parameter(name="*", group="Group")] = None
) -> None:
    """Do another."""


def _small() -> cyclopts.App:
    small = cyclopts.App(
        help_epilogue="The end.", default_parameter=cyclopts.Parameter(negative=())
    )
    small.command(_first, name="first", help="One.")
    small.command(_second, name="second", help="Two.")
    small.command(_second, name="secret", show=False)
    return small


def test_a_command_says_how_it_is_called_and_what_its_options_do() -> None:
    first, second = commands(_small())
    assert first.usage == "leavs first RUN MORE… --needed INTEGER [OPTIONS]"
    assert first.purpose == "Do one thing."
    assert first.tables[0].options == [
        Option("RUN", "", "required"),
        Option("MORE…", "", ""),
        Option("--needed INTEGER", "", "required"),
        Option("--kind NAME", "which. One of `a`, `b`.", "`a`"),
        Option("--many TEXT…", "", ""),
        Option("--zero INTEGER", "at `--first` none.", "`0`"),
        Option("--flag", "", ""),
        Option("--either [TEXT]", "", ""),
    ]
    share = Option("--share NUMBER", r"of \*all\* \| a part; see `--other`.", "`0.5`")
    assert first.tables[1].options == [share]
    assert (second.name, second.tables[0].like) == ("leavs second", first)
    assert "**Group:** the same options as of [`leavs first`](#leavs-first)." in page(_small())
