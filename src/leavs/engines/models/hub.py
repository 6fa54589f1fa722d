"""Models of the Hugging Face hub: found in the cache, or downloaded into it.

huggingface_hub is imported only when it is used, with its telemetry off. Knows nothing of what is
done with a model.
"""

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leavs.engines.models.folder import CONFIG, PATTERNS, what_is_missing
from leavs.errors import InputError, UsageError
from leavs.system.private_process import NO_STATISTICS

SMALL_FILES = (".json", ".jinja", ".txt", ".model", ".tiktoken", ".py")
LICENCES = ("license", "notice", "use_policy")
KEPT = "what has come is kept, give the same command again"
ELSEWHERE = (
    "download it on a node that has network, into a folder that both see (--download-dir), "
    "and give the folder that is printed to --model"
)
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def find_model(
    model: str, revision: str | None = None, download_dir: Path | None = None
) -> Path | None:
    """The folder of a model in the cache, complete or not; None where there is none.

    Raises:
        UsageError: huggingface_hub is not installed, or this is no id of a model.
    """
    hub = _hub()
    try:
        found = hub.try_to_load_from_cache(model, CONFIG, download_dir, revision)
    except ValueError as error:
        raise UsageError(
            f"{model} is neither a folder nor an id such as Qwen/Qwen2.5-7B-Instruct"
        ) from error
    return Path(found).parent.resolve() if isinstance(found, str) else None


def fetch_model(
    model: str,
    revision: str | None = None,
    download_dir: Path | None = None,
    again: bool = False,
) -> Path:
    """Download a model into the cache unless it is there and complete, and return its folder.

    Args:
        again: ask the hub for the newest state even if it is there.

    Raises:
        InputError: it cannot be downloaded; the message says why and what to do.
        UsageError: huggingface_hub is not installed, or this is no id of a model.
    """
    folder = find_model(model, revision, download_dir)
    if folder is not None and not again and not what_is_missing(folder):
        return folder
    if is_offline():
        there = "is not complete in the cache" if folder else "is not in the cache"
        raise InputError(f"{model} {there}, and HF_HUB_OFFLINE forbids to ask the hub; {ELSEWHERE}")
    try:
        return _fetched(model, revision, download_dir)
    except Exception as error:
        said = _in_a_line(error, model, revision, download_dir)
        if said is None:
            raise
        raise InputError(said) from error


def is_offline() -> bool:
    """Whether the environment forbids to ask the hub."""
    values = (os.environ.get(name, "").upper() for name in OFFLINE)
    return any(value in ("1", "ON", "YES", "TRUE") for value in values)


def files_to_fetch(names: Sequence[str]) -> list[str]:
    """Pick the files of a repository that vLLM needs; the weights in one format only.

    Files in folders belong to other formats or other models and are left out.
    """
    at_the_top = [Path(name) for name in names if "/" not in name]
    chosen: list[str] = []
    for pattern in PATTERNS:
        if chosen := [path.name for path in at_the_top if path.match(pattern)]:
            break
    small = (
        path.name
        for path in at_the_top
        if path.suffix in SMALL_FILES or path.name.lower().startswith(LICENCES)
    )
    return sorted({*chosen, *small}) if chosen else []


def _hub() -> Any:
    os.environ.update(NO_STATISTICS)
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        import huggingface_hub
    except ImportError as error:
        raise UsageError(
            f"models of the hub need {error.name}: pip install 'leavs[vllm]'"
        ) from error
    return huggingface_hub


def _fetched(model: str, revision: str | None, download_dir: Path | None) -> Path:
    hub = _hub()
    names = [one.rfilename for one in hub.HfApi().model_info(model, revision=revision).siblings]
    wanted = files_to_fetch(names)
    if not wanted:
        raise InputError(f"{model} holds no weights in safetensors or .bin; choose another model")
    with warnings.catch_warnings(action="ignore"):  # a small disk is said in our own line
        folder = hub.snapshot_download(
            model,
            revision=revision,
            cache_dir=download_dir,
            allow_patterns=[escape(name) for name in wanted],
        )
    if missing := what_is_missing(Path(folder)):
        raise InputError(f"{model} came incomplete: {missing}; {KEPT}")
    return Path(folder)


def _in_a_line(
    error: Exception, model: str, revision: str | None, download_dir: Path | None
) -> str | None:
    """Say in one line why a download failed and what to do; None if the error is a bug."""
    from huggingface_hub import errors

    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{model} is gated: accept its terms on its page of the hub, then log in with "
            "`hf auth login` or set HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{model} has no revision {revision!r}; check --revision"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"the hub has no model {model}, or a private one; check the id, and for a private "
            "model log in with `hf auth login` or set HF_TOKEN"
        )
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"the hub refuses {model} ({status}): the token in use has no right to it; check it"
    if status is not None:
        return f"the hub answered {status} for {model}; try again later, {KEPT}"
    return _of_disk_or_network(error, model, download_dir)


def _of_disk_or_network(error: Exception, model: str, download_dir: Path | None) -> str | None:
    from huggingface_hub import constants

    number = next((one.errno for one in _causes(error) if isinstance(one, OSError)), None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        where = download_dir or constants.HF_HUB_CACHE
        return f"the disk of {where} is full; free some space or name another --download-dir"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        where = download_dir or constants.HF_HUB_CACHE
        return f"{where} cannot be written; name another --download-dir"
    names = {type(one).__name__ for one in _causes(error)}
    if names & {"ConnectError", "ConnectTimeout", "ConnectionError", "ProxyError"}:
        host = urlsplit(constants.ENDPOINT).netloc
        return f"{host} cannot be reached for {model}; {ELSEWHERE}"
    packages = {type(one).__module__.split(".")[0] for one in _causes(error)}
    if isinstance(error, OSError) or packages & {"httpx", "httpx2", "requests", "huggingface_hub"}:
        return f"the download of {model} broke off ({type(error).__name__}); {KEPT}"
    return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
