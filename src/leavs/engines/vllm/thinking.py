"""How a model thinks before it answers, as its chat template and its vocabulary show it.

No model is known here by its name. Which variables of a template let the model think or keep it
from that, and what stands around a thought, is found by rendering the template.
Knows nothing of engines; needs transformers' tokenizers.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from jinja2.exceptions import TemplateError

from leavs.engines.options import Thinking
from leavs.engines.vllm.chat_template import ChatTemplate
from leavs.engines.vllm.conversation import ConversationTokenizer
from leavs.errors import EngineStartError


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands around a thought; each begins with a control token that is one token.

    Args:
        opening: before it.
        closing: behind it.
        answering: behind that, before the answer, where that is a mark too.
    """

    opening: str
    closing: str
    answering: str = ""

    @property
    def tokens(self) -> Sequence[str]:
        """The control tokens with which the opening and the closing begin."""
        return _first_token(self.opening), _first_token(self.closing)


# The first for which a model's vocabulary has the tokens, and its template a mark, is the model's.
_MARKS = (
    *(Marks(f"<{name}>", f"</{name}>") for name in ("think", "seed:think", "thinking", "thought")),
    Marks("<reasoning>", "</reasoning>"),
    Marks("[THINK]", "[/THINK]"),  # Mistral
    Marks("◁think▷", "◁/think▷"),  # Kimi
    Marks("<|channel>thought\n", "<channel|>"),  # Gemma 4
    Marks(  # gpt-oss
        "<|channel|>analysis<|message|>",
        "<|end|>",
        "<|start|>assistant<|channel|>final<|message|>",
    ),
)
_NO_THOUGHT_NEEDED = "<|channel|>final<|message|>"  # gpt-oss: an answer without a thought

# Variables that templates have for it: what keeps a model from thinking, and what lets it think.
_SWITCHES = ("enable_thinking", "thinking", "enable_reasoning")
_NO_BUDGET = {"thinking_budget": 0}
_NO_EFFORT, _SOME_EFFORT = {"reasoning_effort": "none"}, {"reasoning_effort": "high"}

_SAID, _THOUGHT = "\ue002", "\ue003"  # private use, as the placeholders of a template


class _Head(Enum):
    """What a template writes of a thought where the model's turn begins."""

    NOTHING = auto()
    OPENED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Thinker:
    """What an engine needs to let a model think.

    Args:
        tokenizer: its prompts end where the thought begins.
        stop: the token with which the model ends its thought.
        closing: what leads from the end of a thought to the answer.
        breaking_off: the same, if the model had not ended its thought.
    """

    tokenizer: ConversationTokenizer
    stop: int
    closing: Sequence[int]
    breaking_off: Sequence[int]


@dataclass(frozen=True, slots=True)
class Prompts:
    """How a model is asked.

    Args:
        tokenizer: its prompts have no thought, or one that is closed.
        thinker: for replies with a thought; None if it is not to think.
        marks: tokens that stand around a thought; a reply without them holds none.
    """

    tokenizer: ConversationTokenizer
    thinker: Thinker | None
    marks: Set[int]


def prompts_of(tokenizer: Any, given: Mapping[str, Any], thinking: Thinking) -> Prompts:
    """Find how to ask a model, so that it thinks or does not.

    Args:
        tokenizer: the model's tokenizer from transformers, with a chat template.
        given: variables of the template that the user has set; they win.

    Raises:
        EngineStartError: the model can only think, or cannot; or it cannot be talked to.
    """
    template = ChatTemplate(tokenizer, given)
    marks = _marks_of(template, tokenizer.get_added_vocab())
    closed = _without_thought(template, marks)
    if thinking is Thinking.OFF:
        if closed is None:
            raise EngineStartError(
                f"{template.name} can only think before it answers: no variable of its chat "
                "template closes the thought; give --thinking on, or the variable that closes "
                "it: --chat-template-arg name=value"
            )
        encoder = ConversationTokenizer(tokenizer, closed.variables)
        return Prompts(encoder, None, _tokens_of(marks, encoder))
    if marks is None:
        raise EngineStartError(
            f"{template.name} has no thoughts of its own: its vocabulary and its chat template "
            "have no marks of them; leave --thinking on out"
        )
    opened = _with_thought(template, marks)
    if opened is None:
        raise EngineStartError(
            f"the chat template of {template.name} closes the thought before it begins, whatever "
            "it is told; leave --thinking on out"
        )
    return _thinking_prompts(tokenizer, marks, opened, closed)


def _thinking_prompts(
    tokenizer: Any, marks: Marks, opened: ChatTemplate, closed: ChatTemplate | None
) -> Prompts:
    around = _around(marks, opened, closed)
    begun = _head(marks, opened) is _Head.OPENED
    start = "" if begun else marks.opening + around.start
    end = marks.closing + around.answer + marks.answering
    encoder = ConversationTokenizer(tokenizer, opened.variables)
    thinker = Thinker(
        encoder.prompting(opened.variables, start) if start else encoder,
        tokenizer.convert_tokens_to_ids(marks.tokens[1]),
        encoder.written(end),
        encoder.written(around.end + end),
    )
    if closed is not None and _head(marks, closed) is _Head.CLOSED:
        plain = encoder.prompting(closed.variables)
    elif marks.answering and not begun:
        plain = encoder.prompting(opened.variables, _NO_THOUGHT_NEEDED)
    else:
        plain = encoder.prompting(opened.variables, start + around.end + end)
    return Prompts(plain, thinker, _tokens_of(marks, encoder))


def _tokens_of(marks: Marks | None, encoder: ConversationTokenizer) -> Set[int]:
    if marks is None:
        return frozenset()
    return encoder.controls_in(marks.opening + marks.closing + marks.answering)


def _marks_of(template: ChatTemplate, vocabulary: Mapping[str, int]) -> Marks | None:
    for marks in _MARKS:
        named = marks.opening in template.source or marks.closing in template.source
        if named and all(token in vocabulary for token in marks.tokens):
            return marks
    return None


def _first_token(mark: str) -> str:
    """The control token with which a mark begins."""
    token = re.match(r"<\|channel\|?>", mark)
    return mark if token is None else token.group()


def _without_thought(template: ChatTemplate, marks: Marks | None) -> ChatTemplate | None:
    """The template with variables that keep the model from thinking; None if none do."""
    variables: Mapping[str, Any] = dict.fromkeys(_switches(template), False)
    found, rendered = None, ""
    for more in ({}, _NO_BUDGET, _NO_EFFORT):
        tried = _told(template, {**variables, **more})
        if tried is None or tried.question() == rendered:
            continue
        head = _head(marks, tried)
        if head is _Head.CLOSED:
            return tried
        if head is _Head.NOTHING and not (marks and marks.answering):
            found, rendered, variables = tried, tried.question(), tried.variables
    return found


def _with_thought(template: ChatTemplate, marks: Marks) -> ChatTemplate | None:
    """The template with variables that let the model think; None if they close the thought."""
    on = dict.fromkeys(_switches(template), True)
    usual, none, some = (_told(template, on | more) for more in ({}, _NO_EFFORT, _SOME_EFFORT))
    if usual and none and some and none.question() == usual.question() != some.question():
        usual = some  # there is no effort unless it is asked for
    for tried in (usual, some):
        if tried is not None and _head(marks, tried) is not _Head.CLOSED:
            return tried
    return None


def _switches(template: ChatTemplate) -> Sequence[str]:
    """The variables on which it depends what the template writes."""
    return [
        name
        for name in _SWITCHES
        if len({_question(template, {name: value}) for value in (False, True)} - {None}) > 1
    ]


def _told(template: ChatTemplate, variables: Mapping[str, Any]) -> ChatTemplate | None:
    """The template with variables besides those that it has; None if it refuses them."""
    return None if _question(template, variables) is None else _more(template, variables)


def _question(template: ChatTemplate, variables: Mapping[str, Any]) -> str | None:
    try:
        return _more(template, variables).question()
    except (TemplateError, TypeError, ValueError):
        return None


def _more(template: ChatTemplate, variables: Mapping[str, Any]) -> ChatTemplate:
    return template.given({**variables, **template.variables})


def _head(marks: Marks | None, template: ChatTemplate) -> _Head:
    if marks is None:
        return _Head.NOTHING
    head = template.head()
    opened = head.rfind(_first_token(marks.opening))
    closed = head.rfind(_NO_THOUGHT_NEEDED if marks.answering else marks.closing)
    if opened == closed == -1:
        return _Head.NOTHING
    return _Head.OPENED if opened > closed else _Head.CLOSED


@dataclass(frozen=True, slots=True)
class _Around:
    """White space within a thought's marks and behind them, as the template writes it."""

    start: str
    end: str
    answer: str


def _around(marks: Marks, opened: ChatTemplate, closed: ChatTemplate | None) -> _Around:
    """Find it in a turn that has a thought, in a closed thought, or in an opened one."""
    if marks.answering:
        return _Around("", "", "")
    opening, closing = re.escape(marks.opening), re.escape(marks.closing)
    said = rf"{opening}(\s*){_THOUGHT}(\s*){closing}(\s*){_SAID}"
    if found := re.search(said, _turn_with_thought(opened)):
        return _Around(*found.groups())
    if closed and (found := re.search(rf"(?:{opening}(\s*))?{closing}(\s*)\Z", closed.head())):
        inside, half = found[1] or "", len(found[1] or "") // 2
        return _Around(inside[:half], inside[half:], found[2])
    if found := re.search(rf"{opening}(\s*)\Z", opened.head()):
        return _Around("", found[1], "\n\n")
    return _Around("", "\n", "\n\n") if marks.closing.startswith("</") else _Around("", "", "")


def _turn_with_thought(template: ChatTemplate) -> str:
    try:
        return template.with_thought(_THOUGHT, _SAID)
    except (TemplateError, TypeError, ValueError):
        return ""
