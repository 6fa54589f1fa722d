"""Splits a JSON array into the texts of its elements, without holding all of it in memory.

Knows nothing of what the elements are.
"""

import json
import re
from collections.abc import Iterator
from typing import TextIO

from leavs.reports.opening import LONGEST

_CHUNK = 64 * 1024
_ARRAY = re.compile(r"\s*\[\s*(?:[{\]]|$)")
_BEGIN = re.compile(r"\s*\[\s*(\])?")
_BETWEEN = re.compile(r"\s*(,|\])\s*")


class BrokenArrayError(Exception):
    """What follows is no element of an array."""


def begins_array(head: str) -> bool:
    """Whether a text begins as an array of objects does."""
    return _ARRAY.match(head) is not None


def elements_of(stream: TextIO) -> Iterator[str]:
    """Yield the JSON text of each element.

    Raises:
        BrokenArrayError: the array is not JSON from here on, or is followed by something.
    """
    text = _filled(stream, "", _CHUNK)
    begin = _BEGIN.match(text)
    at, end = (begin.end(), "]" if begin[1] else ",") if begin else (0, ",")
    while end == ",":
        element, text, at, end = _next(stream, text, at)
        yield element
    if (text[at:] + stream.read(_CHUNK)).strip():
        raise BrokenArrayError


def _next(stream: TextIO, text: str, at: int) -> tuple[str, str, int, str]:
    """Find an element from a place on, reading on until it and what ends it are there.

    Gives the element, the text, the place after it, and what ends it. The text is not cut for each
    element: after a long one it is long, and its copies would take long.
    """
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(text, at)
            between = _BETWEEN.match(text, end)
        except (ValueError, RecursionError):
            between = None
        if between:
            return text[at:end], text, between.end(), between[1]
        text, at = text[at:].lstrip(), 0
        more = _filled(stream, text, 2 * len(text) + 1)
        if len(more) == len(text) or len(text) > LONGEST:
            raise BrokenArrayError
        text = more


def _filled(stream: TextIO, text: str, length: int) -> str:
    """The text with more of the stream, to a length if there is so much."""
    if len(text) >= length:
        return text
    return text + stream.read(max(_CHUNK, length - len(text)))
