"""Which sentences become evidence in each of the five ways, and how the model is asked for them."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from leavs.domain import Filtration, FoundBy, Organ, Reasoning, Report
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError, QuestionError
from leavs.method.answers import LETTERS
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.steps.filtration import FILTERS, Found
from leavs.method.steps.filtration_fast import longest_list
from leavs.text import split_sentences

CYST = "The liver has a 2 cm cyst in segment four."
SPLEEN = "The spleen is normal in size."
KIDNEYS = "Both kidneys enhance well."
BENIGN = "The hepatic cyst is benign."
REPORT = Report("r1", f"FINDINGS:\n\n{CYST} {SPLEEN}\n{KIDNEYS}\n\nIMPRESSION:\n\n{BENIGN}")
SENTENCES = split_sentences(REPORT.text)
IN_CONTEXT = {sentence.text: sentence.in_context for sentence in SENTENCES}
SPOKEN = [CYST, SPLEEN, KIDNEYS, BENIGN]
INVENTED = "The pancreatic duct is markedly dilated."


def quoted(*sentences: str, mark: str = "informative") -> str:
    return "\n".join(f'"{sentence}": {mark}' for sentence in sentences) or "none"


class Reader:
    """Lists the sentences it is told to, says Yes to those that it is told to, remembers which."""

    def __init__(self, listed: str | Reply = "none", *, yes: Sequence[str] = ()) -> None:
        self.listed = listed
        self.yes = [IN_CONTEXT[sentence] for sentence in yes]
        self.prompts: list[str] = []
        self.asked_thorough: list[str] = []
        self.constraints: list[Constraint | None] = []

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        prompt = messages[1].content
        self.prompts.append(prompt)
        self.constraints.append(constraint)
        if isinstance(constraint, Pattern):
            return self.listed
        sentence = prompt.split("<sentence>\n")[1].split("\n</sentence>")[0]
        self.asked_thorough.append(sentence)
        yes = sentence in self.yes
        return Reply("Yes" if yes else "No", probabilities={"Yes": 0.9 if yes else 0.2})


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


def filtered(pack: Pack, way: Filtration, reader: Reader, report: Report = REPORT) -> Found:
    ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
    [liver] = [organ for organ in pack.ontology.organs if organ.name == "liver"]
    return asyncio.run(FILTERS[way](ask, report, split_sentences(report.text), liver))


def found_by(found: Found) -> list[tuple[str, FoundBy]]:
    return [(evidence.sentence.text, evidence.found_by) for evidence in found.evidence]


def test_the_report_has_what_the_tests_need() -> None:
    assert [s.text for s in SENTENCES if not s.is_heading] == SPOKEN
    assert len(SENTENCES) == 6


def test_without_filtration_every_sentence_is_evidence_and_nothing_is_asked(pack: Pack) -> None:
    reader = Reader()
    found = filtered(pack, Filtration.NONE, reader)
    told = [sentence for sentence in SENTENCES if not sentence.is_heading]
    assert [evidence.sentence for evidence in found.evidence] == told
    assert len(told) < len(SENTENCES), "a heading alone tells nothing"
    assert {evidence.found_by for evidence in found.evidence} == {FoundBy.WHOLE_REPORT}
    assert reader.prompts == []


FAST = [
    (quoted(CYST, BENIGN), [CYST, BENIGN], 0),
    (quoted(BENIGN, CYST, BENIGN), [CYST, BENIGN], 0),
    (quoted(CYST.lower().rstrip(".")), [CYST], 0),
    (quoted(f"{CYST} {SPLEEN}"), [CYST, SPLEEN], 0),
    (quoted(CYST) + "\n" + quoted(SPLEEN, mark="not informative"), [CYST], 0),
    (quoted(SPLEEN, mark="not informative"), [], 0),
    (quoted(INVENTED, CYST), [CYST], 1),
    (quoted(INVENTED, INVENTED), [], 2),
    (quoted(INVENTED, mark="not informative"), [], 0),
    (quoted("FINDINGS:"), [], 1),
    ("none", [], 0),
]


@pytest.mark.parametrize(("reply", "sentences", "dropped"), FAST)
def test_fast_filtration_takes_what_is_quoted_from_the_report(
    pack: Pack, reply: str, sentences: list[str], dropped: int
) -> None:
    reader = Reader(reply, yes=SPOKEN)
    found = filtered(pack, Filtration.FAST, reader)
    assert found_by(found) == [(sentence, FoundBy.FAST) for sentence in sentences]
    assert (found.dropped_quotes, found.list_cut) == (dropped, False)
    assert len(reader.prompts) == 1
    assert REPORT.text in reader.prompts[0]


@pytest.mark.parametrize("reply", [quoted(CYST) + '\n"The spl', '"The li'])
def test_a_cut_list_is_not_enough_by_itself(pack: Pack, reply: str) -> None:
    with pytest.raises(QuestionError, match="cut") as error:
        filtered(pack, Filtration.FAST, Reader(Reply(reply, cut=True)))
    assert "liver" not in str(error.value)


@pytest.mark.parametrize("way", [Filtration.FAST, Filtration.BOTH])
def test_a_list_that_cannot_be_read_fails(pack: Pack, way: Filtration) -> None:
    reader = Reader(CYST)
    with pytest.raises(AnswerError) as error:
        filtered(pack, way, reader)
    assert len(reader.prompts) == 2
    assert "cyst" not in str(error.value)


def test_the_longest_list_holds_every_sentence_quoted_once() -> None:
    whole = quoted(*SPOKEN, mark="not informative")
    assert longest_list(REPORT, SENTENCES) > len(whole) / 4


def test_thorough_filtration_asks_every_sentence_but_headings(pack: Pack) -> None:
    reader = Reader(yes=[BENIGN, CYST])
    found = filtered(pack, Filtration.THOROUGH, reader)
    assert sorted(reader.asked_thorough) == sorted(IN_CONTEXT[sentence] for sentence in SPOKEN)
    assert found_by(found) == [(CYST, FoundBy.THOROUGH), (BENIGN, FoundBy.THOROUGH)]
    assert [evidence.probability for evidence in found.evidence] == [0.9, 0.9]
    assert set(reader.constraints) == {Choices(("Yes", "No"))}


def test_a_thorough_question_shows_the_sentence_with_its_heading_and_no_other(pack: Pack) -> None:
    reader = Reader()
    filtered(pack, Filtration.THOROUGH, reader)
    [prompt] = [prompt for prompt in reader.prompts if BENIGN in prompt]
    assert f"IMPRESSION: {BENIGN}" in prompt
    assert not any(other in prompt for other in [CYST, SPLEEN, KIDNEYS])


BOTH = [
    (quoted(CYST), [BENIGN], [(CYST, FoundBy.FAST), (BENIGN, FoundBy.THOROUGH)], 0),
    (quoted(BENIGN), [CYST], [(CYST, FoundBy.THOROUGH), (BENIGN, FoundBy.FAST)], 0),
    (
        quoted(CYST, BENIGN),
        SPOKEN,
        [
            (CYST, FoundBy.FAST),
            (SPLEEN, FoundBy.THOROUGH),
            (KIDNEYS, FoundBy.THOROUGH),
            (BENIGN, FoundBy.FAST),
        ],
        0,
    ),
    (quoted(INVENTED), [SPLEEN], [(SPLEEN, FoundBy.THOROUGH)], 1),
    (quoted(CYST, mark="not informative"), [CYST], [(CYST, FoundBy.THOROUGH)], 0),
    (quoted(*SPOKEN), [], [(sentence, FoundBy.FAST) for sentence in SPOKEN], 0),
    ("none", [], [], 0),
]


@pytest.mark.parametrize(("reply", "yes", "evidence", "dropped"), BOTH)
def test_both_ways_together_give_evidence_in_report_order(
    pack: Pack, reply: str, yes: list[str], evidence: list[tuple[str, FoundBy]], dropped: int
) -> None:
    reader = Reader(reply, yes=yes)
    found = filtered(pack, Filtration.BOTH, reader)
    assert found_by(found) == evidence
    assert found.dropped_quotes == dropped
    picked = [sentence for sentence, way in evidence if way is FoundBy.FAST]
    rest = [IN_CONTEXT[sentence] for sentence in SPOKEN if sentence not in picked]
    assert sorted(reader.asked_thorough) == sorted(rest)


def test_a_cut_list_is_made_good_by_the_thorough_way(pack: Pack) -> None:
    reader = Reader(Reply(quoted(CYST) + '\n"The hep', cut=True), yes=[BENIGN])
    found = filtered(pack, Filtration.BOTH, reader)
    assert found_by(found) == [(CYST, FoundBy.FAST), (BENIGN, FoundBy.THOROUGH)]
    assert found.list_cut
    assert len(reader.asked_thorough) == 3


def test_a_sentence_that_stands_twice_is_two_pieces_of_evidence(pack: Pack) -> None:
    report = Report("r2", f"{CYST} {SPLEEN} {CYST}")
    found = filtered(pack, Filtration.FAST, Reader(quoted(CYST)), report)
    starts = [evidence.sentence.start for evidence in found.evidence]
    assert starts == [0, report.text.rindex(CYST)]


@pytest.mark.parametrize("way", [Filtration.THOROUGH, Filtration.BOTH])
def test_one_unreadable_verdict_fails_the_filtration(pack: Pack, way: Filtration) -> None:
    def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if isinstance(constraint, Pattern):
            return "none"
        return "perhaps" if SPLEEN in messages[1].content else "Yes"

    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, 100))
    with pytest.raises(AnswerError) as error:
        asyncio.run(FILTERS[way](ask, REPORT, SENTENCES, pack.ontology.organs[1]))
    assert "spleen" not in str(error.value)


@pytest.mark.parametrize("way", Filtration)
def test_a_report_without_sentences_has_no_evidence(pack: Pack, way: Filtration) -> None:
    assert filtered(pack, way, Reader(), Report("empty", " \n ")).evidence == ()


def test_every_offset_is_that_of_the_report(pack: Pack) -> None:
    found = filtered(pack, Filtration.BOTH, Reader(quoted(BENIGN), yes=SPOKEN))
    for evidence in found.evidence:
        sentence = evidence.sentence
        assert REPORT.text[sentence.start : sentence.end] == sentence.text


def test_the_sentences_are_asked_at_once(pack: Pack) -> None:
    async def run() -> Found:
        barrier = asyncio.Barrier(len(SPOKEN))

        async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
            await barrier.wait()
            return "Yes"

        ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, 100))
        async with asyncio.timeout(5):
            return await FILTERS[Filtration.THOROUGH](
                ask, REPORT, SENTENCES, pack.ontology.organs[1]
            )

    assert len(asyncio.run(run()).evidence) == len(SPOKEN)


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
