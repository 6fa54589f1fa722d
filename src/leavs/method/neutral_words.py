"""Tells words that change nothing about the answer beside them from words that may.

A model that answers "A) it is so" has chosen A, one that says "A) is wrong" has not. What is not
surely neutral is not: a reply that is refused is asked for once more, a wrong reading stays.
"""

import re
from collections.abc import Callable, Iterable, Sequence

LONGEST = 160  # characters of a line that leads to a list


def _any_of(*words: str) -> Callable[[str], bool]:
    """Whether a text holds one of these words; a word that ends in "-" is the beginning of one."""
    ends = "|".join(re.sub(r"-$", r"\\w*+", word) for text in words for word in text.split())
    pattern = re.compile(rf"\b(?:{ends})\b", re.IGNORECASE | re.ASCII)
    return lambda text: pattern.search(text) is not None


# Negations, exclusions and what is said of the rest.
reverses = _any_of(
    r"\w+n['’]t no not none non- nor neither never nothing nobody nowhere cannot without",
    "un- ir- illogical implausib- impossib- improbab- inaccura- inadequa- inapplicab- inappropr-",
    "incompat- inconclus- inconsist- incorrect- inferior insignific- insufficien- invalid-",
    "disagree- discard- discount- dismiss- disprov- disqualif- disregard- disfavo- disput-",
    "exclu- except- omit- omission- ignor- remov- delet- drop- skip- reject- eliminat- rul- out",
    "refut- contra- conflict- oppos- against wrong- fals- err error- mistak- fail- lack- miss- bar",
    "absen- zero null void few fewer little hardly barely scarcely rarely seldom anything else",
    "other- another rest remain- instead rather than but beyond besides beside apart aside save",
    "unless revers- less least worst worse avoid- negat- far minus nicht kein-",
)
# Words of one who is not sure, or who shows what an answer could look like.
hedges = _any_of(
    "may might maybe perhaps possibly probably guess- impression initial- first tentativ- draft-",
    "example- format- template- sample placeholder if would could should hmm",
)
_says_nothing = _any_of(
    "a an the it this that is so as by in of on to for from with according given text report",
    "sentence sentences statement finding organ urgency risk level",
)
_STEM = 5  # letters that "denied" and "denies" share
_COMPLETING = frozenset(("neede", "requi", "neces"))  # "no action needed"
_WORDS = re.compile(r"[A-Za-z]++(?: [A-Za-z]++)*+")
_FILLER = re.compile(r"[).][ \t]++(?:it|that|this)[ \t]++is[ \t]++so\.?$", re.IGNORECASE | re.ASCII)
# "Here are the informative sentences about the liver:"
_ANNOUNCING = (
    "here is are the these those following follows as below list lists all my final answer answers "
    "types? findings? categor(?:y|ies) mentioned described named sentences? numbers? letters? "
    "items? that which apply applies applicable relevant informative inform informs i found "
    "identified in of for to organ text report sure certainly ok okay course based on given"
).replace(" ", "|")
_LEAD_IN = re.compile(
    rf"(?:{_ANNOUNCING})(?:[,!.]? (?:{_ANNOUNCING}))*+"
    r"(?: (?:about|regarding) (?:the )?[a-z]+(?: [a-z]+)?)?:",
    re.IGNORECASE | re.ASCII,
)


def is_neutral(text: str, own: Sequence[str]) -> bool:
    """Whether a text behind a letter says what the letter stands for, or nothing at all.

    Args:
        own: the words of what it stands for; none if that is not known.
    """
    if not _WORDS.fullmatch(text):
        return False
    told, meant = _meaning(text.casefold().split()), _meaning(own)
    return not told or (bool(meant) and told - _COMPLETING == meant)


def _meaning(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words if not _says_nothing(word))


def without_filler(text: str) -> str:
    """Return an answer without words that only repeat it: "Yes" for "Yes) it is so"."""
    filler = _FILLER.search(text)
    if filler is None:
        return text
    answer = text[: filler.start()]
    return answer + ")" * (answer.count("(") > answer.count(")"))  # that of "(A) it is so"


def leads_to_list(line: str) -> bool:
    """Whether a line announces the list below it, and says nothing else: "The types are:"."""
    return len(line) <= LONGEST and _LEAD_IN.fullmatch(line) is not None
