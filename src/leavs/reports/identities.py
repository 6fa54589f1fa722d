"""Finds what looks like a patient's or a physician's identity in a text, by a few patterns.

They are few on purpose: each is rarely wrong, and much passes them. What de-identification left in
place of an identity ("[NAME]", "Dr. ___") is none. Knows nothing of files, runs or servers.
"""

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Kind(StrEnum):
    """A kind of what may identify a person, in words for a count."""

    NAME = "names"
    BIRTH = "dates of birth"
    RECORD = "record numbers"
    PHONE = "phone numbers"
    EMAIL = "e-mail addresses"
    SSN = "social security numbers"


_BLANK = "□"  # no pattern takes it

_LEFT_OUT = (
    "(?:(?:last|first|full|sur|patient|person|doctor|physician|provider|hospital|institution|name"
    "|names|date|of|birth|dob|age|mrn|id|phone|fax|tel|email|address|location|number|accession|phi"
    r"|redacted|removed|deleted|withheld|anonymi[sz]ed|de-?identified|initials)[\s_/#\d-]*){1,5}"
)
_PLACEHOLDERS = re.compile(
    r"\[\*\*.{0,80}?\*\*\]"
    r"|\*\*(?:NAME|INITIALS|DATE|AGE|ID-NUM|PHONE|EMAIL|ADDRESS|PLACE|INSTITUTION)"
    r"(?:\[[^\]\n]{0,80}\]|\*\*|(?![\w:]))"
    rf"|[\[<{{]{{1,2}}\s*(?i:{_LEFT_OUT})[\]>}}]{{1,2}}"
    r"|\b(?i:x{2,}(?:-x{2,})*)\b|_{2,}|\*{3,}|#{3,}",
    re.DOTALL,
)

_CAPITAL, _LETTER = "A-ZÀ-ÖØ-ÞĀ-Ž", "A-Za-zÀ-ÖØ-öø-ž"
_WORD = rf"[{_CAPITAL}][{_LETTER}’'-]{{0,40}}[{_LETTER}]\b"
_INITIAL = rf"[{_CAPITAL}]\."
_PART = rf"(?:{_WORD}|{_INITIAL})"
_WHOLE = rf"{_WORD}(?:,[ ]?|[ ]){_PART}(?:[ ]{_PART})?|{_INITIAL}[ ]?{_WORD}"
# Of a line, a sentence or a column. Bounded, for texts out of databases end in thousands of spaces.
_START = r"(?:^|(?<=[.;:|,(\t])|(?<=\s\s))[ *-]{0,20}+"
_COLON = r"[ *]*[:=][ \t*]*"

_NAMES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # A label whose value is a name, if only one word
        rf"{_START}(?i:(?:patient|pt|last|first|full)(?:['’]s)?[ ]names?|name(?:[ ]of[ ]patient)?)"
        rf"{_COLON}(?P<name>{_WHOLE}|{_WORD}|[a-z]{{2,}}[ ,]+[a-z]{{2,}}$)",
        # A label whose value may be something else, too
        rf"{_START}(?i:patient|pt\.?|(?:(?:referring|ordering|attending|requesting|reporting"
        r"|interpreting|consulting|primary)[ ])?(?:physician|provider|doctor|radiologist|clinician"
        r"|attending|resident)|(?:(?:electronically|digitally)[ ])?(?:dictated|signed|reported"
        r"|interpreted|reviewed|approved|verified|transcribed|authenticated|read)[ ]by)"
        rf"(?:{_COLON}|(?<=[Bb][Yy])[ ])(?P<name>{_WHOLE})",
        # A title. MR and MS are a modality and a disease, DR is radiography
        rf"\b(?:Dr|Drs|Mr|Mrs|Ms|Prof|Professor)\.?[ ]+(?:{_INITIAL}[ ]?)?(?P<name>{_WORD})",
        rf"\b(?i:with|by|to|from|for|per|of)[ ]DR\.?[ ](?:{_INITIAL}[ ]?)?(?P<name>{_WORD})",
        # A degree
        rf"(?<![\w-])(?P<name>{_WHOLE}),?[ ](?:M\.?D\.?|D\.O\.|Ph\.?D\.?|MBBS|FRCR)(?![\w-])",
        # As DICOM writes it
        rf"\b(?P<name>{_WORD}\^[{_CAPITAL}][{_LETTER}’'-]{{0,40}})",
    )
)

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}[ .-]{0,2}MONTH[ .,-]{0,2}\d{2,4}"
    r"|MONTH[ .]{0,2}\d{1,2}(?:st|nd|rd|th)?,?[ ]\d{4}|(?:19|20)\d{2}(?:[01]\d[0-3]\d)?)\b"
).replace("MONTH", _MONTH)
_NUMBER = r"(?:no\b\.?|nr\b\.?|num(?:ber)?\b|id\b|#)"
_IDENTIFIER = r"[a-z]{0,4}[ -]?(?!0+\b|9+\b)\d(?:[ -]?\d){3,}"

_PATTERNS = {
    Kind.BIRTH: rf"\b(?:d\.?o\.?b\b\.?|date[ ]of[ ]birth|birth[ ]?date|born)[\s:=#()*-]{{0,40}}"
    rf"(?:(?:is|was|on|in)[ ])?{_DATE}",
    Kind.RECORD: rf"\b(?:m\.?r\.?n\b\.?(?:[ ]?{_NUMBER})?"
    "|(?:medical[ ]record|patient|accession|acc\\.?|chart|encounter|visit|hospital|account|unit"
    rf"|nhs|mr)[ ]?{_NUMBER}|accession)"
    rf"[ \t]{{0,4}}[:=#.*]{{0,4}}[ \t]{{0,40}}(?:is[ ])?{_IDENTIFIER}",
    Kind.PHONE: r"(?<![\d./-])(?:\+?1[ .-])?(?:\(\d{3}\)[ ]?|\d{3}[.-])\d{3}[ .-]\d{4}"
    r"(?![\d-]|\.\d)"
    r"|(?<![\d.])\+(?=(?:[ ().-]{0,2}\d){9})\d{1,3}(?:[ ().-]{0,2}\d{1,4}){3,6}(?!\d)"
    r"|\b(?:tel(?:ephone)?|phone|fax|mobile|call[ ]?back)\b\.?[ ]?(?:no\b\.?|number|#)?"
    r"[ ]?(?:at|is)?[ ]?:?[ \t]{0,40}(?!\d{1,4}[.-]\d{1,2}[.-]\d{2,4}\b)"
    r"\+?\(?\d(?:[ ().-]{0,2}\d){6,13}(?!\d)"
    r"|\b(?:pager|beeper)\b\W{0,3}\d{4,}",
    Kind.EMAIL: r"\b[\w.+-]{1,64}@(?:[a-z\d-]{1,63}\.){1,9}[a-z]{2,}\b",
    Kind.SSN: r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])",
}
_REST = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _PATTERNS.items()}


def kinds_in(text: str) -> frozenset[Kind]:
    """Return the kinds of identities that the patterns find in a text."""
    text = without_placeholders(text)
    found = {kind for kind, pattern in _REST.items() if pattern.search(text)}
    if any(is_name(match["name"]) for one in _NAMES for match in one.finditer(text)):
        found.add(Kind.NAME)
    return frozenset(found)


def without_placeholders(text: str) -> str:
    """Return the text with a sign that is in no name where de-identification left a placeholder."""
    return _PLACEHOLDERS.sub(_BLANK, text)


def is_name(words: str) -> bool:
    """Whether words that stand in the place of a name can be one."""
    parts = set(re.findall(r"[^\W\d_][\w’'-]*", words.lower()))
    return bool(parts) and not parts & _lists()["not_names"]


def is_person(words: str) -> bool:
    """Whether what a language model takes for a person is more than eponyms and common words."""
    parts = set(re.findall(r"[^\W\d_]{2,}", words.lower()))
    return bool(parts - _lists()["not_names"] - _lists()["eponyms"])


@cache
def _lists() -> dict[str, frozenset[str]]:
    with (files("leavs.reports") / "identities.toml").open("rb") as file:
        return {name: frozenset(words.split()) for name, words in tomllib.load(file).items()}
