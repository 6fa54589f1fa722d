"""What a run is to do: its organs, its numbers, what its labels depend on."""

from typing import Any

import pytest

from leavs import (
    CertaintyQuestions,
    EngineOptions,
    Filtration,
    MethodOptions,
    OutputOptions,
    Preset,
    Reasoning,
)
from leavs.engines.models.choice import ChosenModel
from leavs.errors import LeavsError
from leavs.method.options import CONFIDENCE
from leavs.method.pack import Pack
from leavs.run.plan import check_numbers, choose_organs, identity_of


def test_organs_come_in_the_order_of_the_pack(pack: Pack) -> None:
    everything = [organ.name for organ in pack.ontology.organs]
    assert [organ.name for organ in choose_organs(pack, ())] == everything
    assert [organ.name for organ in choose_organs(pack, ("liver", "spleen"))] == everything[:2]
    with pytest.raises(LeavsError, match="no organ 'heart' in the pack; it has: spleen, liver, "):
        choose_organs(pack, ("liver", "heart"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (MethodOptions(max_reasoning_tokens=0), "--max-reasoning-tokens 0 is too small; the least"),
        (MethodOptions(confidence=-0.01), "--confidence -0.01 is too small; the least is 0"),
        (MethodOptions(confidence=1.01), "--confidence 1.01 is more than 1"),
        (MethodOptions(confidence=float("nan")), "--confidence nan is too small"),
        (MethodOptions(temperature=-0.1), "--temperature -0.1 is too small; the least is 0"),
        (MethodOptions(temperature=float("nan")), "--temperature nan is too small"),
        (OutputOptions(reports_in_flight=0), "--reports-in-flight 0 is too small; the least is 1"),
        (OutputOptions(drain_seconds=-1), "--drain-seconds -1 is too small; the least is 0"),
        (EngineOptions(tensor_parallel_size=-1), "--tensor-parallel-size -1 is too small"),
        (EngineOptions(max_model_len=0), "--max-model-len 0 is too small; the least is 1"),
        (EngineOptions(gpu_memory_utilization=0), "--gpu-memory-utilization 0 is too small"),
        (EngineOptions(request_timeout=0), "--request-timeout 0 is too small; the least is 0.1"),
        (EngineOptions(request_tries=0), "--request-tries 0 is too small; the least is 1"),
        (OutputOptions(max_failures="few"), "--max-failures 'few' is neither a number of cells"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    options: MethodOptions | OutputOptions | EngineOptions, complaint: str
) -> None:
    defaults: list[Any] = [EngineOptions(), MethodOptions(), OutputOptions()]
    check_numbers(*defaults)
    given = [options if type(options) is type(one) else one for one in defaults]
    with pytest.raises(LeavsError) as refused:
        check_numbers(*given)
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize("number", [0, 0.0, 0.5, 1, 1.0])
def test_every_probability_is_a_confidence(number: float) -> None:
    check_numbers(EngineOptions(), MethodOptions(confidence=number), OutputOptions())


@pytest.mark.parametrize(
    ("method", "confidence"),
    [
        (MethodOptions(), None),
        (MethodOptions(confidence=0.5), None),
        (MethodOptions(reasoning=Reasoning.NEVER, confidence=0.5), None),
        (MethodOptions(reasoning=Reasoning.AUTO), CONFIDENCE),
        (MethodOptions(reasoning=Reasoning.AUTO, confidence=0.5), 0.5),
    ],
)
def test_labels_depend_on_the_confidence_where_it_is_asked_for(
    pack: Pack, method: MethodOptions, confidence: float | None
) -> None:
    identity = identity_of(pack, pack.ontology.organs, method, ChosenModel("m", {}))
    assert identity["confidence"] == confidence


LEAN = MethodOptions(
    filtration=Filtration.NUMBERED,
    certainty=CertaintyQuestions.MENTIONED,
    reasoning=Reasoning.AUTO,
)
PAPER = MethodOptions(
    preset=Preset.LEAN,
    filtration=Filtration.BOTH,
    certainty=CertaintyQuestions.ALL,
    reasoning=Reasoning.ALWAYS,
)


@pytest.mark.parametrize(
    ("method", "recorded"),
    [
        (MethodOptions(), ("paper", "both", "all", "always", None)),
        (MethodOptions(preset=Preset.LEAN), ("lean", "numbered", "mentioned", "auto", CONFIDENCE)),
        (LEAN, ("lean", "numbered", "mentioned", "auto", CONFIDENCE)),
        (PAPER, ("paper", "both", "all", "always", None)),
        (
            MethodOptions(preset=Preset.LEAN, filtration=Filtration.NONE),
            (None, "none", "mentioned", "auto", CONFIDENCE),
        ),
    ],
)
def test_a_preset_and_its_ways_given_singly_are_the_same_run(
    pack: Pack, method: MethodOptions, recorded: tuple[object, ...]
) -> None:
    identity = identity_of(pack, pack.ontology.organs, method, ChosenModel("m", {}))
    keys = ("preset", "filtration", "certainty", "reasoning", "confidence")
    assert tuple(identity[key] for key in keys) == recorded
