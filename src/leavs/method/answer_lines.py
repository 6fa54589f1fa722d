"""Finds the lines of a reply that hold its answer: behind "Answer:", or all of them.

Pure functions on text; knows nothing of the answers themselves.
"""

import re
from collections.abc import Sequence

from leavs.method.neutral_words import hedges, reverses

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
_BULLETED = re.compile(r"[-•*>]|\d{1,3}[.)]")
_END_OF_LINE = 300  # characters that are looked through for a word that reverses
_OPENED = re.compile(r"\s*+(?:<([A-Za-z_:]++)>|<\|[^|<>\n]++\|>|Thinking\.\.\.)")
_THOUGHTS = (("<think", "</think"), ("[THINK]", "[/THINK]"))


def split_answer(text: str) -> tuple[list[str], list[str]]:
    """Return the lines above the answer and those of the answer, all stripped; some are blank.

    Without a line that begins with "Answer:" (or a form of it) all lines are the answer's. There
    are none if two lines begin so, if the line above may reverse the one that does ("I would not
    say"), or if the reply ends within a thought: what stands there is a draft.
    """
    lines = [line.strip() for line in text.split("\n")]
    if _is_within_thought(text):
        return lines, []
    leads = [(at, end) for at, line in enumerate(lines) if (end := _end_of_lead(line))]
    if not leads:
        return [], lines
    (first, end), (last, last_end) = leads[0], leads[-1]
    # "**Final answer**", a blank line, "The answer is A": one answer that is announced twice.
    announced = any([lines[first][end:], *lines[first + 1 : last]])
    if len(leads) > 2 or (len(leads) == 2 and announced) or _runs_on(lines[:first]):
        return lines, []
    return lines[:first], [lines[last][last_end:], *lines[last + 1 :]]


def _end_of_lead(line: str) -> int:
    """Where the answer begins in a line that announces it, if need be twice; 0 in any other."""
    lead = _LEAD.match(line)
    if lead is None:
        return 0
    again = _LEAD.match(line, lead.end())
    return again.end() if again else lead.end()


def _is_within_thought(text: str) -> bool:
    """Whether a text ends within a thought, in marks that are known or in any in its beginning."""
    if any(text.rfind(begin) > text.rfind(end) for begin, end in _THOUGHTS):
        return True
    opened = _OPENED.match(text)
    return opened is not None and (opened[1] is None or f"</{opened[1]}>" not in text)


def _runs_on(above: Sequence[str]) -> bool:
    """Whether the line directly above goes on in the next one, and may reverse it."""
    last = next(filter(None, reversed(above)), "")
    if not last or last.endswith(_ENDED) or (_BULLETED.match(last) and not last.endswith(":")):
        return False
    last = last[-_END_OF_LINE:]
    return reverses(last) or hedges(last)
