"""Which names of columns or keys a message may show: none that may be a patient's or a finding.

A file without a header has a report in place of the names: "Doe", "Normal". So those names alone
are shown that are made of the words that columns are named with, where most names are, and none
looks like the cells below it.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from itertools import islice

from leavs.errors import InputError
from leavs.reports.opening import shown
from leavs.reports.table import Table

ID_OPTION, TEXT_OPTION = "--id-column", "--text-column"
_LONGEST_NAME = 40
_LONGEST_LIKELY_ID = 64
_HEAD = 50  # rows that are compared with the names
_COLUMN_NAME = re.compile(r"[^\W\d][\w-]*(?: [\w-]+)*")
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")
_LONG_NUMBER = re.compile(r"\d{3}")
_KNOWN = re.compile(
    "(?:accession|age|anonymi[sz]ed|befund|beurteilung|case|clinical|code|column|conclusion|content"
    "|data|date|datum|deidentified|description|document|exam|examination|fall|file|findings?|gender"
    "|hadm|history|id|ids|identifier|image|impressions?|index|indication|institution|instance|key|label"
    "|labeler|modality|mrn|name|note|nr|num|number|nummer|organ|path|patient|patienten|pid|procedure"
    "|radiology|raw|reports?|row|scan|section|series|sex|sheet|split|study|subject|tabelle|table"
    "|technique|texts?|time|title|type|uid|untersuchung|value|volume|words?)+",
    re.IGNORECASE,
)


def harmless_names(names: Sequence[str]) -> str:
    """List those names, of sheets for example, that are made of known words."""
    return ", ".join(name for name in names if _is_harmless(name))


def place_of(table: Table, name: str, option: str) -> int:
    """Return the place of a column.

    Raises:
        InputError: it is not there, or there twice; the message names the columns.
    """
    if table.names.count(name) == 1:
        return table.names.index(name)
    trouble = "two columns" if name in table.names else "no column"
    columns, known = _first_cells(table)
    named = shown_names(
        table.names, columns, option, certain=table.named_by_schema, may_be_ids=known
    )
    advice = f"Name it with {option}."
    if len(table.names) == 1 and not table.named_by_schema:
        advice += " It has one column by comma, semicolon, tab and |; see --delimiter."
    raise InputError(f"{shown(table.path)} has {trouble} '{shown(name)}'; {named}. {advice}")


def shown_names(
    names: Sequence[str],
    columns: Sequence[Sequence[str]],
    option: str,
    *,
    certain: bool = False,
    may_be_ids: bool = True,
) -> str:
    """Say which columns or keys there are, without those that may be a report's text.

    Args:
        columns: the first cells under each name, as far as they are known.
        option: what a name is looked for; texts are not suggested as ids.
        certain: the names are no first row of a file.
        may_be_ids: whether a column may be suggested as the one of the ids.
    """
    fits = _fitting(names, columns, certain)
    if not any(fits):
        return f"the names of its {_counted(names)} are not shown, they may be a report's words"
    ids = [option != ID_OPTION or (may_be_ids and _are_like_ids(cells)) for cells in columns]
    listed = [name for name, *good in zip(names, fits, ids, strict=True) if all(good)]
    if odd := fits.count(False):
        listed.append(f"{odd} that {'does' if odd == 1 else 'do'} not look like a name")
    if texts := sum(fit and not may for fit, may in zip(fits, ids, strict=True)):
        listed.append(f"{texts} that cannot be ids")
    return f"it has: {', '.join(listed)}"


def _fitting(
    names: Sequence[str], columns: Sequence[Sequence[str]], certain: bool
) -> Sequence[bool]:
    """Whether each name may be shown: of a first row those of known words, if most are."""
    if certain:
        return [len(name) <= _LONGEST_NAME and _is_like_a_name(name) for name in names]
    fits = [len(name) <= _LONGEST_NAME and _is_harmless(name) for name in names]
    if sum(fits) * 2 <= sum(map(bool, names)) or _is_row(names, columns):
        return [False] * len(names)
    return fits


def _first_cells(table: Table) -> tuple[list[list[str]], bool]:
    """The first cells of each column, and whether all of them could be read."""
    columns: list[list[str]] = [[] for _ in table.names]
    known = True
    try:
        places = table.flat()
        with closing(table.rows(places)) as rows:
            for row in islice(rows, _HEAD):
                known = known and not row.problem
                for place, cell in zip(places, row.cells, strict=False):
                    columns[place].append(cell)
    except InputError:  # the missing column comes first
        known = False
    return columns, known


def _is_harmless(name: str) -> bool:
    """Whether all its words are known ones: "study id", "Sheet1", "StudyInstanceUID"."""
    words = [] if _LONG_NUMBER.search(name) else _WORD.findall(name)
    return bool(words) and all(_KNOWN.fullmatch(word) for word in words)


def _is_like_a_name(name: str) -> bool:
    return _COLUMN_NAME.fullmatch(name) is not None and (" " not in name or _has_known_word(name))


def _has_known_word(name: str) -> bool:
    return any(_KNOWN.fullmatch(word) for word in _WORD.findall(name))


def _is_row(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether the names look like the cells below them: numbers, or the same words or codes."""
    for name, cells in zip(names, columns, strict=True):
        if name and (not _WORD.search(name) or name in (cell.strip() for cell in cells)):
            return True
        if _form(name) != name and any(_form(cell) == _form(name) for cell in cells):
            return True
    return False


def _form(text: str) -> str:
    """A text with 0 for each digit, so that "D4711" is like "D4712"."""
    return re.sub(r"\d", "0", text.strip())


def _are_like_ids(cells: Sequence[str]) -> bool:
    """Whether there are cells, and each is one short word that no other is."""
    given = [cell.strip() for cell in cells if cell.strip()]
    short = all(len(cell) <= _LONGEST_LIKELY_ID and len(cell.split()) == 1 for cell in given)
    return bool(given) and short and len(set(given)) == len(given)


def _counted(names: Sequence[str]) -> str:
    return "one column" if len(names) == 1 else f"{len(names)} columns"
