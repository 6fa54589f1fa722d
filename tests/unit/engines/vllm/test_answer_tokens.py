"""One token is the whole answer where the tokens that begin the choices tell them apart."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from leavs.engines.models.demo import find_demo_model
from leavs.engines.vllm.answer_tokens import AnswerTokens
from model_families import FAMILIES, transformers

YES_NO = ("Yes", "No")
AB = ("A", "B")
LETTERS = ("A", "B", "C", "D", "E", "F")


class Vocabulary:
    """A tokenizer as transformers has it, of a few words over bytes; a special one has no text."""

    def __init__(self, words: Sequence[str], special: Collection[str] = ()) -> None:
        self.words = list(words)
        self.special = special

    def get_vocab(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool, **_: Any) -> str:
        assert skip_special_tokens
        words = [self.words[one] for one in ids if self.words[one] not in self.special]
        # Each character of such a word is a byte; a part of a letter is no text of its own.
        spelled = {"Ġ": b" ", "Ċ": b"\n", "▁": b" "}
        spelling = b"".join(spelled.get(one) or one.encode("latin-1") for one in "".join(words))
        return spelling.decode("utf-8", "replace")


TABLE = [
    # bare, behind white space, and begun
    (["A", "B", "C"], AB, {"A": "A", "B": "B"}),
    (["A", "ĠA", "B", "ĠB", "ĊB"], AB, {"A": "A", "ĠA": "A", "B": "B", "ĠB": "B", "ĊB": "B"}),
    (["▁A", "▁B"], AB, {"▁A": "A", "▁B": "B"}),
    (
        ["Y", "Ye", "Yes", "ĠYes", "ĠN", "No"],
        YES_NO,
        {"Y": "Yes", "Ye": "Yes", "Yes": "Yes", "ĠYes": "Yes", "ĠN": "No", "No": "No"},
    ),
    (["A"], ("A",), {"A": "A"}),
    # what begins none of them does not count
    (
        ["Yes", "yes", "YES", "es", "Yesterday", "No", "Not", "no"],
        YES_NO,
        {"Yes": "Yes", "No": "No"},
    ),
    (["A", "(A", "(A)", "AB", ".A", "ĠĠA", "B", "Ġ", "Ċ", "", "("], AB, {"A": "A", "B": "B"}),
    # a token begins two of them
    (["n", "none", "no"], ("none", "no"), {}),
    (["none", "no"], ("none", "no"), {}),
    (["H", "High", "Harm"], ("High", "Harm"), {}),
    (["High", "Harm"], ("High", "Harm"), {"High": "High", "Harm": "Harm"}),
    (["A", "B", "AB"], ("A", "AB"), {}),
    # no token begins one of them
    (["A", "C"], AB, {}),
    (["Y", "Yes"], YES_NO, {}),
    ([], AB, {}),
    # a letter of several bytes begins with one that other letters begin with, too
    (["ja", "Ã", "¶", "f", "ter"], ("ja", "öfter"), {}),
    (["é", "è", "Ã"], ("é", "è"), {}),
    (["j", "n", "Ã", "¤"], ("jä", "nö"), {"j": "jä", "n": "nö"}),
]


@pytest.mark.parametrize(("words", "options", "begun"), TABLE)
def test_the_tokens_of_choices(
    words: list[str], options: tuple[str, ...], begun: dict[str, str]
) -> None:
    found = AnswerTokens(Vocabulary(words)).of(options)
    assert {words[token]: option for token, option in found.items()} == begun


@pytest.mark.parametrize(
    ("special", "begun"),
    [
        (["Yes"], {"ĠYes": "Yes", "No": "No"}),
        (["ĠYes"], {"Yes": "Yes", "No": "No"}),
        (["No"], {}),
        (["A"], {"Yes": "Yes", "ĠYes": "Yes", "No": "No"}),
    ],
)
def test_a_special_token_is_no_answer(special: list[str], begun: dict[str, str]) -> None:
    words = ["Yes", "ĠYes", "No", "A"]
    found = AnswerTokens(Vocabulary(words, special)).of(YES_NO)
    assert {words[token]: option for token, option in found.items()} == begun


def test_the_tokens_of_the_same_choices_are_looked_for_once() -> None:
    answers = AnswerTokens(Vocabulary(["A", "B"]))
    assert answers.of(("A", "B")) is answers.of(("A", "B"))
    assert answers.of(("B", "A")) == {1: "B", 0: "A"}


def demo_tokenizer(_: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(find_demo_model()[0])


def texts_of(tokenizer: Any, options: tuple[str, ...]) -> dict[str, list[str]]:
    """For each choice the texts of its tokens."""
    texts: dict[str, list[str]] = {}
    for token, option in AnswerTokens(tokenizer).of(options).items():
        texts.setdefault(option, []).append(tokenizer.decode([token]))
    return {option: sorted(of_it) for option, of_it in texts.items()}


def test_the_tokens_of_the_demo_model(tmp_path: Path) -> None:
    tokenizer = demo_tokenizer(tmp_path)
    assert texts_of(tokenizer, YES_NO) == {
        "Yes": [" Y", " Ye", " Yes", "Y", "Ye", "Yes"],
        "No": [" N", " No", "N", "No"],
    }
    assert texts_of(tokenizer, LETTERS) == {letter: [f" {letter}", letter] for letter in LETTERS}
    assert texts_of(tokenizer, ("none", "no")) == {}


# Of the others, which Mistral published, one takes long to load
MADE_HERE = {name: make for name, make in FAMILIES.items() if "Mistral" not in name}


@pytest.mark.parametrize("family", MADE_HERE)
def test_every_family_has_tokens_for_letters(family: str, tmp_path: Path) -> None:
    tokenizer = MADE_HERE[family](tmp_path / "model")
    texts = texts_of(tokenizer, AB)
    assert {option: {text.strip() for text in of_it} for option, of_it in texts.items()} == {
        "A": {"A"},
        "B": {"B"},
    }
