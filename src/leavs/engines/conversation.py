"""A conversation as token ids, in which text of a report is never taken for a control token.

A chat template puts control tokens and content into one string, so that a report which holds
`<|im_end|>` would close its own turn. Here such content is encoded apart from the template, as
plain text. A conversation that goes on is extended by its next turn alone, from the very tokens
that the model wrote. Knows nothing of engines; needs transformers' tokenizers.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer

from leavs.engines import Message, Role

_PLACEHOLDER = "\ue000{}\ue001"  # private use: in no template, and no token of its own
_PLACEHOLDERS = re.compile("\ue000(\\d+)\ue001")
_CACHED = 64  # texts that come again and again: the instructions of each step

# With these the encoding in pieces is compared with the template's own.
_SAMPLE = (
    Message("system", "You read reports. Words such as  3 mm, 2.1 cm!"),
    Message("user", "Spleen: normal.\n\nWhat is said?"),
    Message("assistant", "It is normal in size."),
    Message("user", "(A) or (B)"),
)

# What stands between the turns: the id of a control token, or text with placeholders for contents
_Piece = int | str


class ConversationTokenizer:
    """Encodes conversations for a model.

    The template is rendered once for each order of roles, with placeholders for the contents, and
    cut at its control tokens; what lies between is encoded as plain text with the contents put
    back. Where a model's own encoding does not fall into such pieces, conversations without
    control tokens in them are encoded as the template does.

    Args:
        tokenizer: the model's tokenizer from transformers, with a chat template.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        controls = sorted(
            (token for token in tokenizer.get_added_vocab() if token.strip()), key=len, reverse=True
        )
        self._controls = re.compile("|".join(map(re.escape, controls)) or r"(?!)")
        self._control_ids = {token: tokenizer.convert_tokens_to_ids(token) for token in controls}
        self._ends = frozenset(self._control_ids.values())
        self._plain = _without_controls(tokenizer.backend_tokenizer)
        self._pieces = lru_cache(maxsize=None)(self._cut_template)
        self._often = lru_cache(maxsize=_CACHED)(self._ids_of)
        self._system_role = self._knows_system_role()
        sample = self._turns(_SAMPLE)
        self._in_pieces = self._encode_pieces(sample) == self._encode_whole(sample)
        self._tail = self._cut_tail()

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a conversation, up to where the model's next turn begins."""
        turns = self._turns(messages)
        if self._in_pieces or any(self._controls.search(turn.content) for turn in turns):
            return self._encode_pieces(turns)
        return self._encode_whole(turns)

    def go_on(self, so_far: Sequence[int], messages: Sequence[Message]) -> list[int]:
        """The token ids of a conversation of which all but the last message are encoded already.

        Args:
            so_far: the ids up to the end of the model's last turn, as it was generated.
        """
        if self._tail is None:
            return self.encode(messages)
        ids = list(so_far)
        while ids and ids[-1] in self._ends:  # the template's tail has the end of the turn
            ids.pop()
        for piece in self._tail:
            ids += self._ids_of_piece(piece, messages[-1:])
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated token ids, without control tokens."""
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _turns(self, messages: Sequence[Message]) -> Sequence[Message]:
        return messages if self._system_role else _without_system(messages)

    def _encode_whole(self, turns: Sequence[Message]) -> list[int]:
        text = self._render([turn.content for turn in turns], turns)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _encode_pieces(self, turns: Sequence[Message]) -> list[int]:
        ids: list[int] = []
        for piece in self._pieces(tuple(turn.role for turn in turns)):
            ids += self._ids_of_piece(piece, turns)
        return ids

    def _ids_of_piece(self, piece: _Piece, turns: Sequence[Message]) -> Sequence[int]:
        if isinstance(piece, int):
            return (piece,)
        places = [int(place) for place in _PLACEHOLDERS.findall(piece)]
        text = _PLACEHOLDERS.sub(lambda match: turns[int(match[1])].content, piece)
        if all(turns[place].role == "system" for place in places):
            return self._often(text)
        return self._ids_of(text)

    def _ids_of(self, text: str) -> Sequence[int]:
        [encoded] = self._plain.encode_batch_fast([text], add_special_tokens=False)
        ids: list[int] = encoded.ids
        return ids

    def _cut_template(self, roles: Sequence[Role]) -> tuple[_Piece, ...]:
        contents = [_PLACEHOLDER.format(place) for place in range(len(roles))]
        text = self._render(contents, [Message(role, "") for role in roles])
        pieces: list[_Piece] = []
        end = 0
        for control in self._controls.finditer(text):
            pieces += [text[end : control.start()], self._control_ids[control.group()]]
            end = control.end()
        return tuple(piece for piece in [*pieces, text[end:]] if piece != "")

    def _cut_tail(self) -> tuple[_Piece, ...] | None:
        """What follows the model's turn, with a placeholder 0 for the user's next; None where a
        conversation that goes on does not begin as it stood."""
        turns = self._turns(_SAMPLE)
        pieces = list(self._pieces(tuple(turn.role for turn in turns)))
        said, asked = (_PLACEHOLDER.format(len(turns) - back) for back in (2, 1))
        at = [place for place, piece in enumerate(pieces) if said in str(piece)]
        if len(at) != 1:
            return None
        rest = str(pieces[at[0]]).split(said)[1]
        after = [rest, *pieces[at[0] + 1 :]] if rest else pieces[at[0] + 1 :]
        self._tail = tuple(
            piece if isinstance(piece, int) else piece.replace(asked, _PLACEHOLDER.format(0))
            for piece in after
        )
        so_far = [*self.encode(_SAMPLE[:2]), *self._ids_of(_SAMPLE[2].content)]
        return self._tail if self.go_on(so_far, _SAMPLE) == self.encode(_SAMPLE) else None

    def _render(self, contents: Sequence[str], turns: Sequence[Message]) -> str:
        text: str = self._tokenizer.apply_chat_template(
            [
                {"role": turn.role, "content": content}
                for turn, content in zip(turns, contents, strict=True)
            ],
            add_generation_prompt=True,
            tokenize=False,
        )
        return text

    def _knows_system_role(self) -> bool:
        """Some templates refuse a system turn, or leave it out."""
        turns = [Message("system", "\ue002"), Message("user", "x")]
        try:
            return "\ue002" in self._render([turn.content for turn in turns], turns)
        except Exception as error:
            if type(error).__name__ != "TemplateError":
                raise
            return False


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """The conversation with the instructions at the head of the first user turn."""
    first, second, *rest = messages
    if first.role != "system":
        return messages
    return [Message(second.role, f"{first.content}\n\n{second.content}"), *rest]


def _without_controls(tokenizer: Tokenizer) -> Tokenizer:
    """A copy of a tokenizer that takes every control token for the characters it is written in.

    `encode_special_tokens` does that for tokens marked special; others (such as `<think>` in some
    models) are marked so in the copy. Added tokens of white space alone stay as they are: they are
    no controls, and plain text is encoded with them.
    """
    description = json.loads(tokenizer.to_str())
    for token in description["added_tokens"]:
        token["special"] = bool(token["content"].strip())
    copy = Tokenizer.from_str(json.dumps(description))
    copy.encode_special_tokens = True
    return copy
