"""Reads what a folder tells about the model in it, without loading the model.

Reads config.json, the index of the weights and the headers of safetensors files. Knows nothing of
engines or caches; imports nothing from leavs.
"""

import json
import re
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG = "config.json"
INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
PATTERNS = ("model*.safetensors", "*.safetensors", "pytorch_model*.bin", "*.bin")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tiktoken.model")
AS_CONFIG = ""  # the dtype of weights whose files do not name one
_LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
_PART = re.compile(r"(.+-)(\d+)(-of-)(\d+)(\.\w+)")


@dataclass(frozen=True, slots=True)
class Weights:
    """The files of a model's weights.

    Args:
        files: those that are there and whole.
        missing: those that belong to the model and are not there.
        damaged: those that are shorter than their headers say, or cannot be read.
        stored: bytes by dtype, as safetensors names it; AS_CONFIG if the dtype is not known.
    """

    files: Sequence[str] = ()
    missing: Sequence[str] = ()
    damaged: Sequence[str] = ()
    stored: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all weights, as they are stored."""
        return sum(self.stored.values())


def what_is_missing(folder: Path) -> str:
    """Say in a few words why the model in a folder cannot be loaded; "" if it is complete."""
    if read_config(folder) is None:
        return f"no {CONFIG} that can be read"
    weights = read_weights(folder)
    if weights.missing:
        return f"{len(weights.missing)} files of weights are missing, as {weights.missing[0]}"
    if weights.damaged:
        return f"{len(weights.damaged)} files of weights are cut short, as {weights.damaged[0]}"
    if not weights.files:
        return "no weights in safetensors or .bin"
    if not any((folder / name).is_file() for name in TOKENIZERS):
        return "no tokenizer"
    return ""


def read_config(folder: Path) -> Mapping[str, Any] | None:
    """Read the model's config.json; None if there is none, or it cannot be read."""
    config = _json(folder / CONFIG)
    return config if isinstance(config, dict) else None


def read_weights(folder: Path) -> Weights:
    """Look at the weights that vLLM would load: those of the index, or of the usual names."""
    names, total = _expected(folder)
    there = [name for name in names if (folder / name).is_file()]
    missing = tuple(name for name in names if name not in there)
    stored: Counter[str] = Counter()
    damaged = []
    for name in there:
        sizes = _stored(folder / name)
        if sizes is None:
            damaged.append(name)
        else:
            stored.update(sizes)
    whole = [name for name in there if name not in damaged]
    if (missing or damaged) and total:
        stored = Counter({AS_CONFIG: total})
    return Weights(whole, missing, damaged, stored)


def _expected(folder: Path) -> tuple[Sequence[str], int]:
    """The names of the files, and the bytes of all weights if an index tells them, else 0."""
    for name in INDEXES:
        index = _json(folder / name)
        if isinstance(index, dict) and isinstance(index.get("weight_map"), dict):
            total = (index.get("metadata") or {}).get("total_size")
            names = {str(file) for file in index["weight_map"].values()}
            return sorted(names), total if isinstance(total, int) else 0
    for pattern in PATTERNS:
        if found := sorted(path.name for path in folder.glob(pattern)):
            return _with_all_parts(found), 0
    return (), 0


def _with_all_parts(names: Sequence[str]) -> Sequence[str]:
    """Add the names of the other parts, which "-00001-of-00004" implies."""
    parts = [match for name in names if (match := _PART.fullmatch(name))]
    if not parts:
        return names
    head, digits, of, count, suffix = parts[0].groups()
    width = len(digits)
    others = (f"{head}{part:0{width}}{of}{count}{suffix}" for part in range(1, int(count) + 1))
    return sorted({*names, *others})


def _stored(path: Path) -> Mapping[str, int] | None:
    """Bytes by dtype; None where the file is not whole."""
    size = path.stat().st_size
    if path.suffix != ".safetensors":
        return {AS_CONFIG: size} if size else None
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _LONGEST_HEADER:
                return None
            header = json.loads(file.read(length))
        tensors = [one for name, one in header.items() if name != "__metadata__"]
        ends = [one["data_offsets"] for one in tensors]
        if max((end for _, end in ends), default=0) + 8 + length > size:
            return None
        stored: Counter[str] = Counter()
        for one, (begin, end) in zip(tensors, ends, strict=True):
            stored[str(one["dtype"])] += end - begin
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError):
        return None
    return stored


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
