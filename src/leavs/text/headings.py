"""Finds the headings and labels of a report, and the one that each sentence stands under.

A label is what stands before a colon: "Liver:". It consists of words that name a part of the body
or of a report, or is written in capitals or title case, and states no finding: "Multiple small
lesions:" is a sentence, because a heading is never evidence and would be lost.
At the start of a line a short label may consist of any words ("Gastrostomy tube: in place."), if
text follows it. Imports nothing from leavs but word lists.
"""

import re
from typing import NamedTuple

from leavs.text.words import words

MAX_LABEL_WORDS = 8
# A line with a topic of its own names it within so many words.
FIRST_WORDS = 3
# The longest label of words that are not in our lists, in lower case.
MAX_OTHER_WORDS = 5

# Characters of a sentence that introduces others ("There are two lesions:"), shown with each.
MAX_LEAD_IN = 400

# "- ", "• ", "** ", "1. ", "2) ", "(3) ", "a) "; but not "-5 HU" or "3.5 cm".
BULLET = re.compile(
    r"(?:[-–—•·▪●◦‣*+>#]{1,6}(?!\d)\s*|\(?\d{1,2}[.)、](?:\s+|(?=[^\W\d_]))|\(?[a-zA-Z]\)\s+)+"
)

# A time ("10:30") and an address ("http://") have a colon, too.
_LABEL = re.compile(
    r"([^\W\d_][^:：.。;!?\r\n]{0,59}?)[ *_]{0,3}[:：](?!(?<=\d.)\d|//)[*_]{0,2}\s*"
)
_DECORATION = re.compile(r"[\s*_=#\ufeff-]{0,8}")
_WORD = re.compile(r"[^\W_]+")
# "Small bowel" is a name, "Large lymph nodes" is a finding.
_SIZE_IN_NAME = re.compile(r"\b(?:small and )?(?:small|large) (?=bowel|intestine)")
_RULE = " *_=#-"

_SECTIONS = words("labels", "sections", "preliminaries")
_PRELIMINARIES = words("labels", "preliminaries")
_ORGANS = words("labels", "organs")
_LINKS = words("labels", "links")
_KNOWN = words("labels", "sections", "preliminaries", "parts", "links")
_SAYS_SOMETHING = words("labels", "says_something")


class LeadingHeadings(NamedTuple):
    """The headings or labels that a text begins with.

    Args:
        names: in order, each with its colon: "FINDINGS: Liver: normal" has two.
        end: where the text after them begins.
        alone: nothing follows them, so the text is a heading.
        sure: they name a part of the report; "Target 1:" may be only a detail within one.
    """

    names: tuple[str, ...]
    end: int
    alone: bool
    sure: bool = True


def read_headings(text: str, *, starts_line: bool = True) -> LeadingHeadings:
    """Read the labels at the start of a sentence or line, and whether it is a heading.

    A heading without a colon ("FINDINGS", "Kidneys and ureters") consists of known words alone; it
    gets a colon, so that it reads well in front of a sentence.
    """
    at = _start(text)
    names: list[str] = []
    sure = True
    while match := _LABEL.match(text, at):
        is_label = _is_label(match[1])
        if not is_label and (names or not starts_line or not _may_be_label(match[1])):
            break
        sure = sure and is_label
        names.append(_with_colon(match[1]))
        at = match.end()
    rest = "" if names else text[at:].rstrip(_RULE)
    if _is_bare_heading(rest):
        return LeadingHeadings((_with_colon(rest),), len(text), alone=True)
    alone = bool(names) and not text[at:].strip("*=#")
    return LeadingHeadings(() if alone and not sure else tuple(names), at, alone, sure)


def _start(text: str) -> int:
    """Where the words begin, after bullets and decoration ("**FINDINGS**", "2. Liver")."""
    decoration = _DECORATION.match(text)
    at = decoration.end() if decoration else 0
    bullet = BULLET.match(text, at)
    return bullet.end() if bullet else at


def _with_colon(label: str) -> str:
    return " ".join(label.split()) + ":"


def _is_label(label: str) -> bool:
    found, lowered = _WORD.findall(label), _lowered(label)
    if len(found) > MAX_LABEL_WORDS or not _SAYS_SOMETHING.isdisjoint(lowered):
        return False
    titled = all(word in _LINKS or word[0].isupper() or _is_uncased(word) for word in found)
    return titled or _all_known(lowered)


def _is_uncased(word: str) -> bool:
    """Whether it is in a script without capitals; numbers are not: "Target 1" is only a detail."""
    return word[0].isalpha() and word[0].lower() == word[0].upper()


def _may_be_label(label: str) -> bool:
    lowered = _lowered(label)
    few = len(lowered) <= MAX_OTHER_WORDS
    return few and not label[0].islower() and _SAYS_SOMETHING.isdisjoint(lowered)


def _is_bare_heading(line: str) -> bool:
    if not line[:1].isupper() or len(line) >= 100 or not (line[-1].isalnum() or line[-1] == ")"):
        return False
    found = _lowered(line)
    return len(found) <= MAX_LABEL_WORDS and _all_known(found) and not set(line) & set(".;,!?")


def _all_known(lowered: list[str]) -> bool:
    found = _SIZE_IN_NAME.sub("", " ".join(lowered)).split()
    return all(word in _KNOWN for word in found) and not _LINKS.issuperset(found)


class Headings:
    """The headings that hold while a report is read from top to bottom; the nearest wins.

    A section ("IMPRESSION:") holds until the next section; but "HISTORY:", "TECHNIQUE:" and the
    like end at the first blank line after their text, since findings often follow them without a
    heading. Within a section a heading on its own line ("LIVER:") holds until the next heading, as
    the text on an organ may have several paragraphs; an inline label ("Liver: Normal.") holds until
    the next one, the end of the paragraph, or a line with a topic of its own. Within that a detail
    ("Target 1: 3 cm.", "There are two lesions:") holds as long, and does not end the heading above
    it. A label or detail within an item of a list holds until the next item.
    """

    def __init__(self) -> None:
        self._section = ""
        self._topic = ""
        self._detail = ""
        self._topic_passes = False
        self._in_item = self._topic_in_item = self._detail_in_item = False
        self._text_seen = False

    @property
    def current(self) -> str:
        """The heading that holds here, or ""."""
        return self._detail or self.outer

    @property
    def outer(self) -> str:
        """The heading around a detail that begins here, or ""."""
        return self._topic or self._section

    def new_paragraph(self) -> None:
        """Take a blank line."""
        self._detail = ""
        if self._topic_passes:
            self._topic = ""
        if self._text_seen and not _PRELIMINARIES.isdisjoint(_lowered(self._section)):
            self._section = ""

    def new_line(self, line: str, *, after_stop: bool) -> None:
        """Take the start of a line that does not continue the sentence before it.

        An inline label ends with its line if the next line begins with another organ, or if the
        lines end without full stops: those are notes, one topic each ("GB: stones", then
        "R kid nl").
        """
        begins = set(_lowered(" ".join(line[:80].split()[:FIRST_WORDS])))
        own_topic = begins & _ORGANS - set(_lowered(self._topic))
        if self._topic_passes and (own_topic or not after_stop):
            self._topic = ""

    def new_sentence(self, *, is_item: bool) -> None:
        """Take the start of a sentence, which may be an item of a list."""
        if is_item and self._detail_in_item:
            self._detail = ""
        if is_item and self._topic_in_item and self._topic_passes:
            self._topic = ""
        self._in_item = is_item

    def enter(self, leading: LeadingHeadings) -> None:
        """Take the headings that a sentence begins with, whether or not text follows them."""
        self._text_seen = not leading.alone
        for name in leading.names:
            if not leading.sure:
                self._set_detail(name)
            elif not _SECTIONS.isdisjoint(_lowered(name)):
                self._section, self._topic, self._detail = name, "", ""
            else:
                self._topic, self._detail = name, ""
                self._topic_passes, self._topic_in_item = not leading.alone, self._in_item

    def text(self, sentence: str) -> None:
        """Take a sentence without a label; one that ends in a colon introduces what follows."""
        self._text_seen = True
        if sentence.endswith((":", "：")) and len(sentence) <= MAX_LEAD_IN:
            self._set_detail(" ".join(sentence.split()))

    def _set_detail(self, detail: str) -> None:
        self._detail, self._detail_in_item = detail, self._in_item


def _lowered(label: str) -> list[str]:
    return _WORD.findall(label.casefold())
