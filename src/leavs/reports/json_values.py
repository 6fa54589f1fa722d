"""Parses JSON strictly: a key that comes twice is refused, of which json would keep the last.

Knows nothing of what the values mean; imports nothing from leavs.
"""

import json

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class RepeatedKeyError(ValueError):
    """An object has two values under one key: one of them would be lost."""


def parse(text: str) -> Json:
    """Parse a text as JSON.

    Raises:
        RepeatedKeyError: an object in it has a key twice.
        ValueError: it is not JSON; RecursionError where it is nested too deeply.
    """
    value: Json = json.loads(text, object_pairs_hook=_object)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise RepeatedKeyError
    return values
