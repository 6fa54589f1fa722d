"""`leavs sentences`: how reports are split into sentences, on the screen or for programs."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from leavs.domain import Report, Sentence
from leavs.errors import InputError
from leavs.reports import from_path
from leavs.text import overlong_sentence, split_sentences


def sentences(
    reports: Annotated[
        tuple[Path, ...], Parameter(negative=(), help="Files or folders of reports, as for label.")
    ],
    *,
    id_column: str | None = None,
    text_column: str | None = None,
    report: tuple[str, ...] = (),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Print the sentences of reports: number, offsets, heading and text of each.

    A model sees a sentence with the heading before it. Headings alone are marked with #; they are
    never evidence. Offsets count the characters of the report as it was read.

    Args:
        id_column: column (table) or key (JSON Lines) of the ids.
        text_column: column (table) or key (JSON Lines) of the texts.
        report: ids of the reports to print; by default all.
        as_json: print one JSON list of all reports, for programs.
    """
    texts = _texts(reports, id_column, text_column, report)
    split = [(one, split_sentences(one.text)) for one in texts]
    if as_json:
        print(json.dumps([_as_json(*pair) for pair in split], ensure_ascii=False, indent=1))
        return
    console = Console(highlight=False, soft_wrap=True)
    for one, found in split:
        console.print(Text(one.id, style="bold"))
        for number, sentence in enumerate(found, start=1):
            console.print(_line(number, sentence))
        if overlong_sentence(one.text, found):
            console.print(Text("a sentence is so long that line ends may be lost", style="red"))


def _texts(
    paths: tuple[Path, ...],
    id_column: str | None,
    text_column: str | None,
    wanted: tuple[str, ...],
) -> list[Report]:
    found: list[Report] = []
    for path in paths:
        for one in from_path(path, id_column, text_column):
            if not isinstance(one, Report):
                raise InputError(one.reason)
            if not wanted or one.id in wanted:
                found.append(one)
    if missing := set(wanted).difference(one.id for one in found):
        raise InputError(f"{len(missing)} of the reports named with --report are not there")
    return found


def _line(number: int, sentence: Sentence) -> Text:
    mark = "#" if sentence.is_heading else " "
    line = Text(f"{number:4d} {sentence.start:6d} {sentence.end:6d} {mark} ", style="dim")
    line.append(f"{sentence.heading} " if sentence.heading else "", style="not dim cyan")
    style = "not dim bold" if sentence.is_heading else "not dim"
    return line.append(" ".join(sentence.text.split()), style=style)


def _as_json(report: Report, found: tuple[Sentence, ...]) -> dict[str, object]:
    rows = [
        {
            "number": number,
            "start": one.start,
            "end": one.end,
            "heading": one.heading,
            "is_heading": one.is_heading,
            "text": one.text,
        }
        for number, one in enumerate(found, start=1)
    ]
    return {"report_id": report.id, "sentences": rows}
