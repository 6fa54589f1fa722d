"""Open an input file as text: network hiccups, gzip, byte order marks and encodings.

Knows nothing of what stands in the file.
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
from leavs.system.network_files import open_patiently, patiently

LONGEST = 16 * 1024 * 1024
"""Characters in one field or line; what is longer is no report but a quote that is never closed."""

_Bytes: TypeAlias = "io.BufferedReader[Any] | GzipFile"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def open_text(path: Path, newline: str = "") -> Iterator[tuple[TextIO, str]]:
    """Open a text file, unpacked where its name ends in .gz, without its byte order mark.

    Gives the stream and the name of the encoding where it is UTF-16, else "". Bytes that are not
    UTF-8 come as lone surrogates, which `settled` turns into text: so one record in another
    encoding does not change how the others are read, and no first pass over the file is needed.

    Raises:
        InputError: the file cannot be opened, or, inside the `with` block, cannot be read on.
    """
    with _readable(path), ExitStack() as stack:
        _require_file(path)
        data: _Bytes = stack.enter_context(open_patiently(path))
        if path.suffix.lower() == ".gz":
            data = stack.enter_context(GzipFile(fileobj=data))
        encoding, errors = _find_encoding(data)
        stream = io.TextIOWrapper(data, encoding, errors, newline)
        yield stack.enter_context(stream), "" if encoding == "utf-8" else encoding


def _find_encoding(data: _Bytes) -> tuple[str, str]:
    """The encoding and its error handler; leaves the stream after a UTF-8 mark, else at the start.

    Python's utf-16 takes its own mark away.
    """
    head = data.read(len(_UTF8_MARK))
    if head != _UTF8_MARK:
        data.seek(0)
    return ("utf-16", "surrogatepass") if head[:2] in _UTF16_MARKS else ("utf-8", "surrogateescape")


def settled(text: str, encoding: str) -> tuple[str, str]:
    """Decode as cp1252 what was not UTF-8; gives the text and its encoding, "" where it is UTF-8.

    cp1252 is the last that is tried: latin-1 would take any bytes and make them silently wrong.
    A text that no encoding takes keeps its lone surrogates (see `is_decoded`).

    Args:
        encoding: of the file, as `open_text` gives it; what is UTF-16 is not decoded again.
    """
    if encoding or is_decoded(text):
        return text, encoding
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252"), "cp1252"
    except UnicodeError:
        return text, ""


def lines_of(stream: TextIO, where: Callable[[int], str]) -> Iterator[str]:
    """The lines of a text, with their ends.

    Raises:
        InputError: a line is longer than LONGEST; `where` makes words of its number.
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
    """A path or name as it can stand in a message of one line, whatever characters it holds."""
    text = str(name)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _require_file(path: Path) -> None:
    try:
        mode = patiently(path.stat).st_mode
    except ValueError:
        # A NUL or an undecodable character, as in a list of files that is no list.
        raise InputError(f"{shown(path)} is not a path; check the list of files") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{shown(path)} is a folder, not a file; a folder goes to --input-dir")
    if not stat.S_ISREG(mode):
        # A pipe would block here, and can be read only once.
        raise InputError(f"{shown(path)} is not a regular file; save what it gives to a file first")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into an InputError, without quoting the file."""
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
