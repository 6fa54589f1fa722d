"""How a model thinks is found from its template and its vocabulary, and no model by its name.

The templates are written for these tests in the form of the families that are named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from leavs.engines.engine import Message
from leavs.engines.options import Thinking
from leavs.engines.vllm.thinking import Prompts, Thinker, prompts_of
from leavs.errors import EngineStartError
from model_families import byte_level, with_template

ASKED = [Message("system", "You read reports."), Message("user", "Spleen: normal.")]
SAID = [*ASKED, Message("assistant", "(A)"), Message("user", "Again.")]

TURNS = (
    "{%- for m in messages -%}"
    "{{- '<|im_start|>' + m.role + '\n' -}}"
    "{%- if m.reasoning_content is defined -%}"
    "{{- '<think>\n' + m.reasoning_content + '\n</think>\n\n' -}}{%- endif -%}"
    "{{- m.content + '<|im_end|>\n' -}}"
    "{%- endfor -%}"
)
NO_PLACE = TURNS.replace("reasoning_content", "no_such_field")


def begun(more: str) -> str:
    """The beginning of the model's turn."""
    begin = "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}"
    return begin + more + "{%- endif -%}"


def written(text: str) -> str:
    return "{{- '" + text + "' -}}"


def where(condition: str, text: str, otherwise: str = "") -> str:
    return (
        f"{{%- if {condition} -%}}{written(text)}{{%- else -%}}{written(otherwise)}{{%- endif -%}}"
    )


EMPTY = "<think>\n\n</think>\n\n"
TOLD_NOT_TO = "enable_thinking is defined and not enable_thinking"
EFFORT = (
    "{%- set effort = reasoning_effort | default('none') -%}{%- if effort not in ('none', 'high') "
    "-%}{{- raise_exception('no such effort') -}}{%- endif -%}"
)


@dataclass(frozen=True)
class Family:
    """What a template is, and what is to be found in it.

    Args:
        off: what follows the model's turn where it is not to think; None if it can only think.
        on: what follows it where it thinks; None if it cannot.
        closing: what is written behind a thought that the model ended.
        breaking_off: what is written behind another.
        none: what follows where it could think but does not; `off` if that is None.
    """

    template: str
    off: str | None
    on: str | None = None
    closing: str = ""
    breaking_off: str = ""
    none: str | None = None
    marks: tuple[str, ...] = ("<think>", "</think>")
    given: Mapping[str, Any] = field(default_factory=dict)


THINK = {"closing": "</think>\n\n", "breaking_off": "\n</think>\n\n"}
ALWAYS = TURNS + begun(written("<think>\n"))
FAMILIES = {
    "Qwen 3": Family(TURNS + begun(where(TOLD_NOT_TO, EMPTY)), EMPTY, "<think>\n", **THINK),
    "Qwen 3 without the history": Family(
        NO_PLACE + begun(where(TOLD_NOT_TO, EMPTY)), EMPTY, "<think>\n", **THINK
    ),
    "Qwen 3.5, which thinks unless told not to": Family(
        TURNS + begun(where(TOLD_NOT_TO, EMPTY, "<think>\n")), EMPTY, "<think>\n", **THINK
    ),
    "SmolLM 3": Family(
        "{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}"
        + NO_PLACE
        + begun(where("not enable_thinking", "<think>\n\n</think>\n")),
        "<think>\n\n</think>\n",
        "<think>\n",
        "</think>\n",
        "\n</think>\n",
    ),
    "DeepSeek V3.1": Family(
        "{%- if not thinking is defined -%}{%- set thinking = false -%}{%- endif -%}"
        + NO_PLACE
        + begun(where("thinking", "<think>", "</think>")),
        "</think>",
        "<think>",
        "</think>",
        "</think>",
    ),
    "DeepSeek R1": Family(
        NO_PLACE + begun(written("<think>\n")), None, "<think>\n", **THINK, none=EMPTY
    ),
    "GLM": Family(
        NO_PLACE.replace("m.content +", f"m.content + ('/nothink' if {TOLD_NOT_TO} else '') +")
        + begun(where(TOLD_NOT_TO, "<think></think>")),
        "<think></think>",
        "<think>",
        "</think>",
        "</think>",
    ),
    "Kimi K2 Thinking, which nothing keeps from it": Family(
        NO_PLACE.replace("reasoning", "<think></think>") + begun(""),
        "",
        "<think>",
        **THINK,
        none="<think>\n</think>\n\n",
    ),
    "LFM 2.5": Family(
        "{%- for m in messages -%}{{- '<|im_start|>' + m.role + '\n' -}}"
        "{%- if m.role == 'assistant' -%}{%- generation -%}{%- if m.thinking is defined -%}"
        "{{- '<think>' + m.thinking + '</think>' -}}{%- endif -%}{{- m.content -}}"
        "{%- endgeneration -%}{%- else -%}{{- m.content -}}{%- endif -%}{{- '<|im_end|>\n' -}}"
        "{%- endfor -%}" + begun(""),
        "",
        "<think>",
        "</think>",
        "</think>",
        none="<think></think>",
    ),
    "Magistral": Family(
        NO_PLACE.replace("m.role ==", "'[THINK]' ==") + "{#- [THINK] -#}" + begun(""),
        "",
        "[THINK]",
        "[/THINK]",
        "[/THINK]",
        none="[THINK][/THINK]",
        marks=("[THINK]", "[/THINK]"),
    ),
    "Mistral Small 4, whose effort is none by default": Family(
        EFFORT + NO_PLACE + "{#- [THINK] -#}" + begun("{{- effort + '\n' -}}"),
        "none\n",
        "high\n[THINK]",
        "[/THINK]",
        "[/THINK]",
        none="high\n[THINK][/THINK]",
        marks=("[THINK]", "[/THINK]"),
    ),
    "an effort that closes the thought": Family(
        "{%- set effort = reasoning_effort | default('high') -%}"
        + TURNS
        + begun(where("effort == 'none'", EMPTY, "<think>\n")),
        EMPTY,
        "<think>\n",
        **THINK,
    ),
    "Seed, whose budget of 0 opens a thought": Family(
        NO_PLACE
        + begun(where("thinking_budget is defined and thinking_budget == 0", "<seed:think>0")),
        "",
        "<seed:think>",
        "</seed:think>\n\n",
        "\n</seed:think>\n\n",
        none="<seed:think>\n</seed:think>\n\n",
        marks=("<seed:think>", "</seed:think>"),
    ),
    "Gemma 4": Family(
        "{%- if enable_thinking -%}{{- '<|think|>' -}}{%- endif -%}"
        + NO_PLACE
        + begun(where("not enable_thinking | default(false)", "<|channel>thought\n<channel|>")),
        "<|channel>thought\n<channel|>",
        "<|channel>thought\n",
        "<channel|>",
        "<channel|>",
        marks=("<|channel>", "<channel|>", "<|think|>"),
    ),
    "gpt-oss": Family(
        "{{- 'Reasoning: ' + reasoning_effort | default('medium') -}}"
        "{%- for m in messages -%}{{- '<|start|>' + m.role -}}"
        "{%- if m.role == 'assistant' -%}{{- '<|channel|>final' -}}{%- endif -%}"
        "{{- '<|message|>' + m.content + '<|end|>' -}}{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{- '<|start|>assistant' -}}{%- endif -%}"
        "{#- <|channel|>analysis<|message|> -#}",
        None,
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        none="<|channel|>final<|message|>",
        marks=("<|start|>", "<|channel|>", "<|message|>", "<|end|>"),
    ),
    "what the user says wins": Family(
        ALWAYS.replace(written("<think>\n"), where("mode == 'short'", EMPTY, "<think>\n")),
        EMPTY,
        given={"mode": "short"},
    ),
    "the user has it think, though told not to": Family(
        TURNS + begun(where(TOLD_NOT_TO, EMPTY, "<think>\n")),
        None,
        "<think>\n",
        **THINK,
        none=EMPTY,
        given={"enable_thinking": True},
    ),
    "a thought that is closed, whatever is said": Family(TURNS + begun(written(EMPTY)), EMPTY),
    "no thoughts": Family(NO_PLACE.replace("think>", "x>") + begun(""), ""),
    "a switch, but no marks": Family(
        NO_PLACE.replace("think>", "x>") + begun(where("thinking", "Think.", "Do not.")), "Do not."
    ),
    "marks, but no tokens": Family(TURNS + begun(written("<think>\n")), "<think>\n", marks=()),
}


@cache
def tokenizer_of(name: str) -> Any:
    family = FAMILIES[name]
    special = dict.fromkeys(["<|im_start|>", "<|im_end|>"], True)
    marks = dict.fromkeys(family.marks, not family.marks or "think>" not in family.marks[0])
    tokenizer = with_template(byte_level(special | marks), family.template, eos="<|im_end|>")
    tokenizer.name_or_path = "some/model"
    return tokenizer


def head(name: str, ids: list[int]) -> str:
    """What stands behind the place where the model's turn begins."""
    text = tokenizer_of(name).decode(ids, clean_up_tokenization_spaces=False)
    _, *found = text.rpartition(
        "<|im_start|>assistant\n" if name != "gpt-oss" else "normal.<|end|>"
    )
    return str(found[-1]).removeprefix("<|start|>assistant")


@cache
def prompts(name: str, thinking: Thinking) -> Prompts:
    return prompts_of(tokenizer_of(name), FAMILIES[name].given, thinking)


NOT_THINKING = [name for name, family in FAMILIES.items() if family.off is not None]
THINKING = [name for name, family in FAMILIES.items() if family.on is not None]


@pytest.mark.parametrize("name", NOT_THINKING)
def test_a_model_that_is_not_to_think_is_told_so(name: str) -> None:
    found = prompts(name, Thinking.OFF)
    assert head(name, found.tokenizer.encode(ASKED)) == FAMILIES[name].off
    assert found.thinker is None


@pytest.mark.parametrize("name", THINKING)
def test_a_model_that_is_to_think_begins_with_a_thought(name: str) -> None:
    family, found = FAMILIES[name], prompts(name, Thinking.ON)
    assert isinstance(found.thinker, Thinker)
    assert head(name, found.thinker.tokenizer.encode(ASKED)) == family.on
    decode = tokenizer_of(name).decode
    assert decode(found.thinker.closing) == family.closing
    assert decode(found.thinker.breaking_off) == family.breaking_off
    assert decode([found.thinker.stop]) == family.closing[: len(decode([found.thinker.stop]))]
    assert found.marks >= {found.thinker.stop}


@pytest.mark.parametrize("name", THINKING)
def test_of_a_model_that_can_think_an_answer_without_a_thought_can_be_asked(name: str) -> None:
    family, found = FAMILIES[name], prompts(name, Thinking.ON)
    wanted = family.off if family.none is None else family.none
    assert head(name, found.tokenizer.encode(ASKED)) == wanted


@pytest.mark.parametrize("name", THINKING)
def test_a_conversation_that_goes_on_is_rendered_as_the_template_does(name: str) -> None:
    found = prompts(name, Thinking.ON)
    assert found.thinker is not None
    for encoder in (found.tokenizer, found.thinker.tokenizer):
        ids = encoder.encode(SAID)
        so_far = [*encoder.encode(ASKED), *encoder.written("(A)")]
        assert encoder.go_on(so_far, SAID) == ids
        assert head(name, ids) == head(name, encoder.encode(ASKED)) or name == "gpt-oss"


@pytest.mark.parametrize("name", sorted({*FAMILIES} - {*NOT_THINKING}))
def test_a_model_that_can_only_think_is_named_with_what_to_do(name: str) -> None:
    says = "some/model can only think before it answers: .*; give --thinking on, or the variable "
    with pytest.raises(EngineStartError, match=says) as error:
        prompts(name, Thinking.OFF)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", sorted({*FAMILIES} - {*THINKING}))
def test_a_model_that_cannot_think_is_named(name: str) -> None:
    says = "some/model .*; leave --thinking on out"
    with pytest.raises(EngineStartError, match=says) as error:
        prompts(name, Thinking.ON)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["no thoughts", "gpt-oss", "Gemma 4", "DeepSeek V3.1"])
def test_a_template_is_told_nothing_that_it_does_not_hear(name: str) -> None:
    thinking = Thinking.ON if name == "gpt-oss" else Thinking.OFF
    wanted = {"Gemma 4": {"enable_thinking": False}, "DeepSeek V3.1": {"thinking": False}}
    assert prompts(name, thinking).tokenizer.template.variables == wanted.get(name, {})


def test_the_thoughts_of_earlier_turns_are_no_part_of_a_conversation() -> None:
    thinker = prompts("Qwen 3", Thinking.ON).thinker
    assert thinker is not None
    text = tokenizer_of("Qwen 3").decode(thinker.tokenizer.encode(SAID))
    assert text.count("<think>") == 1


def test_marks_that_the_template_writes_into_the_users_turn_close_no_thought() -> None:
    told = TURNS.replace("m.content", "m.content + ' Think in <think>...</think>.'")
    assert told != TURNS
    special = dict.fromkeys(["<|im_start|>", "<|im_end|>"], True)
    marks = dict.fromkeys(["<think>", "</think>"], False)
    template = told + begun(written("<think>\n"))
    tokenizer = with_template(byte_level(special | marks), template, eos="<|im_end|>")
    with pytest.raises(EngineStartError, match="can only think"):
        prompts_of(tokenizer, {}, Thinking.OFF)
    assert prompts_of(tokenizer, {}, Thinking.ON).thinker is not None
