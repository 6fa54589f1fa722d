"""A tokenizer for plain text alone, in which no text is a control token.

Needs tokenizers; knows nothing of conversations.
"""

import json
import secrets
from collections.abc import Set
from typing import Any

from tokenizers import Tokenizer

_RENAMED = f"{{}} {secrets.token_hex(8)}"  # a word of a vocabulary that no text has


def without_controls(tokenizer: Tokenizer, controls: Set[str]) -> tuple[Tokenizer, Tokenizer]:
    """Copies of a tokenizer that take every control token for the characters it is written in.

    `encode_special_tokens` does that for tokens marked special; others (such as `<think>` in some
    models) are marked so in the copy. If the vocabulary holds them as words too, it loses those.
    Added tokens of white space alone stay as they are: they are no control tokens, and plain text
    is encoded with them.

    Returns:
        One for the beginning of a text, and one for the pieces behind a control token.
    """
    description = json.loads(tokenizer.to_str())
    # Some tokenizer files have these; no prompt is cut or filled up.
    description["truncation"] = description["padding"] = None
    for token in description["added_tokens"]:
        token["special"] = token["content"] in controls
    _rename(description["model"], controls)
    opening = _copied(description)
    return opening, _copied(description) if _begin_nothing(description) else opening


def _copied(description: dict[str, Any]) -> Tokenizer:
    copy = Tokenizer.from_str(json.dumps(description))
    copy.encode_special_tokens = True
    return copy


def _rename(model: dict[str, Any], controls: Set[str]) -> None:
    """Rename control tokens in a vocabulary, except those that merges need; ids stay."""
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):  # Unigram: pieces with their scores
        for place, (piece, score) in enumerate(vocabulary):
            if piece in controls:
                vocabulary[place] = [_RENAMED.format(piece), score]
        return
    merged = {part for pair in model.get("merges", ()) for part in (*pair, "".join(pair))}
    for token in controls:
        if token in vocabulary and token not in merged and token != model.get("unk_token"):
            vocabulary[_RENAMED.format(token)] = vocabulary.pop(token)


def _begin_nothing(description: dict[str, Any]) -> bool:
    """Keep a tokenizer that puts a space before a text from putting one before every piece.

    Returns:
        Whether this changes anything.
    """
    first = description["pre_tokenizer"] or {}
    parts = [first, *first.get("pretokenizers", ())]
    spaced = [part for part in parts if part.get("prepend_scheme") == "first"]
    for part in spaced:
        part["prepend_scheme"] = "never"
    return bool(spaced)
