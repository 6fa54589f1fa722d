"""Opens an input file as text, with retries, gzip, byte order marks and encodings.

Knows nothing of what is in the file.
"""

import io
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from leavs.errors import InputError
from leavs.system.network_files import open_with_retries, with_retries

LONGEST = 16 * 1024 * 1024
"""Characters in one field or line; a longer one is no report but a quote that is never closed."""

Bytes: TypeAlias = "io.BufferedReader[Any] | GzipFile"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def open_bytes(path: Path) -> Iterator[Bytes]:
    """Open a file to read its bytes, unpacked if its name ends in .gz.

    Raises:
        InputError: the file cannot be opened or, inside the `with` block, cannot be read further.
    """
    with _readable(path), ExitStack() as stack:
        _require_file(path)
        data: Bytes = stack.enter_context(open_with_retries(path))
        if path.suffix.lower() == ".gz":
            data = stack.enter_context(GzipFile(fileobj=data))
        yield data


@contextmanager
def open_text(path: Path, newline: str = "") -> Iterator[tuple[TextIO, str]]:
    """Open a text file without its byte order mark, unpacked if its name ends in .gz.

    Gives the stream, and the name of the encoding if it is UTF-16, else "". Bytes that are not
    UTF-8 become lone surrogates, which `settled` turns into text: so one record in another
    encoding does not change how the others are read, and no first pass over the file is needed.

    Raises:
        InputError: the file cannot be opened or, inside the `with` block, cannot be read further.
    """
    with open_bytes(path) as data:
        encoding, errors = _find_encoding(data)
        with io.TextIOWrapper(data, encoding, errors, newline) as stream:
            yield stream, "" if encoding == "utf-8" else encoding


def _find_encoding(data: Bytes) -> tuple[str, str]:
    """The encoding and its error handler; leaves the stream after a UTF-8 mark, else at the start.

    Python's utf-16 takes its own mark away.
    """
    head = data.read(len(_UTF8_MARK))
    if head != _UTF8_MARK:
        data.seek(0)
    return ("utf-16", "surrogatepass") if head[:2] in _UTF16_MARKS else ("utf-8", "surrogateescape")


def settled(text: str, encoding: str) -> tuple[str, str]:
    """Decode as cp1252 what was not UTF-8; return the text and its encoding, "" if it is UTF-8.

    cp1252 is the last that is tried: latin-1 would accept any bytes and decode them wrongly. A text
    in none of the encodings keeps its lone surrogates (see `is_decoded`).

    Args:
        encoding: of the file, as `open_text` gives it; UTF-16 is not decoded again.
    """
    if encoding or is_decoded(text):
        return text, encoding
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252"), "cp1252"
    except UnicodeError:
        return text, ""


def lines_of(stream: TextIO, where: Callable[[int], str]) -> Iterator[str]:
    """Read the lines of a text, with their line ends.

    Args:
        where: words for the number of a line, for messages.

    Raises:
        InputError: a line is longer than LONGEST.
    """
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(("\n", "\r")):
            raise InputError(
                f"{where(number)} is longer than {LONGEST:,} characters; is it the right file?"
            )
        yield line


def is_decoded(text: str) -> bool:
    """Whether the text holds no lone surrogate, hence can be written as UTF-8."""
    return text.isascii() or not _SURROGATE.search(text)


def shown(name: object) -> str:
    """Escape a path or name, so that a message that contains it stays on one line."""
    text = str(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _require_file(path: Path) -> None:
    try:
        mode = with_retries(path.stat).st_mode
    except ValueError:
        # A NUL or an undecodable character, as in a file that is no list of files.
        raise InputError(f"{shown(path)} is not a path; check the list of files") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{shown(path)} is a folder, not a file; a folder goes to --input-dir")
    if not stat.S_ISREG(mode):
        # Reading a pipe could wait for ever, and can be done only once.
        raise InputError(f"{shown(path)} is not a regular file; save what it gives to a file first")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the errors of reading a file into an InputError that does not quote the file."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{shown(path)} does not exist; check the path") from None
    except (EOFError, BadGzipFile, zlib.error):
        raise InputError(f"{shown(path)} is no gzip file or a damaged one; pack it again") from None
    except UnicodeError:
        raise InputError(
            f"{shown(path)} starts as UTF-16 and is not valid UTF-16; save it as UTF-8"
        ) from None
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read: {error.strerror}") from None
