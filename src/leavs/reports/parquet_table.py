"""A table in a Parquet file, of which only the columns that are needed are read, in batches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Self

from leavs.errors import InputError
from leavs.reports.opening import open_bytes, settled, shown
from leavs.reports.table import Row, Rows, place_in
from leavs.system.extras import needing

_BATCH = 512  # rows, each with a report


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file; a column whose cells are lists or records is refused."""

    path: Path
    names: tuple[str, ...]
    named_by_schema: bool = True

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the names of the columns.

        Raises:
            InputError: the file cannot be read.
            UsageError: pyarrow is not installed.
        """
        with _parquet(path) as file:
            return cls(path, tuple(file.schema_arrow.names))

    def where(self, line: int) -> str:
        """Return words for the place of a row."""
        return place_in(self.path, "row", line)

    def count(self) -> int:
        """Count the rows, without reading them."""
        with _parquet(self.path) as file:
            return int(file.metadata.num_rows)

    def rows(self, places: Sequence[int]) -> Rows:
        """Yield the cells at these places of each row."""
        names = [self.names[place] for place in places]
        number = 0
        with _parquet(self.path) as file:
            self._refuse_nested(file, places)
            for batch in file.iter_batches(_BATCH, columns=list(dict.fromkeys(names))):
                columns = [batch.column(self._within(batch, at)).to_pylist() for at in places]
                for cells in zip(*columns, strict=True):
                    number += 1
                    texts = [*map(_as_text, cells)]
                    if any(texts) or not texts:
                        yield Row(number, texts)

    def flat(self) -> Sequence[int]:
        """Return the places of the columns whose cells are no lists or records."""
        with _parquet(self.path) as file:
            return [place for place in range(len(self.names)) if not _is_nested(file, place)]

    def column(self, place: int) -> list[str]:
        """Return all cells of a column; each different one is made text once."""
        with _parquet(self.path) as file:
            self._refuse_nested(file, (place,))
            read = file.read(columns=[self.names[place]])
            cells = read.column(self._within(read, place)).unify_dictionaries()
            cells = cells.combine_chunks()
            if not hasattr(cells, "dictionary"):
                cells = cells.dictionary_encode("encode")
            texts = [*map(_as_text, cells.dictionary.to_pylist())]
            return ["" if at is None else texts[at] for at in cells.indices.to_pylist()]

    def _within(self, part: Any, place: int) -> int:
        """The place of a column in a part of the table; names may repeat."""
        name = self.names[place]
        return int(part.schema.get_all_field_indices(name)[self.names[:place].count(name)])

    def _refuse_nested(self, file: Any, places: Sequence[int]) -> None:
        for place in places:
            if _is_nested(file, place):
                raise InputError(
                    f"{shown(self.path)}: the cells of column '{shown(self.names[place])}' are "
                    "lists or records; write them as text"
                )


def _is_nested(file: Any, place: int) -> bool:
    import pyarrow.types

    return bool(pyarrow.types.is_nested(file.schema_arrow.field(place).type))


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    with needing("tables", "pyarrow", what="reading Parquet files"):
        import pyarrow
        import pyarrow.parquet
    with open_bytes(path) as data:
        try:
            with pyarrow.parquet.ParquetFile(data) as file:
                yield file
        except (pyarrow.ArrowException, ValueError, OverflowError) as error:
            # The last two: bytes that are not UTF-8 in a text, a date beyond those of Python.
            raise _unreadable(path, error) from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise _unreadable(path, error) from None  # pyarrow's word for a damaged file


def _unreadable(path: Path, error: Exception) -> InputError:
    """The error without its message, which could quote a cell."""
    return InputError(
        f"{shown(path)} cannot be read as a Parquet file ({type(error).__name__}); is it damaged?"
    )


def _as_text(cell: Any) -> str:
    """The cell as a CSV would have it; numbers that came to be floats, as ids, end in .0."""
    if cell is None or cell != cell:  # not a number, which pandas writes for what is missing
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.1f}"
    if isinstance(cell, bytes):
        return settled(cell.decode("utf-8", "surrogateescape"), "")[0]
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
