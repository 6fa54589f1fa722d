"""Some of the reports: those whose ids a file names."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Self

from leavs.domain import digest_of
from leavs.errors import InputError
from leavs.reports.column_names import ID_OPTION, place_of
from leavs.reports.csv_dialect import DELIMITERS, Dialect, find_dialect
from leavs.reports.opening import lines_of, open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry
from leavs.reports.table import Table, place_in, suffix_of
from leavs.reports.table_files import TEXT_SUFFIXES, TableKind, kind_of, open_table
from leavs.reports.text_table import TextTable
from leavs.system.scratch import FirstPlaces, open_scratch

ID_COLUMNS = ("subjectid_studyid", "id")  # of tables of labels and others, whatever the input's is
_LONGEST_SHOWN = 64
_WHOLE = re.compile(r"([0-9]+)(\.0)?")


class WantedIds:
    """The ids of a file, each once, in order, kept on disk: there may be a million.

    Args:
        ids: each with its line or row in the file, as the file writes it.
        unit: what their places are: "line" or "row".

    `lacking` is the number of ids that the input does not have, once it has been read to its end.
    """

    def __init__(self, path: Path, ids: Iterable[tuple[int, str]], unit: str = "line") -> None:
        self.path = path
        self.unit = unit
        self.lacking: int | None = None
        self._database = open_scratch(
            "CREATE TABLE ids (place INTEGER PRIMARY KEY, digest BLOB UNIQUE, id BLOB); BEGIN"
        )
        rows = (
            (place, digest_of(one), one.encode("utf-8", "surrogatepass"))
            for place, one in ids
            if one
        )
        self._database.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", rows)

    def __contains__(self, report_id: str) -> bool:
        ask = "SELECT 1 FROM ids WHERE digest = ?"
        return self._database.execute(ask, (digest_of(report_id),)).fetchone() is not None

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for place, one in self._database.execute("SELECT place, id FROM ids ORDER BY place"):
            yield place, one.decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        [(count,)] = self._database.execute("SELECT count(*) FROM ids")
        return int(count)

    def __getstate__(self) -> tuple[Path, str, int | None, bytes]:
        # For another machine's process that reads the reports.
        return self.path, self.unit, self.lacking, self._database.serialize()

    def __setstate__(self, state: tuple[Path, str, int | None, bytes]) -> None:
        self.path, self.unit, self.lacking, data = state
        self._database = open_scratch("")
        self._database.deserialize(data)

    def remark(self) -> str:
        """Say how many of the ids the input does not have; "" if it has all, as far as is known."""
        if not self.lacking:
            return ""
        return f"not in the input: {self.lacking:,} of the {len(self):,} ids of {shown(self.path)}"


def read_ids(path: Path, id_column: str) -> WantedIds:
    """Read ids from a file with one a line, or from the column of ids of a table.

    Args:
        id_column: the input's; else the table's column is one of `ID_COLUMNS`, or its only one.

    Raises:
        InputError: the file cannot be read, has no ids, or several columns and none of these.
    """
    known = tuple(dict.fromkeys((id_column, *ID_COLUMNS)))
    ids, unit = _ids_in(path, known)
    wanted = WantedIds(path, ids, unit)
    if not len(wanted):
        raise InputError(f"{shown(path)} names no ids; write one a line")
    return wanted


def only(source: CheckedSource, ids: WantedIds) -> CheckedSource:
    """Take the entries with these ids; after them come the ids that the source does not have.

    An entry whose id is a whole number is also taken by the id with ".0", and the other way round,
    unless the source has another entry with just that id. Positions stay those in the whole source.
    """
    read = _WantedEntries(source.read, source.where, ids)
    return replace(source, read=read, where=read.place, tally=read.count, remark=ids.remark)


@dataclass(frozen=True, slots=True)
class _WantedEntries:
    read: Callable[[], Entries]
    where: Callable[[int], str]
    ids: WantedIds

    def __call__(self) -> Entries:
        with FirstPlaces() as found, _ExactIds(self) as exact, closing(self.read()) as entries:
            position = -1
            for position, entry in enumerate(entries):
                report_id = entry.id.strip()
                if report_id and self._takes(report_id, exact):
                    found.first(digest_of(report_id), 0)
                    yield replace(entry, position=position)
            lacking = 0
            for place, report_id in self.ids:
                spellings = (report_id, _other_spelling(report_id))
                if not any(found.has(digest_of(one)) for one in spellings if one):
                    lacking += 1
                    yield self._lacking(place, report_id, position + lacking)
            self.ids.lacking = lacking

    def count(self) -> int:
        return sum(1 for _ in self())

    def place(self, number: int) -> str:
        """Words for a place in the source or, if it is negative, in the file of the ids."""
        return place_in(self.ids.path, self.ids.unit, -number) if number < 0 else self.where(number)

    def _takes(self, report_id: str, exact: "_ExactIds") -> bool:
        if report_id in self.ids:
            return True
        other = _other_spelling(report_id)
        return bool(other) and other in self.ids and other not in exact

    def _lacking(self, place: int, report_id: str, position: int) -> Entry:
        # What is long or of several words may be a text, in a file that holds no ids.
        is_shown = len(report_id) <= _LONGEST_SHOWN and len(report_id.split()) == 1
        which = shown(report_id) if is_shown else f"on {self.ids.unit} {place}"
        problem = (
            f"id {which} of {shown(self.ids.path)} is not in the input; "
            "mend it, or leave it out there"
        )
        return Entry(-place, report_id, problem=problem, position=position, absent=True)


class _ExactIds:
    """The wanted ids that the source has in just this spelling, for the time of a `with` block.

    The source is read for them when they are asked for: only where spellings differ.
    """

    def __init__(self, entries: _WantedEntries) -> None:
        self._entries = entries
        self._stack = ExitStack()
        self._known: FirstPlaces | None = None

    def __contains__(self, report_id: str) -> bool:
        if self._known is None:
            self._known = self._stack.enter_context(FirstPlaces())
            with closing(self._entries.read()) as entries:
                for one in (entry.id.strip() for entry in entries):
                    if _other_spelling(one) and one in self._entries.ids:
                        self._known.first(digest_of(one), 0)
        return self._known.has(digest_of(report_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _other_spelling(report_id: str) -> str:
    """A whole number with ".0" for one without, and the other way round; "" for other ids."""
    whole = _WHOLE.fullmatch(report_id)
    if not whole:
        return ""
    return whole[1] if whole[2] else f"{report_id}.0"


def _ids_in(path: Path, known: Sequence[str]) -> tuple[Iterator[tuple[int, str]], str]:
    """The ids of a file, each with its line or row, of which some are empty; and which of both."""
    if kind_of(path) is TableKind.TEXT:
        return _ids_in_text(path, known), "line"
    table = open_table(path, known)
    place = _place_of_ids(table, known)
    if table.names[place] in known or table.named_by_schema:
        return _column(table, place), "row"
    return _with_header(table, place, known), "row"


def _place_of_ids(table: Table, known: Sequence[str]) -> int:
    """The place of the column with a known name, else of the only one that is not empty."""
    named = next((name for name in known if name in table.names), known[0])
    if named not in table.names:
        filled = _filled(table)
        if len(filled) == 1:
            return filled[0]
    return place_of(table, named, ID_OPTION)


def _filled(table: Table) -> list[int]:
    """The places of the columns that have a name or a cell; reads until two are found."""
    filled = {place for place, name in enumerate(table.names) if name}
    if len(filled) < 2:
        places = table.flat()
        with closing(table.rows(places)) as rows:
            for row in rows:
                filled.update(
                    at for at, cell in zip(places, row.cells, strict=False) if cell.strip()
                )
                if len(filled) > 1:
                    break
    return sorted(filled)


def _ids_in_text(path: Path, known: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The ids of a list of lines, or of a table if the name says so or a header does."""
    dialect = find_dialect(path, known)
    lines = partial(_lines, path, dialect.skip)
    first, head = next(lines(), (0, ""))
    if not head:
        return iter(())
    if suffix_of(path) in TEXT_SUFFIXES:
        table = TextTable.open(path, known, None)
        if len(table.names) == 1:
            return _without_header((_unquoted(one) for one in lines()), known)
        place = _place_of_ids(table, known)
        if table.names[place] in known:
            return _column(table, place)
        return _with_header(table, place, known, first)
    for delimiter in DELIMITERS:
        names = tuple(name.strip() for name in next(csv.reader([head], delimiter=delimiter), []))
        if len(names) > 1 and set(known).intersection(names):
            table = TextTable(path, names, Dialect(delimiter, first - 1))
            return _column(table, _place_of_ids(table, known))
    end = _common_end(one for _, one in lines())
    return _without_header(((place, one.removesuffix(end)) for place, one in lines()), known)


def _column(table: Table, place: int) -> Iterator[tuple[int, str]]:
    with closing(table.rows((place,))) as rows:
        for row in rows:
            if row.problem:
                raise InputError(f"{table.where(row.line)} {row.problem}")
            yield row.line, row.cells[0].strip()


def _with_header(
    table: Table, place: int, known: Sequence[str], first: int = 1
) -> Iterator[tuple[int, str]]:
    """The cells of a table with one column, which needs no header."""
    return _without_header(chain([(first, table.names[place])], _column(table, place)), known)


def _without_header(
    ids: Iterable[tuple[int, str]], known: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Leave out the first if it is the name of a column."""
    for number, (place, report_id) in enumerate(ids):
        if number or report_id not in known:
            yield place, report_id


def _lines(path: Path, skip: int) -> Iterator[tuple[int, str]]:
    """The lines of a text that are neither empty nor a comment, with their numbers."""
    with open_text(path) as (stream, encoding):
        for number, line in enumerate(lines_of(stream, partial(place_in, path, "line")), start=1):
            text = settled(line, encoding)[0].strip()
            if number > skip and text and not text.startswith("#"):
                yield number, text


def _unquoted(line: tuple[int, str]) -> tuple[int, str]:
    """A line of a CSV with one column, in which an id may stand in quotes."""
    cells = next(csv.reader([line[1]]))
    return line[0], cells[0].strip() if len(cells) == 1 else line[1]


def _common_end(lines: Iterable[str]) -> str:
    """The delimiter that all lines end with, as after a column of a spreadsheet; "" if none."""
    ends = {line[-1] for line in lines}
    end = next(iter(ends)) if len(ends) == 1 else ""
    return end if end in DELIMITERS else ""
