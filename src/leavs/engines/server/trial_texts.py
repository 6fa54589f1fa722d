"""The words of the trial questions; nothing in them is of a report.

They are no part of a pack: what a server takes does not depend on the questions of a run.
"""

import re

from leavs.engines.engine import Choices, Message

INSTRUCTIONS = "You read short notes and answer a question about them."

# About as long as the instructions of a run, so that the tokens which a server counts can be told
# from those that its template adds.
LONG_INSTRUCTIONS = f"""{INSTRUCTIONS}

Each note was written by someone who walked through a market and looked at every stall in turn. The
writer says what was there, what was not, and now and then that something could not be seen well.
Read the whole note before you answer. A thing that the note calls probable, likely or possible is
not certain. A thing that is only compared with an earlier visit is not described by that. If two
sentences seem to differ, the later one counts, for the writer looked again. Sizes are given in
centimetres or millimetres, and weights in grams: 2.4 cm is smaller than 31 mm. The stalls are
numbered from the entrance: 1, 2, 3 and so on up to 12, and those on the left side come first.

A stall that was closed has nothing on it; a stall that the writer did not reach is not mentioned at
all. A basket belongs to the stall behind it, a crate to the one in front of it. Whatever hangs from
the roof is no part of any stall. Prices do not matter, nor do the names of the people. What is said
of fruit holds for apples, pears, plums and cherries, and what is said of vegetables for beans,
onions, carrots and tomatoes; nuts, eggs and cheese are neither. Do not guess, and do not add what
the note leaves out: it is better to say that something is not mentioned than to be wrong about it.
Your answer has the form that the question asks for, without an explanation, a greeting or a title.
"""

LETTERED = (
    Message("system", INSTRUCTIONS),
    Message(
        "user",
        "<note>\nThe first stall has apples. There are no pears on it.\n</note>\n\n"
        "Which of these holds for apples on the first stall?\n"
        "(A) denied\n(B) not mentioned\n(C) affirmed\n\nAnswer with one letter only: A, B or C.",
    ),
)

LONG = (Message("system", LONG_INSTRUCTIONS), *LETTERED[1:])
COUNTING = (
    Message("system", INSTRUCTIONS),
    Message("user", "Write the numbers from one to forty as words, with commas between them."),
)

# A free answer is another word; both choices begin alike, so that no single token is one of them.
FREELY = (
    Message("system", INSTRUCTIONS),
    Message("user", "Which fruit is in the note? Answer with this one word: tomato."),
)
OTHERWISE = Choices(("tapir", "tulip"))
PLAIN = re.compile(r'\{\s*"answer"\s*:\s*"(?:tapir|tulip)"\s*\}')
