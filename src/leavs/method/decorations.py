"""Takes off what models put around an answer: Markdown, TeX boxes, quotation marks, bullets.

Pure functions on text; knows nothing of answers. All of them take time in proportion to the text,
because a reply may be long: quantifiers are possessive, so that nothing is tried twice.
"""

import re

# A line that opens or closes a block of code, with the name of its language, or a drawn line.
_FENCE = re.compile(r"^[ \t]*+(?:```[ \t]*+[a-z]*+|-{3,}+|_{3,}+|={3,}+)[ \t]*+\r?$", re.MULTILINE)
_BOX = re.compile(r"\\(?:boxed|fbox|text(?:bf|it|rm)?|math(?:bf|it|rm))[ ]*+\{([^{}]{0,200}+)\}")
_NESTED_BOXES = 2
_TAG = re.compile(r"</?(?:answer|final_answer|b|em|i|strong)>")
# Signs of emphasis and of mathematics. Between two words or numbers they mean something else.
_SIGN = r"(?:[*`$]|\\[()\[\]])++"
_EMPHASIS = re.compile(rf"(?<![^\W_]){_SIGN}|{_SIGN}(?![^\W_])")
_BULLETS = re.compile(r"(?:(?:[-•◦‣·–—>]|#{1,6}+)[ \t]++)++")
_WRAPPERS = (
    *(('"', '"'), ("'", "'"), ("“", "”"), ("„", "“"), ("„", "”"), ("”", "”")),
    *(("‘", "’"), ("«", "»"), ("__", "__"), ("_", "_")),
)
_NESTED_WRAPPERS = 4
_INVISIBLE = "\ufeff\u200b"


def without_fences(text: str) -> str:
    """Return the text with the lines emptied that open or close a block, of code or another."""
    return _FENCE.sub("", text)


def plain(text: str) -> str:
    """Return the text without code fences, TeX boxes, tags and signs of emphasis.

    What crosses something out ("~~A~~") stays, because it changes the meaning.
    """
    text = without_fences(text)
    for _ in range(_NESTED_BOXES):
        text = _BOX.sub(r"\1", text)
    return undressed(_EMPHASIS.sub("", _TAG.sub(" ", text)))


def undressed(text: str) -> str:
    """Return the text without white space and quotation marks around the whole of it.

    A full stop behind the last quotation mark goes with it.
    """
    text = text.strip().strip(_INVISIBLE).strip()
    for _ in range(_NESTED_WRAPPERS):
        inside = _inside(text.removesuffix("."))
        if inside is None:
            break
        text = inside.strip()
    return text


def _inside(text: str) -> str | None:
    """What a pair of marks encloses; None if the text as a whole stands in no such pair."""
    for first, last in _WRAPPERS:
        if text.startswith(first) and text.endswith(last) and len(text) > len(first + last):
            inside = text[len(first) : -len(last)]
            if last not in inside:
                return inside
    return None


def without_bullets(line: str) -> str:
    """Return a line without white space around it and the bullets or heading signs before it."""
    line = line.strip()
    bullets = _BULLETS.match(line)
    return line[bullets.end() :] if bullets else line
