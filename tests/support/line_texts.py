"""Texts of many lines, with all that can stand at the end of a line and at the beginning of one."""

from hypothesis import strategies as st

WORDS = (
    "The liver A é ö e\u0301 \u0301 肝臓 א ß Ж ² Ⅷ 3 2.1 123456 cm: (A) [12] - -- / // */ . ... .) "
    ", ; ! ? ' 's 'LL \" “ „ – ≥ € ™ ° 😀 ____ _ < > </report> <report> { } | \\ ~ ` ^ # $ % & @ = "
    "+ • \u200b \u200d \u2060 \ufeff \ufffd \x00 \x7f \ue000"
)
SPACES = ["\n", "\n", "\n\n", "\n \n", "\r\n", "\r", " ", " ", "  ", "\t", "\v", "\f"]
SPACES += ["\x1c", "\x85", "\xa0", "\u2003", "\u2028", "\u2029", "\u3000"]
SINGLE = st.characters(exclude_categories=["Cs"])  # surrogates are no text
PARTS = st.one_of(st.sampled_from(WORDS.split()), st.sampled_from(SPACES), SINGLE)
LINES = st.lists(PARTS, max_size=25).map("".join)
