"""`leavs convert`: labels in another shape."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter

from leavs.errors import InputError, UsageError
from leavs.reports.table_files import PARQUET_SUFFIX
from leavs.review.results import annotations
from leavs.system.extras import needing
from leavs.system.output_places import file_not_writable
from leavs.system.private_files import bytes_written_whole, written_whole
from leavs.tables.columns import REPORT_ID, TIDY
from leavs.tables.convert import LEAVS_POLICY, Policy, Reading, Shape, convert_labels
from leavs.tables.read import file_of, read_labels

PRESET = "leavs"
CODES = tuple(field.name for field in fields(Policy))


class Readers(StrEnum):
    """What readers said of the labels, which is no shape of the labels themselves."""

    ANNOTATIONS = "annotations"


class Published(StrEnum):
    """A folder to publish or to train from, which is no single table."""

    DATASET = "dataset"


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    PARQUET = "parquet"


def convert(
    labels: Annotated[Path, Parameter(help="A run folder, or a table of labels.")],
    *,
    to: Shape | Readers | Published,
    policy: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    file_format: Annotated[Format | None, Parameter(name="--format")] = None,
    clean_ids: bool = False,
    output: Path | None = None,
    output_dir: Path | None = None,
    no_evidence: bool = False,
) -> None:
    """Write labels in another shape.

    Args:
        to: wide: a row for each report. long: the format of labels.csv. tidy: a row for each
            report, organ and finding type. binary: wide, with 1 and 0 by --policy. abnormality:
            wide, any of the six scored types as one. joined-organs: the same, with kidneys and
            bowels joined. annotations: what readers said in `leavs review`, as `leavs evaluate`
            takes it. dataset: a folder with typed Parquet files and a card, which
            datasets.load_dataset reads; it holds sentences of the reports.
        policy: for binary, what unsure, ambiguous and not_mentioned count as, each =positive,
            =negative or =masked; or leavs, the paper's: positive, negative, negative.
        file_format: csv, unless --output ends in .parquet.
        clean_ids: take folders and extensions of files off the ids.
        output: the file to write; by default labels-wide.csv beside labels.csv, and so on.
        output_dir: for dataset, the folder to write.
        no_evidence: for dataset, leave the sentences of the reports out.
    """
    if isinstance(to, Published):
        singles = {"--policy": policy, "--format": file_format, "--clean-ids": clean_ids}
        _write_dataset(labels, output_dir, {**singles, "--output": output}, no_evidence)
        return
    if str(output_dir) == os.environ.get("LEAVS_OUTPUT_DIR"):
        output_dir = None  # it is there for leavs label, and says nothing of this command
    if output_dir or no_evidence:
        name = "--output-dir" if output_dir else "--no-evidence"
        raise UsageError(f"{name} is for --to {Published.DATASET}, not for --to {to}")
    reading = _policy(policy) if policy or to == Shape.BINARY else None
    if reading is not None and to != Shape.BINARY:
        raise UsageError(f"--policy is for --to binary, not for --to {to}")
    source = file_of(labels)
    target = _target(source, to, file_format, output)
    if isinstance(to, Readers):
        converted = annotations(labels)
    else:
        converted = _converted(source, to, reading, clean_ids)
    _write(converted, target)
    reports = converted[TIDY[0] if to == Shape.TIDY else REPORT_ID].nunique()
    print(f"{target}: {len(converted):,} rows, {reports:,} reports")


def _write_dataset(
    run: Path, target: Path | None, others: Mapping[str, object], no_evidence: bool
) -> None:
    if given := [name for name, value in others.items() if value]:
        raise UsageError(f"{given[0]} is not for --to {Published.DATASET}")
    if target is None:
        raise UsageError(f"--to {Published.DATASET} needs --output-dir, the folder to write")
    from leavs.publication.dataset import write_dataset

    written = write_dataset(run, target, evidence=not no_evidence)
    for warning in written.warnings:
        print(warning)
    rows = ", ".join(f"{name} {count:,} rows" for name, count in written.rows.items())
    print(f"{target}: {rows}, and README.md, whose gaps are yours to fill")
    if written.evidence:
        print("it holds sentences of the reports; --no-evidence leaves them out")


def _converted(source: Path, to: Shape, reading: Policy | None, clean_ids: bool) -> pd.DataFrame:
    try:
        return convert_labels(read_labels(source), to, reading, clean_ids=clean_ids)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def _policy(words: Sequence[str]) -> Policy:
    """Parse `leavs`, or each code once as name=reading."""
    if tuple(words) == (PRESET,):
        return LEAVS_POLICY
    readings: dict[str, Reading] = {}
    for word in words:
        name, _, reading = word.partition("=")
        if name not in CODES or name in readings or reading not in [*Reading]:
            raise UsageError(
                f"--policy {word!r}: give each of {', '.join(CODES)} once, as "
                f"{CODES[0]}=positive, =negative or =masked; or {PRESET} alone"
            )
        readings[name] = Reading(reading)
    if missing := [name for name in CODES if name not in readings]:
        raise UsageError(
            f"--to binary: --policy does not say what becomes of {', '.join(missing)}; "
            f"give {missing[0]}=positive, =negative or =masked; or --policy {PRESET}, the paper's"
        )
    return Policy(**readings)


def _target(
    source: Path, to: Shape | Readers, file_format: Format | None, output: Path | None
) -> Path:
    """The file to write: the one of --output, or one beside the source."""
    if output is None:
        return source.with_name(f"{source.stem}-{to}.{file_format or Format.CSV}")
    if output.is_dir() or not output.parent.is_dir():
        raise UsageError(f"--output {output}: name a file in a folder that exists")
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(f"--output {output} is the table that is read; name another file")
    if file_format and (file_format == Format.PARQUET) != (output.suffix == PARQUET_SUFFIX):
        raise UsageError(f"--output {output} is no name for --format {file_format}")
    return output


def _write(table: pd.DataFrame, target: Path) -> None:
    try:
        if target.suffix == PARQUET_SUFFIX:
            with needing("tables", "pyarrow", what="writing Parquet files"):
                import pyarrow  # noqa: F401 - without it pandas fails in several lines
            with bytes_written_whole(target) as file:
                table.to_parquet(file, index=False)
        else:
            with written_whole(target) as text:
                table.to_csv(text, index=False, lineterminator="\r\n")
    except OSError as error:
        raise file_not_writable(target, error) from error
