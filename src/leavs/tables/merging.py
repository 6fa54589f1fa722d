"""Finding types merged, organs joined, and codes as numbers, by the rules of LEAVS.

The rules are those of the paper's evaluation (Bigolin Lanfredi et al., arXiv 2503.13330). Certainty
codes merge by priority, 1 > -1 > -3 > -2 > 0; joined organs take the largest code as a number,
which is another order, and kept as it is. A cell without a label (a failure, or a missing row) is
MISSING, which never counts as a label. A merge that includes it gives MISSING, unless another
value decides the result.

Knows nothing of files.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from leavs.domain import Certainty, Urgency

CodeArray = npt.NDArray[np.int8]

MISSING = -9  # no certainty is known
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
_RANKS = np.zeros(256, np.int8)  # by code as an unsigned byte
_RANKS[np.array(PRIORITY, np.int8).view(np.uint8)] = np.arange(len(PRIORITY))
_BY_RANK = np.array(PRIORITY, np.int8)


def merge_certainties(codes: CodeArray, axis: int = -1) -> CodeArray:
    """One certainty code for several finding types: 1 > -1 > -3 > missing > -2 > 0."""
    merged: CodeArray = _BY_RANK[_RANKS[codes.view(np.uint8)].max(axis=axis)]
    return merged


def join_certainties(codes: CodeArray, axis: int = -1) -> CodeArray:
    """One certainty code for two organs: the largest as a number.

    Where one organ's is missing, only a finding in the other (1 or -1) says what both have.
    """
    largest = codes.max(axis=axis)
    open_still = (codes == MISSING).any(axis=axis) & ~is_positive(largest)
    return np.where(open_still, np.int8(MISSING), largest)


def merge_urgencies(codes: CodeArray, axis: int = -1) -> CodeArray:
    """The highest urgency; a missing one is -1 and so the lowest."""
    merged: CodeArray = codes.max(axis=axis)
    return merged


def is_positive(codes: CodeArray) -> npt.NDArray[np.bool_]:
    """Certainty as a binary: present and unsure are positive, all else is negative."""
    positive: npt.NDArray[np.bool_] = (codes == Certainty.PRESENT) | (codes == Certainty.UNSURE)
    return positive


def joined_organs(organs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Organs and the parts of which they are made; a joined organ stands where its first part did.

    An organ of which only one part is there cannot be joined and is left out.
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
