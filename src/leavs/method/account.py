"""Adds up what the questions about one organ in one report cost, and keeps the reasoning.

It is the only part of the method that changes while questions are asked.
"""

from dataclasses import asdict, dataclass, field

from leavs.domain import Prompt, Thought, Usage


@dataclass(frozen=True, slots=True)
class Account:
    """The cost and the reasoning of the questions asked so far.

    Args:
        transcript: the reasoning before each answer, if it is kept.
    """

    transcript: list[Thought] = field(default_factory=list)
    _counts: dict[Prompt, dict[str, int]] = field(default_factory=dict)

    def add(self, prompt: Prompt, **counts: int) -> None:
        """Add what a question cost, or a part of it: some of the counts of a Usage."""
        known = self._counts.get(prompt)
        if known is None:
            known = self._counts[prompt] = asdict(Usage())
        for name, count in counts.items():
            known[name] += count

    @property
    def usage(self) -> dict[str, Usage]:
        """What was used, by prompt."""
        return {prompt: Usage(**counts) for prompt, counts in self._counts.items()}
