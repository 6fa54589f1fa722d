"""The engine lets a model think and takes its answer after the thought: shown token by token."""

import asyncio
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leavs import Filtration, MethodOptions, OutputOptions, Reasoning, from_folder, label_reports
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.options import Thinking
from leavs.engines.vllm.thinking import Prompts, prompts_of
from leavs.errors import ContextError
from places import ROOT
from scripted_llm import Asked, ScriptedLlm, engine_over, pretended_vllm
from thinking_model import thinking_model

with warnings.catch_warnings():  # transformers warns at import of what it may deprecate
    warnings.simplefilter("ignore")
    import transformers

__all__ = ["pretended_vllm"]  # a fixture
pytestmark = pytest.mark.usefixtures("pretended_vllm")

ASKED = [Message("system", "You read reports."), Message("user", "Spleen: normal.")]
AB, LETTERS = Choices(("A", "B")), Pattern(r"none|\([AB]\)")
CLOSED = "<think>\n\n</think>\n\n"
BEGUN, END = "<|im_start|>assistant\n", "<|im_end|>"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = thinking_model(tmp_path_factory.mktemp("thinking") / "model")
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def on(tokenizer: Any) -> Prompts:
    return prompts_of(tokenizer, {}, Thinking.ON)


@pytest.fixture(scope="module")
def off(tokenizer: Any) -> Prompts:
    return prompts_of(tokenizer, {}, Thinking.OFF)


@dataclass
class Model:
    """The engine over a model that writes what is planned, and what that was asked."""

    tokenizer: Any
    prompts: Prompts
    plan: Sequence[str] = ()
    limit: int = 8192

    def __post_init__(self) -> None:
        planned = iter(self.plan)
        ends = [self.tokenizer.convert_tokens_to_ids(END)]
        self.llm = ScriptedLlm(lambda _: self.prompts.tokenizer.written(next(planned)), ends)
        self.llm.limit = self.limit
        self.engine = engine_over(self.llm, self.prompts, self.tokenizer)

    def reply(self, constraint: Constraint | None = AB, **wanted: Any) -> Reply:
        told = {"max_tokens": 16, "thought_tokens": 20, **wanted}
        messages = told.pop("messages", ASKED)
        return asyncio.run(self.engine.reply(messages, constraint=constraint, **told))

    def heads(self) -> list[str]:
        """What stood behind the beginning of the model's turn, each time it was asked."""
        texts = (self.tokenizer.decode(asked.ids) for asked in self.llm.asked)
        return [text.rpartition(BEGUN)[2] for text in texts]


LONG = "x" * 100


@pytest.mark.parametrize(
    ("writes", "thought", "before_answer"),
    [
        (
            "It is\nnormal.\n</think>\n\nA",
            "It is\nnormal.",
            "<think>\nIt is\nnormal.\n</think>\n\n",
        ),
        ("Normal.</think>", "Normal.", "<think>\nNormal.</think>\n\n"),
        ("</think>", "", "<think>\n</think>\n\n"),
        (f"Normal.{END}", "Normal.", "<think>\nNormal.\n</think>\n\n"),
        (END, "", "<think>\n\n</think>\n\n"),
        ("one two three four five six", "one two three", "<think>\none two three\n</think>\n\n"),
    ],
    ids=["ended", "ended at once", "nothing", "turn ended", "nothing said", "cut"],
)
def test_a_thought_is_ended_and_the_answer_stands_behind_it(
    tokenizer: Any, on: Prompts, writes: str, thought: str, before_answer: str
) -> None:
    budget = len(on.tokenizer.written(thought)) if writes.startswith("one") else 20
    model = Model(tokenizer, on, [writes, "A"])
    reply = model.reply(thought_tokens=budget)
    assert model.heads() == ["<think>\n", before_answer]
    assert (reply.text, reply.thought) == ("A", thought)
    assert reply.probabilities == pytest.approx({"A": 2 / 3, "B": 1 / 3})
    first, second = model.llm.asked
    assert first.sampling.max_tokens == budget
    assert (first.sampling.allowed_token_ids, second.sampling.max_tokens) == (None, 1)
    assert second.ids[: len(first.ids)] == first.ids, "the prompt is cached"


def test_a_reply_with_a_thought_counts_both_and_is_not_gone_on_from(
    tokenizer: Any, on: Prompts
) -> None:
    model = Model(tokenizer, on, ["Normal.</think>", "A", f"B{END}"])
    reply = model.reply()
    assert reply.prompt_tokens == len(model.llm.asked[0].ids)
    assert reply.cached_tokens == 3
    assert reply.generated_tokens == len(on.tokenizer.written("Normal.</think>")) + 1
    assert reply.token_ids == ()
    later = [*ASKED, Message("assistant", "A"), Message("user", "Again.")]
    model.reply(messages=later, follows=reply, thought_tokens=0)
    assert model.heads()[-1] == CLOSED
    assert model.llm.asked[-1].ids == on.tokenizer.encode(later)


@pytest.mark.parametrize("thought_tokens", [0, 20])
def test_a_model_that_is_not_to_think_gets_a_closed_thought(
    tokenizer: Any, off: Prompts, thought_tokens: int
) -> None:
    model = Model(tokenizer, off, ["A"])
    assert model.reply(thought_tokens=thought_tokens).thought == ""
    assert model.heads() == [CLOSED]


def test_the_thought_leaves_room_for_the_answer(tokenizer: Any, on: Prompts) -> None:
    assert on.thinker is not None
    prompt = len(on.thinker.tokenizer.encode(ASKED))
    closing = len(on.thinker.breaking_off)
    for left, budget in ((16, None), (17, 1), (30, 14), (36, 20), (99, 20)):
        plan = ["B"] if budget is None else [LONG, "B"]
        model = Model(tokenizer, on, plan, limit=prompt + closing + left)
        assert model.reply().text == "B"
        asked = [one.sampling.max_tokens for one in model.llm.asked]
        assert asked == ([1] if budget is None else [budget, 1])
    assert model.heads()[-1].endswith("\n</think>\n\n")
    with pytest.raises(ContextError, match=f"the prompt of {prompt + closing} tokens"):
        Model(tokenizer, on, limit=prompt + closing + 15).reply()


@pytest.mark.parametrize(
    ("constraint", "writes", "text", "thought"),
    [
        (None, f"It is normal.{END}", "It is normal.", ""),
        (None, f"<think>\nHm.\n</think>\n\nIt is normal.{END}", "It is normal.", "Hm."),
        (None, f"Hm.</think>It is normal.{END}", "It is normal.", "Hm."),
        (None, "<think>Hm. It is", "Hm. It is", ""),
        (LETTERS, f"<think>Hm.</think>(A){END}", "(A)", "Hm."),
        (LETTERS, "<think>Hm. It is", "", "Hm. It is"),
        (LETTERS, f"(A)<think>Hm.</think>(B){END}", "(A)<think>Hm.</think>(B)", ""),
    ],
)
def test_a_thought_that_a_free_reply_holds_is_no_part_of_it(
    tokenizer: Any,
    off: Prompts,
    constraint: Constraint | None,
    writes: str,
    text: str,
    thought: str,
) -> None:
    reply = Model(tokenizer, off, [writes]).reply(constraint, max_tokens=40, thought_tokens=0)
    assert (reply.text, reply.thought) == (text, thought)
    assert bool(reply.token_ids) is ("think>" not in writes)


# The whole chain

SHIPPED = ROOT / "data" / "reports"
CHAIN = MethodOptions(
    organs=("spleen", "liver"), filtration=Filtration.FAST, max_reasoning_tokens=40
)


@dataclass(frozen=True)
class Whim:
    """A model that answers by the hash of its prompt, and thinks in every way there is.

    One reply in four to a question without choices cannot be read, unless a grammar holds it.
    """

    prompts: Prompts

    def __call__(self, asked: Asked) -> Sequence[int]:
        digest = blake2b(repr(asked.ids).encode()).digest()
        if asked.sampling.stop_token_ids:
            said = ("Hm.\n</think>\n\n", f"Hm.{END}", "Hm. " * 50, "</think>")[digest[0] % 4]
            return self.prompts.tokenizer.written(said)
        if asked.sampling.allowed_token_ids is not None:
            return [asked.sampling.allowed_token_ids[digest[0] % 4]]
        text = self.prompts.tokenizer.text(asked.ids)
        quoted = re.findall(r"<report>\n(.+)", text)
        told = asked.sampling.structured_outputs is not None or digest[0] % 4
        listed = f'"{quoted[-1]}": informative' if quoted else "(A), (K)"
        return self.prompts.tokenizer.written((listed if told else "Hm") + END)


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        (Thinking.OFF, Reasoning.ALWAYS),
        (Thinking.ON, Reasoning.ALWAYS),
        (Thinking.ON, Reasoning.AUTO),
    ],
)
def test_every_question_about_every_shipped_report_gets_its_answer(
    tokenizer: Any,
    on: Prompts,
    off: Prompts,
    tmp_path: Path,
    thinking: Thinking,
    reasoning: Reasoning,
) -> None:
    prompts = on if thinking is Thinking.ON else off
    llm = ScriptedLlm(Whim(prompts), [tokenizer.convert_tokens_to_ids(END)])
    method = replace(CHAIN, thinking=thinking, reasoning=reasoning)
    output = OutputOptions(tmp_path / "run", keep_reasoning=True)
    outcome = label_reports(
        from_folder(SHIPPED), engine_over(llm, prompts, tokenizer), method, output
    )
    assert outcome.complete
    assert outcome.exported.failed_cells == 0
    details = pd.read_csv(tmp_path / "run" / "details.csv")
    assert len(details) == 26 * 2 * 11
    asked_about = details[details["evidence"].notna()]
    assert len(asked_about) > len(details) / 2
    assert asked_about["probability"].between(0, 1).all()
    check_prompts(llm.asked, tokenizer, thinks=thinking is Thinking.ON)
    thoughts = {thought for _, thought, _ in reasoning_of(tmp_path / "run")}
    if thinking is Thinking.ON:
        cut = tokenizer.decode(prompts.tokenizer.written("Hm. " * 50)[:40]).strip()
        assert thoughts == {"", "Hm.", cut}


def check_prompts(asked: Sequence[Asked], tokenizer: Any, *, thinks: bool) -> None:
    """Every prompt is about to think, or has one thought, which is closed."""
    begin, end = (tokenizer.convert_tokens_to_ids(mark) for mark in ("<think>", "</think>"))
    before_thoughts = [one.ids for one in asked if one.sampling.stop_token_ids]
    others = [one.ids for one in asked if not one.sampling.stop_token_ids]
    assert bool(before_thoughts) is thinks
    for ids in before_thoughts:
        assert (ids.count(begin), ids.count(end), begin in ids[-3:]) == (1, 0, True)
    for ids in others:
        assert (ids.count(begin), ids.count(end), end in ids[-3:]) == (1, 1, True)


def reasoning_of(run: Path) -> list[list[str]]:
    journals = [path.read_text(encoding="utf-8") for path in (run / "journal").glob("*.jsonl")]
    lines = [line for journal in journals for line in journal.splitlines()]
    return [one for line in lines for one in json.loads(line).get("reasoning", ())]
