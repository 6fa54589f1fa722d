"""The account of one organ in one report: what its questions cost, and what the model thought.

The only part of the method that changes while questions are asked.
"""

from dataclasses import dataclass, field

from leavs.domain import Prompt, Thought, Usage


@dataclass(frozen=True, slots=True)
class Account:
    """What was asked so far.

    Args:
        usage: by prompt.
        transcript: the reasoning before each answer, where it is kept.
    """

    usage: dict[str, Usage] = field(default_factory=dict)
    transcript: list[Thought] = field(default_factory=list)

    def add(self, prompt: Prompt, usage: Usage) -> None:
        """Count what a question cost, or a part of it."""
        self.usage[prompt] = self.usage.get(prompt, Usage()) + usage
