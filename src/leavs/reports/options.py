"""Where the reports of a run are, and which of them to take."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from leavs.domain import Shard
from leavs.errors import UsageError
from leavs.reports.amos import from_amos_json
from leavs.reports.files import from_files, from_folder, from_list
from leavs.reports.ids import only, read_ids
from leavs.reports.json_lines import ID_KEY, from_jsonl
from leavs.reports.shards import chosen_shard
from leavs.reports.sources import CheckedSource, select
from leavs.reports.table_rows import ID_COLUMN, from_table


def split_names(_kind: object, value: str, *, delimiter: str | None = None) -> list[str]:
    """Split the value of an environment variable into names; those with spaces are quoted.

    Raises:
        UsageError: a quote is not closed.
    """
    words = shlex.shlex(value, posix=True, punctuation_chars=False)
    words.whitespace_split = True
    words.commenters = words.escape = ""
    try:
        return list(words)
    except ValueError:
        raise UsageError(
            "the environment variable of --text-column has a quote that is not closed; put a name "
            'with spaces or a quote in it in quotes of the other kind: "Conclusion d\'examen"'
        ) from None


TextColumns = Annotated[tuple[str, ...], Parameter(env_var_split=split_names, show_default=False)]


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Where the reports are; one of the six, and which of them to take.

    Args:
        single_file: text files, one report each.
        input_dir: a folder; every *.txt in it and below it is a report.
        test_list: a file that lists text files, one path a line.
        reports_table: a CSV, TSV, Excel or Parquet file with one report a row.
        jsonl: a file with one JSON object a line, or an array of objects.
        amos_json: the AMOS-MM file report_generation_train_val.json.
        id_column: column (table) or key (JSON Lines) of the ids; image1 in a table, id in JSON
            Lines.
        text_column: column (table) or key (JSON Lines) of the texts; anonymized_report in a table,
            text in JSON Lines. Of several, the texts are joined, each under its name.
        sheet: the sheet of an Excel file; by default the first one that is not empty.
        delimiter: between the cells of a CSV, a character or tab; by default it is found.
        ids: only the reports whose ids this file names, one a line or in a table's column of ids.
        start_index: the first report to take, from 0.
        end_index: the report before which to stop.
        limit: the largest number of reports to take.
        num_shards: label one shard of so many; all write into the same output folder, and
            `leavs export` joins them. By default as many as the tasks of SLURM's step (srun), times
            those of its array; 1 for all reports.
        shard_id: which, from 0; by default SLURM's number of this task, counted over the array.
    """

    single_file: tuple[Path, ...] = ()
    input_dir: Path | None = None
    test_list: Path | None = None
    reports_table: Annotated[Path | None, Parameter(name=("--reports-table", "--reports-csv"))] = (
        None
    )
    jsonl: Path | None = None
    amos_json: Path | None = None
    id_column: str | None = None
    text_column: TextColumns = ()
    sheet: str | None = None
    delimiter: str | None = None
    ids: Path | None = None
    start_index: int = 0
    end_index: int | None = None
    limit: int | None = None
    num_shards: int | None = None
    shard_id: int | None = None

    def shard(self) -> Shard | None:
        """The shard to label, from the options or SLURM's array and step; None for all reports.

        Raises:
            UsageError: there is no such shard.
        """
        return chosen_shard(self.num_shards, self.shard_id, os.environ)

    def source(self) -> CheckedSource:
        """The stream of reports.

        Raises:
            UsageError: none or several inputs are named, or a number is negative.
            InputError: the input cannot be read.
        """
        for name in ("start_index", "end_index", "limit"):
            if (getattr(self, name) or 0) < 0:
                raise UsageError(f"--{name.replace('_', '-')} cannot be negative")
        readers: dict[str, Callable[[Any], CheckedSource]] = {
            "single_file": from_files,
            "input_dir": from_folder,
            "test_list": from_list,
            "reports_table": lambda path: from_table(
                path, **self._columns("column"), sheet=self.sheet, delimiter=self.delimiter
            ),
            "jsonl": lambda path: from_jsonl(path, **self._columns("key")),
            "amos_json": from_amos_json,
        }
        flags = {name: f"--{name.replace('_', '-')}" for name in readers}
        named = [name for name in readers if getattr(self, name)]
        if not named:
            raise UsageError(f"no reports named; use one of {', '.join(flags.values())}")
        if len(named) > 1:
            raise UsageError(f"{' and '.join(flags[name] for name in named)} exclude each other")
        self._refuse_table_options(named[0])
        source = readers[named[0]](getattr(self, named[0]))
        if self.ids is not None:
            by_default = ID_COLUMN if named[0] == "reports_table" else ID_KEY
            source = only(source, read_ids(self.ids, self.id_column or by_default))
        return select(source, self.start_index, self.end_index, self.limit)

    def _refuse_table_options(self, named: str) -> None:
        for option in ("sheet", "delimiter"):
            if getattr(self, option) is not None and named != "reports_table":
                raise UsageError(f"--{option} is for --reports-table")

    def _columns(self, kind: str) -> dict[str, Any]:
        chosen = {f"id_{kind}": self.id_column, f"text_{kind}": self.text_column}
        return {name: column for name, column in chosen.items() if column}
