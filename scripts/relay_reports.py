"""Lays reports out in other ways, and counts the sentences that stay as they were.

A report has the same sentences however its lines are wrapped, spaced, escaped or printed on pages.
Each report is laid out in each of the ways below and split; the sentences, with white space folded,
are compared with those of the report as it stands. For each way the table says how many of them
are found again, and how many of those that are not have lost a negation.

    python scripts/relay_reports.py                      the shipped reports
    python scripts/relay_reports.py reports.csv --limit 200
"""

import argparse
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leavs import Report, from_csv, from_folder
from leavs.text import split_sentences
from leavs.text.words import words

SHIPPED = Path(__file__).parents[1] / "data" / "reports"
NEGATIONS = words("quotes", "negations")
HEADER = "ST. ELSEWHERE HOSPITAL\nPATIENT: ___     MRN: ___     Page {page} of 9"

_WORD = re.compile(r"[^\W\d_]+")
_BULLET = re.compile(r"^(?:[-•*]|\(?\d{1,2}[.)])\s+")


# The ways. Each takes the sentences of a report as well, as some lay out one sentence a line.


def wrapped(width: int, end: str = "\n") -> "Way":
    """Wrap every line of a report at a column."""

    def lay(text: str, said: Sequence[str]) -> str:
        lines = (_wrapped(line, width) for line in text.splitlines())
        return end.join(one for line in lines for one in line)

    return lay


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_on_hyphens=False, break_long_words=False) or [""]


def double_spaced(text: str, said: Sequence[str]) -> str:
    """Wrap at 72 columns, with a blank line after every line."""
    return wrapped(72, "\n\n")(text, said)


def escaped(mark: str, width: int = 0) -> "Way":
    """Put an escape for each line end, in wrapped lines or in those of the report."""

    def lay(text: str, said: Sequence[str]) -> str:
        return (wrapped(width)(text, said) if width else text).strip().replace("\n", mark)

    return lay


def on_pages(text: str, said: Sequence[str]) -> str:
    """Wrap at 66 columns and print a header after every eleven lines, also within sentences."""
    lines = wrapped(66)(text, said).split("\n")
    pages = ["\n".join(lines[at : at + 11]) for at in range(0, len(lines), 11)]
    return "".join(
        page if not number else f"\n\f\n{HEADER.format(page=number + 1)}\n\n{page}"
        for number, page in enumerate(pages)
    )


def with_footers(text: str, said: Sequence[str]) -> str:
    """Wrap at 90 columns and print a page number after every nine lines, without blank lines."""
    lines = wrapped(90)(text, said).split("\n")
    for at in range(len(lines) // 9 * 9, 0, -9):
        lines.insert(at, f"- Page {at // 9} -")
    return "\n".join(lines)


def one_a_line(text: str, said: Sequence[str]) -> str:
    """Put each sentence on a line of its own."""
    return "\n".join(said)


def without_stops(text: str, said: Sequence[str]) -> str:
    """Put each sentence on a line of its own, without its final stop."""
    return "\n".join(one.rstrip(".") for one in said)


def bulleted(mark: str, width: int = 0) -> "Way":
    """Make each sentence an item of a list, on one line or wrapped with a hanging indent."""

    def lay(text: str, said: Sequence[str]) -> str:
        items = [f"{mark} {_BULLET.sub('', one)}" for one in said]
        indent = " " * (len(mark) + 1)
        return "\n".join(
            textwrap.fill(
                one, width, subsequent_indent=indent, break_on_hyphens=False
            ) if width else one
            for one in items
        )  # fmt: skip

    return lay


def in_capitals(text: str, said: Sequence[str]) -> str:
    """Write the report in capitals, wrapped at 80 columns."""
    return wrapped(80)(text, said).upper()


def with_two_spaces(text: str, said: Sequence[str]) -> str:
    """Put two spaces after every stop, and wrap at 76 columns."""
    return re.sub(r"(?<=[.!?]) (?=\S)", "  ", wrapped(76)(text, said))


def indented_with_tabs(text: str, said: Sequence[str]) -> str:
    """Indent every line of the report, wrapped at 70 columns, by a tab."""
    return re.sub(r"(?m)^(?=.)", "\t", wrapped(70)(text, said))


def replaced(old: str, new: str, width: int = 0) -> "Way":
    """Put one character for another."""

    def lay(text: str, said: Sequence[str]) -> str:
        return (wrapped(width)(text, said) if width else text).replace(old, new)

    return lay


def with_smart_quotes(text: str, said: Sequence[str]) -> str:
    """Write quotes and dashes as a word processor does, with its mark at the beginning."""
    return "\ufeff" + text.replace("'", "’").replace(" - ", " – ").replace('"', "”")


Way = Callable[[str, Sequence[str]], str]
WAYS: dict[str, Way] = {
    "wrapped at 25": wrapped(25),
    "wrapped at 40": wrapped(40),
    "wrapped at 60": wrapped(60),
    "wrapped at 80": wrapped(80),
    "wrapped at 132": wrapped(132),
    "wrapped at 200": wrapped(200),
    "\\r\\r\\n": wrapped(70, "\r\r\n"),
    "\\r": wrapped(70, "\r"),
    "double-spaced": double_spaced,
    "pages with headers": on_pages,
    "page numbers alone": with_footers,
    "HL7 \\.br\\": escaped("\\.br\\"),
    "HL7 ~, wrapped": escaped("~", 60),
    "literal \\n, wrapped": escaped("\\n", 80),
    "<br>": escaped("<br>"),
    "one a line": one_a_line,
    "no final stops": without_stops,
    "bullets": bulleted("-"),
    "bullets, wrapped": bulleted("•", 60),
    "capitals": in_capitals,
    "two spaces": with_two_spaces,
    "tabs": indented_with_tabs,
    "no-break spaces": replaced(" ", "\u00a0"),
    "BOM, smart quotes": with_smart_quotes,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """How many sentences of reports were found again in another layout.

    Args:
        sentences: of the reports as they stand.
        kept: of these, found again.
        negations: words of negation that stand in no sentence of the same words any more.
        lost: the sentences that were not found again.
    """

    sentences: int
    kept: int
    negations: int
    lost: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of sentences that were found again."""
        return self.kept / self.sentences if self.sentences else 1.0


def compare(texts: Iterable[str], way: Way) -> Kept:
    """Lay reports out in another way, and count the sentences that are found again."""
    sentences = kept = negations = 0
    lost: list[str] = []
    for text in texts:
        plain = [one.text for one in split_sentences(text)]
        laid = Counter(map(folded, (one.text for one in split_sentences(way(text, plain)))))
        wanted = Counter(map(folded, plain))
        missing = wanted - laid
        sentences += wanted.total()
        kept += wanted.total() - missing.total()
        lost += missing.elements()
        negations += sum(_loses_negation(one, laid) for one in missing.elements())
    return Kept(sentences, kept, negations, tuple(lost))


def together(found: Sequence[Kept]) -> Kept:
    """What was found in several ways, as one."""
    return Kept(
        sum(one.sentences for one in found),
        sum(one.kept for one in found),
        sum(one.negations for one in found),
        tuple(lost for one in found for lost in one.lost),
    )


def folded(sentence: str) -> str:
    """A sentence as it is compared: its words, whatever bullet, case, quotes and final stop."""
    text = sentence.replace("’", "'").replace("”", '"').replace("–", "-").lstrip("\ufeff")
    return " ".join(_BULLET.sub("", text.strip()).casefold().split()).rstrip(".")


def _loses_negation(sentence: str, laid: Iterable[str]) -> bool:
    """Whether a word of negation is torn from one of the three words that follow it."""
    found = _WORD.findall(sentence)
    runs = [" ".join(found[at : at + 4]) for at, word in enumerate(found) if word in NEGATIONS]
    spoken = [" ".join(_WORD.findall(one)) for one in laid]
    return not all(any(run in one for one in spoken) for run in runs)


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a folder of reports, or of a CSV like the shared one."""
    source = from_folder(path) if path.is_dir() else from_csv(path)
    return (one.text for one in source if isinstance(one, Report))


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--limit", type=int, help="the largest number of reports")
    parser.add_argument("--lost", action="store_true", help="print the sentences, too")
    given = parser.parse_args()
    texts = [*texts_of(given.reports)][: given.limit]
    table = Table(f"{len(texts)} reports", box=None)
    for column in ("sentences", "kept", "share", "negations lost"):
        table.add_column(column, justify="right")
    found = {name: compare(texts, way) for name, way in WAYS.items()}
    for name, kept in {**found, "all": together([*found.values()])}.items():
        numbers = (kept.sentences, kept.kept, f"{kept.share:.2%}", kept.negations)
        table.add_row(name.replace("[", "\\["), *map(str, numbers))
        if given.lost:
            print(name, *kept.lost, sep="\n    ")
    Console().print(table)


if __name__ == "__main__":
    main()
