"""`leavs check`: contradictions inside a table of labels."""

import os
import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from leavs.cli.exit_codes import FAILED_CELLS
from leavs.tables.check import check_labels, counts


def check(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    list_all: Annotated[bool, Parameter(name="--list")] = False,
) -> int:
    """Count the contradictions inside a table of labels; it is not changed.

    Exit code 0: none found, 3: some found; empty cells, which are recorded failures, do not count.

    Args:
        list_all: write every problem as CSV to stdout, and the counts to stderr.
    """
    problems = check_labels(labels)
    if list_all:
        try:
            problems.to_csv(sys.stdout, index=False, lineterminator="\n")
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, such as `head`, has ended
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    Console(stderr=list_all).print(_table(problems))
    found = any(count for rule, count in counts(problems).items() if rule.is_problem)
    return FAILED_CELLS if found else 0


def _table(problems: pd.DataFrame) -> Table:
    table = Table("rule", "count", "meaning", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for rule, count in counts(problems).items():
        table.add_row(rule.name, str(count), rule.meaning)
    return table
