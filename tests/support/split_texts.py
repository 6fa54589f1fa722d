"""Texts of odd characters and words, and what holds of the sentences of any text."""

from hypothesis import strategies as st

from leavs.domain import Sentence
from leavs.text.lines import lines_of


def texts(sentences: tuple[Sentence, ...]) -> list[str]:
    return [sentence.text for sentence in sentences]


def assert_covers(text: str, sentences: tuple[Sentence, ...]) -> None:
    """Stripped slices in order, between which there are only white space and line ends.

    A line end may be an escape; where one stands within a sentence, its lines stand in the slice.
    """
    at = 0
    for sentence in sentences:
        there = text[sentence.start : sentence.end]
        assert sentence.text == sentence.text.strip() != ""
        assert there == sentence.text or lines(there) == lines(sentence.text)
        assert lines(text[at : sentence.start]) == []
        at = sentence.end
    assert lines(text[at:]) == []


def lines(text: str) -> list[str]:
    plain = text.translate(dict.fromkeys(map(ord, "~¶|^"), "\n"))
    return [plain[one.start : one.end] for one in lines_of(plain)]


ODD = st.text(st.sampled_from('aAé1 .:;,\n\t-•*()"?!。：_\ud800\x00\u2028№Ⅷ\u200fא'))
WORDS = st.lists(
    st.sampled_from(["Liver:", "no", "cyst", "3.5", "cm.", "1.", "•", "\n", "\n\n", "The", "e.g.",
                     "IMPRESSION", "of", "(", ")", "size.The", "...", "____", "Dr."])
).map(" ".join)  # fmt: skip
