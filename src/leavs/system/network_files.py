"""Retries for network file systems, whose failures often pass by themselves.

Knows nothing of what a file holds; imports nothing from leavs.
"""

import errno
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from retry.api import retry_call

_T = TypeVar("_T")
_TRANSIENT = (errno.EIO, errno.ESTALE, errno.EAGAIN, errno.ETIMEDOUT)


class _TransientError(OSError):
    """A failure of a network file system that often passes by itself."""


def with_retries(call: Callable[[], _T], delay: float = 0.5) -> _T:
    """Call a function, up to four times in all, while a network file system fails for a moment.

    Args:
        call: touches the file system; must be safe to repeat.
        delay: seconds before the second try; doubled for each one after it.

    Raises:
        OSError: what `call` raised; a failure that may pass is raised only after the last try.
    """

    def attempt() -> _T:
        try:
            return call()
        except OSError as error:
            if error.errno not in _TRANSIENT:
                raise
            raise _TransientError(error.errno, error.strerror, error.filename) from error

    result: _T = retry_call(
        attempt, exceptions=_TransientError, tries=4, delay=delay, backoff=2, logger=None
    )
    return result


class _RetryingFile(io.FileIO):
    """A file that retries each read; a failed read has not moved the position."""

    def readinto(self, buffer: Any) -> int | None:
        return with_retries(partial(super().readinto, buffer))

    # FileIO's own read and readall bypass our readinto, and its readall loses what it has read if
    # it fails half way; RawIOBase's call readinto.
    def read(self, size: int | None = -1) -> bytes | Any:
        return io.RawIOBase.read(self, -1 if size is None else size)

    def readall(self) -> bytes | Any:
        return io.RawIOBase.readall(self)


def open_with_retries(path: Path) -> "io.BufferedReader[Any]":
    """Open a file to read its bytes; opening it and each read are retried.

    Raises:
        OSError: the file cannot be opened, not even at the last try.
    """
    return io.BufferedReader(with_retries(partial(_RetryingFile, path)))
