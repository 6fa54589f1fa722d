"""Where the reports of a run are, and which of them to take."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.domain import Shard
from leavs.errors import UsageError
from leavs.reports.amos import from_amos_json
from leavs.reports.csv_rows import from_csv
from leavs.reports.files import from_files, from_folder, from_list
from leavs.reports.json_lines import from_jsonl
from leavs.reports.shards import chosen_shard
from leavs.reports.sources import CheckedSource, ReportSource, select


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Where the reports are; one of the six, and which of them to take.

    Args:
        single_file: text files, one report each.
        input_dir: a folder; every *.txt in it and below it is a report.
        test_list: a file that lists text files, one path a line.
        reports_csv: a CSV with one report a row.
        jsonl: a file with one JSON object a line.
        amos_json: the AMOS-MM file report_generation_train_val.json.
        id_column: column (CSV) or key (JSON Lines) of the ids; image1 in a CSV, id in JSON Lines.
        text_column: column (CSV) or key (JSON Lines) of the texts; anonymized_report in a CSV,
            text in JSON Lines.
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
    reports_csv: Path | None = None
    jsonl: Path | None = None
    amos_json: Path | None = None
    id_column: str | None = None
    text_column: str | None = None
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

    def source(self) -> ReportSource:
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
            "reports_csv": lambda path: from_csv(path, **self._columns("column")),
            "jsonl": lambda path: from_jsonl(path, **self._columns("key")),
            "amos_json": from_amos_json,
        }
        flags = {name: f"--{name.replace('_', '-')}" for name in readers}
        named = [name for name in readers if getattr(self, name)]
        if not named:
            raise UsageError(f"no reports named; use one of {', '.join(flags.values())}")
        if len(named) > 1:
            raise UsageError(f"{' and '.join(flags[name] for name in named)} exclude each other")
        source = readers[named[0]](getattr(self, named[0]))
        return select(source, self.start_index, self.end_index, self.limit)

    def _columns(self, kind: str) -> dict[str, str]:
        chosen = {f"id_{kind}": self.id_column, f"text_{kind}": self.text_column}
        return {name: column for name, column in chosen.items() if column is not None}
