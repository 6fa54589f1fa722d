"""Packages that only some commands need, installed by an extra of leavs."""

from collections.abc import Iterator
from contextlib import contextmanager

from leavs.errors import UsageError


@contextmanager
def needing(extra: str, *packages: str, what: str = "") -> Iterator[None]:
    """Turn a failed import into advice to install the extra.

    Args:
        what: what needs the packages; by default the command of the extra's name.

    Raises:
        UsageError: one of these packages is not installed.
    """
    try:
        yield
    except ImportError as error:
        if error.name is None or error.name.split(".")[0] not in packages:
            raise
        raise UsageError(
            f"{what or f'leavs {extra}'} needs {error.name}: pip install 'leavs[{extra}]'"
        ) from error
