"""Readers with known errors: what each says of every finding type of the liver, and how surely."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from annotated_reader import CHOICE, FINDING, ORGAN, certainty
from leavs.domain import Prompt
from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.errors import QuestionError
from leavs.method.ontology import FindingType
from leavs.method.pack import Pack

URGENCY_WORDS = ("no action", "low", "medium", "high")
SENTENCE = re.compile(r"<report>\n(.*)\n</report>", re.S)


@dataclass
class ErringReader:
    """Takes the whole report as evidence on the liver, and mentions every type with a finding.

    Args:
        says: for each finding type the probabilities of the codes; none where the question fails.
        urgencies: of the types with a finding, 1 if not named; None where the question fails.
    """

    pack: Pack
    says: Mapping[str, Mapping[int, float]]
    urgencies: Mapping[str, int | None] = field(default_factory=dict)

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        """Answer as `ScriptedEngine` wants it."""
        step, question = self._step(messages[0].content), messages[1].content
        if step is Prompt.FILTRATION_FAST:
            [report] = SENTENCE.findall(question)
            informs = ORGAN.findall(question) == ["liver"]
            return Reply(f'"{report}": informative' if informs else "none")
        if step is Prompt.FINDING_TYPES:
            types = self.pack.ontology.finding_types
            return Reply(", ".join(self._letters(types)) or "none")
        assert isinstance(constraint, Choices)
        letters = {words: letter for letter, words in CHOICE.findall(question)}
        name = self._type(question)
        if step is Prompt.URGENCY:
            urgency = self.urgencies.get(name, 1)
            if urgency is None:
                raise QuestionError(f"no urgency of {name}")
            letter = letters[URGENCY_WORDS[urgency]]
            return Reply(letter, probabilities={letter: 1.0})
        shares = self.says[name]
        if not shares:
            raise QuestionError(f"no answer on {name}")
        by_letter = {letters[certainty(code, "")]: share for code, share in shares.items()}
        return Reply(max(by_letter, key=by_letter.__getitem__), probabilities=by_letter)

    def _step(self, instructions: str) -> Prompt:
        [step] = [one for one in Prompt if self.pack.instructions(one) == instructions]
        return step

    def _type(self, question: str) -> str:
        [statement] = FINDING.findall(question)
        [liver] = [one for one in self.pack.ontology.organs if one.name == "liver"]
        types = self.pack.ontology.finding_types
        [found] = [one for one in types if self.pack.wording(liver, one).statement == statement]
        return found.name

    def _letters(self, types: Sequence[FindingType]) -> list[str]:
        named = (set(self.says[one.name]) & {1, -1} for one in types)
        return [f"({chr(ord('A') + place)})" for place, codes in enumerate(named) if codes]
