"""How each sentence is asked for once for all organs, and which become evidence."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from filtration_readers import (
    BENIGN,
    CYST,
    IN_CONTEXT,
    KIDNEYS,
    REPORT,
    SENTENCES,
    SPLEEN,
    SPOKEN,
    found_by,
    quoted,
)
from leavs.domain import Filtration, FoundBy, Reasoning, Report
from leavs.engines.engine import Constraint, Message, Pattern
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError
from leavs.method.answers import LETTERS
from leavs.method.ask import Ask
from leavs.method.ontology import Organ
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.steps.filtration import FILTERS, Found
from leavs.text import split_sentences


class JointReader:
    """Lists sentences for some organs, names the organs of each sentence, remembers both.

    Args:
        listed: by organ, what fast filtration quotes.
        named: by sentence, the reply to "which organs?".
    """

    def __init__(self, named: Mapping[str, str], listed: Mapping[str, str] | None = None) -> None:
        self.named = {IN_CONTEXT[sentence]: reply for sentence, reply in named.items()}
        self.listed = listed or {}
        self.asked: list[str] = []
        self.prompts: list[str] = []
        self.constraints: set[Constraint | None] = set()

    async def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        await asyncio.sleep(0)
        prompt = messages[1].content
        if "<report>" in prompt:
            [organ] = re.findall(r"^The organ is the (.+?)\.(?: |$)", prompt, re.M)
            return self.listed.get(organ, "none")
        sentence = prompt.split("<sentence>\n")[1].split("\n</sentence>")[0]
        self.asked.append(sentence)
        self.prompts.append(prompt)
        self.constraints.add(constraint)
        return self.named.get(sentence, "none")


def filtered_for_all(pack: Pack, reader: JointReader, text: str = REPORT.text) -> dict[str, Found]:
    """What is found for each organ of the pack, all at once as in a run."""
    ask, report = (
        Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100)),
        Report("r1", text),
    )
    sentences = split_sentences(text)

    async def one(organ: Organ) -> Found:
        return await FILTERS[Filtration.JOINT](ask.afresh(), report, sentences, organ)

    async def all_organs() -> list[Found]:
        return await asyncio.gather(*(one(organ) for organ in pack.ontology.organs))

    organs = [organ.name for organ in pack.ontology.organs]
    return dict(zip(organs, asyncio.run(all_organs()), strict=True))


def letters_of(pack: Pack, *names: str) -> str:
    """The reply that names these organs."""
    organs = [organ.name for organ in pack.ontology.organs]
    return ", ".join(f"({chr(ord('A') + organs.index(name))})" for name in names)


def test_the_sentences_are_asked_once_for_all_organs(pack: Pack) -> None:
    kidneys = ("right kidney", "left kidney")
    reader = JointReader(
        {
            CYST: letters_of(pack, "liver"),
            SPLEEN: letters_of(pack, "spleen"),
            KIDNEYS: letters_of(pack, *kidneys),
        }
    )
    found = filtered_for_all(pack, reader)
    assert sorted(reader.asked) == sorted(IN_CONTEXT[sentence] for sentence in SPOKEN)
    wanted = {"liver": [CYST], "spleen": [SPLEEN], **{kidney: [KIDNEYS] for kidney in kidneys}}
    assert {organ: found_by(one) for organ, one in found.items()} == {
        organ: [(sentence, FoundBy.JOINT) for sentence in wanted.get(organ, [])] for organ in found
    }


JOINT = [
    # what is listed for the liver, the organ named of each sentence, evidence of the liver
    ("none", {}, []),
    ("none", {BENIGN: "liver", CYST: "liver"}, [(CYST, FoundBy.JOINT), (BENIGN, FoundBy.JOINT)]),
    (quoted(BENIGN), {CYST: "liver"}, [(CYST, FoundBy.JOINT), (BENIGN, FoundBy.FAST)]),
    (quoted(CYST), {CYST: "spleen"}, [(CYST, FoundBy.FAST)]),
    (quoted(CYST), {CYST: "liver"}, [(CYST, FoundBy.FAST)]),
    (quoted(CYST, mark="not informative"), {CYST: "liver"}, [(CYST, FoundBy.JOINT)]),
    (quoted(*SPOKEN), {}, [(sentence, FoundBy.FAST) for sentence in SPOKEN]),
]


@pytest.mark.parametrize(("listed", "named", "evidence"), JOINT)
def test_what_fast_did_not_list_is_found_jointly_in_report_order(
    pack: Pack, listed: str, named: dict[str, str], evidence: list[tuple[str, FoundBy]]
) -> None:
    letters = {sentence: letters_of(pack, organ) for sentence, organ in named.items()}
    reader = JointReader(letters, {"liver": listed})
    assert found_by(filtered_for_all(pack, reader)["liver"]) == evidence
    asked = sorted(IN_CONTEXT[sentence] for sentence in SPOKEN)
    assert sorted(reader.asked) == asked, "the other organs ask, once for all of them"


def test_a_sentence_that_is_listed_for_all_organs_is_not_asked(pack: Pack) -> None:
    everyone = {organ.name: quoted(CYST) for organ in pack.ontology.organs}
    reader = JointReader({CYST: letters_of(pack, "spleen")}, everyone)
    found = filtered_for_all(pack, reader)
    assert IN_CONTEXT[CYST] not in reader.asked
    assert {tuple(found_by(one)) for one in found.values()} == {((CYST, FoundBy.FAST),)}


def test_a_sentence_that_stands_twice_is_asked_once_and_found_twice(pack: Pack) -> None:
    text = f"FINDINGS:\n\n{CYST} {SPLEEN} {CYST}"
    found = filtered_for_all(pack, reader := JointReader({CYST: letters_of(pack, "liver")}), text)
    assert sorted(reader.asked) == sorted([IN_CONTEXT[CYST], IN_CONTEXT[SPLEEN]])
    starts = [evidence.sentence.start for evidence in found["liver"].evidence]
    assert starts == [text.index(CYST), text.rindex(CYST)]


def test_a_joint_question_shows_one_sentence_and_no_organ(pack: Pack) -> None:
    reader = JointReader({})
    filtered_for_all(pack, reader)
    [prompt] = [prompt for prompt in reader.prompts if BENIGN in prompt]
    assert f"IMPRESSION: {BENIGN}" in prompt
    assert not any(other in prompt for other in [CYST, SPLEEN, KIDNEYS])
    assert not any(organ.name in prompt.replace(BENIGN, "") for organ in pack.ontology.organs)
    [constraint] = reader.constraints
    assert isinstance(constraint, Pattern)
    count = len(pack.ontology.organs)
    every = ", ".join(f"({letter})" for letter in LETTERS[:count])
    for reply, allowed in (("none", True), (every, True), (f"({LETTERS[count]})", False)):
        assert bool(re.fullmatch(constraint.regex, reply)) is allowed


def test_the_letters_are_those_of_the_packs_organs(pack: Pack, tmp_path: Path) -> None:
    """Here in another order, and fewer."""
    shutil.copytree(find_pack("leavs"), folder := tmp_path / "pack")
    ontology = folder / "ontology.toml"
    before, *organs = re.split(r"(?m)^(?=\[\[organs\]\])", ontology.read_text(encoding="utf-8"))
    last, after = re.split(r"(?m)^(?=\[(?!\[organs\]\]))", organs[-1], maxsplit=1)
    organs = [last, *organs[:2]]
    ontology.write_text(before + "".join(organs) + after, encoding="utf-8")
    other = load_pack(folder)
    names = [organ.name for organ in other.ontology.organs]
    assert names == [pack.ontology.organs[place].name for place in (-1, 0, 1)]
    found = filtered_for_all(other, JointReader({CYST: "(A), (C)"}))
    assert [name for name in names if found[name].evidence] == [names[0], names[2]]
    instructions = other.instructions("filtration_joint")
    listed = re.findall(r"(?m)^\(([A-Z])\) (.+?): ", instructions)
    assert listed == list(zip("ABC", names, strict=True))


@pytest.mark.parametrize("reply", ["(J)", "the liver", "", "(A) or so"])
def test_organs_that_cannot_be_read_fail_the_organs_that_need_them(pack: Pack, reply: str) -> None:
    listed = {"liver": quoted(*SPOKEN)}
    ask = Ask(
        ScriptedEngine(JointReader({SPLEEN: reply}, listed)), pack, Manner(Reasoning.NEVER, 100)
    )

    def found(organ: Organ) -> Found:
        return asyncio.run(FILTERS[Filtration.JOINT](ask.afresh(), REPORT, SENTENCES, organ))

    spleen, liver, *_ = pack.ontology.organs
    assert len(found(liver).evidence) == len(SPOKEN), "its list left nothing to ask"
    with pytest.raises(AnswerError) as error:
        found(spleen)
    assert "liver" not in str(error.value)
