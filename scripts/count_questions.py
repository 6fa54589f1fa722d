"""How many questions a report costs, for each way of sentence filtration.

Asks no model. The least is a report in which no sentence informs about any organ; the most is one
in which every sentence informs about every organ and every finding is present. With reasoning a
list costs two calls, and a choice mostly one.

    python scripts/count_questions.py [--reports-csv FILE]
"""

import asyncio
import re
from collections.abc import Sequence

from bench_parts import (
    SHIPPED_REPORTS,
    bench_parser,
    existing_file,
    parsed,
    run,
    show,
    some_reports,
    write,
)
from leavs import Filtration, MethodOptions, Reasoning, ScriptedEngine, from_csv, from_folder
from leavs.engines.engine import Choices, Constraint, Message
from leavs.engines.scripted import Script
from leavs.text import split_sentences

LETTERS = re.compile(r"\[([A-Z]+)\]")


def least(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Answer that nothing informs, and nothing is mentioned."""
    if isinstance(constraint, Choices):
        return "No" if "No" in constraint.options else constraint.options[0]
    return "none"


def most(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Answer that everything informs, with an empty list of quotes; all findings are present."""
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else "D"
    letters = LETTERS.search(getattr(constraint, "regex", ""))
    if letters is None or "<report>" in messages[1].content:
        return "none"
    return ", ".join(f"({letter})" for letter in letters[1])


def most_quoted(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Quote every sentence; all findings are present."""
    question = messages[1].content
    if "<report>" not in question:
        return most(messages, constraint)
    report = question.split("<report>")[1].split("</report>")[0]
    return "\n".join(f'"{one.in_context}": informative' for one in split_sentences(report))


def most_with(filtration: Filtration) -> Script:
    """Return the answers with which a report costs most, by the way of filtration."""
    return most_quoted if filtration is Filtration.FAST else most


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--reports-csv", type=existing_file, metavar="FILE")
    parser.add_argument("--reports", type=int, help="only the first so many")
    options = parsed(parser, arguments, reports=1)
    csv = options.reports_csv
    count = options.reports or (from_csv(csv) if csv else from_folder(SHIPPED_REPORTS)).count()
    reports = some_reports(csv, count)
    figures = {}
    for filtration in Filtration:
        method = MethodOptions(filtration=filtration, reasoning=Reasoning.NEVER)
        figures[filtration.value] = {
            name: asyncio.run(run(ScriptedEngine(script), reports, method)).total.questions / count
            for name, script in (("least", least), ("most", most_with(filtration)))
        }
    rows = [[name, *(f"{one:,.0f}" for one in both.values())] for name, both in figures.items()]
    show(f"questions a report, {count} reports", ("filtration", "least", "most"), rows)
    write("questions", {"reports": count, **figures}, options.write_to)


if __name__ == "__main__":
    main()
