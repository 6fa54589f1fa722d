"""Text is encoded line by line exactly as it is as a whole, and each line once."""

import asyncio
import string
import threading
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from fuzzing import examples
from leavs.engines.models.demo import find_demo_model
from leavs.engines.vllm.line_encoder import REMEMBERED, LineEncoder, safe_line_starts
from line_texts import LINES
from model_families import FAMILIES

# Of the others one takes long to load; tests/system/test_conversation_families.py has all of them
HERE = ("Qwen", "Llama 3", "Gemma", "Mistral", "Unigram")
VISIBLE = frozenset(map(chr, range(0x21, 0x7F)))

GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class Counting:
    """A tokenizer that keeps what it is asked to encode, and where."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.pre_tokenizer = tokenizer.pre_tokenizer
        self.texts: list[str] = []
        self.threads: set[threading.Thread] = set()

    def encode_batch_fast(self, texts: Sequence[str], **how: Any) -> Any:
        self.texts += texts
        self.threads.add(threading.current_thread())
        return self.tokenizer.encode_batch_fast(texts, **how)

    def whole(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids


Counted = tuple[LineEncoder, Counting]


def counted(tokenizer: Tokenizer) -> Counted:
    """An encoder, and its tokenizer after what the encoder asks of it once."""
    counting = Counting(tokenizer)
    return fresh((LineEncoder(counting), counting))  # type: ignore[arg-type]


def fresh(encoding: Counted) -> Counted:
    """The same, as if nothing had been encoded."""
    encoder, counting = encoding
    encoder._known.clear()
    encoder._characters = 0
    counting.texts.clear()
    counting.threads.clear()
    return encoding


@pytest.fixture(scope="module")
def demo_once() -> Counted:
    folder, *_ = find_demo_model()
    return counted(Tokenizer.from_file(f"{folder}/tokenizer.json"))


@pytest.fixture
def demo(demo_once: Counted) -> Counted:
    return fresh(demo_once)


@pytest.fixture(scope="module", params=["demo", *HERE])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    if request.param == "demo":
        demo: Counted = request.getfixturevalue("demo_once")
        return demo
    folder: Path = tmp_path_factory.mktemp("family") / "model"
    return counted(FAMILIES[request.param](folder).backend_tokenizer)


@examples(100)
@given(text=LINES)
def test_a_text_has_the_ids_that_it_has_as_a_whole(family: Counted, text: str) -> None:
    encoder, counting = family
    assert encoder.ids(text) == counting.whole(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a.\nb.", ["a.\n", "b."]),
        ("a.\nb.\n", ["a.\n", "b.\n"]),
        ("a\n(b)\n</c>\n1", ["a\n", "(b)\n", "</c>\n", "1"]),
        # a run of white space stays with what stands on both sides of it
        ("a.\n\nb.\nc.", ["a.\n\nb.\n", "c."]),
        ("a. \nb.", ["a. \nb."]),
        ("a.\n b.", ["a.\n b."]),
        ("a.\r\nb.", ["a.\r\nb."]),
        ("a.\u2028\nb.", ["a.\u2028\nb."]),
        ("\na.", ["\na."]),
        # before what is no ASCII a text is not cut
        ("a.\nöb.\n肝\nc", ["a.\nöb.\n肝\n", "c"]),
        ("a.", ["a."]),
    ],
)
def test_where_a_text_is_cut(demo: Counted, text: str, lines: list[str]) -> None:
    encoder, counting = demo
    encoder.ids(text)
    assert counting.texts == lines


def test_a_line_is_encoded_once(demo: Counted) -> None:
    encoder, counting = demo
    liver, spleen = "The liver is normal.\n", "The spleen is normal.\n"
    for text, new in (
        (liver + spleen + liver, [liver, spleen]),
        (spleen + liver, []),
        (f"Read.\n{spleen}Answer.", ["Read.\n", "Answer."]),
        (f"Read.\n{liver}Answer.", []),
    ):
        counting.texts.clear()
        assert encoder.ids(text) == counting.whole(text)
        assert counting.texts == new


# Tokenizers that glue across a line break


def over_bytes(pattern: str) -> pre_tokenizers.PreTokenizer:
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([split, level])


def joining(splitter: pre_tokenizers.PreTokenizer | None) -> Tokenizer:
    """BPE that joins a line break or a space with any visible character behind it."""
    breaks = ("Ċ", "\n", "Ġ")  # over bytes, without, and in the place of a space
    pairs = [(one, start) for one in breaks for start in sorted(VISIBLE)]
    letters = sorted({*pre_tokenizers.ByteLevel.alphabet(), "\n", "▁"})
    words = [*letters, *map("".join, pairs)]
    made = Tokenizer(models.BPE({word: place for place, word in enumerate(words)}, pairs))
    if splitter is not None:
        made.pre_tokenizer = splitter
    return made


SPLITTERS: dict[str, tuple[pre_tokenizers.PreTokenizer | None, frozenset[str]]] = {
    "GPT-2": (over_bytes(GPT_2), VISIBLE),
    "cl100k": (over_bytes(CL100K), VISIBLE),
    "o200k": (over_bytes(O200K), VISIBLE - {"/"}),
    "lines": (over_bytes(r"\n+|[^\n]+"), VISIBLE),
    "bullets": (over_bytes(r"\n?[-*][^\n]*|[^\n]+|\n"), VISIBLE - {"-", "*"}),
    "capitals": (over_bytes(r"\n?[A-Z]+|[^\n]+|\n"), VISIBLE - set(string.ascii_uppercase)),
    "a digit after a full stop": (over_bytes(r"[.]\n1|[^\n]|\n"), VISIBLE - {"1"}),
    "words": (pre_tokenizers.WhitespaceSplit(), VISIBLE),
    "Metaspace": (pre_tokenizers.Metaspace(), frozenset()),
    "behind spaces": (pre_tokenizers.Split(" ", "merged_with_previous"), frozenset()),
    "none": (None, frozenset()),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_before_which_characters_a_text_may_be_cut(name: str) -> None:
    splitter, safe = SPLITTERS[name]
    assert safe_line_starts(joining(splitter)) == safe


@pytest.fixture(scope="module", params=SPLITTERS)
def gluing(request: pytest.FixtureRequest) -> tuple[LineEncoder, Counting, frozenset[str]]:
    splitter, safe = SPLITTERS[request.param]
    return *counted(joining(splitter)), safe


@examples(50)
@given(text=LINES)
def test_nothing_that_belongs_together_is_cut(
    gluing: tuple[LineEncoder, Counting, frozenset[str]], text: str
) -> None:
    encoder, counting, safe = gluing
    counting.texts.clear()
    assert encoder.ids(text) == counting.whole(text)
    assert safe or counting.texts in ([], [text])


def test_a_text_is_cut_only_where_the_tokenizer_splits() -> None:
    encoder, counting = counted(joining(over_bytes(O200K)))
    text = "No mass.\n/ 3 cm\n(A)\n/B"
    assert encoder.ids(text) == counting.whole(text)
    assert counting.texts == ["No mass.\n/ 3 cm\n", "(A)\n/B"]
    one_by_one = map(counting.whole, text.splitlines(keepends=True))
    assert [*chain.from_iterable(one_by_one)] != counting.whole(text), "it was not glued"


@pytest.mark.parametrize(
    ("normalizer", "add_prefix_space", "cut"),
    [
        (None, False, True),
        (normalizers.NFC(), False, True),
        (normalizers.Lowercase(), False, True),
        (normalizers.Prepend("▁"), False, False),
        (normalizers.Strip(), False, False),
        (normalizers.Replace("\n", " "), False, False),
        (None, True, False),
    ],
)
def test_a_tokenizer_that_changes_the_ends_of_a_text_gets_it_whole(
    normalizer: Any, add_prefix_space: bool, cut: bool
) -> None:
    tokenizer = joining(pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    encoder, counting = counted(tokenizer)
    assert encoder.ids("A.\nB.") == counting.whole("A.\nB.")
    assert counting.texts == (["A.\n", "B."] if cut else ["A.\nB."])


# What is remembered


def test_a_text_is_learned_in_a_thread_and_then_known(demo: Counted) -> None:
    encoder, counting = demo
    line = "The liver is normal in size.\n"
    text = "".join(f"{number}. {line}" for number in range(40)) + line * 10 + "Fatty liver."
    asyncio.run(encoder.learn(text))
    assert len(counting.texts) == len(set(counting.texts)) == 40 + 2
    assert threading.current_thread() not in counting.threads
    counting.texts.clear()
    asyncio.run(encoder.learn(text))
    assert encoder.ids(text) == counting.whole(text)
    assert counting.texts == [], "it was known"
    encoder.ids(f"Spleen.\n{line}")
    assert counting.texts == ["Spleen.\n"]


def test_what_is_remembered_stays_bounded(demo: Counted) -> None:
    encoder, counting = demo
    often, long = "The liver is normal.\n", "The spleen is enlarged. " * (REMEMBERED // 60)
    for part in range(6):
        encoder.ids(f"{often}{part} {long}")
        assert sum(map(len, encoder._known)) <= REMEMBERED
    assert encoder.ids(f"1\n{often}2") == counting.whole(f"1\n{often}2")


def test_what_is_not_cut_is_not_remembered() -> None:
    encoder, counting = counted(joining(pre_tokenizers.Metaspace()))
    assert not encoder.cuts
    for _ in range(2):
        asyncio.run(encoder.learn("A.\nB."))
        assert encoder.ids("A.\nB.") == counting.whole("A.\nB.")
    assert counting.texts == ["A.\nB."] * 2
