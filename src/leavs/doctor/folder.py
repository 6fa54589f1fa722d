"""Checks the output folder: whether it can be written, its file system, and the free space.

Files that a check writes are removed.
"""

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.errors import RunFolderError
from leavs.journal import manifest
from leavs.journal.journal import has_results
from leavs.system.private_files import open_private

# Bytes written for each report, somewhat more than scripts/bench_scale.py measures with the shipped
# reports (1.5 KB of text each), all organs, without texts or reasoning kept.
JOURNAL_BYTES = 30_000
TABLES_BYTES = 40_000
MOUNTS = Path("/proc/self/mounts")
IN_MEMORY = ("tmpfs", "ramfs")
OF_A_CONTAINER = ("overlay", "aufs")
OF_A_CLUSTER = ("nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "wekafs", "fuse.juicefs")


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The folder that a run would write to.

    Args:
        folder: the absolute path of the folder.
        nearest: the folder itself, or the nearest one above it that exists.
        system: the type of the file system; "" if not known.
        free: the bytes that this user can still write.
        others_read: whether users other than the owner have access to the folder.
        refused: why the folder cannot be written; "" if it can.
    """

    folder: Path
    nearest: Path
    system: str
    free: int
    others_read: bool
    refused: str

    @property
    def exists(self) -> bool:
        """Whether the folder itself exists."""
        return self.nearest == self.folder


def look_at(folder: Path) -> OutputFolder:
    """Describe an output folder, and try to write in it or the nearest folder above that exists."""
    whole = folder.expanduser().absolute()
    nearest = next(path for path in (whole, *whole.parents) if path.exists())
    mounts = MOUNTS.read_text(encoding="utf-8", errors="replace") if MOUNTS.exists() else ""
    return OutputFolder(
        whole,
        nearest,
        file_system(nearest.resolve(), mounts),
        shutil.disk_usage(nearest).free,
        nearest == whole and bool(nearest.stat().st_mode & 0o077),
        try_to_write(nearest),
    )


def try_to_write(folder: Path) -> str:
    """Write, sync and rename a file as a run does, and remove it.

    Returns:
        Why the folder cannot be written; "" if it can.
    """
    if not folder.is_dir():
        return "it is no folder"
    first = folder / f".leavs-doctor-{secrets.token_hex(4)}"
    second = first.with_suffix(".renamed")
    try:
        descriptor = open_private(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.write(descriptor, b"x" * 4096)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        first.replace(second)
    except OSError as error:
        return str(error.strerror)
    finally:
        with suppress(OSError):  # a file system that is only read refuses this, too
            first.unlink(missing_ok=True)
            second.unlink(missing_ok=True)
    return ""


def file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds a path, given the lines of /proc/mounts."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[1])
        inside = path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):  # a later mount on the same point hides the earlier
            best, kind = point, fields[2]
    return kind


def examine_folder(place: OutputFolder, reports: int | None) -> list[Finding]:
    """Check an output folder.

    Args:
        reports: the number of reports of the run; None if not known.
    """
    if place.refused:
        said = f"{place.nearest} cannot be written: {place.refused}"
        return [problem("output folder", said, "choose another --output-dir")]
    where = f"{place.folder} can be written" if place.exists else f"{place.folder} can be made"
    if place.others_read:
        advice = f"chmod 700 {place.folder}; the files in it are for their owner alone either way"
        found = [warning("output folder", f"{where}, but others can look into it", advice)]
    else:
        found = [fine("output folder", where)]
    return [*found, _system(place), _space(place, reports)]


def _system(place: OutputFolder) -> Finding:
    kind = place.system or "of a kind that is not known"
    if place.system in IN_MEMORY:
        said = f"{kind}: what is written there is lost when the machine stops, and takes memory"
        return warning("file system", said, "choose an --output-dir on a disk")
    if place.system in OF_A_CONTAINER:
        said = f"{kind}: inside a container, and may be lost with it"
        return warning("file system", said, "bind a folder of the machine into the container")
    if place.system in OF_A_CLUSTER:
        return fine("file system", f"{kind}; fine for many processes, no locks are used")
    return fine("file system", kind)


def _space(place: OutputFolder, reports: int | None) -> Finding:
    said = f"{place.free / 1e9:,.1f} GB free"
    a_report = JOURNAL_BYTES + TABLES_BYTES
    if reports is None:
        return fine("space", f"{said}; a report takes about {a_report / 1e6:.2f} MB")
    needed = reports * a_report
    said += f", {needed / 1e9:,.1f} GB needed for {reports:,} reports (by what others took)"
    if needed > place.free:
        return problem("space", said, "choose another --output-dir, or free some space")
    # A new table is written beside the old one before it replaces that.
    if needed + reports * TABLES_BYTES > place.free:
        return warning("space", f"{said}; not enough to write the tables twice", "free some space")
    return fine("space", said)


def run_in(place: OutputFolder, identity: Mapping[str, Any] | None) -> tuple[Finding | None, bool]:
    """Find a run in the folder; return a finding, or None, and whether our run would continue it.

    Args:
        identity: the identity of our run; None if not known.
    """
    check = "run"
    folder = place.folder
    if not place.exists:
        return None, False
    try:
        if (folder / manifest.FILE).exists():
            manifest.refuse_merged(folder, manifest.read(folder))
        if not has_results(folder):
            return None, False
        old = manifest.read(folder)["identity"]
        if identity is None:
            said = f"{_named(old)}; not compared, for no model is chosen"
            return warning(check, said), False
        manifest.refuse_if_different(folder, old, identity)
    except RunFolderError as error:
        return problem(check, str(error)), False
    return fine(check, f"{_named(old)}; the run would go on with it"), True


def _named(identity: Mapping[str, Any]) -> str:
    model = identity.get("model") or identity.get("engine")
    return f"a run of {model} with the pack {identity.get('pack')}"
