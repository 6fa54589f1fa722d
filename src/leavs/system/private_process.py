"""Keeps private data inside the process: no statistics, no core dumps, no text in tracebacks.

Messages of exceptions that are not leavs' own may quote private data ("could not convert string to
float: ..."); a bug's traceback therefore names the place and the kind of the error alone. Knows
nothing of reports.
"""

import logging
import os
import resource
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from leavs.errors import LeavsError

# Of vLLM, Ray and Hugging Face; set before any of them is imported, whatever the user has set.
NO_STATISTICS = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
LOGS_OF_CLIENTS = ("OPENAI_LOG",)  # at debug level some of them write whole requests
SHOWS_MESSAGES = "LEAVS_SHOW_MESSAGES"
WITHHELD = f"message withheld, it may quote a report; {SHOWS_MESSAGES}=1 shows it"


class BugElsewhere(Exception):  # noqa: N818 - the bug is the error
    """A bug in another process; the message is its traceback, as `bug_in_lines` gives it there."""


# Their messages name files, modules and attributes.
PLAIN = (
    LeavsError,
    BugElsewhere,
    ImportError,
    NameError,
    AttributeError,
    MemoryError,
    RecursionError,
)


def keep_private() -> None:
    """Keep private data inside this process; its children inherit most of the settings."""
    os.umask(0o077)  # whatever is written holds private health data
    os.environ.update(NO_STATISTICS)
    for name in LOGS_OF_CLIENTS:
        os.environ.pop(name, None)
    forbid_core_dumps()
    sys.excepthook = _say_uncaught
    threading.excepthook = _say_of_thread
    sys.unraisablehook = _say_unraisable
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Formatter())


def forbid_core_dumps() -> None:
    """Keep a crash of this process or its children from writing their memory to a disk.

    A limit of 1 byte also stops core dumps that the kernel pipes to a collector; 0 does not.
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 0 if most == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def bug_in_lines(error: BaseException) -> str:
    """Format a traceback; messages that may quote private data are withheld."""
    if os.environ.get(SHOWS_MESSAGES) == "1":
        return "".join(traceback.format_exception(error))
    return "".join(_lines(error, set()))


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield "\nand then:\n\n"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield f"{_name(error)}: {_message(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            if id(one) not in seen:
                yield from _lines(one, seen)


def _name(error: BaseException) -> str:
    home = type(error).__module__
    return type(error).__qualname__ if home == "builtins" else f"{home}.{type(error).__qualname__}"


def _message(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return f"[Errno {error.errno}] {error.strerror}: {error.filename!r}"
    return str(error) if isinstance(error, PLAIN) else f"({WITHHELD})"


class _Formatter(logging.Formatter):
    """For records that no other handler takes, such as those of a server or an event loop."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        if record.name != "asyncio":
            return super().formatMessage(record)
        # It names tasks and callbacks with their arguments and errors.
        return "an error that nobody took" if record.exc_info else record.message.split("\n")[0]

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return bug_in_lines(ei[1]).rstrip("\n") if ei[1] is not None else ""


def _say_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _say(bug_in_lines(error))


def _say_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        _say(f"in a thread:\n{bug_in_lines(told.exc_value)}")


def _say_unraisable(told: "sys.UnraisableHookArgs") -> None:
    if told.exc_value is not None:
        _say(f"ignored:\n{bug_in_lines(told.exc_value)}")


def _say(lines: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(lines)
