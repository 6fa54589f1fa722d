"""Encodes text line by line, and each line once: the questions of a run repeat most of their lines.

What stands around the text of a report is the same in all questions of a step, and each sentence of
it is put to the model for many organs and finding types. A tokenizer encodes the pieces into which
it splits a text one by one, so a text can be cut where it always splits. Where that is, is found
out once, and compared with how it encodes the whole; a tokenizer that splits nowhere for certain
gets its texts whole. Needs tokenizers; knows nothing of conversations.
"""

import asyncio
import re
import sys
import unicodedata
from collections.abc import Sequence, Set
from functools import cache
from itertools import accumulate, chain

from tokenizers import Tokenizer

REMEMBERED = 2_000_000  # characters; some 15 bytes each
LONG = 2_000  # characters: encoding them takes longer than handing them to a thread

_LINE_STARTS = "".join(map(chr, range(0x21, 0x7F)))  # before others a text is not cut


class LineEncoder:
    """Encodes texts without special tokens, and remembers their lines, if it can cut them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._breaks = _line_breaks(tokenizer)
        self._known: dict[str, list[int]] = {}
        self._characters = 0  # of the lines that are known

    @property
    def cuts(self) -> bool:
        """Whether texts are cut into lines."""
        return self._breaks is not None

    def ids(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        if self._breaks is None:
            return _encoded(self._tokenizer, [text])[0]
        found: list[int] = []
        for line in self._breaks.split(text):
            ids = self._known.get(line)
            if ids is None:
                [ids] = _encoded(self._tokenizer, [line])
                self._remember([line], [ids])
            found += ids
        return found

    async def learn(self, text: str) -> None:
        """Encode the new lines of a text in a thread, so that `ids` need not."""
        lines = [] if self._breaks is None else self._breaks.split(text)
        if new := [line for line in dict.fromkeys(lines) if line not in self._known]:
            self._remember(new, await asyncio.to_thread(_encoded, self._tokenizer, new))

    def _remember(self, lines: Sequence[str], ids: Sequence[list[int]]) -> None:
        self._characters += sum(map(len, lines))
        if self._characters > REMEMBERED:
            self._known.clear()  # simpler than the oldest first, and the lines in use come back
            self._characters = sum(map(len, lines))
        self._known.update(zip(lines, ids, strict=True))


def _encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [encoding.ids for encoding in encodings]


def safe_line_starts(tokenizer: Tokenizer) -> Set[str]:
    """Return the characters with which a line can begin so that the text may be cut before it.

    Before these the tokenizer splits whatever ends the line before: every visible character of
    ASCII, and one of every other Unicode category, was tried. Runs of white space are another
    matter: some tokenizers split "\\n\\n" by what follows it, so a text is not cut behind them.
    """
    splitter = tokenizer.pre_tokenizer
    if splitter is None:
        return frozenset()
    lines = _lines_to_try()
    splits = {start for _, (start, _) in splitter.pre_tokenize_str("".join(lines))}
    places = accumulate(map(len, lines), initial=0)
    glued = {line[0] for line, place in zip(lines, places, strict=False) if place not in splits}
    return frozenset(_LINE_STARTS) - glued


def _lines_to_try() -> list[str]:
    """Make lines so that each character that may begin one comes after each that may end one.

    The characters beside them take turns.
    """
    lines = []
    for number, start in enumerate(_LINE_STARTS):
        for place, end in enumerate(_line_ends()):
            turn = (number // 4 + place) % 4
            second, before = ("x", " ", start, "1")[turn], ("y", end, " ", ".")[turn]
            lines.append(f"{start}{second} {before}{end}\n")
    return lines


@cache
def _line_ends() -> str:
    """Return all visible characters of ASCII, and one of each other Unicode category."""
    others = map(chr, range(sys.maxunicode, 0x7F, -1))
    one_of_each = {unicodedata.category(one): one for one in others if not one.isspace()}
    del one_of_each["Cs"]  # surrogates are no text
    return _LINE_STARTS + "".join(one_of_each.values())


def _line_breaks(tokenizer: Tokenizer) -> re.Pattern[str] | None:
    """Return an expression that splits a text behind line breaks; None if it must not be used.

    Not behind a run of white space. A sample is encoded line by line, and compared with how it is
    encoded as a whole.
    """
    safe = safe_line_starts(tokenizer)
    if not safe:
        return None
    breaks = re.compile(rf"(?<=\S\n)(?=[{re.escape(''.join(sorted(safe)))}])")
    sample = "".join(line + "\n" * (len(line) % 3 // 2) for line in _lines_to_try()[::5])
    [whole] = _encoded(tokenizer, [sample])
    line_by_line = _encoded(tokenizer, breaks.split(sample))
    return breaks if list(chain.from_iterable(line_by_line)) == whole else None
