"""Finds what printing put between two pages of a report: headers, footers, page numbers.

A line is page furniture where it numbers a page or names the patient. Beside such a line or a form
feed, lines of less telling kinds belong to it: rules, dates, letterheads, titles, and the
labels of the first lines again. So does all between "(Over)" and "(Cont)". A line that may state a
finding never does, nor do the first lines. Knows nothing of sentences.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from leavs.text.headings import read_headings, states_finding
from leavs.text.lines import Line
from leavs.text.words import words

# At an edge of the line and apart from the words on it, or with the number of all pages.
_PAGE = re.compile(
    r"(?:^|\s{2,9}|\t)\W{0,4}(?:page|pg\.?|seite)\s{0,3}[:#]?\s{0,3}\d{1,3}\b[^\w]{0,4}$"
    r"|\b(?:page|pg\.?|seite)\s{0,3}[:#]?\s{0,3}\d{1,3}\s{0,3}(?:of|/|von)\s{0,3}\d{1,3}\b"
    r"|^\W{0,4}\d{1,3}\s?(?:/|of)\s?\d{1,3}\W{0,4}$"
    r"|^[-–—\s]{1,6}\d{1,3}[-–—\s]{1,6}$"
    r"|^\W{0,6}page break\W{0,6}$",
    re.IGNORECASE,
)
_OVER = re.compile(r"^\W{0,4}(?:over|continued on next page|cont(?:inue)?d?\.{3})\W{0,4}$", re.I)
_CONT = re.compile(r"^\W{0,4}(?:cont|contd|cont'd|continued(?: from [a-z]+ page)?)\W{0,4}$", re.I)
_PERSON = re.compile(
    r"\b(?:mrn|m\.r\.n\.|medical record(?: number| no\.?)?|patient(?: name| id)?|pat\.?(?: id)?|"
    r"dob|d\.o\.b\.|date of birth|accession(?: number| no\.?)?|acc\.?(?: no\.?)?|"
    r"account(?: number| no\.?)?|visit(?: number)?|clip|printed(?: on)?|exam date|date of exam|"
    r"report date)\s{0,3}[:#]"
    r"|\bmrn\s{1,3}\d{4}|\baccession no\.? \w{0,4}\d{3}|\bprinted (?:on )?\d{1,4}[-/.]"
    r"|\b\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}\s{1,6}[MF]\b|^\W{0,4}confidential\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^\W{0,4}(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\[\*\*[\d-]{0,12}\*\*\])"
    r"(?:\s{1,4}\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?)?\W{0,4}$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^(?:[-=*~─━—–] ?){3,}$|^_{12,}$")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_SURE, _BESIDE = 2, 1
_LONGEST = 160  # characters of a line of furniture
_LEAST_REPEATED = 12
_TITLE = 80  # characters of the name of an examination
_FIRST_LINES = 8  # of a report, that a page may repeat
_MOST_BETWEEN = 15  # lines between "(Over)" and "(Cont)"

_ADMINISTRATIVE = words("labels", "administrative")
_LETTERHEAD = words("labels", "letterhead")
_EXAMINATIONS = {"ct", "mr", "mri", "cta", "exam", "examination", "study"}
_CONTINUED = re.compile(r"^final report$|\((?:continued|cont'?d?)\.?\)\W{0,3}$", re.IGNORECASE)
_PRELIMINARIES = words("labels", "preliminaries")


def furniture(text: str, lines: Sequence[Line]) -> list[bool]:
    """Say of each line whether it is page furniture."""
    said = [text[line.start : line.end] for line in lines]
    found = [False] * len(lines)
    if not any(line.new_page for line in lines) and not any(map(_may_tell, said)):
        return found
    for over, cont in _turned_pages(said):
        found[over : cont + 1] = [True] * (cont + 1 - over)
    kinds = _kinds(said, lines)
    head = next((at for at, one in enumerate(said) if _states(one)), len(lines))
    for known, run in groupby(range(len(lines)), key=lambda at: kinds[at] > 0):
        numbers = [*run]
        turned = any(line.new_page for line in lines[numbers[0] : numbers[-1] + 2])
        page = numbers[0] and (turned or any(_PAGE.search(said[at]) for at in numbers))
        sure = numbers[0] > head and any(kinds[at] == _SURE for at in numbers)
        if known and (page or sure):
            found[numbers[0] : numbers[-1] + 1] = [True] * len(numbers)
    return found


def _may_tell(line: str) -> bool:
    return any(mark.search(line) for mark in (_PAGE, _PERSON, _OVER, _CONT))


def _turned_pages(said: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first and the last line of what stands from "(Over)" to "(Cont)"."""
    over = -_MOST_BETWEEN - 1
    for at, line in enumerate(said):
        if _OVER.search(line):
            over = at
        elif _CONT.search(line) and at - over <= _MOST_BETWEEN:
            yield over, at
            over = -_MOST_BETWEEN - 1


def _kinds(said: Sequence[str], lines: Sequence[Line]) -> list[int]:
    """How sure each line is page furniture: `_SURE`, `_BESIDE` a line that is, or 0."""
    plain = [_DIGITS.sub("#", " ".join(one.split())).casefold() for one in said]
    seen: dict[str, int] = {}
    for at, folded in enumerate(plain):
        seen.setdefault(folded, at)
    kinds = []
    for at, (line, folded) in enumerate(zip(said, plain, strict=True)):
        again = seen[folded] < min(at, _FIRST_LINES)
        if again and _label_words(line) & _PRELIMINARIES:
            kinds.append(_BESIDE)  # as "Reason: eval for abscess" on each page
        else:
            kinds.append(_kind(line, begins_page=lines[at].new_page))
    return kinds


def _kind(line: str, *, begins_page: bool) -> int:
    if len(line) > _LONGEST or _states(line):
        return 0
    if _may_tell(line):
        return _SURE
    names = _label_words(line)
    known = names & _ADMINISTRATIVE or (begins_page and names & _PRELIMINARIES)
    first = _lowered(line)[:1]
    examination = len(line) <= _TITLE and not _EXAMINATIONS.isdisjoint(first)
    examination = examination or _CONTINUED.search(line) is not None
    letterhead = _is_title(line) and _LETTERHEAD.intersection(_lowered(line))
    if known or examination or letterhead or _RULE.match(line) or _DATE.match(line):
        return _BESIDE
    return 0


def _states(line: str) -> bool:
    """Whether it may be a statement of the report: it ends in a stop, or says something."""
    if line.endswith((".", "!", "?")) and not _PAGE.search(line):
        return True
    return states_finding(line)


def _is_title(line: str) -> bool:
    """Whether it is written as a name is: "ST. MARY HOSPITAL", "Department of Radiology"."""
    found = _WORD.findall(line)
    return len(line) >= _LEAST_REPEATED and all(one[0].isupper() or len(one) < 4 for one in found)


def _label_words(line: str) -> set[str]:
    """The words of the label that a line begins with."""
    return set(_lowered(" ".join(read_headings(line).names[:1])))


def _lowered(line: str) -> list[str]:
    return _WORD.findall(line.casefold())
