"""Reports from a JSON Lines file, read line by line, or from a JSON array, object by object."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from leavs.errors import InputError
from leavs.reports.column_names import ID_OPTION, TEXT_OPTION, shown_names
from leavs.reports.json_array import BrokenArrayError, begins_array, elements_of
from leavs.reports.json_values import RepeatedKeyError, parse
from leavs.reports.opening import lines_of, open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries
from leavs.reports.table import place_in
from leavs.reports.table_rows import as_names, joined

ID_KEY = "id"
_HEAD = 4096  # characters that tell an array from lines


def from_jsonl(
    path: Path, id_key: str = ID_KEY, text_key: str | Sequence[str] = "text"
) -> CheckedSource:
    """Read reports from one JSON object a line, or from a JSON array of objects.

    Ids are strings or whole numbers. A line that is no such object is an UnreadableReport; blank
    lines are skipped. A file whose name ends in .gz is unpacked.

    Args:
        text_key: of several keys, the texts that there are are joined, each under its key.

    Raises:
        InputError: the file cannot be read, has no lines, or has an object over several lines.
        UsageError: a key is named twice.
    """
    texts = as_names(text_key)
    with open_text(path) as (stream, _):
        head = stream.read(_HEAD)
    if head.lstrip().startswith("{") and _goes_over_lines(path):
        raise InputError(
            f"{shown(path)} has an object that goes over several lines; write one object a line, "
            "or all of them as an array, [{…}, {…}]"
        )
    objects = _Objects(path, id_key, texts, "entry" if begins_array(head) else "line")
    source = CheckedSource(objects.entries, objects.where, objects.tally)
    return with_entries(source, f"{shown(path)} is empty; it needs one JSON object a line")


def _goes_over_lines(path: Path) -> bool:
    """Whether the first line begins an object, and the next one goes on with it."""
    with open_text(path, newline="\n") as (stream, _):
        lines = (line.strip() for line in lines_of(stream, partial(place_in, path, "line")))
        first, second = islice(chain(filter(None, lines), ("", "")), 2)
    if not first.startswith("{"):
        return False
    return first == "{" or (second[:1] not in ("", "{") and not _is_json(first))


def _is_json(text: str) -> bool:
    try:
        parse(text)
    except RepeatedKeyError:
        return True
    except (ValueError, RecursionError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Objects:
    """The objects of a file.

    Args:
        unit: what an object is in it: a "line", or an "entry" of an array.
    """

    path: Path
    id_key: str
    text_keys: tuple[str, ...]
    unit: str

    def where(self, number: int) -> str:
        return place_in(self.path, self.unit, number)

    def tally(self) -> int:
        return sum(1 for _ in self._objects())

    def entries(self) -> Entries:
        for number, raw, encoding in self._objects():
            yield self._entry(number, *settled(raw, encoding))

    def _objects(self) -> Iterator[tuple[int, str, str]]:
        return self._lines() if self.unit == "line" else self._elements()

    def _lines(self) -> Iterator[tuple[int, str, str]]:
        # Only \n ends a line: a \r may stand between the parts of an object.
        with open_text(self.path, newline="\n") as (stream, encoding):
            for number, line in enumerate(lines_of(stream, self.where), start=1):
                if line.strip():
                    yield number, line, encoding

    def _elements(self) -> Iterator[tuple[int, str, str]]:
        number = 0
        with open_text(self.path) as (stream, encoding):
            try:
                for number, raw in enumerate(elements_of(stream), start=1):
                    yield number, raw, encoding
            except BrokenArrayError:
                raise InputError(
                    f"{shown(self.path)} begins as a JSON array and is none after its first "
                    f"{number} entries; mend it, what follows cannot be read"
                ) from None

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
        texts = self._texts(value)
        for key, text in texts.items():
            if not isinstance(text, str):
                problem = f"{where} has no text: {self._lacks(value, key)}"
                return Entry(number, report_id, encoding=encoding, problem=problem)
        text = joined({key: str(text) for key, text in texts.items()})
        return Entry(number, report_id, text, encoding)

    def _texts(self, value: Mapping[str, object]) -> Mapping[str, object]:
        """The values of the text keys; of several, some may be missing or null, but not all."""
        texts = {key: value.get(key) for key in self.text_keys}
        if all(text is None for text in texts.values()):
            return texts
        return {key: "" if text is None else text for key, text in texts.items()}

    def _lacks(self, value: Mapping[str, object], key: str) -> str:
        name = shown(key)
        if key in value:
            kind = "a string or a whole number" if key == self.id_key else "a string"
            return f"'{name}' is not {kind}"
        option = ID_OPTION if key == self.id_key else TEXT_OPTION
        cells = [[str(cell)] for cell in value.values()]
        named = shown_names(list(value), cells, option)
        return f"it has no key '{name}'; {named}. Name it with {option}."


def _as_id(value: object) -> str:
    """The id as a string; "" if the value cannot be one. Unlike in Python, True is no number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
