"""What a preset chooses, and that single options go over it."""

import pytest

from leavs.domain import CertaintyQuestions, Filtration, Preset, Reasoning
from leavs.method.options import PRESETS, MethodOptions, Ways

PAPER = Ways(Filtration.BOTH, CertaintyQuestions.ALL, Reasoning.ALWAYS)
LEAN = Ways(Filtration.NUMBERED, CertaintyQuestions.MENTIONED, Reasoning.AUTO)


def test_there_are_two_presets_and_no_two_are_the_same() -> None:
    assert PRESETS == {Preset.PAPER: PAPER, Preset.LEAN: LEAN}
    assert set(PRESETS) == set(Preset)


@pytest.mark.parametrize(
    ("method", "ways"),
    [
        (MethodOptions(), PAPER),
        (MethodOptions(preset=Preset.PAPER), PAPER),
        (MethodOptions(preset=Preset.LEAN), LEAN),
        (
            MethodOptions(preset=Preset.LEAN, filtration=Filtration.NONE),
            Ways(Filtration.NONE, CertaintyQuestions.MENTIONED, Reasoning.AUTO),
        ),
        (
            MethodOptions(preset=Preset.LEAN, certainty=CertaintyQuestions.ALL),
            Ways(Filtration.NUMBERED, CertaintyQuestions.ALL, Reasoning.AUTO),
        ),
        (
            MethodOptions(reasoning=Reasoning.NEVER),
            Ways(Filtration.BOTH, CertaintyQuestions.ALL, Reasoning.NEVER),
        ),
    ],
)
def test_single_options_go_over_the_preset(method: MethodOptions, ways: Ways) -> None:
    assert method.ways == ways
    assert method.manner().reasoning is ways.reasoning


@pytest.mark.parametrize(
    ("ways", "preset", "words"),
    [
        (PAPER, Preset.PAPER, "preset paper: filtration both, certainty all, reasoning always"),
        (
            LEAN,
            Preset.LEAN,
            "preset lean: filtration numbered, certainty mentioned, reasoning auto",
        ),
        (
            MethodOptions(filtration=Filtration.JOINT).ways,
            None,
            "filtration joint, certainty all, reasoning always",
        ),
    ],
)
def test_ways_know_their_preset_and_say_what_they_are(
    ways: Ways, preset: Preset | None, words: str
) -> None:
    assert ways.preset is preset
    assert str(ways) == words
