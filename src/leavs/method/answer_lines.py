"""Finds the lines of a reply that hold its answer: behind "Answer:", or all of them.

Pure functions on text; knows nothing of the answers themselves.
"""

import re
from collections.abc import Sequence

from leavs.method.neutral_words import reverses

_GAP, _PERHAPS = r"[ \t*_`]++", r"[ \t*_`]*+"
_SOURCE = r"(?:sentences?|reports?|text|information|evidence|findings?|statements?)"
# "Answer:", "**Final answer:**", "The correct answer is". The words between are all named: any
# other ("the wrong answer is", "nobody says that the answer is") may reverse what follows.
_LEAD = re.compile(
    rf"""
    [ \t*_`\#>•-]*+
    (?:(?:so|therefore|thus|hence),?+{_GAP})?+
    (?:(?:based{_GAP}on|according{_GAP}to|given){_GAP}(?:the|these|this){_GAP}
       (?:(?:provided|given|above){_GAP})?+{_SOURCE}(?:{_GAP}(?:provided|given|above))?+,?+{_GAP})?+
    (?:here{_GAP}is{_GAP})?+
    (?:(?:the|my){_GAP})?+
    (?:(?:final|correct|best|right){_GAP}){{0,2}}+
    (?:answer|option|choice){_PERHAPS}
    (?:is\b(?!['’])(?-i:(?!{_GAP}a\b)){_PERHAPS}:?+|:|(?=$))  # "the answer is a ..." begins prose
    {_PERHAPS}
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_ENDED = tuple(".!?…)\"'”’")
_BULLETED = re.compile(r"[-•*>#]|\d{1,3}[.)]")
_END_OF_LINE = 300  # characters that are looked through for a word that reverses
_THOUGHTS = (("<think", "</think"), ("[THINK]", "[/THINK]"))


def split_answer(text: str) -> tuple[list[str], list[str]]:
    """Return the lines above the answer and those of the answer, all stripped; some are blank.

    Without a line that begins with "Answer:" (or a form of it) all lines are the answer's. There
    are none if two lines begin so, if the line above may reverse the one that does ("I would not
    say"), or if the reply ends within a thought: what stands there is a draft.
    """
    lines = [line.strip() for line in text.split("\n")]
    if any(text.rfind(begin) > text.rfind(end) for begin, end in _THOUGHTS):
        return lines, []
    leads = ((at, lead) for at, line in enumerate(lines) if (lead := _LEAD.match(line)))
    first, second = next(leads, None), next(leads, None)
    if first is None:
        return [], lines
    at, lead = first
    if second is not None or _runs_on(lines[:at]):
        return lines, []
    return lines[:at], [lines[at][lead.end() :], *lines[at + 1 :]]


def _runs_on(above: Sequence[str]) -> bool:
    """Whether the line directly above goes on in the next one, and may reverse it."""
    last = above[-1] if above else ""
    if not last or last.endswith(_ENDED) or (_BULLETED.match(last) and not last.endswith(":")):
        return False
    return reverses(last[-_END_OF_LINE:])
