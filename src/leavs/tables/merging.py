"""Merges finding types and joins organs by the rules of LEAVS, on codes as numbers.

The rules are those of the paper's evaluation (Bigolin Lanfredi et al., arXiv 2503.13330). Certainty
codes merge by priority, 1 > -1 > -3 > -2 > 0; joined organs take the numerically largest code, a
different order that follows the paper. A cell without a label (a failure, or a missing row) is
MISSING, which never counts as a label. A merge that includes it gives MISSING, unless another
value decides the result.

Knows nothing of files.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from leavs.domain import Certainty, Urgency

CodeArray = npt.NDArray[np.int8]

MISSING = -9  # there is no label
NO_URGENCY = int(Urgency.NOT_APPLICABLE)

MERGED: Mapping[str, tuple[str, ...]] = {
    "postsurgical_absent": ("postsurgical", "absent"),
    "enlarged_atrophy": ("enlarged", "atrophy"),
    "diffuse": ("diffuse",),
    "focal": ("focal",),
}
SCORED: tuple[str, ...] = tuple(name for names in MERGED.values() for name in names)
ABNORMALITY = "abnormality"  # any of the six scored types
JOINED: Mapping[str, tuple[str, str]] = {
    "kidney": ("right kidney", "left kidney"),
    "intestine": ("small bowel", "large bowel"),
}

PRIORITY = (
    Certainty.ABSENT,
    Certainty.NOT_MENTIONED,
    MISSING,
    Certainty.AMBIGUOUS,
    Certainty.UNSURE,
    Certainty.PRESENT,
)
_RANKS = np.zeros(256, np.int8)  # the index is the code as an unsigned byte
_RANKS[np.array(PRIORITY, np.int8).view(np.uint8)] = np.arange(len(PRIORITY))
_BY_RANK = np.array(PRIORITY, np.int8)


def merge_certainties(codes: CodeArray, axis: int = -1) -> CodeArray:
    """Merge the certainties of several finding types: 1 > -1 > -3 > MISSING > -2 > 0."""
    merged: CodeArray = _BY_RANK[_RANKS[codes.view(np.uint8)].max(axis=axis)]
    return merged


def join_certainties(codes: CodeArray, axis: int = -1) -> CodeArray:
    """Join the certainties of two organs: the numerically largest code.

    If one of them is MISSING, the result is MISSING unless the other has a finding (1 or -1).
    """
    largest = codes.max(axis=axis)
    open_still = (codes == MISSING).any(axis=axis) & ~is_positive(largest)
    return np.where(open_still, np.int8(MISSING), largest)


def merge_urgencies(codes: CodeArray, axis: int = -1) -> CodeArray:
    """Merge urgencies to the highest; one that was not given is -1, and so the lowest."""
    merged: CodeArray = codes.max(axis=axis)
    return merged


def is_positive(codes: CodeArray) -> npt.NDArray[np.bool_]:
    """Say where a certainty is positive: present and unsure are, all others are negative."""
    positive: npt.NDArray[np.bool_] = (codes == Certainty.PRESENT) | (codes == Certainty.UNSURE)
    return positive


def joined_organs(organs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return each organ after joining, and its parts; a joined organ has its first part's place.

    An organ with only one of its two parts cannot be joined and is left out.
    """
    whole: dict[str, tuple[str, ...]] = {}
    joined_of = {part: name for name, parts in JOINED.items() for part in parts}
    for organ in organs:
        name = joined_of.get(organ)
        if name is None:
            whole[organ] = (organ,)
        elif set(JOINED[name]) <= set(organs):
            whole[name] = JOINED[name]
    return whole
