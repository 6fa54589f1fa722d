"""Brings ids of reports into a form in which two files agree.

The published LEAVS labels write a path twice, joined by an underscore
("./a/x.nii.gz_./a/x.nii.gz"); others keep the extension of a file or its folder, and numbers come
out of Excel and pandas as "10001.0".
Knows nothing of tables.
"""

from collections.abc import Callable, Iterable, Sequence

from leavs.reports.table_rows import without_fraction

EXTENSIONS = (".txt", ".nii.gz", ".nii", ".json", ".dcm")


def undoubled(report_id: str) -> str:
    """Return one half of an id if its halves around the middle underscore agree; else the id."""
    half = len(report_id) // 2
    left, right = report_id[:half], report_id[half + 1 :]
    return left if left and left == right and report_id[half] == "_" else report_id


def without_extensions(report_id: str) -> str:
    """Return an undoubled id without the extensions of a report's or a scan's file."""
    name = undoubled(report_id)
    while ending := next((e for e in EXTENSIONS if name.lower().endswith(e) and name != e), ""):
        name = name[: -len(ending)]
    return name


def without_folders(report_id: str) -> str:
    """Return an undoubled id without extensions and folders."""
    return without_extensions(report_id).rpartition("/")[2]


FORMS: tuple[Callable[[str], str], ...] = (
    str,
    without_fraction,
    undoubled,
    without_extensions,
    without_folders,
)


def common_form(left: Iterable[str], right: Iterable[str]) -> Callable[[str], str] | None:
    """Choose the form in which most ids of two files agree and none coincide within one file."""
    left, right = set(left), set(right)
    best, most = None, 0
    for form in FORMS:
        lefts, rights = {form(one) for one in left}, {form(one) for one in right}
        unique = len(lefts) == len(left) and len(rights) == len(right)
        if unique and len(lefts & rights) > most:
            best, most = form, len(lefts & rights)
    return best


def shared_places(ids: Sequence[str], others: Sequence[str]) -> dict[str, int]:
    """Return, by each id that another file has as well, its place there; nothing if none agrees.

    Ids are matched in the form in which most agree.
    """
    form = common_form(ids, others)
    if form is None:
        return {}
    places = {form(one): place for place, one in enumerate(others)}
    return {one: places[form(one)] for one in ids if form(one) in places}
