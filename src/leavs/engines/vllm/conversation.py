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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2.exceptions import TemplateError

from leavs.engines.control_tokens import any_of, control_tokens_in
from leavs.engines.engine import Message, Role
from leavs.engines.vllm.line_encoder import LONG, LineEncoder
from leavs.engines.vllm.plain_tokenizer import without_controls
from leavs.errors import EngineStartError

_PLACEHOLDER = "\ue000{}\ue001"  # private use: in no template, and no token of its own
_PLACEHOLDERS = re.compile("\ue000(\\d+)\ue001")
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

    Raises:
        EngineStartError: it has no chat template, or one that refuses such conversations.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        _check(tokenizer)
        controls = frozenset(t for t in tokenizer.get_added_vocab() if t.strip(_SPACE))
        self._controls = any_of(controls)
        self._control_ids = {token: tokenizer.convert_tokens_to_ids(token) for token in controls}
        self._ends = frozenset(self._control_ids.values())
        opening, plain = without_controls(tokenizer.backend_tokenizer, controls)
        self._plain = LineEncoder(plain)
        self._opening = self._plain if opening is plain else LineEncoder(opening)
        self._markers: re.Pattern[str] | None = None
        self._pieces = lru_cache(maxsize=None)(self._cut_template)
        self._prepared = lru_cache(maxsize=None)(self._prepare_conversation)
        self._often = lru_cache(maxsize=_CACHED)(self._ids_of)
        self._system_role = self._knows_system_role()
        sample = self._turns(_SAMPLE)
        if markers := self._markers_of(sample):
            self._markers = any_of(markers)
        self._in_pieces = self._encode_pieces(sample) == self._encode_whole(sample)
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
            return self._encode_pieces(turns)
        return self._encode_whole(turns)

    def go_on(self, so_far: Sequence[int], messages: Sequence[Message]) -> list[int]:
        """Encode a conversation whose messages, all but the last, are encoded already.

        Args:
            so_far: the ids up to the end of the model's last turn, as it was generated.
        """
        if self._tail is None:
            return self.encode(messages)
        ids = list(so_far)
        while ids and ids[-1] in self._ends:  # the template's tail has the end of the turn
            ids.pop()
        asked = Message(messages[-1].role, self._broken_up(messages[-1].content))
        for piece in self._tail:
            ids += self._ids_of_piece(piece, [asked])
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated token ids, without control tokens."""
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _turns(self, messages: Sequence[Message]) -> Sequence[Message]:
        turns = messages if self._system_role else _without_system(messages)
        if self._markers is None:
            return turns
        return [Message(turn.role, self._broken_up(turn.content)) for turn in turns]

    def _broken_up(self, content: str) -> str:
        if self._markers is None:
            return content
        return self._markers.sub(lambda match: f"{match[0][0]} {match[0][1:]}", content)

    def _encode_whole(self, turns: Sequence[Message]) -> list[int]:
        text = self._render([turn.content for turn in turns], turns)
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
            parts = _parts(piece) if isinstance(piece, str) else ()
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
        text = self._said(roles)
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
        said, asked = (_PLACEHOLDER.format(len(turns) - back) for back in (2, 1))
        at = [place for place, piece in enumerate(pieces) if said in str(piece)]
        if len(at) != 1:
            return None
        rest = str(pieces[at[0]]).split(said)[1]
        after = [rest, *pieces[at[0] + 1 :]] if rest else pieces[at[0] + 1 :]
        next_turn = [
            piece if isinstance(piece, int) else piece.replace(asked, _PLACEHOLDER.format(0))
            for piece in after
        ]
        self._tail = self._prepare(next_turn, ("user",), opening=False)
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
        """Whether the template has a place for a system turn: some refuse it, or leave it out.

        Raises:
            EngineStartError: the template refuses every conversation that leavs would have.
        """
        roles: list[Role] = ["system", "user", "assistant", "user", "assistant", "user"]
        for first in (0, 1):
            try:
                longer = [self._said(roles[first:end]) for end in (2, 4, 6)]
            except TemplateError as error:
                refused = str(error).splitlines()
                continue
            if first or all(_PLACEHOLDER.format(0) in text for text in longer):
                return not first
        name = self._tokenizer.name_or_path
        raise EngineStartError(f"the chat template of {name} refuses conversations: {refused[0]}")

    def _said(self, roles: Sequence[Role]) -> str:
        contents = [_PLACEHOLDER.format(place) for place in range(len(roles))]
        return self._render(contents, [Message(role, "") for role in roles])


def _parts(piece: str) -> Sequence[str | int]:
    """Cut a piece at its placeholders: text, the number of a turn, text, and so on."""
    return [
        int(part) if place % 2 else part for place, part in enumerate(_PLACEHOLDERS.split(piece))
    ]


def _check(tokenizer: Any) -> None:
    name = getattr(tokenizer, "name_or_path", "the model")
    if not hasattr(tokenizer, "backend_tokenizer"):
        kind = type(tokenizer).__name__
        raise EngineStartError(f"{name} has no fast tokenizer ({kind}); ask it over --base-url")
    if not tokenizer.chat_template:
        raise EngineStartError(
            f"{name} has no chat template; choose a model that was taught to answer instructions"
        )


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """The conversation with the instructions at the head of the first user turn."""
    if messages[0].role != "system":
        return messages
    first, second, *rest = messages
    return [Message(second.role, f"{first.content}\n\n{second.content}"), *rest]
