"""Finds the sentences of a report that a model's quote stands for.

A quote is compared by its words, so that case, white space, quotation marks, bullets and Unicode
variants do not matter. Three ways are tried in order, and the first that finds something wins:

1. as a whole sentence or several consecutive ones, with or without their headings, or without the
   sentence's own label: by edit distance, at least `SIMILAR`, and only where the words that differ
   change nothing (`_means_the_same`): "No focal lesion" is one edit from "Focal lesion";
2. as a clear part of just one sentence, word for word;
3. not at all: a dropped quote is better than a finding with the wrong sentence as evidence.

The sentences are read once for all quotes, and texts whose lengths differ too much are not
compared, so that the time for each quote grows in proportion to the length of the report.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

import Levenshtein

from leavs.domain import Sentence
from leavs.text.headings import BULLET, read_headings
from leavs.text.sentences import split_sentences
from leavs.text.words import words

# Levenshtein.ratio (0 to 1) from which a quote may be a sentence: some 15% of it may differ.
SIMILAR = 0.85
# The shorter of two texts so alike has at least this share of the longer one's characters.
NEAR = SIMILAR / (2 - SIMILAR)
# A longer quote is compared word for word: the time of an edit distance grows with the square.
LONGEST_COMPARED = 2000
# Consecutive sentences that one quote may stand for.
MOST_SENTENCES = 40
# A word that replaces another must be a misspelling or another form of it.
SIMILAR_WORD = 0.7
# A part with fewer words than this must be at least `MOST` of its sentence.
CLEAR_WORDS = 3
MOST = 0.6
# A shorter quote is ambiguous if it stands under several headings: "Normal."
SHORT = 3

_NEGATIONS = words("quotes", "negations")
_DECISIVE = _NEGATIONS | words("quotes", "sides_and_degrees")
_PREFIXES = sorted(words("quotes", "prefixes"), key=len, reverse=True)
_FILLERS = words("quotes", "fillers")
_OPENERS = "|".join(sorted(words("quotes", "clause_openers")))
_CONTRASTS = "|".join(sorted(words("quotes", "contrasts")))
_CLAUSE = re.compile(rf"[;:()。]|, (?:and )?(?=(?:{_OPENERS})\b)| (?=(?:{_CONTRASTS})\b)")
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[<>≤≥]|[^\W\d_]+(?:'[^\W\d_]+)?")
_NUMERAL = re.compile(r"i{1,3}|iv|vi{0,3}|ix|xi{0,2}")
# Longer than in any real text; the time of Unicode's normal form grows with the square of a run.
_LONG_RUN = re.compile(r"([^\w\s]{30})[^\w\s]++")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "×": " x ", "\u00ad": "", "\u200b": "", "\ufeff": ""})


class _Words(NamedTuple):
    """A text as words, in lower case, with the number of the clause of each."""

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    joined: str


class _Said:
    """A sentence that is no heading, read as words."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        self.words = _read(sentence.text).words
        self.label_end = read_headings(sentence.text).end
        self.heading = _read(sentence.heading).words
        self.size = _size(self.words)
        self.heading_size = _size(self.heading)

    @cached_property
    def without_label(self) -> tuple[str, ...]:
        """The words behind the sentence's own label."""
        return _read(self.sentence.text[self.label_end :]).words if self.label_end else self.words

    @cached_property
    def context(self) -> _Words:
        """The words with the heading's."""
        return _read(self.sentence.in_context)


class _Run(NamedTuple):
    """Consecutive sentences, in one of the forms in which a model may quote them."""

    said: Sequence[_Said]
    words: tuple[str, ...]


def match_quotes(
    quotes: Iterable[str], sentences: Sequence[Sentence]
) -> list[tuple[Sentence, ...]]:
    """Find for each quote the sentences of a report that it stands for, in order; () if none.

    Args:
        quotes: what a model gave as sentences of the report.
        sentences: of the report, as `split_sentences` gives them. Headings are never returned.

    Repeated sentences are all returned. A quote of one or two words that stands under different
    headings ("Normal.") is returned for none of them. A quote of more than 2,000 characters must
    be right word for word, and none stands for more than 40 sentences.
    """
    said = [_Said(sentence) for sentence in sentences if not sentence.is_heading]
    return [_matched(_read(quote), said) for quote in quotes]


def match_quote(quote: str, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """As `match_quotes`, for one quote."""
    (matched,) = match_quotes([quote], sentences)
    return matched


def _matched(quoted: _Words, said: Sequence[_Said]) -> tuple[Sentence, ...]:
    if not quoted.words:
        return ()
    return _as_a_whole(quoted, said) or _as_a_part(quoted, said)


# Reading


@lru_cache(maxsize=4096)
def _read(text: str) -> _Words:
    """Split a text into words, sentence by sentence, so that the bullet of each item is dropped."""
    found: list[str] = []
    clauses: list[int] = []
    parts = (_CLAUSE.split(_plain(sentence.text)) for sentence in split_sentences(text))
    for clause, part in enumerate(chain.from_iterable(parts)):
        here = _WORD.findall(part)
        found += here
        clauses += [clause] * len(here)
    return _Words(tuple(found), tuple(clauses), " ".join(found))


def _plain(text: str) -> str:
    text = _LONG_RUN.sub(r"\1", text)
    plain = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE).casefold()
    plain = " ".join(plain.split())
    bullet = BULLET.match(plain)
    return plain[bullet.end() :] if bullet else plain


def _size(words: Sequence[str]) -> int:
    """The length of the words joined, each with the space behind it."""
    return sum(map(len, words)) + len(words)


# Whole sentences


def _as_a_whole(quoted: _Words, said: Sequence[_Said]) -> tuple[Sentence, ...]:
    exact = len(quoted.joined) > LONGEST_COMPARED
    best, runs = 1.0 if exact else SIMILAR, list[_Run]()
    for run in _runs(said, len(quoted.joined), 1.0 if exact else NEAR):
        score = Levenshtein.ratio(quoted.joined, " ".join(run.words), score_cutoff=best)
        if score < best or not _means_the_same(quoted.words, run.words):
            continue
        if score > best:
            best = score
            runs.clear()
        runs.append(run)
    if len(quoted.words) < SHORT and len({_context(run) for run in runs}) > 1:
        return ()
    found = {one.sentence.start: one.sentence for run in runs for one in run.said}
    return tuple(found[start] for start in sorted(found))


def _runs(said: Sequence[_Said], size: int, near: float) -> Iterator[_Run]:
    """Every run of consecutive sentences whose length is near enough to a quote's."""
    least, most = size * near + 1, size / near + 1  # 1: the space behind the last word
    for first, one in enumerate(said):
        if one.label_end and least <= _size(one.without_label) <= most:
            yield _Run((one,), one.without_label)
        plain, headed, heading = 0, 0, ""
        for last in range(first, min(len(said), first + MOST_SENTENCES)):
            here = said[last]
            plain += here.size
            headed += here.size
            if here.sentence.heading != heading:
                heading = here.sentence.heading
                headed += here.heading_size
            run = said[first : last + 1]
            if least <= plain <= most:
                yield _Run(run, tuple(chain.from_iterable(each.words for each in run)))
            if headed != plain and least <= headed <= most:
                yield _Run(run, _with_headings(run))
            if plain > most:
                break


def _with_headings(run: Sequence[_Said]) -> tuple[str, ...]:
    """The words of sentences, with those of each heading before the first sentence under it."""
    heading = ""
    found: list[str] = []
    for one in run:
        if one.sentence.heading != heading:
            found += one.heading
            heading = one.sentence.heading
        found += one.words
    return tuple(found)


def _context(run: _Run) -> str:
    return " ".join(one.context.joined for one in run.said)


def _means_the_same(quoted: tuple[str, ...], real: tuple[str, ...]) -> bool:
    """Whether the words by which a quote and a sentence differ leave its meaning alone.

    A negation, number, side or degree may not differ. A quote may leave out other words, but add
    only fillers. A word may replace another only as a misspelling ("leson") or an inflection.
    """
    return quoted == real or all(
        _harmless(quoted[i:j], real[k:m], added=tag == "delete")
        for tag, i, j, k, m in Levenshtein.opcodes(quoted, real)
        if tag != "equal"
    )


def _harmless(quoted: tuple[str, ...], real: tuple[str, ...], *, added: bool) -> bool:
    if any(map(_decisive, quoted + real)):
        return False
    if added:
        return _FILLERS.issuperset(quoted)
    return all(_alike(*pair) for pair in zip(quoted, real, strict=False))


def _decisive(word: str) -> bool:
    return (
        word in _DECISIVE
        or word[0].isdigit()
        or word in "<>≤≥"
        or word.endswith("n't")
        or _NUMERAL.fullmatch(word) is not None
    )


def _alike(one: str, other: str) -> bool:
    if one in _FILLERS and other in _FILLERS:
        return True
    return Levenshtein.ratio(one, other) >= SIMILAR_WORD and not _opposite(one, other)


def _opposite(one: str, other: str) -> bool:
    """Whether two words differ in a prefix: hypodense and hyperdense, clear and unclear."""
    (prefix, stem), (other_prefix, other_stem) = _cut(one), _cut(other)
    whole_stems = ((stem, other_stem), (one, other_stem), (stem, other))
    return prefix != other_prefix and any(
        Levenshtein.ratio(*stems) >= SIMILAR for stems in whole_stems
    )


def _cut(word: str) -> tuple[str, str]:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) > len(prefix) + 2:
            return prefix, word[len(prefix) :]
    return "", word


# Parts


def _as_a_part(quoted: _Words, said: Sequence[_Said]) -> tuple[Sentence, ...]:
    found = [one for one in said if _is_clear_part(quoted, one.context)]
    chosen = [one for one in found if _share(quoted, one.context) >= MOST] or found
    if len({one.context.joined for one in chosen}) != 1:
        return ()  # "in the liver" is in many sentences
    return tuple(one.sentence for one in chosen)


def _is_clear_part(quoted: _Words, context: _Words) -> bool:
    at = f" {context.joined} ".find(f" {quoted.joined} ")
    if at < 0 or len(quoted.words) < 2:
        return False
    telling = sum(word not in _FILLERS for word in quoted.words)
    if _share(quoted, context) < MOST and (len(quoted.words) < CLEAR_WORDS or telling < 2):
        return False
    return not _denied_outside(context, context.joined[:at].count(" "), len(quoted.words))


def _share(quoted: _Words, context: _Words) -> float:
    return len(quoted.joined) / len(context.joined)


def _denied_outside(context: _Words, first: int, size: int) -> bool:
    """Whether a clause that the part is cut from has a negation outside the part."""
    inside = range(first, first + size)
    clauses = {context.clauses[at] for at in inside}
    return any(
        context.clauses[at] in clauses and (word in _NEGATIONS or word.endswith("n't"))
        for at, word in enumerate(context.words)
        if at not in inside
    )
