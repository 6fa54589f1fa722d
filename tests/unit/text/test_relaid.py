"""A report has the same sentences in whatever way its lines are laid out."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.text import split_sentences
from relay_reports import SHIPPED, WAYS, Way, compare, texts_of, together, wrapped

# The paragraph whose second sentence a line end cut, so that its "no" was lost.
PARAGRAPH = (
    "The liver is normal in size. There is no hydronephrosis of the right kidney. The spleen "
    "measures 11 cm, without splenic infarct or other lesion of its parenchyma. The pancreas is "
    "not enlarged."
)
ENDS = ("\n", "\r\n", "\r\r\n", "\r", "\n\n", "\n\n\n", "\\.br\\", "~", "\\n", "<br>", "\n\t")


@pytest.fixture(scope="module")
def shipped() -> Sequence[str]:
    return [*texts_of(SHIPPED)]


@pytest.mark.parametrize("way", WAYS)
def test_the_shipped_reports_keep_their_sentences_and_every_negation(
    shipped: Sequence[str], way: str
) -> None:
    kept = compare(shipped, WAYS[way])
    assert kept.negations == 0
    assert kept.share >= 0.995, kept.lost


@pytest.mark.parametrize("reports", [40, pytest.param(200, marks=pytest.mark.soak)])
def test_real_reports_keep_theirs(amos: Path, reports: int) -> None:
    texts = [*texts_of(amos / "reports.csv")][:reports]
    kept = together([compare(texts, way) for way in WAYS.values()])
    assert kept.share >= 0.995
    assert kept.negations == 0


@pytest.mark.parametrize("write", [str, str.upper, str.lower])
@pytest.mark.parametrize("end", ENDS)
def test_a_negation_stays_with_its_finding_at_every_width(end: str, write) -> None:
    for heading in ("", "FINDINGS:\n"):
        for width in range(25, 201):
            report = wrapped(width, end)(write(heading + PARAGRAPH), ())
            said = [" ".join(one.text.split()) for one in split_sentences(report)]
            assert write("There is no hydronephrosis of the right kidney.") in said, width


def test_what_is_compared_is_found_to_differ_where_a_sentence_is_cut() -> None:
    cut: Way = lambda text, said: text.replace("no hydro", "no.\n\nHydro")  # noqa: E731
    kept = compare([PARAGRAPH], cut)
    assert (kept.sentences, kept.kept, kept.negations) == (4, 3, 1)
