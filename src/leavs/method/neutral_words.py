"""Tells words that change nothing about the answer beside them from words that may.

A model that answers "A) it is so" has chosen A, one that says "A) is wrong" has not. What is not
surely neutral is not: a reply that is refused is asked for once more, a wrong reading stays.
"""

import re
from collections.abc import Callable

LONGEST = 160  # characters of a line that leads to a list
MOST_WORDS = 8  # of a text behind a letter


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
# Words of one who is not sure, or speaks of an answer that was, or of one among several.
_hedges = _any_of(
    "may might maybe perhaps possib- probab- likel- plausib- presum- suspect- suspici- guess-",
    "believ- think- thought- doubt- debat- questionab- almost nearly partial- partly tentativ-",
    "initial- first second- previous- earlier former- tempt- candidate- alternativ- either versus",
)
_speaks_of_the_letter = _any_of(
    "i me my we us our you your was were had been be could would should can must shall will",
    "and or both if though although however yet still also too only because since due given as",
    "appear- seem- look- sound- feel- felt assum- suppos- consider- apparent- close- somewhat",
    "hmm- wait hold actually really sorry well oops check sure certain-",
    "sort kind half weak- poor- some- tend- quite fairly depend- unless whether until while",
    "answer- option- choice- letter- pick- vote- statement-",
)
_predicates = _any_of(
    "is isn are am does do did has have applies fits holds matches comes came gets makes needs",
    "means says describes refers corresponds represents implies requires goes stands works",
    "for to with in on at by from of when where which who that then so",
)
_WORD = r"[A-Za-z]++(?:['’-][A-Za-z]++)*+"
_FEW_WORDS = re.compile(rf"{_WORD}(?: {_WORD}){{0,{MOST_WORDS - 1}}}+")
_LONE_LETTER = re.compile(r"\b(?:(?<!['’])[A-Zb-z]|a(?=$))\b")
_FILLER = re.compile(r"[).][ \t]++(?:it|that|this)[ \t]++is[ \t]++so\.?$", re.IGNORECASE | re.ASCII)
_LEAD_IN = re.compile(r"[A-Za-z0-9 ,!'’\-]{1,160}+:")
_NAMES_AN_ITEM = re.compile(r"\b[B-HJ-Z]\b|\d")


def is_neutral(text: str) -> bool:
    """Whether a text behind a letter only tells what the letter stands for, in a few words."""
    if not _FEW_WORDS.fullmatch(text) or _LONE_LETTER.search(text):
        return False
    first = text.split(" ", 1)[0]
    changes = reverses(text) or _hedges(text) or _speaks_of_the_letter(text)
    return not (changes or _predicates(first))


def without_filler(text: str) -> str:
    """Return an answer without words that only repeat it: "Yes" for "Yes) it is so"."""
    filler = _FILLER.search(text)
    if filler is None:
        return text
    answer = text[: filler.start()]
    return answer + ")" * (answer.count("(") > answer.count(")"))  # that of "(A) it is so"


def leads_to_list(line: str) -> bool:
    """Whether a line announces the list of letters or numbers below it: "The types are:"."""
    return leads_to_quotes(line) and not (_hedges(line) or _NAMES_AN_ITEM.search(line))


def leads_to_quotes(line: str) -> bool:
    """Whether a line announces the list of quotes below it, each of which has its own mark."""
    return len(line) <= LONGEST and bool(_LEAD_IN.fullmatch(line)) and not reverses(line)
