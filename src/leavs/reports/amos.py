"""Reports from the JSON file of the AMOS-MM dataset (`report_generation_train_val.json`).

The file, as published: an object with lists under "training" and "validation" (and "testing",
without reports); each case there is `{"image": "./imagesTr/amos_5478.nii.gz", "labels":
{"report": {"findings": {"chest": "…", "abdomen": "…", "pelvis": "…"}, "impression": {"abdomen":
["…", "…"]}}}}`. A bare list of such cases is taken too, as is an object from image names to
reports, the form of the challenge's own examples.
"""

import json
from functools import partial
from pathlib import Path, PurePosixPath

from leavs.errors import InputError
from leavs.reports.json_values import Json, RepeatedKeyError, parse
from leavs.reports.opening import open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries

_EXPECTED = (
    'expected are AMOS-MM cases: {"training": [{"image": …, "labels": {"report": …}}, …], …}'
)
_SECTIONS = ("findings", "impression", "impressions")
_IMAGE_SUFFIXES = (".nii.gz", ".nii")


class _ShapeError(Exception):
    """A case whose report is missing, or is not made of texts."""


def from_amos_json(path: Path) -> CheckedSource:
    """Read reports from AMOS-MM; ids are names of images without folder and suffix (`amos_5478`).

    A text consists of the sections that are not empty, in the order of the file, each under its
    name: "Findings:", "Abdomen:", then the text. Lists of cases in which no case has a report, as
    the test set's, are skipped; a single case without one is an UnreadableReport.

    Raises:
        InputError: the file cannot be read, is not JSON, or holds no cases with reports.
    """
    where = partial(_where, path)
    source = CheckedSource(partial(_entries, path), where, lambda: len(_load(path)[0]))
    return with_entries(source, f"{shown(path)} holds no cases with reports; {_EXPECTED}")


def _where(path: Path, number: int) -> str:
    return f"{shown(path)} case {number}"


def _entries(path: Path) -> Entries:
    cases, encoding = _load(path)
    for number, case in enumerate(cases, start=1):
        report_id = _image_id(case)
        try:
            yield Entry(number, report_id, _text(_report_in(case)), encoding)
        except (_ShapeError, RecursionError):  # nested deeper than we follow, if not than json does
            problem = f"{_where(path, number)} has no report of the expected shape; {_EXPECTED}"
            yield Entry(number, report_id, problem=problem)


def _load(path: Path) -> tuple[list[Json], str]:
    """Read the cases and the encoding, all into memory: the published file has 4 MB."""
    with open_text(path) as (stream, encoding):
        text, encoding = settled(stream.read(), encoding)
    try:
        return _cases(parse(text)), encoding
    except RepeatedKeyError:
        raise InputError(
            f"{shown(path)} has an object with a key twice, of which one would be lost; "
            "give each image and section once"
        ) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"{shown(path)} is not JSON ({place}); {_EXPECTED}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{shown(path)} is not JSON that can be read; {_EXPECTED}") from None


def _cases(data: Json) -> list[Json]:
    if isinstance(data, list):
        return data if any(map(_has_report, data)) else []
    if not isinstance(data, dict):
        return []
    by_image = [
        {"image": name, "report": _report_in(case) or case}
        for name, case in data.items()
        if name.endswith(_IMAGE_SUFFIXES)
    ]
    return by_image + [
        case for part in data.values() if isinstance(part, list) for case in _cases(part)
    ]


def _has_report(case: Json) -> bool:
    return _report_in(case) is not None


def _report_in(case: Json) -> Json:
    """The value of "report", in the case or its "labels"; else the sections found there."""
    if not isinstance(case, dict):
        return None
    for holder in (case.get("labels"), case):
        if isinstance(holder, dict):
            sections = {key: value for key, value in holder.items() if key.lower() in _SECTIONS}
            if report := holder.get("report", sections or None):
                return report
    return None


def _image_id(case: Json) -> str:
    image = case.get("image") if isinstance(case, dict) else None
    if not isinstance(image, str):
        return ""
    name = PurePosixPath(image.strip().replace("\\", "/")).name
    for suffix in _IMAGE_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _text(report: Json) -> str:
    """The report as one text; raises _ShapeError if there are neither texts nor sections."""
    if report is None:
        raise _ShapeError
    return "\n\n".join(_blocks(report))


def _blocks(value: Json, name: str = "") -> list[str]:
    """The paragraphs of a section, its name first; none if it holds no text."""
    if value is None:
        return []
    heading = f"{name[:1].upper()}{name[1:]}:".replace("_", " ") if name else ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "\n".join(item for item in map(str, value) if item.strip())
    if isinstance(value, str):
        paragraph = f"{heading}\n{value}" if heading else value
        return [paragraph] if value.strip() else []
    parts = _named_parts(value)
    inner = [block for key, part in parts for block in _blocks(part, key)]
    return [heading, *inner] if heading and inner else inner


def _named_parts(value: Json) -> list[tuple[str, Json]]:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [("", part) for part in value]
    raise _ShapeError
