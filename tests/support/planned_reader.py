"""A reader for the whole chain: answers each question as a plan says, and else as usual."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from leavs.domain import Prompt, Report
from leavs.engines.engine import Constraint, Message, Reply
from leavs.method.ontology import Organ
from leavs.method.pack import Pack

CYST = "The liver has a CANARY cyst in segment four."
REPORT = Report("r1", f"{CYST} The spleen is normal in size. Both kidneys enhance well.")
LIVER = "liver"

Answer = str | Reply | Exception | Callable[[], Awaitable[str]]


@dataclass
class Reader:
    """Answers each question as planned, by step or by step and type; "certainty: focal".

    Args:
        plan: without an entry, the liver's sentence informs, nothing is mentioned, and an organ
            that is not the liver has no sentence.
    """

    pack: Pack
    plan: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    async def __call__(
        self, messages: Sequence[Message], constraint: Constraint | None
    ) -> str | Reply:
        step, organ, about = self.question(messages)
        self.asked.append(about)
        self.prompts.append(messages[1].content)
        usual = {
            "filtration_fast": f'"{CYST}": informative' if organ.name == LIVER else "none",
            "filtration_thorough": "No",
            "filtration_numbered": "1" if organ.name == LIVER else "none",
            "finding_types": "none",
            "certainty": "B",
            "urgency": "A",
        }
        answer = self.plan.get(about, self.plan.get(step, usual[step]))
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer

    def question(self, messages: Sequence[Message]) -> tuple[str, Organ, str]:
        """The step that asks, the organ, and the step with the finding type, if it has one."""
        system, user = messages[0].content, messages[1].content
        [step] = [step for step in Prompt if self.pack.instructions(step) == system]
        [organ] = [o for o in self.pack.ontology.organs if f"The organ is the {o.name}." in user]
        types = [
            one.name
            for one in self.pack.ontology.finding_types
            if f": {self.pack.wording(organ, one).statement}" in user
        ]
        return step, organ, ": ".join([step, *types])
