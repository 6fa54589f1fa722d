"""Replies that speak of an answer without giving one, and the form that was asked for."""

from reply_forms import CUT, JSON

IN_PROSE: list[tuple[str, str]] = [
    # Behind a letter, whatever is said of it
    *[
        (f"A) {said}", "certainty")
        for said in (
            *("nope", "withdrawn", "retracted", "bogus", "misleading", "off the mark"),
            *("struck through", "a trap", "scratch that", "correction", "reconsidered"),
            *("dubious", "hypothetical", "borderline", "ambiguous", "tied", "draft", "nein"),
            *("ausgeschlossen", "pas correct", "present", "confirmed", "positive", "mentioned"),
            *("a cyst is described", "action", "correct", "true"),
        )
    ],
    ("D) a cyst is described", "certainty"),
    ("(D) affirmed", "unnamed"),
    ("(D) silent", "certainty"),
    ("(D) denial", "certainty"),
    ("(D) equivocal", "certainty"),
    ("(B) mentioned", "certainty"),
    ("(B) described", "certainty"),
    ("(C) confirmed", "certainty"),
    ("(A) critical", "urgency"),
    ("(A) action", "urgency"),
    ("(A) needed", "urgency"),
    ("(A) action needed", "urgency"),
    ("(B) the text states it", "certainty"),
    ("(A) immediate attention", "urgency"),
    ("(D) routine", "urgency"),
    ("(D) incidental", "urgency"),
    # A line that runs into the answer
    *[
        (f"{line}\n\nAnswer: D", "certainty")
        for line in (
            *("I would not say", "It would be wrong to write:", "Do not write this:"),
            *("For example:", "## Example", "## Wrong example", "Use this format:", "Draft:"),
            *("If a cyst were named, I would write", "A careless reader would say:"),
            *("First guess:", "My initial impression:", "I guess:", "Maybe"),
        )
    ],
    ("I would never say\n\nAnswer: Yes", "yes/no"),
    ("None of these:\n\nAnswer: (A)", "types"),
    ('I could not say\n\nAnswer: "One.": informative', "quotes"),
    ("**Answer**\nIt is hard to say.\nThe answer is D", "certainty"),
    ("Answer: A\nAnswer: The answer is D", "certainty"),
    # A line that does not announce the list below it
    *[
        (f"{line}:\n(A), (C)", "types")
        for line in (
            *("For example", "Example", "Format", "The answer is a list of the letters"),
            *("The options are", "Options", "Choose from", "One of", "I am torn between"),
            *("It could be", "Hmm", "Draft", "The types I considered", "Denied types"),
        )
    ],
    *[
        (f"{line}:\n2, 5", "numbers")
        for line in (
            *("If the organ were the spleen", "Off-topic sentences", "Noise", "Borderline"),
            *("Sentences of low relevance", "Redundant sentences", "Distractors"),
        )
    ],
    ("Options: (A), (C)", "types"),
    ('For example:\n"Words of the report.": informative', "quotes"),
    # Within a thought, in marks that nobody listed
    *[
        (f"{mark}\nmaybe\nAnswer: A", "certainty")
        for mark in (
            *("<analysis>", "<scratchpad>", "<reflection>", "<cot>", "<seed:think>"),
            *("<|START_THINKING|>", "<|begin_of_thought|>", "<|im_start|>think", "Thinking..."),
        )
    ],
    # Several quotes on a line, or a mark that is spoken of
    ('"One.": informative, "Two.": not informative', "quotes"),
    ('"One.": not informative; "Two.": informative', "quotes"),
    ('"One." and "Two.": informative', "quotes"),
    ('"One.", "Two.": informative', "quotes"),
    ('"One." is not "informative"', "quotes"),
    ('"One.": "not" informative', "quotes"),
    ('"One.": hardly "informative"', "quotes"),
    ('"One.": I think "informative"', "quotes"),
    ('"One." may be "informative"', "quotes"),
    ('"One.": "somewhat" informative', "quotes"),
    ('~~"One.": informative~~', "quotes"),
    ('❌ "One.": informative', "quotes"),
    ('"One.": informative ❌', "quotes"),
    ('"One.": informative?', "quotes"),
    ('"One.": informative (?)', "quotes"),
    ('[ ] "One.": informative', "quotes"),
    ('" ": informative', "quotes"),
    (CUT + "none", "quotes"),
    (
        JSON
        + CUT
        + '{"answer": [{"quote": "One.", "informative": true}{"quote": "Two.", "informative": true',
        "quotes",
    ),
]
