"""The pack is checked when it is loaded, and its wording is pinned by golden files."""

import itertools
import os
import shutil
from pathlib import Path

import pytest

from conftest import ROOT
from leavs.errors import PackError
from leavs.prompts import BLOCKS, PACK_VARIABLES, QUESTION_VARIABLES, Pack, find_pack, load_pack

GOLDEN = Path(__file__).parent / "golden"
REPORT = (
    "Liver: 2.1 cm cyst in segment 4. No other lesion.\n"
    "Kidneys: No stones. Mild left hydronephrosis, possibly chronic.\n"
)
ORGAN, FINDING_TYPE = 3, 10  # left kidney, focal


def rendered(pack: Pack, step: str, way: str) -> str:
    """All that a step says to the model for one report, as one text."""
    organ = pack.ontology.organs[ORGAN]
    wording = pack.wording(organ, pack.ontology.finding_types[FINDING_TYPE])
    answers = pack.ontology.urgency if step == "urgency" else pack.ontology.certainty
    letters = "ABCDEF"[: len(answers)]
    values = {
        "organ": organ.name,
        "covers": organ.covers,
        "report": REPORT,
        "sentence": "Kidneys: No stones.",
        "evidence": ["Kidneys: No stones.", "Kidneys: Mild left hydronephrosis, possibly chronic."],
        "statement": wording.statement,
        "meaning": wording.meaning,
        "traps": wording.traps,
        "choices": [
            {"letter": letter, "name": answer.name}
            for letter, answer in zip(letters, answers.values(), strict=True)
        ],
        "letters": ", ".join(letters),
        "unsure": True,
        "reasoning": way != "answer",
        "together": way == "together",
    }
    turns = [("system", pack.instructions(step)), ("user", pack.question(step, **values))]
    if way == "reasoning":
        turns += [("assistant", "(reasoning)"), ("user", pack.answer(step, **values))]
    return "\n\n".join(f"=== {role} ===\n{text}" for role, text in turns) + "\n"


@pytest.mark.parametrize(
    ("step", "way"),
    [
        *itertools.product(PACK_VARIABLES, ("answer", "reasoning")),
        *((step, "together") for step, names in QUESTION_VARIABLES.items() if "together" in names),
    ],
)
def test_every_prompt_is_the_golden_one(pack: Pack, step: str, way: str) -> None:
    golden = GOLDEN / f"{step}-{way}.txt"
    text = rendered(pack, step, way)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8"), "if meant: UPDATE_GOLDEN=1 make unit"


def test_the_default_pack_has_the_organs_and_types_in_order(pack: Pack) -> None:
    assert [organ.name for organ in pack.ontology.organs] == [
        "spleen",
        "liver",
        "right kidney",
        "left kidney",
        "stomach",
        "pancreas",
        "gallbladder",
        "small bowel",
        "large bowel",
    ]
    assert " ".join(one.name for one in pack.ontology.finding_types) == (
        "normal absent adjacent quality postsurgical anatomy device enlarged atrophy diffuse focal"
    )


def test_instructions_are_the_same_whatever_the_question(pack: Pack) -> None:
    for step in PACK_VARIABLES:
        assert REPORT not in pack.instructions(step)
        assert ("left kidney" in pack.instructions(step)) == (step == "filtration_joint")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "prompts" / "leavs", tmp_path / "mine"))


def test_a_new_organ_is_an_edit_of_the_ontology_alone(copy: Path) -> None:
    with (copy / "ontology.toml").open("a") as file:
        file.write('\n[[organs]]\nname = "urinary bladder"\ncovers = "the urinary bladder"\n')
    assert [o.name for o in load_pack(copy).ontology.organs][-1] == "urinary bladder"


def test_the_hash_changes_with_a_word(copy: Path) -> None:
    before = load_pack(copy).sha256
    assert before == load_pack(find_pack("leavs")).sha256
    path = copy / "urgency.jinja"
    path.write_text(path.read_text().replace("How urgent", "How very urgent"))
    assert load_pack(copy).sha256 != before


BROKEN = [
    ("ontology.toml", "[pack]", "[pack", "not TOML"),
    (
        "ontology.toml",
        'covers = "the pancreas',
        'cover = "the pancreas',
        "unknown cover; valid are",
    ),
    ("ontology.toml", 'name = "pancreas"', "name = 3", "name must be text"),
    ("ontology.toml", 'name = "pancreas"', 'name = "liver"', "every organ needs a name of its own"),
    ("ontology.toml", "[certainty.broad]", "[certainty.wide]", "unknown wide"),
    ("ontology.toml", "[urgency.high]", "[urgence.high]", "unknown urgence"),
    ("ontology.toml", "the whole {{ organ }}", "the whole {{ orgn }}", "cannot be rendered"),
    ("certainty.jinja", "{{ statement }}", "{{ statment }}", "no variable statment; this step has"),
    ("certainty.jinja", "{% block answer %}", "{% block anser %}", "lacks the block answer"),
    ("certainty.jinja", "{% if reasoning %}", "{% if reasoning", "line "),
    ("filtration_fast.jinja", "{{ report }}", "{{ report.text.x }}", "cannot be rendered"),
    ("urgency.jinja", "{% if unsure %}", "{% if unsure.x.y %}", "cannot be rendered"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BROKEN)
def test_what_is_wrong_with_a_pack_is_said_when_it_is_loaded(
    copy: Path, file: str, old: str, new: str, message: str
) -> None:
    path = copy / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PackError, match=message) as error:
        load_pack(copy)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "urgency.jinja").unlink()
    with pytest.raises(PackError, match=r"urgency\.jinja: cannot be read"):
        load_pack(copy)


def test_an_unknown_pack_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(PackError, match=r"no pack 'nonsense'.*: leavs"):
        find_pack("nonsense")


def test_every_step_has_its_three_blocks() -> None:
    assert BLOCKS == ("instructions", "question", "answer")
