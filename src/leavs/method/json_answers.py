"""The answers as JSON, for servers that hold a reply to a schema: their schemas and readers.

Reads strictly: an object with the key `answer` and no other, no key twice, nothing behind it. No
error holds text of the reply, because it may quote the report.

No schema says that items are unique: some servers refuse a schema that does (vLLM's grammars and
OpenAI's strict mode know no `uniqueItems`). An item that is listed twice counts once.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from leavs.errors import AnswerError
from leavs.method.answers import Quote

_FENCE = re.compile(r"```[a-zA-Z]*+[ \t]*+\r?\n")
_OPENING = re.compile(r'\{\s*+"answer"\s*+:\s*+\[\s*+')
_NEXT_ITEM = re.compile(r"\s*+(?:,\s*+|\Z)")
_END = re.compile(r"\s*+(?:\]\s*+(?:\}\s*+)?+)?+")


def letters_schema(letters: str) -> str:
    """Return the JSON schema of a list of letters; an empty one says that none applies."""
    items = {"type": "string", "enum": list(letters)}
    return json.dumps({"type": "array", "items": items, "maxItems": len(letters)})


def numbers_schema(count: int) -> str:
    """Return the JSON schema of a list of numbers from 1 to `count`, which may be empty."""
    items = {"type": "integer", "minimum": 1, "maximum": count}
    return json.dumps({"type": "array", "items": items, "maxItems": count})


QUOTES_SCHEMA = json.dumps(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"quote": {"type": "string"}, "informative": {"type": "boolean"}},
            "required": ["quote", "informative"],
            "additionalProperties": False,
        },
    }
)


def read_json_choice(text: str, choices: Sequence[str]) -> str:
    """Return the one choice that a reply names.

    Raises:
        AnswerError: the reply is not such an object, or names no choice.
    """
    answer = _answer_in(text)
    if not isinstance(answer, str) or answer not in tuple(choices):
        raise _error(text)
    return answer


def read_json_letters(text: str, letters: str) -> tuple[str, ...]:
    """Return the letters that a reply lists, in the order of `letters`; there may be none.

    Raises:
        AnswerError: the reply is not such an object, or lists anything else.
    """
    named = _list_in(text)
    if not all(isinstance(one, str) and one in tuple(letters) for one in named):
        raise _error(text)
    return tuple(letter for letter in letters if letter in named)


def read_json_numbers(text: str, count: int) -> tuple[int, ...]:
    """Return the numbers that a reply lists, in order; there may be none.

    Raises:
        AnswerError: the reply is not such an object, or lists anything but numbers up to `count`.
    """
    named = _list_in(text)
    if not all(type(one) is int and 1 <= one <= count for one in named):  # True is no number
        raise _error(text)
    return tuple(sorted(set(named)))


def read_json_quotes(text: str, cut: bool = False) -> tuple[Quote, ...]:
    """Return the quotes that a reply lists; there may be none.

    Args:
        cut: whether the engine stopped the reply at its length limit; if so, an incomplete last
            quote is left out.

    Raises:
        AnswerError: the reply is not such an object, or lists anything but marked quotes.
    """
    items = _complete_items(text) if cut else _list_in(text)
    if not all(_is_quote(item) for item in items):
        raise _error(text)
    return tuple(Quote(item["quote"], item["informative"]) for item in items)


def _is_quote(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() == {"quote", "informative"}
        and isinstance(item["quote"], str)
        and isinstance(item["informative"], bool)
    )


def _list_in(text: str) -> list[Any]:
    answer = _answer_in(text)
    if not isinstance(answer, list):
        raise _error(text)
    return answer


def _answer_in(text: str) -> Any:
    """The value of the one key `answer`."""
    try:
        reply = _DECODER.decode(_unfenced(text))
    except (ValueError, RecursionError):
        raise _error(text) from None
    if not isinstance(reply, dict) or reply.keys() != {"answer"}:
        raise _error(text)
    return reply["answer"]


def _complete_items(text: str) -> list[Any]:
    """The items of a list up to where the reply was cut."""
    bare = _unfenced(text)
    opening = _OPENING.match(bare)
    if opening is None:
        raise _error(text)
    items: list[Any] = []
    place = opening.end()
    while bare.startswith("{", place):
        try:
            item, end = _DECODER.raw_decode(bare, place)
        except (ValueError, RecursionError):
            return items
        items.append(item)
        following = _NEXT_ITEM.match(bare, end)
        if following is None:
            place = end
            break
        place = following.end()
    if not _END.fullmatch(bare, place):
        raise _error(text)
    return items


def _unfenced(text: str) -> str:
    """The text without white space and a code fence around it."""
    text = text.strip()
    fence = _FENCE.match(text)
    return text[fence.end() :].removesuffix("```").strip() if fence else text


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AnswerError("a key stands twice in the JSON of the reply")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_each_key_once)


def _error(text: str) -> AnswerError:
    return AnswerError(f"the reply is not the JSON that was asked for ({len(text)} characters)")
