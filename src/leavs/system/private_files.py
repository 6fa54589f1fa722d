"""Files for private health data: only their owner can read them, and nobody sees one half written.

Knows nothing of what is written; imports nothing from leavs.
"""

import io
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

_HOST = socket.gethostname().replace("/", "_")


def make_private_folder(folder: Path) -> None:
    """Create a folder, and those above it that are missing, for the owner alone (0700)."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, flags: int) -> int:
    """Open a file descriptor; a new file is readable by its owner alone (0600)."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


@contextmanager
def bytes_written_whole(path: Path) -> Iterator[BinaryIO]:
    """Write to a temporary file that replaces `path` at the end of the block, unless it fails."""
    mine = f"{_HOST}-{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.name}.{mine}.tmp")
    descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes of this machine that were killed while writing."""
    for path in folder.glob(f".*.{_HOST}-*-*.tmp"):
        process = path.name.removesuffix(".tmp").rsplit("-", 2)[1]
        if process.isdigit() and not Path("/proc", process).exists():
            path.unlink(missing_ok=True)


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """Write text as `bytes_written_whole` writes bytes: in UTF-8, newlines unchanged."""
    with bytes_written_whole(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
