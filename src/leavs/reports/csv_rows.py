"""Reports from the rows of a CSV or TSV file, read row by row."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from leavs.errors import InputError
from leavs.reports.opening import LONGEST, lines_of, open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries

_COLUMN_NAME = re.compile(r"[^\W\d][\w;-]*")
_WORDS_IN_NAMES = {
    *("accession", "anonymized", "clinical", "date", "description", "exam", "findings", "id"),
    *("image", "impression", "modality", "name", "number", "patient", "radiology", "report"),
    *("series", "study", "subject", "text", "type"),
}


def from_csv(
    path: Path, id_column: str = "image1", text_column: str = "anonymized_report"
) -> CheckedSource:
    """Read reports from a CSV file with a header; with tabs if named .tsv, unpacked if named .gz.

    A row without an id, or with more or fewer fields than the header, is an UnreadableReport.
    Broken quoting is an error, because nothing after it can be trusted.

    Raises:
        InputError: the file cannot be read, is empty, lacks a column or has broken quoting.
    """
    table = _Table(path, id_column, text_column)
    source = CheckedSource(table.entries, table.where, table.tally)
    return with_entries(source, f"{shown(path)} has a header and no rows; check the file")


def shown_names(names: Sequence[str]) -> str:
    """List names of columns or keys in a message, leaving out what may be a report's text.

    A file without a header has a report in place of the names: "Doe Jane", "Normal liver".
    """
    plain = [name for name in names if len(name) <= 40 and _is_name(name)]
    if rest := len(names) - len(plain):
        plain.append(f"{rest} that {'does' if rest == 1 else 'do'} not look like a name")
    return ", ".join(plain)


def _is_name(text: str) -> bool:
    """Whether it is one word, or all its words are those of which columns are named."""
    words = text.split(" ")
    known = _WORDS_IN_NAMES.issuperset(word.lower() for word in words)
    return known or _COLUMN_NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class _Table:
    path: Path
    id_column: str
    text_column: str

    def where(self, line: int) -> str:
        return f"{shown(self.path)} line {line}"

    def tally(self) -> int:
        return sum(1 for _ in self._rows()) - 1

    def entries(self) -> Entries:
        rows = self._rows()
        _, header, encoding = next(rows)
        names = [settled(name, encoding)[0].strip() for name in header]
        id_at = self._index(names, self.id_column, "--id-column")
        text_at = self._index(names, self.text_column, "--text-column")
        for line, row, encoding in rows:
            if len(row) != len(names):
                # It is not known either which field is the id.
                problem = f"{self.where(line)} has {len(row)} fields, the header has {len(names)}"
                yield Entry(line, problem=problem)
                continue
            report_id, read_as = settled(row[id_at], encoding)
            text, text_read_as = settled(row[text_at], encoding)
            yield Entry(line, report_id, text, text_read_as or read_as)

    def _rows(self) -> Iterator[tuple[int, list[str], str]]:
        """Rows that are not blank, the header first, each with the line that it starts on."""
        # A limit for the whole process. The default of csv, 131,072, is less than a long report.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
        with open_text(self.path) as (stream, encoding):
            # strict: a lenient reader drops quotes, and if one is not closed it takes the rest of
            # the file for one field.
            lines = lines_of(stream, self.where)
            reader = csv.reader(lines, delimiter=self._delimiter(), strict=True)
            rows = map(_bounded, reader)
            start = reader.line_num + 1
            try:
                header = next(filter(None, rows), None)
                if header is None:
                    raise InputError(f"{shown(self.path)} is empty; it needs a header and rows")
                yield start, header, encoding
                start = reader.line_num + 1
                for row in rows:
                    if row:
                        yield start, row, encoding
                    start = reader.line_num + 1
            except csv.Error:
                # Not str(error): the message is csv's, and could one day quote the row.
                raise InputError(
                    f"{self.where(start)} starts a row with broken quoting: a quote in it is not "
                    f"closed or not doubled, or a field has more than {LONGEST:,} characters; "
                    "mend it, what follows cannot be read"
                ) from None

    def _delimiter(self) -> str:
        return "\t" if ".tsv" in [suffix.lower() for suffix in self.path.suffixes[-2:]] else ","

    def _index(self, names: list[str], name: str, option: str) -> int:
        if any("\0" in one for one in names):
            raise InputError(f"{shown(self.path)} holds NUL bytes; if it is text, save it as UTF-8")
        if names.count(name) != 1:
            trouble = "two columns" if name in names else "no column"
            raise InputError(
                f"{shown(self.path)} has {trouble} '{shown(name)}'; it has: {shown_names(names)}. "
                f"Name it with {option}."
            )
        return names.index(name)


def _bounded(row: list[str]) -> list[str]:
    """Return the row as it is.

    Raises:
        csv.Error: a field is longer than LONGEST; csv's own limit may be raised by other code.
    """
    if max(map(len, row), default=0) > LONGEST:
        raise csv.Error
    return row
