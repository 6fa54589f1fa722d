"""Writes the labels of a run as a data set: Parquet tables with typed columns, and their card.

Tables are copied part by part; only to count labels for the card, all of labels.csv is read. A cell
without a label is null. pyarrow is imported only when a data set is written.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from leavs.errors import InputError, RunFolderError, UsageError
from leavs.publication.card import CODE, FLAG, PROBABILITY, README, TEXT, Table, tables_of
from leavs.publication.facts import REVIEWED, Facts, read_facts
from leavs.publication.methods import card_of, warnings_of
from leavs.system.extras import needing
from leavs.system.output_places import folder_not_writable
from leavs.system.private_files import (
    bytes_written_whole,
    make_private_folder,
    remove_leftovers,
    written_whole,
)
from leavs.tables import columns

ROWS_AT_ONCE = 200_000
NAMES = ("details.parquet", "labels.parquet", "reviewed.parquet")
_SEAL = "<!-- written by leavs; SHA-256 of all above: {} -->\n"  # shows later whether it was edited
_SOURCES = {"details": "details.csv", "labels": "labels.csv", "reviewed": REVIEWED}
_PANDAS = {TEXT: "str", CODE: "Int8", PROBABILITY: "Float64", FLAG: "boolean"}
_NEVER_NULL = ("report_id", "organ", "finding_type", "evidence", *columns.KEYS)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Args:
        rows: of each table, by its name.
        warnings: what everyone who uses the labels must know.
        evidence: sentences of reports are in it.
    """

    rows: dict[str, int]
    warnings: Sequence[str]
    evidence: bool


def write_dataset(run: Path, target: Path, *, evidence: bool = True) -> Written:
    """Write the labels of a run as a data set that `datasets.load_dataset` reads.

    Args:
        run: a run folder, or one of merged labels; its tables are made.
        target: a new folder, an empty one, or a data set that leavs wrote and nobody edited.
        evidence: with the sentences of the reports; they are private text.

    Raises:
        RunFolderError: the folder holds no run.
        InputError: a table is not made yet, or cannot be read.
        UsageError: the target holds something else or cannot be written, or pyarrow is missing.
    """
    with needing("tables", "pyarrow", what="writing a data set"):
        import pyarrow  # noqa: F401 - before anything is read
    run, target = Path(run), Path(target)
    if not run.is_dir():
        raise RunFolderError(f"{run} is no run folder; a data set is made of a whole run")
    facts = read_facts(run)
    tables = tables_of(facts, evidence=evidence)
    try:
        _refuse_others(target)
        rows = _write(run, target, facts, tables, evidence=evidence)
    except OSError as error:
        raise folder_not_writable(target, error) from error
    return Written(rows, warnings_of(facts), evidence)


def _write(
    run: Path, target: Path, facts: Facts, tables: Sequence[Table], *, evidence: bool
) -> dict[str, int]:
    make_private_folder(target)
    remove_leftovers(target)
    rows = {}
    with ExitStack() as files:  # its end puts all in place, the card last: it was opened first
        card = files.enter_context(written_whole(target / README))
        for table in tables:
            file = files.enter_context(bytes_written_whole(target / table.file))
            rows[table.name] = _write_table(file, table, _parts(run, table))
        text = card_of(facts, evidence=evidence)
        card.write(text + _seal_of(text))
    for name in set(NAMES) - {table.file for table in tables}:
        (target / name).unlink(missing_ok=True)  # of an earlier data set
    return rows


def _write_table(file: Any, table: Table, parts: Iterator[pd.DataFrame]) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(one.name, pyarrow.type_for_alias(one.type)) for one in table.columns])
    rows = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in parts:
            named = part[[one.name for one in table.columns]]
            writer.write_table(
                pyarrow.Table.from_pandas(named, schema=schema, preserve_index=False)
            )
            rows += len(named)
    return rows


def _parts(run: Path, table: Table) -> Iterator[pd.DataFrame]:
    """Read a table of the run part by part; an empty cell is null, but an id "NA" is an id."""
    file = run / _SOURCES[table.name]
    nulls = {one.name: [""] for one in table.columns if one.name not in _NEVER_NULL}
    try:
        with pd.read_csv(
            file,
            usecols=[one.name for one in table.columns],
            dtype={one.name: _PANDAS[one.type] for one in table.columns},
            keep_default_na=False,
            na_values=nulls,
            true_values=["1"],
            false_values=["0"],
            chunksize=ROWS_AT_ONCE,
        ) as parts:
            yield from parts
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing; make the tables with: leavs export") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file} is not the table that leavs wrote ({type(error).__name__}); make it again "
            "with leavs export"
        ) from error


def _refuse_others(target: Path) -> None:
    """Refuse to write over what is not an unedited data set of leavs."""
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError(f"--output-dir {target} is a file; name a folder")
    there = [path.name for path in target.iterdir() if not path.name.endswith(".tmp")]
    if foreign := sorted(set(there) - {README, *NAMES}):
        raise UsageError(
            f"--output-dir {target} holds {foreign[0]}, which is no data set of leavs; name "
            "another folder"
        )
    if there and not _is_sealed(target / README):
        raise UsageError(
            f"--output-dir {target}: its {README} was edited or is not of leavs; name another "
            "folder, so that nothing is lost"
        )


def _seal_of(text: str) -> str:
    return _SEAL.format(hashlib.sha256(text.encode()).hexdigest())


def _is_sealed(card: Path) -> bool:
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    length = len(_seal_of(""))
    return text[-length:] == _seal_of(text[:-length])
