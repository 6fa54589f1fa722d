"""How many questions a report costs, for each way of sentence filtration and for the presets.

Asks no model. The least is a report in which no sentence informs about any organ; the most is one
in which every sentence informs about every organ and every finding is present. Between them stands
what the shipped reports cost if each question is answered as their annotations say; "put to the
model" leaves out those that were asked before in the same report. With reasoning a list costs two
calls, and a choice mostly one.

    python scripts/count_questions.py [--reports-csv FILE]
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from annotated_reader import AnnotatedReader
from bench_parts import (
    SHIPPED_REPORTS,
    MadeReports,
    bench_parser,
    existing_file,
    parsed,
    run,
    show,
    some_reports,
    write,
)
from leavs import (
    Filtration,
    MethodOptions,
    Preset,
    Reasoning,
    ScriptedEngine,
    from_csv,
    from_folder,
)
from leavs.domain import Usage
from leavs.engines.engine import Choices, Constraint, Message
from leavs.engines.scripted import Script
from leavs.method.pack import find_pack, load_pack
from leavs.text import split_sentences

LETTERS = re.compile(r"\[([A-Z]+)\]")
NUMBERED = re.compile(r"^\[(\d+)\] ", re.M)  # no report of ours begins a line so
COLUMNS = ("way", "least", "most", "annotated", "put to the model")

# How often is asked does not depend on whether the model reasons first.
METHODS = {
    "paper": MethodOptions(),
    "joint": MethodOptions(filtration=Filtration.JOINT),
    "numbered": MethodOptions(filtration=Filtration.NUMBERED),
    "lean": MethodOptions(preset=Preset.LEAN),
    "none": MethodOptions(filtration=Filtration.NONE),
    "fast": MethodOptions(filtration=Filtration.FAST),
    "thorough": MethodOptions(filtration=Filtration.THOROUGH),
}
WAYS = {name: replace(method, reasoning=Reasoning.NEVER) for name, method in METHODS.items()}


def least(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Answer that nothing informs, and nothing is mentioned."""
    if isinstance(constraint, Choices):
        return "No" if "No" in constraint.options else constraint.options[0]
    return "none"


def most(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Answer that everything informs, with an empty list of quotes; all findings are present."""
    question = messages[1].content
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else "D"
    if numbers := NUMBERED.findall(question):
        return f"1-{numbers[-1]}"
    letters = LETTERS.search(getattr(constraint, "regex", ""))
    if letters is None or "<report>" in question:
        return "none"
    return ", ".join(f"({letter})" for letter in letters[1])


def most_quoted(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Quote every sentence; all findings are present."""
    question = messages[1].content
    if "<report>" not in question:
        return most(messages, constraint)
    report = question.split("<report>")[1].split("</report>")[0]
    return "\n".join(f'"{one.in_context}": informative' for one in split_sentences(report))


def most_with(method: MethodOptions) -> Script:
    """Return the answers with which a report costs most, by the way of filtration."""
    return most_quoted if method.ways.filtration is Filtration.FAST else most


def cost(script: Script, reports: MadeReports, method: MethodOptions) -> Usage:
    """Label reports with a script for a model, and return what was asked."""
    return asyncio.run(run(ScriptedEngine(script), reports, method)).total


def annotated_cost(reader: AnnotatedReader, count: int, method: MethodOptions) -> Usage:
    """Label shipped reports as they are annotated, each in a run of its own.

    The reader does not see of which report some questions are, and in a run of all of them the
    answer about one would be taken for another.
    """
    total = Usage()
    for number in range(count):
        alone = some_reports(None, 1, number)
        reader.report_id = reader.ids[alone.make(0).text.strip()]
        total += cost(reader.surely, alone, method)
    return total


def figures_of(
    method: MethodOptions, reports: MadeReports, reader: AnnotatedReader | None
) -> dict[str, float]:
    """Return the columns of one row; without a reader, only the least and the most."""
    count = reports.count()
    figures = {
        "least": cost(least, reports, method).questions / count,
        "most": cost(most_with(method), reports, method).questions / count,
    }
    if reader is not None:
        used = annotated_cost(reader, count, method)
        figures["annotated"] = used.questions / count
        figures["put to the model"] = (used.questions - used.known) / count
    return figures


def reports_of(csv: Path | None, count: int | None) -> MadeReports:
    """Take reports of a CSV or those that leavs comes with, by default all of them."""
    total = (from_csv(csv) if csv else from_folder(SHIPPED_REPORTS)).count()
    return some_reports(csv, min(count or total, total))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports-csv", type=existing_file, metavar="FILE")
    parser.add_argument("--reports", type=int, help="only the first so many")
    options = parsed(parser, arguments, reports=1)
    reports = reports_of(options.reports_csv, options.reports)
    reader = None if options.reports_csv else AnnotatedReader(load_pack(find_pack("leavs")))
    figures: dict[str, Any] = {
        name: figures_of(method, reports, reader) for name, method in WAYS.items()
    }
    rows = [[name, *(f"{one:,.0f}" for one in row.values())] for name, row in figures.items()]
    show(f"questions a report, {reports.count()} reports", COLUMNS[: len(rows[0])], rows)
    write("questions", {"reports": reports.count(), **figures}, options.write_to)


if __name__ == "__main__":
    main()
