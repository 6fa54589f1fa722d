"""The exit codes of the commands, and the errors that end in each."""

import sys
from collections.abc import Callable
from typing import Any

import cyclopts

from leavs.errors import (
    EngineError,
    EngineStartError,
    FailureLimitError,
    LeavsError,
    StorageError,
)

FATAL, USAGE, FAILED_CELLS, RESUMABLE, INTERRUPTED = 1, 2, 3, 75, 130


def ended(call: Callable[[], Any]) -> int:
    """Call, and return the exit code: of a foreseen error, or the result if it is a number."""
    try:
        result = call()
    except cyclopts.CycloptsError as error:
        print(f"leavs: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE
    except LeavsError as error:
        print(f"leavs: {error}", file=sys.stderr)
        return _code_of(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _code_of(error: LeavsError) -> int:
    if isinstance(error, EngineStartError):
        return FATAL
    resumable = isinstance(error, EngineError | FailureLimitError | StorageError)
    return RESUMABLE if resumable else USAGE
