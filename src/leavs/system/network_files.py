"""Patience with network file systems, whose failures often pass by themselves.

Says nothing of what a file holds; imports nothing from leavs.
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


def patiently(call: Callable[[], _T], delay: float = 0.5) -> _T:
    """Call again, up to three times more, while a network file system fails for a moment.

    Args:
        call: touches the file system; must be safe to repeat.
        delay: seconds before the second try; doubled for each one after it.

    Raises:
        OSError: what `call` raised, at once or at the last try.
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


class _PatientFile(io.FileIO):
    """A file whose single reads are tried again; a failed read has not moved the position."""

    def readinto(self, buffer: Any) -> int | None:
        return patiently(partial(super().readinto, buffer))

    # FileIO's own two read past our readinto, and its readall loses what it has read when it fails
    # half way; RawIOBase's are made of readinto.
    def read(self, size: int | None = -1) -> bytes | Any:
        return io.RawIOBase.read(self, -1 if size is None else size)

    def readall(self) -> bytes | Any:
        return io.RawIOBase.readall(self)


def open_patiently(path: Path) -> "io.BufferedReader[Any]":
    """Open a file to read its bytes; opening and each single read are tried again.

    Raises:
        OSError: what stood in the way, also at the last try.
    """
    return io.BufferedReader(patiently(partial(_PatientFile, path)))
