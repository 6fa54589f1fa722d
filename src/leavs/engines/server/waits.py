"""How long to wait before a request is sent again: what the server says, else longer each time.

Knows nothing of requests; imports nothing from leavs.
"""

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MAX_PAUSE_SECONDS = 8.0  # where the server does not say
MAX_SAID_SECONDS = 120.0  # a server that says more is not waited for as long


def pause_before(retry: int, first_seconds: float, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait before a retry.

    Args:
        retry: its number, from 1.
        first_seconds: the pause before the first retry, doubled for each further one.
        headers: of the answer that was none.
    """
    said = _said(headers)
    if said is not None and 0 <= said <= MAX_SAID_SECONDS:
        return said
    pause = min(first_seconds * 2.0 ** (retry - 1), MAX_PAUSE_SECONDS)
    return pause * random.uniform(0.75, 1.0)  # noqa: S311 (so that not all retry at once)


def _said(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks for: milliseconds, seconds, or a date; None for nothing."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    after = headers.get("retry-after")
    seconds = _number(after)
    if seconds is not None or after is None:
        return seconds
    try:
        return parsedate_to_datetime(after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
