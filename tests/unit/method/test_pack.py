"""The pack is checked when it is loaded, and its wording is pinned by golden files."""

import asyncio
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.domain import Evidence, FoundBy, Prompt, Reasoning
from leavs.engines.engine import Constraint, Message
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import PackError
from leavs.method.ask import Ask
from leavs.method.ontology import COLUMNS, ENDINGS
from leavs.method.options import Manner
from leavs.method.pack import (
    BLOCKS,
    QUESTION_VARIABLES,
    Pack,
    find_pack,
    load_pack,
)
from leavs.method.steps.certainty import assess_certainty
from leavs.method.steps.finding_types import assess_finding_types
from leavs.method.steps.urgency import assess_urgency
from leavs.tables import columns
from leavs.text import split_sentences

GOLDEN = Path(__file__).parent / "golden"
REPORT = (
    "Liver: 2.1 cm cyst in segment 4. No other lesion.\n"
    "Kidneys: No stones. Mild left hydronephrosis, possibly chronic.\n"
)
ORGAN, FINDING_TYPE = 3, 10  # left kidney, focal
# Words of the instructions that the model reads; long ones are read badly and cost tokens.
WORDS_OF_VERSION_1 = {
    Prompt.FILTRATION_FAST: 313,
    Prompt.FILTRATION_THOROUGH: 206,
    Prompt.FILTRATION_JOINT: 564,
    Prompt.FILTRATION_NUMBERED: 334,
    Prompt.FINDING_TYPES: 484,
    Prompt.CERTAINTY: 428,
    Prompt.URGENCY: 197,
}


def rendered(pack: Pack, step: Prompt, way: str) -> str:
    """All that a step says to the model for one report, as one text."""
    organ = pack.ontology.organs[ORGAN]
    wording = pack.wording(organ, pack.ontology.finding_types[FINDING_TYPE])
    answers = pack.ontology.urgency if step is Prompt.URGENCY else pack.ontology.certainty
    letters = "ABCDEF"[: len(answers)]
    values = {
        "organ": organ.name,
        "covers": organ.covers,
        "report": REPORT,
        "sentence": "Kidneys: No stones.",
        "sentences": ["[1] Kidneys: No stones.", "[2] Kidneys: Mild left hydronephrosis."],
        "evidence": ["Kidneys: No stones.", "Kidneys: Mild left hydronephrosis, possibly chronic."],
        "statement": wording.statement,
        "meaning": wording.meaning,
        "traps": wording.traps,
        "guidance": organ.guidance,
        "choices": [
            {"letter": letter, "name": answer.name}
            for letter, answer in zip(letters, answers.values(), strict=True)
        ],
        "letters": ", ".join(letters),
        "unsure": True,
        "reasoning": way != "answer",
    }
    turns = [("system", pack.instructions(step)), ("user", pack.question(step, **values))]
    if way == "reasoning":
        turns += [("assistant", "(reasoning)"), ("user", pack.answer(step, **values))]
    return "\n\n".join(f"=== {role} ===\n{text}" for role, text in turns) + "\n"


@pytest.mark.parametrize("way", ["answer", "reasoning"])
@pytest.mark.parametrize("step", Prompt)
def test_every_prompt_is_the_golden_one(pack: Pack, step: Prompt, way: str) -> None:
    golden = GOLDEN / f"{step}-{way}.txt"
    text = rendered(pack, step, way)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8"), "if meant: UPDATE_GOLDEN=1 make check"


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
    for step in Prompt:
        assert REPORT not in pack.instructions(step)
        assert ("left kidney" in pack.instructions(step)) == (step is Prompt.FILTRATION_JOINT)


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


GUIDANCE = "In our reports 'NAD' means normal."
SHOWN_IN = {Prompt.FINDING_TYPES, Prompt.CERTAINTY}


def guided(copy: Path, name: str) -> Pack:
    """The pack with guidance for what has this name."""
    path = copy / "ontology.toml"
    named = f'name = "{name}"\n'
    text = path.read_text().replace(named, f'{named}guidance = "{GUIDANCE}"\n', 1)
    path.write_text(text)
    return load_pack(copy)


@pytest.mark.parametrize("name", ["pancreas", "focal"])
def test_guidance_is_shown_where_findings_are_judged(copy: Path, name: str) -> None:
    prompts: dict[Prompt, str] = {}

    def answer(messages: Sequence[Message], constraint: Constraint | None) -> str:
        step = next(one for one in Prompt if pack.instructions(one) == messages[0].content)
        prompts[step] = "\n".join(message.content for message in messages)
        return "(A)"

    pack = guided(copy, name)
    ask = Ask(ScriptedEngine(answer), pack, Manner(Reasoning.NEVER, 1))
    evidence = [Evidence(one, FoundBy.FAST) for one in split_sentences("Pancreas: NAD.")]
    organ = next(one for one in pack.ontology.organs if one.name == "pancreas")
    focal = pack.ontology.finding_types[FINDING_TYPE]
    asyncio.run(assess_finding_types(ask, evidence, organ))
    label = asyncio.run(assess_certainty(ask, evidence, organ, focal, mentioned=True))
    asyncio.run(assess_urgency(ask, evidence, organ, focal, label))
    assert {step for step, shown in prompts.items() if GUIDANCE in shown} == SHOWN_IN


def test_guidance_of_one_organ_is_not_shown_for_another(copy: Path) -> None:
    pack = guided(copy, "pancreas")
    assert not any(GUIDANCE in rendered(pack, step, "answer") for step in Prompt)


@pytest.mark.parametrize("name", ["pancreas", "focal"])
@pytest.mark.parametrize("step", sorted(SHOWN_IN))
def test_guidance_that_a_prompt_leaves_out_is_refused(copy: Path, name: str, step: Prompt) -> None:
    path = copy / f"{step}.jinja"
    path.write_text(re.sub(r"{% if (type\.)?guidance %}.*?{% endif %}", "", path.read_text()))
    assert "guidance" not in path.read_text()
    with pytest.raises(PackError, match=rf"{step}\.jinja does not show the guidance of ontology"):
        guided(copy, name)


def test_the_instructions_of_a_step_have_grown_little() -> None:
    words = {step: len(load_pack(find_pack("leavs")).instructions(step).split()) for step in Prompt}
    assert {
        step: words[step] for step in Prompt if words[step] > 1.3 * WORDS_OF_VERSION_1[step]
    } == {}


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
    ("ontology.toml", 'name = "pancreas"', 'name = "Liver"', "every organ needs a name of its own"),
    ("ontology.toml", 'name = "pancreas"', 'name = "pan\\ncreas"', "has blanks around it or line"),
    ("ontology.toml", 'name = "focal"', 'name = "report"', "is named as a column of tables is"),
    ("ontology.toml", 'name = "focal"', 'name = "organ"', "is named as a column of tables is"),
    ("ontology.toml", 'name = "focal"', 'name = "x_urgency"', "is named as a column of tables"),
    ("ontology.toml", 'version = "2"', "version = 2", "pack: version of leavs must be text"),
    ("ontology.toml", 'version = "2"', 'versions = "2"', "pack: unknown versions"),
    ("ontology.toml", "the pancreas: head", "{{ organ }}: head", "covers of pancreas cannot hold"),
    ("ontology.toml", "the text says that it is so", "{% if x %}", "of affirmed cannot hold"),
    ("ontology.toml", "examples = [", "examples = [5, ", "examples must be a list of texts"),
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


def test_the_request_for_the_answer_knows_the_variables_of_its_question(copy: Path) -> None:
    path = copy / "certainty.jinja"
    block = "{% block answer %}"
    path.write_text(path.read_text().replace(block, block + "{{ organ }}, {{ reasoning }}: ", 1))
    values: dict[str, object] = dict.fromkeys(QUESTION_VARIABLES[Prompt.CERTAINTY], "x")
    values |= {"organ": "spleen", "choices": [], "reasoning": True}
    assert load_pack(copy).answer(Prompt.CERTAINTY, **values).startswith("spleen, True: ")


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "urgency.jinja").unlink()
    with pytest.raises(PackError, match=r"urgency\.jinja: cannot be read"):
        load_pack(copy)


@pytest.mark.parametrize("key", ["organs", "finding_types"])
@pytest.mark.parametrize("value", ["5", "true", '"spleen"'])
def test_organs_and_types_that_are_no_tables_are_refused(copy: Path, key: str, value: str) -> None:
    tables = (copy / "ontology.toml").read_text().split(f"[[{key}]]")
    rest = tables[-1].partition("\n# " if key == "finding_types" else "\n[[finding_types]]")
    (copy / "ontology.toml").write_text(f"{key} = {value}\n{tables[0]}{rest[1]}{rest[2]}")
    with pytest.raises(PackError, match=rf"{key} must be tables, each under"):
        load_pack(copy)


def test_the_names_that_are_refused_are_those_of_the_tables_columns() -> None:
    assert {*columns.KEYS, columns.REPORT, columns.ANNOTATOR, columns.IMAGE, columns.CORRECTED} == (
        COLUMNS
    )
    assert (columns.URGENCY_SUFFIX, columns.MASKED_SUFFIX) == ENDINGS


def test_a_name_that_no_file_can_have_is_an_unknown_pack() -> None:
    with pytest.raises(PackError, match="no pack"):
        find_pack("x" * 300)


def test_an_unknown_pack_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(PackError, match=r"no pack 'nonsense'.*: leavs"):
        find_pack("nonsense")


def test_every_step_has_its_three_blocks() -> None:
    assert BLOCKS == ("instructions", "question", "answer")
