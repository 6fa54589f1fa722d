"""Compares two tables of labels cell by cell: the figures of docs/quality.md.

    python scripts/compare_labels.py RUN_OR_TABLE REFERENCE

Ids are matched as `leavs evaluate` matches them. A finding is a certainty of 1 or -1. Types are
pooled to four as the LEAVS paper (arXiv 2503.13330) merges them.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leavs.cli.exit_codes import ended
from leavs.errors import InputError
from leavs.evaluation.metrics import f1_of
from leavs.exam.scores import tau_b
from leavs.tables.grid import grid_of, shared_parts
from leavs.tables.merging import (
    MERGED,
    MISSING,
    SCORED,
    CodeArray,
    is_positive,
    merge_certainties,
)
from leavs.tables.read import read_labels

Flags = npt.NDArray[np.bool_]


def main(arguments: Sequence[str]) -> None:
    """Print what the two tables agree on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("labels", type=Path)
    parser.add_argument("reference", type=Path)
    options = parser.parse_args(arguments)
    for line in compared(options.labels, options.reference):
        print(line)


def compared(labels: Path, reference: Path) -> Iterator[str]:
    """Yield the figures, one a line.

    Raises:
        InputError: a table cannot be read, or they have no report or finding type in common.
    """
    said, truth, _ = shared_parts(grid_of(read_labels(labels)), grid_of(read_labels(reference)))
    types = said.finding_types
    if not set(SCORED) <= set(types):
        raise InputError(f"scored are {', '.join(SCORED)}; the tables do not share them all")
    codes = (said.certainties, truth.certainties)
    there = (codes[0] != MISSING) | (codes[1] != MISSING)
    yield f"reports: {len(said.ids)}"
    equal = (codes[0] == codes[1])[there].mean()
    yield f"codes equal: {equal:.3f} of {there.sum():,} cells"
    scored = [types.index(name) for name in SCORED]
    found = [is_positive(one) for one in codes]
    yield f"findings, all types: {_f1(*found)}"
    yield f"findings, the six scored types: {_f1(*(one[..., scored] for one in found))}"
    yield f"findings, these pooled to four: {_f1(*(_pooled(one, types) for one in codes))}"
    both = (said.urgencies >= 0) & (truth.urgencies >= 0)
    levels = (truth.urgencies[both].tolist(), said.urgencies[both].tolist())
    tau = tau_b(list(zip(*levels, strict=True)))
    yield f"urgency, tau-b: {'-' if tau is None else f'{tau:.3f}'} over {both.sum()} findings"


def _pooled(codes: CodeArray, types: Sequence[str]) -> Flags:
    merged = [
        merge_certainties(codes[..., [types.index(name) for name in parts]])
        for parts in MERGED.values()
    ]
    return is_positive(np.stack(merged, axis=-1))


def _f1(said: Flags, truth: Flags) -> str:
    true, false, missed = (said & truth).sum(), (said & ~truth).sum(), (~said & truth).sum()
    return f"F1 {f1_of(said, truth):.3f} ({true} true, {false} false, {missed} missed)"


if __name__ == "__main__":
    sys.exit(ended(lambda: main(sys.argv[1:])))
