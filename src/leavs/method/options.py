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
        keep_reasoning: keep what the model thought.
    """

    reasoning: Reasoning
    max_reasoning_tokens: int
    confidence: float = CONFIDENCE
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
        temperature: of sampling; 0 is greedy.
        seed: of sampling, where the temperature is not 0.
    """

    pack: str = "leavs"
    organs: tuple[str, ...] = ()
    filtration: Filtration = Filtration.BOTH
    reasoning: Reasoning = Reasoning.ALWAYS
    confidence: float = CONFIDENCE
    max_reasoning_tokens: int = 1600
    temperature: float = 0.0
    seed: int = 0

    def manner(self, keep_reasoning: bool = False) -> Manner:
        """How each question is put to the engine: the same for a run, its replicas and doctor."""
        return Manner(
            self.reasoning,
            self.max_reasoning_tokens,
            self.confidence,
            keep_reasoning,
        )

    @property
    def sampling(self) -> Sampling:
        """How the engine samples."""
        return Sampling(self.temperature, self.seed)
