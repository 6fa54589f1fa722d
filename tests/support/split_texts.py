"""Texts of odd characters and words, and what holds of the sentences of any text."""

from hypothesis import strategies as st

from leavs.domain import Sentence


def texts(sentences: tuple[Sentence, ...]) -> list[str]:
    return [sentence.text for sentence in sentences]


def assert_covers(text: str, sentences: tuple[Sentence, ...]) -> None:
    """Stripped slices in order, between which there is only white space."""
    at = 0
    for sentence in sentences:
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip() != ""
        assert not text[at : sentence.start].strip()
        at = sentence.end
    assert not text[at:].strip()


ODD = st.text(st.sampled_from('aAé1 .:;,\n\t-•*()"?!。：_\ud800\x00\u2028№Ⅷ\u200fא'))
WORDS = st.lists(
    st.sampled_from(["Liver:", "no", "cyst", "3.5", "cm.", "1.", "•", "\n", "\n\n", "The", "e.g.",
                     "IMPRESSION", "of", "(", ")", "size.The", "...", "____", "Dr."])
).map(" ".join)  # fmt: skip
