"""What is said of an output folder or file that cannot be written."""

import os
from pathlib import Path

from leavs.errors import UsageError


def require_writable(output_dir: Path) -> None:
    """Refuse a folder, there or to be made, that nothing can be written to.

    Raises:
        UsageError: it, or the nearest folder above it that exists, cannot be written.
    """
    whole = output_dir.resolve()
    nearest = next(folder for folder in (whole, *whole.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UsageError(f"--output-dir {output_dir}: nothing can be written there; name another")


def folder_not_writable(output_dir: Path, error: OSError) -> UsageError:
    """Return what to raise where writing into the folder failed."""
    return UsageError(
        f"--output-dir {output_dir} cannot be written ({type(error).__name__}); name another"
    )


def file_not_writable(output: Path, error: OSError) -> UsageError:
    """Return what to raise where writing the file failed."""
    return UsageError(
        f"{output} cannot be written ({type(error).__name__}); name another with --output"
    )
