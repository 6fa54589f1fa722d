"""Which sentences a list of quotes makes evidence."""

import pytest

from filtration_readers import (
    BENIGN,
    CYST,
    INVENTED,
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
from leavs.errors import AnswerError, QuestionError
from leavs.method.pack import Pack
from leavs.method.steps.filtration_fast import longest_list

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


def test_a_sentence_that_stands_twice_is_two_pieces_of_evidence(pack: Pack) -> None:
    report = Report("r2", f"{CYST} {SPLEEN} {CYST}")
    found = filtered(pack, Filtration.FAST, Reader(quoted(CYST)), report)
    starts = [evidence.sentence.start for evidence in found.evidence]
    assert starts == [0, report.text.rindex(CYST)]
