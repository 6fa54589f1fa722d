"""How the questions are asked; the labels depend on all of it."""

from dataclasses import dataclass

from leavs.domain import Filtration, Reasoning
from leavs.engines.options import Sampling

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Manner:
    """How each question is put to the engine.

    Args:
        reasoning: whether the model thinks before it answers: always, never, or only where its
            answer without that is not sure enough.
        max_reasoning_tokens: the longest such thought; a longer one is cut, and the answer
            follows.
        confidence: the probability from which an answer is sure enough, 0 to 1.
        two_turns: let the model think in one reply and answer in the next. Else it does both in
            one reply where the answer is a choice; if that reply was cut, or lacks the form that
            the engine was asked to keep to, the answer is a turn of its own after all.
        keep_reasoning: keep what the model thought.
    """

    reasoning: Reasoning
    max_reasoning_tokens: int
    confidence: float = CONFIDENCE
    two_turns: bool = False
    keep_reasoning: bool = False


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """How the questions are asked; the labels depend on all of it.

    Args:
        pack: the prompts: a folder, or the name of a pack that comes with leavs.
        organs: only these organs of the pack; all of them where none is named.
        filtration: how the sentences that inform about an organ are found; joint is both with one
            question a sentence for all organs together.
        reasoning: whether the model thinks before each answer; auto means only where its answer
            without that is less probable than --confidence.
        confidence: the probability from which auto takes an answer without reasoning, 0 to 1.
        max_reasoning_tokens: the longest such thought.
        two_turns: let the model think in one reply, as it likes, and answer in the next, as in the
            paper; by default it does both in one, a paragraph and a line, with fewer tokens.
        temperature: of sampling; 0 is greedy.
        seed: of sampling, where the temperature is not 0.
    """

    pack: str = "leavs"
    organs: tuple[str, ...] = ()
    filtration: Filtration = Filtration.BOTH
    reasoning: Reasoning = Reasoning.ALWAYS
    confidence: float = CONFIDENCE
    max_reasoning_tokens: int = 1600
    two_turns: bool = False
    temperature: float = 0.0
    seed: int = 0

    def manner(self, keep_reasoning: bool = False) -> Manner:
        """How each question is put to the engine: the same for a run, its replicas and doctor."""
        return Manner(
            self.reasoning,
            self.max_reasoning_tokens,
            self.confidence,
            self.two_turns,
            keep_reasoning,
        )

    @property
    def sampling(self) -> Sampling:
        """How the engine samples."""
        return Sampling(self.temperature, self.seed)
