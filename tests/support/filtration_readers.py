"""A report for filtration, and a reader that lists its sentences or says yes to them."""

import asyncio
from collections.abc import Sequence

from leavs.domain import Filtration, FoundBy, Reasoning, Report
from leavs.engines.engine import Constraint, Message, Pattern, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.method.ask import Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.filtration import FILTERS, Found
from leavs.text import split_sentences

CYST = "The liver has a 2 cm cyst in segment four."
SPLEEN = "The spleen is normal in size."
KIDNEYS = "Both kidneys enhance well."
BENIGN = "The hepatic cyst is benign."
REPORT = Report("r1", f"FINDINGS:\n\n{CYST} {SPLEEN}\n{KIDNEYS}\n\nIMPRESSION:\n\n{BENIGN}")
SENTENCES = split_sentences(REPORT.text)
IN_CONTEXT = {sentence.text: sentence.in_context for sentence in SENTENCES}
SPOKEN = [CYST, SPLEEN, KIDNEYS, BENIGN]
INVENTED = "The pancreatic duct is markedly dilated."


def quoted(*sentences: str, mark: str = "informative") -> str:
    return "\n".join(f'"{sentence}": {mark}' for sentence in sentences) or "none"


class Reader:
    """Lists the sentences it is told to, says Yes to those that it is told to, remembers which."""

    def __init__(self, listed: str | Reply = "none", *, yes: Sequence[str] = ()) -> None:
        self.listed = listed
        self.yes = [IN_CONTEXT[sentence] for sentence in yes]
        self.prompts: list[str] = []
        self.asked_thorough: list[str] = []
        self.constraints: list[Constraint | None] = []

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str | Reply:
        prompt = messages[1].content
        self.prompts.append(prompt)
        self.constraints.append(constraint)
        if isinstance(constraint, Pattern):
            return self.listed
        sentence = prompt.split("<sentence>\n")[1].split("\n</sentence>")[0]
        self.asked_thorough.append(sentence)
        yes = sentence in self.yes
        return Reply("Yes" if yes else "No", probabilities={"Yes": 0.9 if yes else 0.2})


def filtered(pack: Pack, way: Filtration, reader: Reader, report: Report = REPORT) -> Found:
    ask = Ask(ScriptedEngine(reader), pack, Manner(Reasoning.NEVER, 100))
    [liver] = [organ for organ in pack.ontology.organs if organ.name == "liver"]
    return asyncio.run(FILTERS[way](ask, report, split_sentences(report.text), liver))


def found_by(found: Found) -> list[tuple[str, FoundBy]]:
    return [(evidence.sentence.text, evidence.found_by) for evidence in found.evidence]
