"""How strictly replies are read: one table of what models say, what it is for, and what it says.

Each reply is read by the form that a question of the chain has. FAILS: it is no answer, and is
asked for once more. CUT in front: the reply was stopped at its length limit. JSON in front: the
engine held the reply to the schema.
"""

import json
from typing import Any

import pytest

from leavs.engines.constraints import schema_of
from leavs.engines.engine import Pattern, Reply
from leavs.errors import AnswerError
from leavs.method.answers import Quote
from leavs.method.reply_form import (
    Quotes,
    ReplyForm,
    list_of_numbers,
    list_of_quotes,
    one_of,
    several_of,
)

CERTAINTY = {
    "A": "denied",
    "B": "not mentioned",
    "C": "possible",
    "D": "affirmed",
    "E": "depends on a prior report",
    "F": "broad area only",
}
URGENCY = {"A": "no action", "B": "low", "C": "medium", "D": "high"}
TYPES = ("normal", "absent", "adjacent", "post_surgical", "small bowel")

FORMS: dict[str, ReplyForm[Any]] = {
    "certainty": one_of("ABCDEF", CERTAINTY),
    "urgency": one_of("ABCD", URGENCY),
    "unnamed": one_of("ABCD"),
    "yes/no": one_of(("Yes", "No")),
    "types": several_of(TYPES),
    "numbers": list_of_numbers(12),
    "quotes": list_of_quotes(100),
}
FAILS = None
CUT, JSON = "<CUT>", "<JSON>"


def yes(*texts: str) -> tuple[Quote, ...]:
    return tuple(Quote(text, True) for text in texts)


READ: list[tuple[str, str, object]] = [
    # One letter, decorated
    ("D", "certainty", "D"),
    ("d", "certainty", "D"),
    (" D.\n", "certainty", "D"),
    ("D\r\n", "certainty", "D"),
    ("\ufeffD", "certainty", "D"),
    ("(D)", "certainty", "D"),
    ("(d)", "certainty", "D"),
    ("( D )", "certainty", "D"),
    ("D)", "certainty", "D"),
    ("D:", "certainty", "D"),
    ("(D).", "certainty", "D"),
    ("**D**", "certainty", "D"),
    ("**(D)**", "certainty", "D"),
    ("**D**.", "certainty", "D"),
    ("**D.**", "certainty", "D"),
    ("*D*", "certainty", "D"),
    ("__D__", "certainty", "D"),
    ("_D_", "certainty", "D"),
    ("`D`", "certainty", "D"),
    ("```\nD\n```", "certainty", "D"),
    ("```text\n(D)\n```\n", "certainty", "D"),
    ('"D"', "certainty", "D"),
    ('"D".', "certainty", "D"),
    ('"(D)"', "certainty", "D"),
    ("'D'", "certainty", "D"),
    ("“D”", "certainty", "D"),
    ("“D.”", "certainty", "D"),
    ("„D“", "certainty", "D"),
    ("[D]", "certainty", "D"),
    ("\\boxed{D}", "certainty", "D"),
    ("\\boxed{\\text{D}}", "certainty", "D"),
    ("$\\boxed{D}$", "certainty", "D"),
    ("\\[\n\\boxed{D}\n\\]", "certainty", "D"),
    ("<answer>D</answer>", "certainty", "D"),
    ("- D", "certainty", "D"),
    ("> **D**", "certainty", "D"),
    ("# D", "certainty", "D"),
    # With "Answer:" in front
    ("Answer: D", "certainty", "D"),
    ("Answer: D.", "certainty", "D"),
    ("answer: d", "certainty", "D"),
    ("ANSWER: (D)", "certainty", "D"),
    ("Answer: **D**", "certainty", "D"),
    ("**Answer:** D", "certainty", "D"),
    ("**Answer**: D", "certainty", "D"),
    ("**Answer: D**", "certainty", "D"),
    ("**Answer:** **(D)**", "certainty", "D"),
    ("### Answer: D", "certainty", "D"),
    ("### Final Answer\n\nD", "certainty", "D"),
    ("Answer: `D`", "certainty", "D"),
    ("Answer: “D”", "certainty", "D"),
    ("Answer:\n\n(D)", "certainty", "D"),
    ("Answer:\n```\nD\n```", "certainty", "D"),
    ("Answer: (D) affirmed", "certainty", "D"),
    ("Final answer: (D)", "certainty", "D"),
    ("Final answer: $\\boxed{D}$", "certainty", "D"),
    ("My final answer is D.", "certainty", "D"),
    ("The answer is (D).", "certainty", "D"),
    ("The answer is: D", "certainty", "D"),
    ("The correct answer is **D**", "certainty", "D"),
    ("The correct option is (D).", "certainty", "D"),
    ("The best answer is **(D) affirmed**.", "certainty", "D"),
    ("Therefore, the correct answer is (D).", "certainty", "D"),
    ("Based on the sentences, the answer is (D).", "certainty", "D"),
    ("Based on the provided report, the correct answer is:\n\n**D**", "certainty", "D"),
    # Behind lines of reasoning
    ("The sentences speak of it.\nAnswer: D", "certainty", "D"),
    ("The sentences speak of it.\n\n**Answer:** D", "certainty", "D"),
    ("First (A), but a cyst is named.\nIt cannot be (A).\n\nAnswer: **D**", "certainty", "D"),
    ("- a cyst\n- no stone\nAnswer: D", "certainty", "D"),
    ("(A) would need a denial.\nThe answer is (D).", "certainty", "D"),
    ("Therefore:\nFinal answer: D", "certainty", "D"),
    ("A cyst.\n\n---\n\nAnswer: D\n\n---", "certainty", "D"),
    ("<think>\nMaybe (A).\n</think>\n\nAnswer: D", "certainty", "D"),
    # With its own wording
    ("(D) affirmed", "certainty", "D"),
    ("(D) Affirmed.", "certainty", "D"),
    ("D) affirmed", "certainty", "D"),
    ("D. affirmed", "certainty", "D"),
    ("D: affirmed", "certainty", "D"),
    ("D - affirmed", "certainty", "D"),
    ("D – affirmed", "certainty", "D"),
    ("D (affirmed)", "certainty", "D"),
    ("(D): affirmed", "certainty", "D"),
    ("[D] affirmed", "certainty", "D"),
    ("**D) affirmed**", "certainty", "D"),
    ("**(D)** affirmed", "certainty", "D"),
    ("**D**: affirmed", "certainty", "D"),
    ('(D) "affirmed"', "certainty", "D"),
    ("(B) not mentioned", "certainty", "B"),
    ("B. Not mentioned.", "certainty", "B"),
    ("B: not_mentioned", "certainty", "B"),
    ("(C) possible", "certainty", "C"),
    ("(E) depends on a prior report", "certainty", "E"),
    ("(A) denied", "certainty", "A"),
    ("(A) no action", "urgency", "A"),
    ("B) low", "urgency", "B"),
    ("B) low urgency", "urgency", "B"),
    # With a neutral one
    ("A) it is so", "certainty", "A"),
    ("A. it is so", "certainty", "A"),
    ("D) it is so", "certainty", "D"),
    ("D. it is so", "unnamed", "D"),
    ("(D) it is so.", "certainty", "D"),
    ("**D)** it is so", "certainty", "D"),
    ("Answer: D) it is so", "certainty", "D"),
    ("(D) affirmed", "unnamed", "D"),
    ("(D) affirmed by the text", "certainty", "D"),
    ("D) a cyst is described", "certainty", "D"),
    # Yes or no
    ("Yes", "yes/no", "Yes"),
    ("no", "yes/no", "No"),
    ("Yes.", "yes/no", "Yes"),
    ("YES!", "yes/no", "Yes"),
    ("**Yes**", "yes/no", "Yes"),
    ("**No.**", "yes/no", "No"),
    ("`No`", "yes/no", "No"),
    ('"Yes"', "yes/no", "Yes"),
    ("“No”", "yes/no", "No"),
    ("(Yes)", "yes/no", "Yes"),
    ("\\boxed{Yes}", "yes/no", "Yes"),
    ("```\nNo\n```", "yes/no", "No"),
    ("Answer: Yes", "yes/no", "Yes"),
    ("**Answer:** No", "yes/no", "No"),
    ("The answer is no.", "yes/no", "No"),
    ("It names the liver.\nAnswer: Yes", "yes/no", "Yes"),
    ("Yes) it is so", "yes/no", "Yes"),
    ("No. it is so", "yes/no", "No"),
    ("(Yes) it is so.", "yes/no", "Yes"),
    # Letters
    ("(A)", "types", ("normal",)),
    ("(C), (A), (C)", "types", ("normal", "adjacent")),
    ("A, C", "types", ("normal", "adjacent")),
    ("A C", "types", ("normal", "adjacent")),
    ("(A) and (C).", "types", ("normal", "adjacent")),
    ("(A), (B), and (C)", "types", ("normal", "absent", "adjacent")),
    ("[A], [C]", "types", ("normal", "adjacent")),
    ("**(A)**, **(C)**", "types", ("normal", "adjacent")),
    ("**(A), (C)**", "types", ("normal", "adjacent")),
    ("`(A), (C)`", "types", ("normal", "adjacent")),
    ("```\n(A), (C)\n```", "types", ("normal", "adjacent")),
    ("“(A), (C)”", "types", ("normal", "adjacent")),
    ("“A”, “C”", "types", ("normal", "adjacent")),
    ("- (A)\n- (C)", "types", ("normal", "adjacent")),
    ("* **(A)**\n* **(C)**", "types", ("normal", "adjacent")),
    ("1. (A)\n2. (C)", "types", ("normal", "adjacent")),
    ("(A)\n(C)", "types", ("normal", "adjacent")),
    ("Answer: (A), (C)", "types", ("normal", "adjacent")),
    ("**Answer:** (A), (C)", "types", ("normal", "adjacent")),
    ("Answer:\n- (A)\n- (C)", "types", ("normal", "adjacent")),
    ("The answer is (A) and (C).", "types", ("normal", "adjacent")),
    ("It names both.\nAnswer: (A), (C)", "types", ("normal", "adjacent")),
    ("The types are:\n(A), (C)", "types", ("normal", "adjacent")),
    ("Sure! Here is the list:\n(A), (C)", "types", ("normal", "adjacent")),
    ("**Here are the types:**\n\n- (A)\n- (C)", "types", ("normal", "adjacent")),
    ("(A) normal, (C) adjacent", "types", ("normal", "adjacent")),
    ("(A) Normal\n(E) small bowel", "types", ("normal", "small bowel")),
    ("- **(A)** normal.\n- **(D)** post surgical.", "types", ("normal", "post_surgical")),
    ("A. normal\nD. post_surgical", "types", ("normal", "post_surgical")),
    ("A: normal, C: adjacent", "types", ("normal", "adjacent")),
    ("A) normal and C) adjacent", "types", ("normal", "adjacent")),
    ("A (normal), C (adjacent)", "types", ("normal", "adjacent")),
    ("(A)) it is so", "types", ("normal",)),
    ("(A). it is so", "types", ("normal",)),
    ("(A) it is so", "types", ("normal",)),
    ("none", "types", ()),
    ("None.", "types", ()),
    ("(none)", "types", ()),
    ("**None**", "types", ()),
    ("Answer: none", "types", ()),
    ("The types are:\nnone", "types", ()),
    # Numbers
    ("2, 5-7, 12", "numbers", (2, 5, 6, 7, 12)),
    ("[2], [5]", "numbers", (2, 5)),
    ("**2**, **5–7**", "numbers", (2, 5, 6, 7)),
    ("`2, 5`", "numbers", (2, 5)),
    ("```\n2, 5\n```", "numbers", (2, 5)),
    ("“2, 5”", "numbers", (2, 5)),
    ("- 2\n- 5", "numbers", (2, 5)),
    ("• [2]\n• [5]", "numbers", (2, 5)),
    ("Answer: 2, 5", "numbers", (2, 5)),
    ("**Final answer:** 2, 5 and 7.", "numbers", (2, 5, 7)),
    ("Sentence 2 names it.\n\nAnswer: 2", "numbers", (2,)),
    ("Here are the sentences:\n2, 5", "numbers", (2, 5)),
    ("The informative sentences are:\n\n- 2\n- 5", "numbers", (2, 5)),
    ("\\boxed{2, 5}", "numbers", (2, 5)),
    ("2) it is so", "numbers", (2,)),
    ("none", "numbers", ()),
    ("**none**", "numbers", ()),
    # Quotes
    ('"One.": informative', "quotes", Quotes(yes("One."))),
    ("“One.”: informative", "quotes", Quotes(yes("One."))),
    ("“Says “ok” here.”: informative", "quotes", Quotes(yes("Says “ok” here."))),
    ('- "One.": informative\n- "Two.": informative', "quotes", Quotes(yes("One.", "Two."))),
    ('* "One.": informative', "quotes", Quotes(yes("One."))),
    ('1. "One.": informative\n2. "Two.": informative', "quotes", Quotes(yes("One.", "Two."))),
    ('**"One."**: informative', "quotes", Quotes(yes("One."))),
    ('"One.": **informative**', "quotes", Quotes(yes("One."))),
    ('"One." - *not informative*', "quotes", Quotes((Quote("One.", False),))),
    ('"One." (informative)', "quotes", Quotes(yes("One."))),
    ('"One.": "informative"', "quotes", Quotes(yes("One."))),
    ('```\n"One.": informative\n```', "quotes", Quotes(yes("One."))),
    ('"**One** `two`.": informative', "quotes", Quotes(yes("**One** `two`."))),
    ('Here are the sentences:\n"One.": informative', "quotes", Quotes(yes("One."))),
    ('**The informative sentences are:**\n\n"One.": informative', "quotes", Quotes(yes("One."))),
    ('Answer: "One.": informative', "quotes", Quotes(yes("One."))),
    ('**Answer:**\n"One.": informative', "quotes", Quotes(yes("One."))),
    ("none", "quotes", Quotes(())),
    ("**None.**", "quotes", Quotes(())),
    ("Answer: none", "quotes", Quotes(())),
    (CUT + '"One.": informative\n"Two is', "quotes", Quotes(yes("One."), cut=True)),
    (
        CUT + 'Here are the sentences:\n"One.": informative\n"Two',
        "quotes",
        Quotes(yes("One."), True),
    ),
    (CUT + '"One is', "quotes", Quotes((), cut=True)),
    # JSON that was asked for
    (JSON + '{"answer": "D"}', "certainty", "D"),
    (JSON + ' {\n  "answer" : "D"\n}\n', "certainty", "D"),
    (JSON + '```json\n{"answer": "D"}\n```', "certainty", "D"),
    (JSON + '{"answer": "Yes"}', "yes/no", "Yes"),
    (JSON + '{"answer": ["C", "A", "C"]}', "types", ("normal", "adjacent")),
    (JSON + '{"answer": []}', "types", ()),
    (JSON + '{"answer": [5, 2]}', "numbers", (2, 5)),
    (JSON + '{"answer": []}', "numbers", ()),
    (JSON + '{"answer": []}', "quotes", Quotes(())),
    (JSON + '{"answer": [{"quote": "One.", "informative": true}]}', "quotes", Quotes(yes("One."))),
    (
        JSON + '{"answer": [{"informative": false, "quote": " \\"a\\" \\n{[é\\u00e9"}]}',
        "quotes",
        Quotes((Quote(' "a" \n{[éé', False),)),
    ),
    (
        JSON + CUT + '{"answer": [{"quote": "One.", "informative": true}, {"quote": "Tw',
        "quotes",
        Quotes(yes("One."), cut=True),
    ),
    (
        JSON + CUT + '```json\n{"answer": [{"quote": "One.", "informative": true},\n  ',
        "quotes",
        Quotes(yes("One."), cut=True),
    ),
    (JSON + CUT + '{"answer": [{"quote": "One.', "quotes", Quotes((), cut=True)),
    (JSON + CUT + '{"answer": [  \n\n\n', "quotes", Quotes((), cut=True)),
    (
        JSON + CUT + '{"answer": [{"quote": "One.", "informative": true}]',
        "quotes",
        Quotes(yes("One."), cut=True),
    ),
]

REFUSED: list[tuple[str, str]] = [
    # Nothing, or nothing but decoration
    *[("", kind) for kind in FORMS],
    *[("**", kind) for kind in FORMS],
    ("** **", "certainty"),
    ("()", "certainty"),
    ('""', "certainty"),
    ("```\n```", "certainty"),
    ("---", "certainty"),
    ("\\boxed{}", "certainty"),
    ("Answer:", "certainty"),
    ("The answer is", "certainty"),
    (".", "yes/no"),
    # No such letter
    ("G", "certainty"),
    ("(E)", "urgency"),
    ("Answer: Z", "certainty"),
    ("Ａ", "certainty"),
    ("А", "certainty"),
    ("α", "certainty"),
    ("1", "certainty"),
    ("AD", "certainty"),
    ("affirmed", "certainty"),
    ("not mentioned", "certainty"),
    ("Answer: affirmed", "certainty"),
    ("low", "urgency"),
    # More than one
    ("A, D", "certainty"),
    ("A D", "certainty"),
    ("A/D", "certainty"),
    ("A & D", "certainty"),
    ("(A)(D)", "certainty"),
    ("(A) or (D)", "certainty"),
    ("(A) and (D)", "certainty"),
    ("either (A)\nor (D)", "certainty"),
    ("A\nD", "certainty"),
    ("D\nD", "certainty"),
    ("[A, D]", "certainty"),
    ("**A** or **D**", "certainty"),
    ("Answer: A or D", "certainty"),
    ("Answer: A\nAnswer: D", "certainty"),
    ("Answer: A. Answer: D.", "certainty"),
    ("**Answer:** A\n\nWait.\n\n**Answer:** D", "certainty"),
    ("The answer is A or (D)", "certainty"),
    ("The answer is (D), not (A)", "certainty"),
    ("A\n\nAnswer: D", "certainty"),
    ("(A) denied\nAnswer: D", "certainty"),
    ("(A) denied\n(B) not mentioned\n(D) affirmed", "certainty"),
    ("\\boxed{A} or \\boxed{D}", "certainty"),
    ("~~A~~ D", "certainty"),
    # Crossed out, questioned, denied
    ("~~A~~", "certainty"),
    ("!A", "certainty"),
    ("≠ A", "certainty"),
    ("D?", "certainty"),
    ("D...", "certainty"),
    ("Not (A).", "certainty"),
    ("It is not (A)", "certainty"),
    ("The answer is not A", "certainty"),
    ("The answer isn't D", "certainty"),
    ("Answer: not D", "certainty"),
    ("Answer: D?", "certainty"),
    ("Answer: probably D", "certainty"),
    ("Answer: D, probably", "certainty"),
    ("Answer: D (probably)", "certainty"),
    ("The wrong answer is A", "certainty"),
    ("My first answer was A", "certainty"),
    ("I doubt that the answer is (D)", "certainty"),
    ("Nobody would say the answer is D.", "certainty"),
    ("I would not say\nAnswer: D", "certainty"),
    ("It would be wrong to write:\nAnswer: D", "certainty"),
    # Prose
    ("none of these", "certainty"),
    ("I rule out (D)", "certainty"),
    ("It cannot be (D)", "certainty"),
    ("I first thought (D), and it is (D).", "certainty"),
    ("(B) fits best, I believe", "certainty"),
    ("none of these fits but (D)", "certainty"),
    ("I am sure that none of these fits but (D)", "certainty"),
    ("A focal lesion: (D)", "certainty"),
    ("Wrong: (D)", "certainty"),
    ("Not: (D)", "certainty"),
    ("I rule out: (D)", "certainty"),
    ("anything but (A), rather than (A)", "certainty"),
    ("A focal lesion", "certainty"),
    ("A cyst is seen.", "certainty"),
    ("a cyst", "certainty"),
    ("a 5 cm cyst", "certainty"),
    ("The answer is a bit unclear.", "certainty"),
    ("The answer is a.", "certainty"),
    ("The answer is a 5 cm cyst", "certainty"),
    ("Answer: a cyst is possible", "certainty"),
    ("I would answer a definite yes", "certainty"),
    ("The answer is not clear; (B) cannot be excluded", "certainty"),
    ("(A) 5 cm in size, (D) in number", "certainty"),
    ("D as in Dora", "certainty"),
    ("D) as in Dora", "certainty"),
    ("D) 5 cm", "certainty"),
    ("I'm sorry, but I can't help with medical questions.", "certainty"),
    ("I cannot answer this: the text is not in English.", "certainty"),
    ("As an AI language model, I can't give medical advice. (A)", "certainty"),
    ("Die Antwort ist (D).", "certainty"),
    ("(D)\n\nThe sentences name a cyst.", "certainty"),
    ("Answer: D\nThe sentences name a cyst.", "certainty"),
    ("Answer: D because a cyst is named", "certainty"),
    ("The text affirms a cyst.\n\n(D)", "certainty"),
    ("The text names it.\n\n**D**", "certainty"),
    # A letter with something against it
    ("A) is wrong", "certainty"),
    ("(A) is wrong, the answer is D", "certainty"),
    ("(A) can be excluded", "certainty"),
    ("A. cannot be right", "certainty"),
    ("(A) is unlikely", "certainty"),
    ("A) unlikely", "certainty"),
    ("A: unlikely", "certainty"),
    ("(A) was my first thought", "certainty"),
    ("(A) initial impression", "certainty"),
    ("(A) is not it", "certainty"),
    ("(A) isn't it", "certainty"),
    ("A) ruled out", "certainty"),
    ("A) incorrect", "certainty"),
    ("A) excluded by the text", "certainty"),
    ("A) contradicted by the text", "certainty"),
    ("A) perhaps", "certainty"),
    ("(A) wait", "certainty"),
    ("A) fits best", "certainty"),
    ("A) no", "certainty"),
    ("A) the other ones fit better", "certainty"),
    ("D) same as A", "certainty"),
    ("D) same as a", "certainty"),
    ("D) it is so, I think", "certainty"),
    ("D) it is so. A) is wrong", "certainty"),
    ("D) it is so because the text names a cyst", "certainty"),
    ("D) this is a much longer text than any wording would ever be", "certainty"),
    ("D: it is so", "certainty"),
    ("D - it is so", "certainty"),
    ("D it is so", "certainty"),
    ("A. The answer is D", "certainty"),
    # The wording of another
    ("A) affirmed", "certainty"),
    ("(A) affirmed", "certainty"),
    ("(A) affirms it", "certainty"),
    ("D. denied", "certainty"),
    ("D: not mentioned", "certainty"),
    ("(D) possible", "certainty"),
    ("(A) possible", "unnamed"),
    ("D) broad area only", "certainty"),
    ("A) low", "urgency"),
    ("A) high urgency", "urgency"),
    ("A) no", "urgency"),
    # Thoughts left in the text
    ("<think>\nFirst I look at (A).", "certainty"),
    ("<think>\nMaybe:\nAnswer: A", "certainty"),
    ("<think>I look at (A).</think>D", "certainty"),
    ("[THINK]Well.\nAnswer: A", "certainty"),
    ("Okay, so the question is what the sentences say of it. First I look at (A)", "certainty"),
    # Cut
    (CUT + "D", "certainty"),
    (CUT + "(D)", "certainty"),
    (CUT + "Answer: D", "certainty"),
    (CUT + "First I look at (A)", "certainty"),
    (CUT + "I look at each.\nAnswer: A", "certainty"),
    (CUT + "Yes", "yes/no"),
    (CUT + "(A), (C)", "types"),
    (CUT + "none", "types"),
    (CUT + "2, 5", "numbers"),
    (CUT + "1", "numbers"),
    # Yes or no
    ("Yes and no", "yes/no"),
    ("not sure", "yes/no"),
    ("maybe", "yes/no"),
    ("Yes, it does", "yes/no"),
    ("Yes, it does.", "yes/no"),
    ("Yes - the liver", "yes/no"),
    ("Yes: it names the liver", "yes/no"),
    ("Yes) it is said", "yes/no"),
    ("Yes. It does.", "yes/no"),
    ("No. It names the spleen.", "yes/no"),
    ("No) it is not so", "yes/no"),
    ("Yes) no) it is so", "yes/no"),
    ("No, not really", "yes/no"),
    ("No\n\nThe sentence names the spleen.", "yes/no"),
    ("Yes\nNo", "yes/no"),
    ("Answer: Yes or No", "yes/no"),
    ("Answer: yes\nAnswer: no", "yes/no"),
    ("The answer is not Yes", "yes/no"),
    ("The answer is no longer clear", "yes/no"),
    ("I say Yes", "yes/no"),
    ("Y", "yes/no"),
    ("Yeſ", "yes/no"),
    ("Ja", "yes/no"),
    ("Да", "yes/no"),
    ("None", "yes/no"),
    ("I'm sorry, but I can't assist with that.", "yes/no"),
    # Letters
    ("(Z)", "types"),
    ("(A), (Z)", "types"),
    ("A)", "types"),
    ("((A", "types"),
    ("A-C", "types"),
    ("(A)(C)", "types"),
    ("AC", "types"),
    ("A C because", "types"),
    ("(A) or (C)", "types"),
    ("(A), not (C)", "types"),
    ("not (A)", "types"),
    ("~~(A)~~, (C)", "types"),
    ("none, (A)", "types"),
    ("none of them", "types"),
    ("None of the types is spoken of.", "types"),
    ("normal", "types"),
    ("normal, adjacent", "types"),
    ("(A) absent", "types"),
    ("(A) it is said", "types"),
    ("(A) it is so, (C)", "types"),
    ("(A) normal, (C) absent", "types"),
    ("A: absent", "types"),
    ("(A) normal: the liver is unremarkable", "types"),
    ("(A) normality", "types"),
    ("A cyst is adjacent", "types"),
    ("The types are (A), (C)", "types"),
    ("All except:\n(A), (C)", "types"),
    ("The types that do not apply:\n(A)", "types"),
    ("The excluded types are:\n(A)", "types"),
    ("Unmentioned types:\n(A)", "types"),
    ("Everything without:\n(A)", "types"),
    ("Neither of:\n(A), (C)", "types"),
    ("No:\n(A)", "types"),
    ("My first guess:\n(A)", "types"),
    ("Besides C:\n(A)", "types"),
    ("Here they are:\nThe types are:\n(A)", "types"),
    ("Here they are\n(A)", "types"),
    ("Here are the types:", "types"),
    ("(A), (C)\nThese are the types.", "types"),
    ("Answer: (A)\nAnswer: (C)", "types"),
    ("(A)\nAnswer: (C)", "types"),
    ('["A", "C"]', "types"),
    ('{"answer": ["A", "C"]}', "types"),
    ("I'm sorry, but I can't do that.", "types"),
    # Numbers
    ("5 cm", "numbers"),
    ("2 mm, 5 mm", "numbers"),
    ("13", "numbers"),
    ("0, 2", "numbers"),
    ("two, five", "numbers"),
    ("2 to 5", "numbers"),
    ("2; 5", "numbers"),
    ("2.5", "numbers"),
    ("-2", "numbers"),
    ("2\n-5", "numbers"),
    ("2*5", "numbers"),
    ("7-5", "numbers"),
    ("all but 2", "numbers"),
    ("2, 5 inform", "numbers"),
    ("Sentences 2 and 5", "numbers"),
    ("The sentences are 2, 5", "numbers"),
    ("[2] The liver is normal.", "numbers"),
    ("[2, 5]", "numbers"),
    ("2, none", "numbers"),
    ("All sentences except:\n2, 5", "numbers"),
    ("Uninformative sentences:\n2, 5", "numbers"),
    ("The sentences that aren't informative:\n2, 5", "numbers"),
    ("Here are 2 sentences:\n5, 7", "numbers"),
    ("2, 5\n\nThe others speak of the spleen.", "numbers"),
    ("Answer: 2\nAnswer: 5", "numbers"),
    ('{"answer": [2, 5]}', "numbers"),
    # Quotes
    ("The spleen is normal.", "quotes"),
    ('"One."', "quotes"),
    ('"One.": maybe', "quotes"),
    ('"One.": uninformative', "quotes"),
    ('"One.": somewhat informative', "quotes"),
    ('"One.": informative, I think', "quotes"),
    ('"One.": informative\nThat is all.', "quotes"),
    ('"One.": informative\n"Two', "quotes"),
    ('none\n"One.": informative', "quotes"),
    ('Not these:\n"One.": informative', "quotes"),
    ('The sentences without the liver:\n"One.": informative', "quotes"),
    ('Uninformative sentences:\n"One.": informative', "quotes"),
    ('Here is one\n"One.": informative', "quotes"),
    ('{"One.": "informative"}', "quotes"),
    ('{"answer": [{"quote": "One.", "informative": true}]}', "quotes"),
    ('<think>\n"One.": informative', "quotes"),
    ("I'm sorry, but I can't share the report.", "quotes"),
    (CUT + "I'm sorry, but I can't", "quotes"),
    (CUT + '"One.\n"Two.": informative', "quotes"),
    # JSON that was asked for, and is not as it was asked for
    *[(JSON, kind) for kind in FORMS],
    *[(JSON + text, kind) for kind in FORMS for text in ("{}", "[]", "null", '{"answer": null}')],
    (JSON + "D", "certainty"),
    (JSON + '"D"', "certainty"),
    (JSON + '{"answer": "G"}', "certainty"),
    (JSON + '{"answer": "d"}', "certainty"),
    (JSON + '{"answer": "(D)"}', "certainty"),
    (JSON + '{"answer": ""}', "certainty"),
    (JSON + '{"answer": ["D"]}', "certainty"),
    (JSON + '{"answer": "D", "why": "it is so"}', "certainty"),
    (JSON + '{"answer": "A", "answer": "D"}', "certainty"),
    (JSON + '{"Answer": "D"}', "certainty"),
    (JSON + '{"answer": "D"} D', "certainty"),
    (JSON + '{"answer": "D"}{"answer": "A"}', "certainty"),
    (JSON + 'Here it is: {"answer": "D"}', "certainty"),
    (JSON + '{"answer": "D"', "certainty"),
    (JSON + "{'answer': 'D'}", "certainty"),
    (JSON + CUT + '{"answer": "D"}', "certainty"),
    (JSON + '{"answer": "A"}', "yes/no"),
    (JSON + '{"answer": true}', "yes/no"),
    (JSON + '{"answer": "A"}', "types"),
    (JSON + '{"answer": ["A", "Z"]}', "types"),
    (JSON + '{"answer": ["AB"]}', "types"),
    (JSON + '{"answer": ["normal"]}', "types"),
    (JSON + '{"answer": ["A", ["C"]]}', "types"),
    (JSON + '{"answer": "none"}', "types"),
    (JSON + CUT + '{"answer": ["A", "C"', "types"),
    (JSON + '{"answer": [0]}', "numbers"),
    (JSON + '{"answer": [13]}', "numbers"),
    (JSON + '{"answer": [2.0]}', "numbers"),
    (JSON + '{"answer": [true]}', "numbers"),
    (JSON + '{"answer": ["2"]}', "numbers"),
    (JSON + '{"answer": [NaN]}', "numbers"),
    (JSON + '{"answer": ' + "9" * 5000 + "}", "numbers"),
    (JSON + '{"answer": ' + "[" * 100_000, "numbers"),
    (JSON + CUT + '{"answer": [2, 5', "numbers"),
    (JSON + '{"answer": ["One."]}', "quotes"),
    (JSON + '{"answer": [{"quote": "One."}]}', "quotes"),
    (JSON + '{"answer": [{"quote": "One.", "informative": "yes"}]}', "quotes"),
    (JSON + '{"answer": [{"quote": "One.", "informative": 1}]}', "quotes"),
    (JSON + '{"answer": [{"quote": "One.", "informative": true, "x": 1}]}', "quotes"),
    (JSON + '{"answer": [{"quote": "a", "quote": "b", "informative": true}]}', "quotes"),
    (JSON + CUT + '{"answer": [{"quote": "a", "quote": "b", "informative": true}, {', "quotes"),
    (JSON + '{"answer": [{"quote": "One.", "informative": true}', "quotes"),
    (JSON + CUT + '{"answer": [{"quote": "One."}, {"quote": "Tw', "quotes"),
    (JSON + CUT + '{"answer": [{"quote": "One.", "informative": true} x', "quotes"),
    (JSON + CUT + '{"answer": [7, {"quote": "One.', "quotes"),
    (JSON + CUT + '{"ans', "quotes"),
    (JSON + CUT + '"One.": informative\n"Two', "quotes"),
]

TABLE = [*READ, *((reply, kind, FAILS) for reply, kind in REFUSED)]


def as_reply(told: str) -> Reply:
    as_json = told.startswith(JSON)
    told = told.removeprefix(JSON)
    return Reply(told.removeprefix(CUT), cut=told.startswith(CUT), as_json=as_json)


def answer_in(told: str, kind: str) -> object:
    found = FORMS[kind].read(as_reply(told))
    return getattr(found, "choice", found)


@pytest.mark.parametrize(
    ("told", "kind", "answer"), TABLE, ids=[f"{kind}-{told[:40]!r}" for told, kind, _ in TABLE]
)
def test_a_reply_is_read_as_what_it_says_or_not_at_all(
    told: str, kind: str, answer: object
) -> None:
    if answer is FAILS:
        with pytest.raises(AnswerError):
            answer_in(told, kind)
    else:
        assert answer_in(told, kind) == answer


def test_the_table_is_large_and_at_least_half_of_it_fails() -> None:
    assert len(TABLE) == len({(told, kind) for told, kind, _ in TABLE}), "a row stands twice"
    assert len(TABLE) >= 140
    assert len(REFUSED) >= len(READ)


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("way", ["", CUT, JSON, JSON + CUT])
def test_no_error_holds_text_of_the_reply(kind: str, way: str) -> None:
    for text in (
        "CANARY",
        "Answer: CANARY",
        '{"CANARY": 1}',
        '{"answer": "CANARY"}',
        '{"answer": [{"CANARY": 1, "CANARY": 2}]}',
        '"CANARY": maybe\n"CANARY": maybe',
    ):
        with pytest.raises(AnswerError) as error:
            answer_in(way + text, kind)
        assert "CANARY" not in repr(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None


SCHEMAS = [
    (several_of(TYPES), {"type": "array", "items": {"type": "string", "enum": list("ABCDE")}}, 5),
    (
        list_of_numbers(12),
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 12}},
        12,
    ),
]


@pytest.mark.parametrize(("form", "schema", "most"), SCHEMAS)
def test_a_list_has_a_schema(form: ReplyForm[Any], schema: dict[str, Any], most: int) -> None:
    told = schema_of(form.enforced)
    assert told["properties"]["answer"] == {**schema, "maxItems": most}
    assert schema_of(form.constraint) == {}, "a schema is told only where the form is enforced"


def test_quotes_have_a_schema() -> None:
    constraint = FORMS["quotes"].constraint
    assert isinstance(constraint, Pattern)
    items = json.loads(constraint.schema)["items"]
    assert items["required"] == list(items["properties"]) == ["quote", "informative"]
    assert items["additionalProperties"] is False


def length(text: str) -> int:
    """More tokens than a usual vocabulary takes: each sign is one, and four letters are."""
    return sum(1 if not word.isalnum() else len(word) // 4 + 1 for word in _pieces(text))


def _pieces(text: str) -> list[str]:
    pieces, word = [], ""
    for sign in text:
        if sign.isalnum():
            word += sign
        else:
            pieces += [word, sign] if word else [sign]
            word = ""
    return [*pieces, word] if word else pieces


EVERY = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
AS_JSON: list[tuple[ReplyForm[Any], object]] = [
    (one_of("ABCDEF", CERTAINTY), "A"),
    (several_of(EVERY[:2]), list(EVERY[:2])),
    (several_of(EVERY), list(EVERY)),
    (list_of_numbers(1), [1]),
    (list_of_numbers(137), list(range(1, 138))),
]


@pytest.mark.parametrize(("form", "answer"), AS_JSON, ids=lambda value: str(value)[:20])
def test_there_is_room_for_the_longest_answer_as_json(form: ReplyForm[Any], answer: object) -> None:
    assert length(json.dumps({"answer": answer})) <= form.max_tokens
