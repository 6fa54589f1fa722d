"""The definitions that a reader can look up beside a cell: organ, finding type, codes, urgency.

They are the wording of the pack with which the labels were made. Labels that name no pack get those
of the pack that comes with leavs, and the page says so.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leavs.domain import Prompt
from leavs.errors import PackError
from leavs.journal import manifest
from leavs.method.ontology import AnswerWording, Organ
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack, load_pack

_THE_ORGAN = Organ("organ", "")
_NO_PACK = "The labels name no pack; these are the definitions of the pack {name}."
_NOT_HERE = "The pack {name}, with which these labels were made, is not found; see --pack."
_CHANGED = "The pack {name} is not the one with which these labels were made; see --pack."
_SEVERAL = "The merged runs asked with different packs; --pack shows the definitions of one."
_OTHER = "These are the definitions of the pack {name}; the labels were made with another."
_ONE = "These are the definitions of the pack {name}, with which some of the merged runs asked."


def definitions_for(folder: Path, named: str | None = None) -> dict[str, Any]:
    """Return what the page shows: definitions by organ and by finding type, or why there are none.

    Args:
        folder: with the labels, and with run.json if they are those of runs.
        named: a pack, by path or name; by default that of the labels.

    Raises:
        PackError: the pack that is named is not there, or is wrong.
        RunFolderError: run.json cannot be read, or is that of a merge that was interrupted.
    """
    packs = _packs_of(folder)
    hashes = {sha256 for _, sha256 in packs}
    if named is not None:
        pack = load_pack(find_pack(named))
        note = "" if hashes <= {pack.sha256} else _ONE if pack.sha256 in hashes else _OTHER
        return _of(pack, note.format(name=pack.name))
    if len(hashes) > 1:
        return _none(_SEVERAL)
    name = packs[0][0] if packs else MethodOptions().pack
    try:
        pack = load_pack(find_pack(name))
    except PackError:
        return _none(_NOT_HERE.format(name=name))
    if not packs:
        return _of(pack, _NO_PACK.format(name=name))
    return _of(pack, "") if hashes == {pack.sha256} else _none(_CHANGED.format(name=name))


def _packs_of(folder: Path) -> list[tuple[str, str]]:
    """The names and hashes of the packs that labels were made with; none where nothing says so."""
    if not (folder / manifest.FILE).exists():
        return []
    described = manifest.read(folder)
    is_merged = manifest.is_merged(described)
    runs = described[manifest.MERGED_RUNS]["runs"] if is_merged else [described]
    identities = [run.get("identity") for run in runs]
    return [
        (str(one["pack"]), str(one.get("pack_sha256")))
        for one in identities
        if isinstance(one, dict) and "pack" in one
    ]


def _none(note: str) -> dict[str, Any]:
    return {"note": note, "organs": {}, "finding_types": {}, "for_all": {}}


def _of(pack: Pack, note: str) -> dict[str, Any]:
    ontology = pack.ontology
    types = [pack.wording(_THE_ORGAN, one) for one in ontology.finding_types]
    return {
        "note": note,
        "organs": {
            organ.name: [f"It includes {organ.covers}.", *filter(None, [organ.guidance])]
            for organ in ontology.organs
        },
        "finding_types": {
            one.name: [
                f"Statement: {one.statement}.",
                *filter(None, [one.meaning, one.traps, one.guidance]),
                *one.examples,
            ]
            for one in types
        },
        "for_all": {
            "Codes": _in_words(ontology.codes),
            "What holds for all types": pack.rules(Prompt.CERTAINTY),
            "Urgency": [*_in_words(ontology.levels), *pack.rules(Prompt.URGENCY)],
        },
    }


def _in_words(answers: Sequence[tuple[int, AnswerWording]]) -> list[str]:
    return [f"{int(code)} {answer.name}: {answer.meaning}" for code, answer in answers]
