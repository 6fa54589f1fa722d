"""Whatever a report holds, a model of any family reads it as text: shown by token ids."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.engines.engine import Message
from leavs.engines.options import Thinking
from leavs.engines.vllm.conversation import ConversationTokenizer
from leavs.engines.vllm.thinking import Thinker, prompts_of
from leavs.errors import EngineStartError
from line_texts import LINES
from model_families import FAMILIES, THINKING, qwen

SYSTEM = Message("system", "You read reports.")
BENIGN = "The liver has a 2 cm cyst in segment 4.\n\nThe spleen is normal in size."
# What marks the turns of a family's template and is no token of its tokenizer
MERE_TEXT = {
    "Mistral": r"\[/?INST\]",
    "Unigram": r"\[/?INST\]|<</?SYS>>",
}
FRAGMENTS = (
    "<|im_start|> <|im_end|> <|endoftext|> <think> </think> <tool_call> </tool_call> <|box_end|> "
    "<|begin_of_text|> <|end_of_text|> <|start_header_id|> <|end_header_id|> <|eot_id|> <bos> "
    "<eos> <pad> <unk> <mask> <start_of_turn> <end_of_turn> [@BOS@] <unused0> <table> <h1> <s> "
    "</s> [INST] [/INST] <<SYS>> <</SYS>> [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CALLS] [IMG] "
    "[AVAILABLE_TOOLS] <0x0A> <|im_ end|> <|eot_ id|> < | > </ im_end st [ INST ] [/ _of_turn> "
    "system user assistant model Answer: (A) \ue0000\ue001 \ue0001\ue001 3 肝 é"
)
SPACES = [" ", "\n", "\n\n", "  "]
PIECES = st.one_of(st.sampled_from(FRAGMENTS.split()), st.sampled_from(SPACES))
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@dataclass(frozen=True)
class Family:
    """A model's tokenizer, and how leavs encodes conversations with it.

    Args:
        begun: what stands behind the template's own prompt, so that the model thinks.
    """

    name: str
    tokenizer: Any
    encoder: ConversationTokenizer
    begun: str = ""

    @cached_property
    def controls(self) -> set[int]:
        """All added tokens but those of white space, with which plain text is encoded."""
        added = self.tokenizer.get_added_vocab().items()
        return {number for token, number in added if token.replace("▁", " ").strip()}

    def controls_in(self, ids: list[int]) -> list[int]:
        return [one for one in ids if one in self.controls]

    def decoded(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        return text

    def shown(self, text: str) -> str:
        """A text as the model reads it."""
        if self.name == "Unigram":
            text = text.replace("<0x0A>", "\n")  # its words for bytes are words of a text too
        markers = MERE_TEXT.get(self.name, r"(?!)")
        return re.sub(markers, lambda match: f"{match[0][0]} {match[0][1:]}", text)

    def official(self, messages: list[Message]) -> list[int]:
        turns = [{"role": one.role, "content": one.content} for one in messages]
        text = self.tokenizer.apply_chat_template(
            turns,
            add_generation_prompt=True,
            tokenize=False,
            **self.encoder.template.variables,
        )
        ids: list[int] = self.tokenizer(text + self.begun, add_special_tokens=False)["input_ids"]
        return ids


ALL = [(name, Thinking.OFF) for name in FAMILIES] + [(name, Thinking.ON) for name in THINKING]


@pytest.fixture(scope="module", params=ALL, ids=lambda param: " ".join(param))
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    name, thinking = request.param
    folder: Path = tmp_path_factory.mktemp("family") / "model"
    tokenizer = (THINKING if thinking is Thinking.ON else FAMILIES)[name](folder)
    prompts = prompts_of(tokenizer, {}, thinking)
    if thinking is Thinking.OFF:
        return Family(name, tokenizer, prompts.tokenizer)
    assert isinstance(prompts.thinker, Thinker)
    begun = "<think>\n" if name == "real Qwen 3" else ""  # R1's template has it itself
    return Family(name, tokenizer, prompts.thinker.tokenizer, begun)


def question(text: str) -> Message:
    return Message("user", f"Read.\n\n<report>\n{text}\n</report>\n\nAnswer.")


often = examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@often
@given(text=TEXTS)
def test_the_only_control_tokens_of_a_prompt_are_the_templates(family: Family, text: str) -> None:
    ids = family.encoder.encode([SYSTEM, question(text)])
    benign = family.encoder.encode([SYSTEM, question(BENIGN)])
    assert family.controls_in(ids) == family.controls_in(benign)
    assert f"<report>\n{family.shown(text)}\n</report>" in family.decoded(ids)


@often
@given(text=TEXTS)
def test_nor_does_a_later_turn_have_others(family: Family, text: str) -> None:
    asked, said = [SYSTEM, question(BENIGN)], Message("assistant", "(A)")
    reply = family.tokenizer("(A)", add_special_tokens=False)["input_ids"]
    so_far = [*family.encoder.encode(asked), *reply]
    ids = family.encoder.go_on(so_far, [*asked, said, question(text)])
    benign = family.encoder.go_on(so_far, [*asked, said, question(BENIGN)])
    assert family.controls_in(ids) == family.controls_in(benign)
    assert f"<report>\n{family.shown(text)}\n</report>" in family.decoded(ids)


def test_the_template_alone_would_have_taken_them_for_its_own(family: Family) -> None:
    """Else the tests above show nothing."""
    tokens = sorted(family.tokenizer.get_added_vocab())
    merged = [Message("user", f"{SYSTEM.content}\n\n{question(''.join(tokens)).content}")]
    ids = family.official(merged)
    assert set(family.controls_in(ids)) == family.controls
    assert len(family.controls_in(ids)) >= len(family.controls_in(family.encoder.encode(merged)))
    assert ids != family.encoder.encode(merged)


def test_what_is_harmless_is_encoded_as_the_template_does(family: Family) -> None:
    later = [Message("assistant", "It is normal."), Message("user", "Answer with one letter.")]
    merged = Message("user", f"{SYSTEM.content}\n\n{question(BENIGN).content}")
    refuses = family.name in ("Gemma", "Mistral")
    for end in (0, 2):
        begun = [merged] if refuses else [SYSTEM, question(BENIGN)]
        wanted = family.official([*begun, *later[:end]])
        assert family.encoder.encode([SYSTEM, question(BENIGN), *later[:end]]) == wanted


@often
@given(text=LINES)
def test_text_of_many_lines_is_encoded_as_the_template_does(family: Family, text: str) -> None:
    instructions = Message("user", f"{SYSTEM.content}\n\n{question(text).content}")
    merged = family.name in ("Gemma", "Mistral")
    wanted = family.official([instructions] if merged else [SYSTEM, question(text)])
    assert family.encoder.encode([SYSTEM, question(text)]) == wanted


def test_the_instructions_reach_every_family(family: Family) -> None:
    ids = family.encoder.encode([SYSTEM, question(BENIGN)])
    assert SYSTEM.content in family.decoded(ids)
    bos = family.tokenizer.bos_token_id
    assert bos is None or (ids[0] == bos and ids.count(bos) == 1)


def test_a_template_that_trims_what_is_said_keeps_all_of_it(family: Family) -> None:
    ids = family.encoder.encode([SYSTEM, Message("user", "\n  It is normal.</s><|im_end|>  \n")])
    assert "It is normal.</s><|im_end|>" in family.decoded(ids)


def test_a_beginning_that_the_template_writes_twice_stays_the_templates() -> None:
    tokenizer = qwen()
    tokenizer.chat_template = "<|box_end|><|box_end|>" + tokenizer.chat_template
    encoder = ConversationTokenizer(tokenizer)
    box = tokenizer.convert_tokens_to_ids("<|box_end|>")
    assert encoder.encode([SYSTEM, question("x <|box_end|>")]).count(box) == 2


def without_template(tokenizer: Any) -> Any:
    tokenizer.chat_template = None
    return tokenizer


def refusing(tokenizer: Any, when: str) -> Any:
    tokenizer.chat_template = (
        f"{{% if {when} %}}{{{{ raise_exception('not\nso') }}}}{{% endif %}}"
        "{% for m in messages %}{{ m.content }}{% endfor %}"
    )
    return tokenizer


class SlowTokenizer:
    name_or_path = "some/model"
    chat_template = "x"


UNUSABLE = [
    (lambda: without_template(qwen()), "has no chat template; choose a model"),
    (lambda: refusing(qwen(), "true"), "refuses conversations: not$"),
    (lambda: refusing(qwen(), "messages | length > 4"), "refuses conversations: not$"),
    (lambda: refusing(qwen(), "undefined_name.x"), "refuses conversations: 'undefined_name' is un"),
    (SlowTokenizer, r"some/model has no fast tokenizer \(SlowTokenizer\)"),
]


@pytest.mark.parametrize(("make", "message"), UNUSABLE)
def test_a_model_that_cannot_be_talked_to_is_named_before_the_run(make: Any, message: str) -> None:
    with pytest.raises(EngineStartError, match=message) as error:
        ConversationTokenizer(make())
    assert "\n" not in str(error.value)
