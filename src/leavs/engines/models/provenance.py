"""Tells where a model came from: its public name, and the commit of the files that were loaded.

Knows the layouts in which Hugging Face's own tools keep models; asks no network, loads nothing.
"""

import re
from pathlib import Path

from leavs.engines.models.demo import NAME as DEMO
from leavs.engines.models.demo import TITLE

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SNAPSHOT = re.compile(r"models--([^/]+)/snapshots/([0-9a-f]{40})/?$")
_RECEIPTS = ".cache/huggingface/download"  # of a download into a folder of its own


def public_name(model: str) -> str:
    """Return a model's name without the path of its folder, which may be private.

    A folder of the hub's cache has the id of its model; any other folder its own name, and so has
    a name of a server that is longer than an id of the hub, such as an address or an account's.
    """
    if model == DEMO:
        return TITLE
    if found := _SNAPSHOT.search(model):
        return found[1].replace("--", "/")
    is_path = model.startswith(("/", "~", ".", "arn:")) or "\\" in model or model.count("/") > 1
    return re.split(r"[/\\]", model.rstrip("/\\"))[-1] if is_path else model


def is_commit(revision: str | None) -> bool:
    """Return whether a revision names one commit, and no branch or tag that can move."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def commit_of_folder(folder: Path) -> str | None:
    """Return the commit of the hub that a folder's files are of; None if it cannot be told.

    It stands in the path of a snapshot in the hub's cache, and beside the files of a download into
    a folder; if these are of several commits, there is no one commit.
    """
    if found := _SNAPSHOT.search(str(folder.absolute())):
        return found[2]
    try:
        firsts = {
            path.read_text(encoding="utf-8").partition("\n")[0].strip()
            for path in (folder / _RECEIPTS).rglob("*.metadata")
        }
    except (OSError, UnicodeDecodeError):
        return None
    [only] = firsts if len(firsts) == 1 else [""]
    return only if is_commit(only) else None
