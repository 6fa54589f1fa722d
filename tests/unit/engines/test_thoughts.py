"""A thought is cut from the answer behind it, whatever a family of models marks it with."""

import time

import pytest

from leavs.engines.thoughts import Split, split_thought

TO_FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"
SPLIT = [
    # no mark
    ("", "", ""),
    ("(A)", "", "(A)"),
    ("  I think </ think> (A)\n", "", "  I think </ think> (A)\n"),
    ("analysis: normal", "", "analysis: normal"),
    ("analysis of the spleen", "", "analysis of the spleen"),
    # the tags of most families
    ("<think>\nLong.\nThought.\n</think>\n\n(A)", "Long.\nThought.", "(A)"),
    ("\n <think></think>(A)", "", "(A)"),
    ("<THINK>x</Think> (A) \n", "x", "(A)"),
    ("<thinking>x</thinking>(A)", "x", "(A)"),
    ("<thought>x</thought>(A)", "x", "(A)"),
    ("<reasoning>x</reasoning>(A)", "x", "(A)"),
    ("<seed:think>x</seed:think>(A)", "x", "(A)"),
    ("◁think▷x◁/think▷(A)", "x", "(A)"),
    ("[THINK]x[/THINK](A)", "x", "(A)"),
    ("<|channel>thought\nx<channel|>(A)", "x", "(A)"),
    ("<|channel>thought\n<channel|>(A)", "", "(A)"),
    ("<think>a < b, </thinking> and [THINK]</think>(A)", "a < b, </thinking> and [THINK]", "(A)"),
    # the template had opened it
    ("x</think>\n\n(A)", "x", "(A)"),
    ("\n\n</think>(A)", "", "(A)"),
    ("x[/THINK](A)", "x", "(A)"),
    ("x<channel|>(A)", "x", "(A)"),
    ("x</think><think>y</think>(A)", "x\n\ny", "(A)"),
    # two in a row
    ("<think>x</think>\n<think>y</think>\n(A)", "x\n\ny", "(A)"),
    ("<think>x</think><reasoning>y</reasoning>(A)", "x\n\ny", "(A)"),
    ("<think></think><think>y</think>(A)", "y", "(A)"),
    ("<think>x</think>", "x", ""),
    # gpt-oss
    (f"<|channel|>analysis<|message|>x{TO_FINAL}(A)", "x", "(A)"),
    (f"<|channel|>analysis<|message|>x{TO_FINAL}(A)<|return|>", "x", "(A)"),
    (f"<|start|>assistant<|channel|>analysis<|message|>x{TO_FINAL}(A)", "x", "(A)"),
    (f"x{TO_FINAL}(A)<|end|>", "x", "(A)"),
    ("<|channel|>analysis<|message|>x<|channel|>final<|message|>(A)", "x", "(A)"),
    (
        "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>commentary<|message|>y"
        "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>(A)",
        "x\n\ny",
        "(A)",
    ),
    ("<|channel|>final<|message|>(A)<|return|>", "", "(A)"),
    ("(A)<|return|>\n", "", "(A)"),
    ("analysisWe ask.assistantfinal(A)", "We ask.", "(A)"),
    ('analysis"Spleen".assistantfinal(A)', '"Spleen".', "(A)"),
    ("We ask.assistantfinal(A)", "We ask.", "(A)"),
]


@pytest.mark.parametrize(("text", "thought", "answer"), SPLIT)
def test_a_thought_is_cut_from_the_answer(text: str, thought: str, answer: str) -> None:
    assert split_thought(text) == Split(thought, answer, unfinished=False)


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("<think>\nThe spleen", "The spleen"),
        ("<think>", ""),
        ("[THINK]x[/thin", "x[/thin"),
        ("<|channel>thought\nx", "x"),
        ("<|channel|>analysis<|message|>x", "x"),
        ("analysisWe need", "We need"),
        ("<think>x</think><think>y", "x\n\ny"),
        ("x</think><think>y", "x\n\ny"),
    ],
)
def test_what_has_no_end_is_all_thought(text: str, thought: str) -> None:
    assert split_thought(text) == Split(thought, "", unfinished=True)


@pytest.mark.parametrize(
    "text",
    [
        "(A) <think>or (B)?</think>",
        "(A)<think>",
        "<think>x</think>(A)<think>y</think>(B)",
        "<think>x</think>(A)</think>",
        "x</think>(A)[THINK]",
        "(A) [THINK]x[/THINK]",
        f"(A)<|channel|>analysis<|message|>x{TO_FINAL}(B)",
        f"<|channel|>analysis<|message|>x{TO_FINAL}(A){TO_FINAL}(B)",
        "analysisWe ask.assistantfinal(A)assistantfinal(B)",
    ],
)
def test_a_mark_within_the_answer_leaves_it_as_it_is(text: str) -> None:
    assert split_thought(text) == Split("", text, unfinished=False)


PARTS = "< <| <think> </think> [THINK <|channel|> <|channel|>final <|end|> <|start|>assistant "
PARTS += "<|channel|>analysis<|message|> <|channel>thought <channel|> analysisx assistantfinal \n"


@pytest.mark.parametrize("before", ["", "x", "<think>", "analysisx", "[THINK]"])
@pytest.mark.parametrize("part", [*PARTS.split(" "), " ", "<think></think>"])
def test_a_long_text_takes_no_longer_than_it_must(before: str, part: str) -> None:
    begin = time.process_time()
    split_thought(before + part * (100_000 // len(part)))
    assert time.process_time() - begin < 0.5
