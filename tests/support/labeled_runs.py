"""Runs over a few small reports, and what their files hold."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from leavs import MethodOptions, Outcome, OutputOptions, ScriptedEngine, from_folder, label_reports
from leavs.engines.engine import Constraint, Message
from leavs.engines.scripted import Script
from leavs.reports import ReportSource
from leavs.tables.export import TABLES
from readers import TWO, plain_reader


def reports(folder: Path, **texts: str) -> ReportSource:
    """Reports with the given ids and texts; those that are there stay."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return from_folder(folder)


def run(
    source: ReportSource,
    folder: Path,
    script: Script = plain_reader,
    method: MethodOptions = TWO,
    **output: Any,
) -> Outcome:
    return label_reports(source, ScriptedEngine(script), method, OutputOptions(folder, **output))


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


class Recorder:
    """Answers as another script and keeps the questions; raises what `fails` says of one."""

    def __init__(
        self,
        script: Script = plain_reader,
        fails: Callable[[str], Exception | None] = lambda question: None,
    ) -> None:
        self.script, self.fails = script, fails
        self.asked: list[str] = []

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Any:
        self.asked.append(messages[1].content)
        if error := self.fails(messages[1].content):
            raise error
        return self.script(messages, constraint)


def quoting(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Finds the report's only line informative, and everything denied."""
    question = messages[1].content
    if "<report>" in question:
        return f'"{question.split("<report>")[1].split("</report>")[0].strip()}": informative'
    return "none" if "Which types" in question else "A"
