"""Reports from a JSON Lines file, read line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leavs.reports.csv_rows import shown_names
from leavs.reports.json_values import RepeatedKeyError, parse
from leavs.reports.opening import lines_of, open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries


def from_jsonl(path: Path, id_key: str = "id", text_key: str = "text") -> CheckedSource:
    """Read reports from a file with one JSON object a line; unpacked if the name ends in .gz.

    Ids are strings or whole numbers. A line that is no such object is an UnreadableReport; blank
    lines are skipped.

    Raises:
        InputError: the file cannot be read or has no lines.
    """
    lines = _Lines(path, id_key, text_key)
    source = CheckedSource(lines.entries, lines.where, lines.tally)
    return with_entries(source, f"{shown(path)} is empty; it needs one JSON object a line")


@dataclass(frozen=True, slots=True)
class _Lines:
    path: Path
    id_key: str
    text_key: str

    def where(self, line: int) -> str:
        return f"{shown(self.path)} line {line}"

    def tally(self) -> int:
        return sum(1 for _ in self._lines())

    def entries(self) -> Entries:
        for number, raw, encoding in self._lines():
            yield self._entry(number, *settled(raw, encoding))

    def _lines(self) -> Iterator[tuple[int, str, str]]:
        # Only \n ends a line: a \r may stand between the parts of an object.
        with open_text(self.path, newline="\n") as (stream, encoding):
            for number, line in enumerate(lines_of(stream, self.where), start=1):
                if line.strip():
                    yield number, line, encoding

    def _entry(self, number: int, line: str, encoding: str) -> Entry:
        where = self.where(number)
        try:
            value = parse(line.rstrip("\r\n"))
        except RepeatedKeyError:
            return Entry(number, problem=f"{where} has a key twice; give each key once")
        except (ValueError, RecursionError) as error:
            # Not str(error): the message is json's, and could one day quote the line.
            column = getattr(error, "colno", 1)
            return Entry(number, problem=f"{where} is not JSON (column {column})")
        if not isinstance(value, dict):
            return Entry(number, problem=f"{where} is not a JSON object, {{…}}")
        report_id = _as_id(value.get(self.id_key))
        if not report_id:
            return Entry(number, problem=f"{where} has no id: {self._lacks(value, self.id_key)}")
        text = value.get(self.text_key)
        if not isinstance(text, str):
            problem = f"{where} has no text: {self._lacks(value, self.text_key)}"
            return Entry(number, report_id, encoding=encoding, problem=problem)
        return Entry(number, report_id, text, encoding)

    def _lacks(self, value: Mapping[str, object], key: str) -> str:
        name = shown(key)
        if key in value:
            kind = "a string or a whole number" if key == self.id_key else "a string"
            return f"'{name}' is not {kind}"
        option = "--id-column" if key == self.id_key else "--text-column"
        names = shown_names(list(value))
        return f"it has no key '{name}'; it has: {names}. Name it with {option}."


def _as_id(value: object) -> str:
    """The id as a string; "" if the value cannot be one. Unlike in Python, True is no number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
