"""How the questions are asked; the labels depend on all of it."""

from dataclasses import dataclass

from leavs.domain import CertaintyQuestions, Filtration, Preset, Reasoning
from leavs.engines.options import Generation, Sampling, Thinking

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ways:
    """What a run asks: how it finds evidence, what it asks of it, and when the model reasons."""

    filtration: Filtration
    certainty: CertaintyQuestions
    reasoning: Reasoning

    @property
    def preset(self) -> Preset | None:
        """The preset whose ways these are, however they were chosen; None if there is none."""
        return next((preset for preset, ways in PRESETS.items() if ways == self), None)

    def __str__(self) -> str:
        ways = (
            f"filtration {self.filtration}, certainty {self.certainty}, reasoning {self.reasoning}"
        )
        return f"preset {self.preset}: {ways}" if self.preset else ways


PRESETS = {
    Preset.PAPER: Ways(Filtration.BOTH, CertaintyQuestions.ALL, Reasoning.ALWAYS),
    Preset.LEAN: Ways(Filtration.NUMBERED, CertaintyQuestions.MENTIONED, Reasoning.AUTO),
}


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
        thinking: the model thinks by itself before it answers, within `max_reasoning_tokens`, and
            that takes the place of the reasoning that it is asked for.
    """

    reasoning: Reasoning
    max_reasoning_tokens: int
    confidence: float = CONFIDENCE
    keep_reasoning: bool = False
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """How the questions are asked; the labels depend on all of it.

    Args:
        pack: the prompts: a folder, or the name of a pack that comes with leavs.
        organs: only these organs of the pack; all of them where none is named.
        preset: filtration, certainty and reasoning together, each of which can also be given by
            itself: paper asks as the paper does (both, all, always), lean asks the fewest
            questions (numbered, mentioned, auto).
        filtration: how the sentences that inform about an organ are found; joint is both with one
            question a sentence for all organs together, numbered is one question an organ that
            is answered with the numbers of sentences. By default as in the preset.
        certainty: whether the certainty is asked for of all finding types, or only of those that
            the sentences mention; the others are then not mentioned (-2). By default as in the
            preset.
        reasoning: whether the model thinks before each answer; auto means only where its answer
            without that is less probable than --confidence. By default as in the preset.
        confidence: the probability from which auto takes an answer without reasoning, 0 to 1.
        max_reasoning_tokens: the longest such thought.
        thinking: whether a model that thinks by itself before it answers does so; on lets its own
            thought, of --max-reasoning-tokens at most, take the place of the reasoning that it is
            otherwise asked for.
        temperature: of sampling; 0 is greedy.
        seed: of sampling, where the temperature is not 0.
    """

    pack: str = "leavs"
    organs: tuple[str, ...] = ()
    preset: Preset = Preset.PAPER
    filtration: Filtration | None = None
    certainty: CertaintyQuestions | None = None
    reasoning: Reasoning | None = None
    confidence: float = CONFIDENCE
    max_reasoning_tokens: int = 1600
    thinking: Thinking = Thinking.OFF
    temperature: float = 0.0
    seed: int = 0

    @property
    def ways(self) -> Ways:
        """The ways of the preset, with those over them that are given by themselves."""
        usual = PRESETS[self.preset]
        return Ways(
            self.filtration or usual.filtration,
            self.certainty or usual.certainty,
            self.reasoning or usual.reasoning,
        )

    def manner(self, keep_reasoning: bool = False) -> Manner:
        """How each question is put to the engine: the same for a run, its replicas and doctor."""
        return Manner(
            self.ways.reasoning,
            self.max_reasoning_tokens,
            self.confidence,
            keep_reasoning,
            self.thinking is Thinking.ON,
        )

    @property
    def generation(self) -> Generation:
        """How the engine generates replies."""
        sampling = Sampling(self.temperature, self.seed)
        return Generation(sampling, self.thinking, self.max_reasoning_tokens)
