"""Which sentences become evidence in each of the four ways, and how the model is asked for them."""

import asyncio
from collections.abc import Sequence

import pytest

from leavs.ask import Ask
from leavs.domain import Filtration, FoundBy, Report
from leavs.engines import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import AnswerError, QuestionError
from leavs.prompts import Pack
from leavs.steps.filtration import FILTERS, Found
from leavs.steps.filtration_fast import longest_list
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


def filtered(pack: Pack, way: Filtration, reader: Reader, report: Report = REPORT) -> Found:
    ask = Ask(ScriptedEngine(reader), pack, False, 100)
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

    ask = Ask(ScriptedEngine(script), pack, False, 100)
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

        ask = Ask(ScriptedEngine(script), pack, False, 100)
        async with asyncio.timeout(5):
            return await FILTERS[Filtration.THOROUGH](
                ask, REPORT, SENTENCES, pack.ontology.organs[1]
            )

    assert len(asyncio.run(run()).evidence) == len(SPOKEN)
