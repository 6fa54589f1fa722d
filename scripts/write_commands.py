"""Writes docs/commands.md, every command with its options, from the command line itself.

python scripts/write_commands.py
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import cyclopts

from leavs.cli import app
from leavs.system.pages import markdown_templates

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "commands.md"
UNNAMED = ("Arguments", "Parameters")  # cyclopts' names of groups that nobody named
VALUES = {Path: "PATH", int: "INTEGER", float: "NUMBER", str: "TEXT"}


@dataclass(frozen=True, slots=True)
class Option:
    """A row of a table: how an option is given, what it does, and its default; all Markdown."""

    called: str
    does: str
    default: str


@dataclass(frozen=True, slots=True)
class Table:
    """The options of a group; `like` is an earlier command that has the very same ones."""

    title: str
    options: list[Option]
    like: "Command | None" = None


@dataclass(frozen=True, slots=True)
class Command:
    """A section of the page."""

    name: str
    short: str
    usage: str
    purpose: str
    tables: list[Table] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """The id of the section's heading."""
        return self.name.replace(" ", "-")


def page(cli: cyclopts.App) -> str:
    """Return the page of a command line whose commands have no commands of their own."""
    template = markdown_templates(HERE).get_template("commands.md.jinja")
    return template.render(commands=list(commands(cli)), exit_codes=_text(str(cli.help_epilogue)))


def commands(cli: cyclopts.App) -> Iterator[Command]:
    """Yield the commands that are shown, in the order of the program."""
    earlier: list[Command] = []
    for name in cli:
        command = cli[name]
        if name.startswith("-") or not command.show:
            continue
        arguments = _arguments(cli, command)
        usage = _usage(f"leavs {name}", arguments)
        one = Command(f"leavs {name}", _text(command.help), usage, _purpose(command))
        one.tables.extend(_tables(arguments, earlier))
        earlier.append(one)
        yield one


def _arguments(cli: cyclopts.App, command: cyclopts.App) -> list[cyclopts.Argument]:
    found = command.assemble_argument_collection(
        default_parameter=cli.default_parameter, parse_docstring=True
    )
    return [one for one in found if one.show and one.names != ("*",)]


def _tables(arguments: list[cyclopts.Argument], earlier: list[Command]) -> Iterator[Table]:
    """Yield the options by group, in the order of the program; those of no group come first."""
    groups: dict[str, list[Option]] = {"": []}
    for one in arguments:
        groups.setdefault(_group(one), []).append(_option(one))
    for title, options in groups.items():
        like = next((one for one in earlier if Table(title, options) in one.tables), None)
        if options:
            yield Table(title, options, like if title else None)


def _group(argument: cyclopts.Argument) -> str:
    groups: Any = argument.parameter.group or ()
    return next((one.name for one in groups if one.name not in UNNAMED), "")


def _usage(name: str, arguments: list[cyclopts.Argument]) -> str:
    needed = [one for one in arguments if one.required or _is_positional(one)]
    needed.sort(key=lambda one: not _is_positional(one))
    rest = ["[OPTIONS]"] if len(needed) < len(arguments) else []
    return " ".join([name, *map(_called, needed), *rest])


def _purpose(command: cyclopts.App) -> str:
    """Return what the function of a command says of itself, before its arguments."""
    told = inspect.getdoc(command.default_command) or command.help
    return _text(re.split(r"\n\n(?:Args|Returns|Raises):\n", told)[0])


def _option(one: cyclopts.Argument) -> Option:
    does = _text(one.parameter.help or "")
    if choices := ", ".join(f"`{choice}`" for choice in one.get_choices() or ()):
        does = f"{does.removesuffix('.')}. One of {choices}."
    return Option(_called(one), does, _default(one))


def _called(one: cyclopts.Argument) -> str:
    if _is_positional(one):
        return one.name.lstrip("-").upper().replace("-", "_") + ("…" if _many(one) else "")
    return ", ".join(one.names) + ("" if one.is_flag() else f" {_value(one)}")


def _value(one: cyclopts.Argument) -> str:
    kinds = _kinds(one.hint)
    value = next((VALUES[kind] for kind in VALUES if kind in kinds), "TEXT")
    value = "NAME" if one.get_choices() else value
    if _many(one):
        return f"{value}…"
    return f"[{value}]" if bool in kinds else value


def _kinds(hint: Any) -> set[Any]:
    return {hint}.union(*map(_kinds, get_args(hint)))


def _default(one: cyclopts.Argument) -> str:
    if one.required:
        return "required"
    default = one.field_info.default
    if any(default is none for none in (None, False, (), inspect.Parameter.empty)):
        return ""
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"


def _many(one: cyclopts.Argument) -> bool:
    return bool(one.token_count()[1])


def _is_positional(one: cyclopts.Argument) -> bool:
    return bool(one.field_info.is_positional)


def _text(help_text: str) -> str:
    """Return a text of the program as Markdown: options as code, on lines as long as paragraphs."""
    whole = re.sub(r"(?<!\n)\n(?!\n)\s*", " ", help_text.strip())
    parts = re.split(r"(`[^`]*`)", whole)
    parts[::2] = [re.sub(r"[*<|]", r"\\\g<0>", part) for part in parts[::2]]
    parts[::2] = [re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", part) for part in parts[::2]]
    return "".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(app), encoding="utf-8")


if __name__ == "__main__":
    main()
