"""Finds the headings and labels of a report, and the one that each sentence stands under.

A label is what stands before a colon: "Liver:". It consists of words that name a part of the body
or of a report, or is written in capitals or title case, and states no finding: "Multiple small
lesions:" is a sentence. At the start of a line a short label may consist of any words
("Gastrostomy tube: in place."), if text follows it.

A heading is a line of labels alone, or of such words without a colon. A heading is never evidence,
so a line is one only where it cannot be a finding: it names a section, a region of the body, or
organs and nothing else ("Liver", "Kidneys and ureters:"). Any other line that looks like a heading
("Left pelvic kidney", "SPLENOMEGALY:") is both: evidence, and shown with the lines below it.
Imports nothing from leavs but word lists.
"""

import re
from typing import NamedTuple

from leavs.text.words import words

MAX_LABEL_WORDS = 8
# A line with a topic of its own names it within so many words.
FIRST_WORDS = 3
# And a line below a label that passes, within so many.
TOPIC_WORDS = 6
# The longest label of words that are not in our lists, in lower case.
MAX_OTHER_WORDS = 5

# Characters of a sentence that introduces others ("There are two lesions:"), shown with each.
MAX_LEAD_IN = 400

# "- ", "• ", "** ", "1. ", "2) ", "(3) ", "a) "; but not "-5 HU" or "3.5 cm".
BULLET = re.compile(
    r"(?:[-–—•·▪●◦‣*+>#]{1,6}(?!\d)\s*|\(?\d{1,2}[.)、](?:\s+|(?=[^\W\d_]))|\(?[a-zA-Z]\)\s+)+"
)

# A time ("10:30") and an address ("http://") have a colon, too.
_LABEL = re.compile(r"([^\W\d_][^:：.。;!?]{0,59}?)[ *_]{0,3}[:：](?!(?<=\d.)\d|//)[*_]{0,2}\s*")
_ITEM_NUMBER = re.compile(r"\(?(\d{1,2})")
_TAG = r"(?:</?(?:b|i|u|em|strong|span|font|td|th)(?:\s[^<>]{0,60})?>\s*)*"
_EMPHASIS = re.compile(r"[*#=]{2}|[*#](?=\S)|#")
_DECORATION = re.compile(rf"[\s*_=#\ufeff-]{{0,8}}{_TAG}")
_CLOSING = re.compile(rf"{_TAG}$")
_WORD = re.compile(r"[^\W_]+")
# "Small bowel" is a name, "Large lymph nodes" is a finding.
_SIZE_IN_NAME = re.compile(r"\b(?:small and )?(?:small|large) (?=bowel|intestine)")
_RULE = " *_=#-"

_OPENING = words("labels", "sections", "preliminaries")
_SECTIONS = words("labels", "sections")
_PRELIMINARIES = words("labels", "preliminaries")
_GROUPS = [frozenset(group.split()) for group in words("labels", "organs")]
_ORGANS = frozenset().union(*_GROUPS)
_LINKS = words("labels", "links")
_KNOWN = words("labels", "sections", "preliminaries", "parts", "links")
_NEUTRAL = words("labels", "neutral")
_PLACES = words("labels", "places")
_SAYS_SO = re.compile(r"\b(?:is|are|was|were|has|have)\b", re.IGNORECASE)
_SAYS_SOMETHING = words("labels", "says_something")
_TITLES = words("labels", "preliminaries") - {"contrast", "dose"}
_SIDES = words("labels", "sides")
_NAMES = frozenset(tuple(name.split()) for name in words("labels", "names"))
_LONGEST_NAME = max(map(len, _NAMES))


class LeadingHeadings(NamedTuple):
    """The headings or labels that a text begins with.

    Args:
        names: in order, each with its colon: "FINDINGS: Liver: normal" has two.
        end: where the text after them begins.
        alone: nothing follows them.
        sure: they name a part of the report; "Target 1:" may be only a detail within one.
        bare: they have no colon.
        is_heading: the text is a heading that cannot be a finding.
        is_section: they name a section, or an examination.
        is_part: they name a section that holds findings: "IMPRESSION".
    """

    names: tuple[str, ...]
    end: int
    alone: bool
    sure: bool = True
    bare: bool = False
    is_heading: bool = False
    is_section: bool = False
    is_part: bool = False


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
    rest = "" if names else _CLOSING.sub("", text[at:]).rstrip(_RULE)
    bare = _is_bare_heading(rest)
    if bare:
        names, at = [_with_colon(rest)], len(text)
    alone = bool(names) and not text[at:].strip("*=#")
    found = [_lowered(name) for name in names]
    is_section = any(map(_names_section, found))
    says_nothing = is_section or (all(map(_names_organs, found)) and not (bare and is_item(text)))
    given = () if alone and not sure else tuple(names)
    is_part = not all(map(_SECTIONS.isdisjoint, found))
    return LeadingHeadings(
        given, at, alone, sure, bare, alone and says_nothing, is_section, is_part
    )


def is_item(text: str) -> bool:
    """Whether a line is an item of a list; "**FINDINGS**" is none."""
    return BULLET.match(text) is not None and not _EMPHASIS.match(text)


def item_mark(said: str) -> str:
    """The mark of the item that a line begins with: its number, or its bullet; "" if none."""
    bullet = BULLET.match(said)
    if not bullet:
        return ""
    number = _ITEM_NUMBER.match(said)
    return number[1] if number else said[0]


def states_finding(text: str) -> bool:
    """Whether a text has a word that says something of what it names."""
    return not _SAYS_SOMETHING.isdisjoint(_lowered(text))


def has_own_topic(text: str) -> bool:
    """Whether a text names an organ among its first words."""
    return not _ORGANS.isdisjoint(_first_words(text, FIRST_WORDS))


def ends_in_organ(text: str) -> bool:
    """Whether the last word of a text is an organ, as in a list of organs."""
    return not _ORGANS.isdisjoint(_lowered(text[-40:])[-1:])


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
    if len(found) > MAX_LABEL_WORDS or not _all_known(found) or set(line) & set(".;,!?"):
        return False
    # "The spleen" and "Small bowel and" are parts of a sentence.
    return found[0] not in _LINKS and found[-1] not in _LINKS


def _all_known(lowered: list[str]) -> bool:
    found = _SIZE_IN_NAME.sub("", " ".join(lowered)).split()
    return all(word in _KNOWN for word in found) and not _LINKS.issuperset(found)


def _names_section(lowered: list[str]) -> bool:
    """Whether it is the heading of a section or examination: "CT abdomen with contrast".

    It names nothing else: "History of pelvic kidney" may be a finding.
    """
    if _SECTIONS.isdisjoint(lowered) and lowered[0] not in _TITLES:
        return False
    rest = [word for word in lowered if word not in _OPENING and word not in _NEUTRAL]
    rest = [word for word in rest if word not in _LINKS]
    return not rest or _names_organs(rest)


def _names_organs(lowered: list[str]) -> bool:
    """Whether it names organs or regions and nothing else: not "pelvic kidney"."""
    left = [word for word in lowered if word not in _SIDES and word not in _LINKS]
    if not lowered or not left or lowered[0] in _LINKS:
        return False
    while left:
        size = next((n for n in range(_LONGEST_NAME, 0, -1) if tuple(left[:n]) in _NAMES), 0)
        if not size:
            return False
        left = left[size:]
    return True


class Headings:
    """The headings that hold while a report is read from top to bottom; the nearest wins.

    A section ("IMPRESSION:") holds until the next section; but "HISTORY:", "TECHNIQUE:" and the
    like end at the first blank line after their text, since findings often follow them without a
    heading. Within a section a heading on its own line ("LIVER:") holds until the next heading, as
    the text on an organ may have several paragraphs; an inline label ("Liver: Normal.") holds until
    the next one, the end of the paragraph, or a line with a topic of its own. Within that a detail
    ("Target 1: 3 cm.", "There are two lesions:") holds as long, and does not end the heading above
    it. A label or detail within an item of a list holds until the next item; a label that is an
    item ("2. Spleen") until the next one of its kind.
    """

    def __init__(self) -> None:
        self._section = ""
        self._topic = ""
        self._detail = ""
        self._topic_passes = self._topic_alone = self._detail_passes = False
        self._section_passes = False
        self._level = self._topic_level = ""
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
        if self._text_seen:
            self._detail = ""
        if self._topic_passes and (self._text_seen or not self._topic_alone):
            self._topic = ""
        if self._text_seen and _is_preliminary(self._section):
            self._section = ""

    def new_line(self, line: str, *, after_stop: bool) -> None:
        """Take the start of a line that does not continue the sentence before it.

        An inline label ends with its line if the next line begins with another organ, or if the
        lines end without full stops: those are notes, one topic each ("GB: stones", then
        "R kid nl").
        """
        notes = not (after_stop or self._topic_alone)
        if self._topic_passes and (notes or _has_other_topic(line, _lowered(self._topic))):
            self._topic = ""
        if self._detail_passes and not after_stop:
            self._detail = ""
        elif self._detail and _SAYS_SO.search(line) and line.endswith(".") and not is_item(line):
            self._detail = ""  # a sentence of its own, no entry of the list below "Absent:"
        if self._section_passes and self._text_seen and has_own_topic(line):
            self._section = ""

    def new_sentence(self, mark: str) -> None:
        """Take the start of a sentence, and the mark of the item that it is: "-", "2", or ""."""
        if mark and self._detail_in_item:
            self._detail = ""
        level = "1" if mark.isdigit() else mark
        if mark and self._topic_in_item and (self._topic_passes or level == self._topic_level):
            self._topic = ""
        self._in_item, self._level = mark != "", level

    def enter(self, leading: LeadingHeadings) -> None:
        """Take the headings that a sentence begins with, whether or not text follows them.

        One that may be a finding itself ends as an inline label does.
        """
        text_above, self._text_seen = self._text_seen, not leading.alone
        for name in leading.names:
            if not leading.sure:
                self._set_detail(name)
                self._detail_passes = True
            elif not _OPENING.isdisjoint(_lowered(name)):
                self._section, self._topic, self._detail = name, "", ""
                self._section_passes = _is_preliminary(name) and not leading.alone
            else:
                if text_above and _is_preliminary(self._section):
                    self._section = ""
                self._topic, self._detail, self._topic_alone = name, "", leading.alone
                self._topic_in_item, self._topic_level = self._in_item, self._level
                self._topic_passes = not leading.is_heading and not (leading.alone and self._level)

    def text(self, sentence: str) -> None:
        """Take a sentence without a label; one that ends in a colon introduces what follows."""
        self._text_seen = True
        if sentence.endswith((":", "：")) and len(sentence) <= MAX_LEAD_IN:
            self._set_detail(" ".join(sentence.split()))
            self._text_seen = False

    def introduce(self, title: str) -> None:
        """Take a line as the title of those below it in its paragraph."""
        self._set_detail(_with_colon(title))

    def _set_detail(self, detail: str) -> None:
        self._detail, self._detail_in_item, self._detail_passes = detail, self._in_item, False


def _is_preliminary(section: str) -> bool:
    """Whether a section comes before the findings: "HISTORY:"."""
    return not _PRELIMINARIES.isdisjoint(_lowered(section))


def _first_words(line: str, most: int) -> list[str]:
    return _lowered(" ".join(line[:80].split()[:most]))


def _has_other_topic(line: str, topic: list[str]) -> bool:
    """Whether a line speaks of organs of which its topic is none; "in the bed" names a place."""
    found = list[str]()
    first = _lowered(line[:12])[:1]
    there = first == ["there"]  # "There is a mass in the pancreas"
    for word in _lowered(line[:200].split(". ")[0]) if there else _first_words(line, TOPIC_WORDS):
        if word in _PLACES and not found and not there:
            break
        if word in _ORGANS:
            found.append(word)
    same = [group for group in _GROUPS if not group.isdisjoint(topic)]
    return any(not any(word in group for group in same) for word in found)


def _lowered(label: str) -> list[str]:
    return _WORD.findall(label.casefold())
