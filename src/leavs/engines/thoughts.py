"""Cuts a model's thought from its answer, where both stand in one text.

Models that think by themselves put marks around the thought, each family its own. A server can
leave them in the text, with or without the mark that its chat template wrote.
Knows nothing of engines; imports nothing from leavs.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """A reply's text in two parts.

    Args:
        thought: what stands between the marks; "" if there are none.
        answer: the text behind the thought; "" if the thought has no end.
        unfinished: the thought has no end.
    """

    thought: str
    answer: str
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class _Family:
    """How some models mark a thought.

    Args:
        opening: the mark before it.
        closing: the mark behind it, if the opening was seen.
        closing_alone: the mark that shows that a thought stands before it, wherever that began.
    """

    opening: re.Pattern[str]
    closing: re.Pattern[str]
    closing_alone: re.Pattern[str]


def _family(opening: str, closing: str, closing_alone: str | None = None) -> _Family:
    alone = closing if closing_alone is None else closing_alone
    return _Family(re.compile(opening), re.compile(closing), re.compile(alone))


def _tags(name: str) -> _Family:
    return _family(rf"(?i:<{name}>)", rf"(?i:</{name}>)")


# gpt-oss speaks on channels, and its thoughts end with the turn or with the channel of the answer.
_HEAD = r"(?:<\|start\|>assistant)?<\|channel\|>"
_MESSAGE = r"[^<\n]{0,40}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>"
_FINAL = rf"(?:<\|end\|>)?{_HEAD}final{_MESSAGE}"
_HARMONY = _family(rf"{_HEAD}(?:analysis|commentary){_MESSAGE}", rf"{_FINAL}|<\|end\|>", _FINAL)
# The same without its special tokens, so that the channels' names stand glued to what was said.
_STRIPPED = _family(r'analysis(?=[\w"“(\[*#])', "assistantfinal")

_FAMILIES = (
    *map(_tags, ("think", "thinking", "thought", "reasoning", "seed:think")),
    _family(r"\[THINK\]", r"\[/THINK\]"),  # Mistral
    _family("◁think▷", "◁/think▷"),  # Kimi
    _family(r"<\|channel>thought\b", r"<channel\|>"),  # Gemma 4
    _HARMONY,
    _STRIPPED,
)
_CLOSING = re.compile("|".join(family.closing_alone.pattern for family in _FAMILIES))
_MARK = re.compile(
    "|".join(
        family.opening.pattern + "|" + family.closing_alone.pattern
        for family in _FAMILIES
        if family is not _STRIPPED
    )
    + f"|{_STRIPPED.closing.pattern}"
)
_ANSWER_HEAD = re.compile(_FINAL)  # an answer of gpt-oss without a thought has one, too
_ANSWER_END = re.compile(r"(?:<\|return\|>|<\|end\|>)\s*\Z")  # and none without an end
_SPACE = re.compile(r"\s*")


def split_thought(text: str) -> Split:
    """Cut the thought that stands before the answer from a reply's text.

    A text with a closing mark alone was begun by the template: all before the mark is the thought.
    Where a mark stands elsewhere, as in the middle of an answer, nothing is cut: such an answer is
    not to be mended, and a strict reader refuses it.
    """
    thoughts: list[str] = []
    place = _after_space(text, 0)
    if _family_at(text, place) is None:
        mark = _MARK.search(text)
        if mark is None:
            return Split("", _ANSWER_END.sub("", text))
        if _CLOSING.match(text, mark.start()) is None:
            return Split("", text)
        thoughts, place = [text[: mark.start()]], mark.end()
    while found := _family_at(text, place := _after_space(text, place)):
        family, begin = found
        closing = family.closing.search(text, begin)
        if closing is None:
            return Split(_joined([*thoughts, text[begin:]]), "", unfinished=True)
        thoughts.append(text[begin : closing.start()])
        place = closing.end()
    answer = _answer(text[place:])
    return Split("", text) if _MARK.search(answer) else Split(_joined(thoughts), answer)


def _family_at(text: str, place: int) -> tuple[_Family, int] | None:
    """The family whose thought begins at a place, and where its mark ends."""
    for family in _FAMILIES:
        if opening := family.opening.match(text, place):
            return family, opening.end()
    return None


def _after_space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return place if space is None else space.end()


def _answer(text: str) -> str:
    """The answer without the marks that stand around it."""
    text = text.strip()
    if head := _ANSWER_HEAD.match(text):
        text = text[head.end() :]
    return _ANSWER_END.sub("", text).strip()


def _joined(thoughts: list[str]) -> str:
    return "\n\n".join(thought.strip() for thought in thoughts if thought.strip())
