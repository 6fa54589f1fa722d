"""A conversation as token ids, in which text of a report is never taken for a control token.

A chat template puts control tokens and content into one string, so that a report that contains
`<|im_end|>` would close its own turn. Here such content is encoded apart from the template, as
plain text. If a template marks its turns with mere text, such as `[INST]` in models that have no
such token, the same text in a report cannot be told from it and is broken up by a space.
A conversation that continues is extended by its next turn alone, after the very tokens that the
model generated. Knows nothing of engines; needs transformers' tokenizers.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from leavs.engines.control_tokens import any_of, control_tokens_in
from leavs.engines.engine import Message, Role
from leavs.engines.vllm.chat_template import PLACEHOLDER, ChatTemplate, parts_of
from leavs.engines.vllm.line_encoder import LONG, LineEncoder
from leavs.engines.vllm.plain_tokenizer import without_controls

_SPACE = " \t\n\r\v\f▁"  # SentencePiece writes a space as ▁
_CACHED = 64  # texts that are repeated in many conversations: the instructions of each step

# A conversation for which the encoding in pieces is compared with the template's own.
_SAMPLE = (
    Message("system", "You read reports. Words such as  3 mm, 2.1 cm!"),
    Message("user", "Spleen: normal.\n\nWhat is said?"),
    Message("assistant", "It is normal in size."),
    Message("user", "(A) or (B)"),
)

# Part of a rendered template: the id of a control token, or text with placeholders for contents
_Piece = int | str


@dataclass(frozen=True, slots=True)
class _Filled:
    """A text of the template that holds contents of turns.

    Args:
        parts: text, the number of a turn, text, and so on.
        repeated: the contents are instructions, which stand in many conversations.
    """

    parts: Sequence[str | int]
    repeated: bool


_Prepared = list[int] | _Filled  # what is encoded already, or waits for its contents


class ConversationTokenizer:
    """Encodes conversations for a model.

    The template is rendered once for each order of roles, with placeholders for the contents, and
    cut at its control tokens; what lies between is encoded as plain text with the contents put
    back. If a model's own encoding cannot be cut into such pieces, conversations without control
    tokens in them are encoded by the template as a whole.

    Args:
        tokenizer: the model's tokenizer from transformers, with a chat template.
        variables: what the template is told besides the conversation.

    Raises:
        EngineStartError: it has no chat template, or one that refuses such conversations.
    """

    def __init__(self, tokenizer: Any, variables: Mapping[str, Any] = MappingProxyType({})) -> None:
        template = ChatTemplate(tokenizer, variables)
        self._tokenizer = tokenizer
        added = tokenizer.get_added_vocab()
        controls = frozenset(token for token in added if token.strip(_SPACE))
        self._controls = any_of(controls)
        self._control_ids = {token: tokenizer.convert_tokens_to_ids(token) for token in controls}
        self._ends = frozenset(self._control_ids.values())
        known = tokenizer.added_tokens_decoder.items()
        self._special = frozenset(number for number, token in known if token.special)
        opening, plain = without_controls(tokenizer.backend_tokenizer, controls)
        self._plain = LineEncoder(plain)
        self._opening = self._plain if opening is plain else LineEncoder(opening)
        self._often = lru_cache(maxsize=_CACHED)(self._ids_of)
        self._follow(template, "")

    def prompting(self, variables: Mapping[str, Any], ending: str = "") -> "ConversationTokenizer":
        """Return a tokenizer for the same model whose prompts differ.

        Args:
            variables: what the template is told besides the conversation.
            ending: what is put behind each prompt, as a template would write it: its control
                tokens are control tokens.
        """
        other = copy(self)
        other._follow(self.template.given(variables), ending)
        return other

    def _follow(self, template: ChatTemplate, ending: str) -> None:
        self.template = template
        self._ending = self.written(ending)
        self._markers: re.Pattern[str] | None = None
        self._pieces = lru_cache(maxsize=None)(self._cut_template)
        self._prepared = lru_cache(maxsize=None)(self._prepare_conversation)
        sample = self._turns(_SAMPLE)
        if markers := self._markers_of(sample):
            self._markers = any_of(markers)
        self._in_pieces = self._encode_pieces(sample) == self._encode_whole(sample)
        self._tail: Sequence[_Prepared] | None = None
        self._tail = self._cut_tail()

    async def ids(
        self, messages: Sequence[Message], so_far: Sequence[int] | None = None
    ) -> list[int]:
        """Encode a conversation, as `encode` or `go_on`; long text is encoded in a thread.

        Args:
            so_far: the ids up to the end of the model's last turn, if the conversation goes on.
        """
        new = messages if so_far is None or self._tail is None else messages[-1:]
        for turn in new:
            if turn.role == "system" or len(turn.content) < LONG:
                continue  # instructions are encoded once, short text sooner than a thread begins
            if not self._plain.cuts:
                return await asyncio.to_thread(self._ids_now, messages, so_far)
            await self._plain.learn(turn.content)
        return self._ids_now(messages, so_far)

    def _ids_now(self, messages: Sequence[Message], so_far: Sequence[int] | None) -> list[int]:
        return self.encode(messages) if so_far is None else self.go_on(so_far, messages)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Encode a conversation, up to where the model's next turn begins."""
        turns = self._turns(messages)
        if self._in_pieces or any(self._controls.search(turn.content) for turn in turns):
            ids = self._encode_pieces(turns)
        else:
            ids = self._encode_whole(turns)
        ids += self._ending
        return ids

    def go_on(self, so_far: Sequence[int], messages: Sequence[Message]) -> list[int]:
        """Encode a conversation whose messages, all but the last, are encoded already.

        Args:
            so_far: the ids up to the end of the model's last turn, as it was generated.
        """
        if self._tail is None:
            return self.encode(messages)
        ids = self.without_end(so_far)  # the template's tail has the end of the turn
        asked = Message(messages[-1].role, self._broken_up(messages[-1].content))
        for piece in self._tail:
            ids += self._ids_of_piece(piece, [asked])
        ids += self._ending
        return ids

    def written(self, text: str) -> list[int]:
        """Encode text as a template writes it: its control tokens are control tokens."""
        return [
            one
            for piece in self._cut(text)
            for one in ([piece] if isinstance(piece, int) else self._ids_of(piece))
        ]

    def controls_in(self, text: str) -> Set[int]:
        """The control tokens in a text."""
        return frozenset(piece for piece in self._cut(text) if isinstance(piece, int))

    def without_end(self, ids: Sequence[int]) -> list[int]:
        """Copy the ids of what a model wrote, without the control tokens with which it ended."""
        kept = list(ids)
        while kept and kept[-1] in self._ends:
            kept.pop()
        return kept

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated token ids, without control tokens."""
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def text_with(self, marks: Set[int], ids: Sequence[int]) -> str:
        """The text of generated token ids, as `text`, but with these control tokens, too."""
        kept = [one for one in ids if one in marks or one not in self._special]
        text: str = self._tokenizer.decode(
            kept, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text

    def _turns(self, messages: Sequence[Message]) -> Sequence[Message]:
        turns = self.template.turns(messages)
        if self._markers is None:
            return turns
        return [Message(turn.role, self._broken_up(turn.content)) for turn in turns]

    def _broken_up(self, content: str) -> str:
        if self._markers is None:
            return content
        return self._markers.sub(lambda match: f"{match[0][0]} {match[0][1:]}", content)

    def _encode_whole(self, turns: Sequence[Message]) -> list[int]:
        text = self.template.render([turn.content for turn in turns], turns)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _encode_pieces(self, turns: Sequence[Message]) -> list[int]:
        roles = tuple([turn.role for turn in turns])
        ids: list[int] = []
        for piece in self._prepared(roles):
            ids += self._ids_of_piece(piece, turns, opening=not ids)
        return ids

    def _prepare_conversation(self, roles: Sequence[Role]) -> Sequence[_Prepared]:
        return self._prepare(self._pieces(roles), roles, opening=True)

    def _prepare(
        self, pieces: Sequence[_Piece], roles: Sequence[Role], *, opening: bool
    ) -> Sequence[_Prepared]:
        """Encode once what does not depend on the contents of the turns.

        Args:
            opening: the conversation begins with these pieces.
        """
        prepared: list[_Prepared] = []
        for piece in pieces:
            parts = parts_of(piece) if isinstance(piece, str) else ()
            places = [part for part in parts if isinstance(part, int)]
            if places:
                repeated = all(roles[place] == "system" for place in places)
                prepared.append(_Filled(parts, repeated))
                continue
            ids = (
                [piece] if isinstance(piece, int) else self._ids_of(piece, opening and not prepared)
            )
            if prepared and isinstance(prepared[-1], list):
                prepared[-1] += ids
            else:
                prepared.append([*ids])
        return prepared

    def _ids_of_piece(
        self, piece: _Prepared, turns: Sequence[Message], opening: bool = False
    ) -> Sequence[int]:
        if isinstance(piece, list):
            return piece
        text = "".join(
            [part if isinstance(part, str) else turns[part].content for part in piece.parts]
        )
        return (self._often if piece.repeated else self._ids_of)(text, opening)

    def _ids_of(self, text: str, opening: bool = False) -> Sequence[int]:
        return (self._opening if opening else self._plain).ids(text)

    def _cut_template(self, roles: Sequence[Role]) -> tuple[_Piece, ...]:
        return self._cut(self.template.said(roles))

    def _cut(self, text: str) -> tuple[_Piece, ...]:
        """Cut a text of the template at its control tokens."""
        pieces: list[_Piece] = []
        end = 0
        for control in self._controls.finditer(text):
            pieces += [text[end : control.start()], self._control_ids[control.group()]]
            end = control.end()
        return tuple(piece for piece in [*pieces, text[end:]] if piece != "")

    def _markers_of(self, turns: Sequence[Message]) -> set[str]:
        """What marks the turns in the template, and is no token of the model."""
        pieces = self._pieces(tuple(turn.role for turn in turns))
        text = [piece for piece in pieces if isinstance(piece, str)]
        return set().union(*map(control_tokens_in, text)) - set(self._control_ids)

    def _cut_tail(self) -> Sequence[_Prepared] | None:
        """What follows the model's turn, with the user's next turn as the turn 0.

        None if the template renders earlier turns differently once a turn is added, so that they
        cannot be reused.
        """
        turns = self._turns(_SAMPLE)
        pieces = list(self._pieces(tuple(turn.role for turn in turns)))
        said, asked = (PLACEHOLDER.format(len(turns) - back) for back in (2, 1))
        at = [place for place, piece in enumerate(pieces) if said in str(piece)]
        if len(at) != 1:
            return None
        rest = str(pieces[at[0]]).split(said)[1]
        after = [rest, *pieces[at[0] + 1 :]] if rest else pieces[at[0] + 1 :]
        next_turn = [
            piece if isinstance(piece, int) else piece.replace(asked, PLACEHOLDER.format(0))
            for piece in after
        ]
        self._tail = self._prepare(next_turn, ("user",), opening=False)
        so_far = [*self.encode(_SAMPLE[:2]), *self._ids_of(_SAMPLE[2].content)]
        return self._tail if self.go_on(so_far, _SAMPLE) == self.encode(_SAMPLE) else None
