"""Adds up what the questions about one organ in one report cost, and keeps the reasoning.

It is the only part of the method that changes while questions are asked.
"""

from dataclasses import dataclass, field

from leavs.domain import Prompt, Thought, Usage


@dataclass(frozen=True, slots=True)
class Account:
    """The cost and the reasoning of the questions asked so far.

    Args:
        usage: what was used, by prompt.
        transcript: the reasoning before each answer, if it is kept.
    """

    usage: dict[str, Usage] = field(default_factory=dict)
    transcript: list[Thought] = field(default_factory=list)

    def add(self, prompt: Prompt, usage: Usage) -> None:
        """Add what a question cost, or a part of it."""
        self.usage[prompt] = self.usage.get(prompt, Usage()) + usage
