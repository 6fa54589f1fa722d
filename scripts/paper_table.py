"""Prints the figures of an evaluation beside those of the LEAVS paper; lists the annotated reports.

The paper's figures are those of its published labels against its published annotations, computed by
the same rules (`leavs evaluate --protocol leavs`; tests/unit/evaluation/test_published.py).

    python scripts/paper_table.py ids human_annotations.csv > ids.txt
    python scripts/paper_table.py counts run ids.txt
    python scripts/paper_table.py table evaluation/evaluation.csv run ids.txt

`counts` prints four numbers: the ids, those that the run has labels of, those that were not in its
input, and the rows of failures.csv that stand for failed cells. `scripts/reproduce_paper.sh` does
all three, and what is between them.
"""

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leavs.cli.exit_codes import ended
from leavs.domain import Step
from leavs.errors import InputError
from leavs.tables.columns import NOTE as NOTE_OF_FAILURES
from leavs.tables.columns import REPORT_ID
from leavs.tables.read import read_table
from leavs.tables.report_ids import without_folders

WIDTH = 80  # whatever the terminal's: no number is cut
NO_VALUE = "–"
NOTE = (
    "Published: the labels of the paper (arXiv 2503.13330, Qwen2-72B-Instruct), scored by the same "
    "rules; the paper prints F1 as 0.89. Humans: each annotator where the other two agree, and "
    "behind them this run on the same items. A dash: no cell has enough positives."
)


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the table.

    Args:
        name: what is scored, in words.
        keys: the variant, task, average and metric of evaluation.csv.
        published: of the published labels.
    """

    name: str
    keys: tuple[str, str, str, str]
    published: float


LINES = (
    Line("types, micro F1", ("types", "labels", "micro", "f1"), 0.8918918918918919),
    Line("types, macro F1", ("types", "labels", "macro-cells", "f1"), 0.890868476318231),
    Line("organs, micro F1", ("organs", "labels", "micro", "f1"), 0.931350114416476),
    Line(
        "joined-organs, macro F1",
        ("joined-organs", "labels", "macro-cells", "f1"),
        0.9497114251625984,
    ),
    Line("organs, urgency tau-b", ("organs", "urgency", "macro-cells", "tau_b"), 0.620317),
)

KEYS = ("comparison", "labeler", "variant", "task", "average", "metric")
COLUMNS = (*KEYS, "protocol", "scope", "value", "low", "high")

Figures = Mapping[tuple[str, ...], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of the annotated reports a run has.

    Args:
        annotated: the number of annotated reports.
        labeled: those of them that the run has labels of.
        lacking: those of them that were not in the run's input.
        failures: rows of failures.csv that stand for failed cells.
    """

    annotated: int
    labeled: int
    lacking: int
    failures: int


def main(arguments: Sequence[str]) -> None:
    """Print what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    does = parser.add_subparsers(dest="what", required=True)
    does.add_parser("ids").add_argument("annotations", type=Path)
    tables = does.add_parser("table")
    tables.add_argument("evaluation", type=Path, help="evaluation.csv")
    for one in (tables, does.add_parser("counts")):
        one.add_argument("run", type=Path, help="the run's folder")
        one.add_argument("ids", type=Path, help="what `ids` printed")
    options = parser.parse_args(arguments)
    match options.what:
        case "ids":
            print(*annotated_ids(options.annotations), sep="\n")
        case "counts":
            print(*astuple(counts(options.run, options.ids)))
        case _:
            of = on_reports(counts(options.run, options.ids))
            console = Console(highlight=False, width=WIDTH)
            console.print(table(figures(options.evaluation)))
            console.print("", of, "", NOTE, sep="\n")


def annotated_ids(annotations: Path) -> list[str]:
    """Return the ids of the annotated reports as `leavs label --amos-json` reads them.

    Raises:
        InputError: the file cannot be read, names no reports, or two of them alike.
    """
    found = read_table(annotations)
    if REPORT_ID not in found.columns:
        raise InputError(f"{annotations} has no column {REPORT_ID!r}; is it a file of annotations?")
    own: dict[str, str] = {}
    for written in dict.fromkeys(found[REPORT_ID]):
        if not (known := without_folders(written)):
            raise InputError(f"{annotations} has a row without an id in {REPORT_ID!r}")
        if known in own:
            raise InputError(f"{annotations}: {own[known]!r} and {written!r} are one id, {known!r}")
        own[known] = written
    if not own:
        raise InputError(f"{annotations} has no rows")
    return list(own)


def counts(run: Path, ids: Path) -> Counts:
    """Count how many of the annotated reports a run has.

    Args:
        ids: a file with an id on each line.

    Raises:
        InputError: a table of the run cannot be read.
    """
    wanted = set(ids.read_text(encoding="utf-8").split())
    labeled = wanted & {*map(without_folders, read_table(run / "labels.csv")[REPORT_ID])}
    failures = read_table(run / "failures.csv")
    problems = failures["step"] == Step.INPUT.value
    told = (reason.split() for reason in failures[problems]["reason"])
    absent = {words[1] for words in told if words[0] == "id" and "input;" in words}
    cells = failures["report_id"].ne("") & failures["step"].ne(NOTE_OF_FAILURES)
    return Counts(len(wanted), len(labeled), len(absent & wanted - labeled), int(cells.sum()))


def on_reports(counted: Counts) -> str:
    """Say on how many reports the table stands."""
    labeled, annotated = counted.labeled, counted.annotated
    if labeled == annotated:
        return f"All {annotated} annotated reports."
    return (
        f"{labeled} of {annotated} annotated reports, also in the humans' columns; the published "
        "figures are of all."
    )


def figures(evaluation: Path) -> Figures:
    """Read the figures over all cells by comparison, labeler, and the keys of a line.

    Raises:
        InputError: the file cannot be read, or holds figures by other rules.
    """
    try:
        with evaluation.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), reader.fieldnames or ()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{evaluation} cannot be read as figures of leavs evaluate ({type(error).__name__})"
        ) from error
    if lacking := [name for name in COLUMNS if name not in names]:
        raise InputError(
            f"{evaluation} has no column {lacking[0]!r}; name the evaluation.csv of leavs evaluate"
        )
    if any(row["protocol"] != "leavs" for row in rows):
        raise InputError(f"{evaluation} has figures by other rules; give --protocol leavs")
    return {tuple(row[key] for key in KEYS): row for row in rows if row["scope"] == "all"}


def table(found: Figures) -> Table:
    """Lay out the figures of this run beside the published ones and the humans'."""
    shown = Table("", "this run", "published", "humans", "run there", box=None, pad_edge=False)
    for line in LINES:
        shown.add_row(
            line.name,
            _with_interval(found.get(("vote", "labeler", *line.keys))),
            f"{line.published:.3f}",
            _value(found.get(("humans", "annotators", *line.keys)), "value"),
            _value(found.get(("humans", "labeler", *line.keys)), "value"),
        )
    return shown


def _with_interval(row: Mapping[str, str] | None) -> str:
    value = _value(row, "value")
    low, high = (_value(row, end) for end in ("low", "high"))
    return value if NO_VALUE in (low, high) else f"{value} [{low}, {high}]"


def _value(row: Mapping[str, str] | None, column: str) -> str:
    return f"{float(row[column]):.3f}" if row is not None and row[column] else NO_VALUE


if __name__ == "__main__":
    sys.exit(ended(lambda: main(sys.argv[1:])))
