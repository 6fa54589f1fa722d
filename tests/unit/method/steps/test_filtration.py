"""Which sentences become evidence without filtration, and by two ways together."""

import pytest

from filtration_readers import (
    BENIGN,
    CYST,
    IN_CONTEXT,
    INVENTED,
    KIDNEYS,
    REPORT,
    SENTENCES,
    SPLEEN,
    SPOKEN,
    Reader,
    filtered,
    found_by,
    quoted,
)
from leavs.domain import Filtration, FoundBy, Report
from leavs.engines.engine import Reply
from leavs.method.pack import Pack


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


@pytest.mark.parametrize("way", Filtration)
def test_a_report_without_sentences_has_no_evidence(pack: Pack, way: Filtration) -> None:
    assert filtered(pack, way, Reader(), Report("empty", " \n ")).evidence == ()


def test_every_offset_is_that_of_the_report(pack: Pack) -> None:
    found = filtered(pack, Filtration.BOTH, Reader(quoted(BENIGN), yes=SPOKEN))
    for evidence in found.evidence:
        sentence = evidence.sentence
        assert REPORT.text[sentence.start : sentence.end] == sentence.text
