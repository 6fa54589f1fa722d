"""All checks in order, with what one finds out for the next; loads neither torch nor vLLM."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from leavs.doctor import estimate, folder, machine, model, rates, reports
from leavs.doctor.findings import Finding, Verdict, fine, problem, warning
from leavs.doctor.tokens import TokenCounter, counter_for
from leavs.domain import Organ
from leavs.engines.hardware import visible_gpus
from leavs.errors import InputError, LeavsError
from leavs.options import EngineOptions, MethodOptions, OutputOptions
from leavs.prompts import Pack, find_pack, load_pack
from leavs.reports import ReportSource
from leavs.run import check_numbers, choose_model, choose_organs, identity_of


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a run would be, and how closely to look.

    Args:
        output: of these only the folder counts.
        source: of the reports; None where none are named.
        sample: reports from which calls and tokens are estimated.
        measure: label the sample on the chosen engine.
        tokens_per_second: computed and generated, as an earlier run had; None where not known.
    """

    engine: EngineOptions
    method: MethodOptions
    output: OutputOptions
    source: ReportSource | None = None
    sample: int = 20
    measure: bool = False
    tokens_per_second: float | None = None


@dataclass(slots=True)
class Examination:
    """What was found, line by line, and the numbers behind it."""

    findings: list[Finding] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether nothing is a problem."""
        return all(one.verdict is not Verdict.PROBLEM for one in self.findings)


def examine(wishes: Wishes) -> Examination:
    """Check the machine, the model, the output folder and the reports.

    Raises:
        LeavsError: options that no run would take.
    """
    pack = load_pack(find_pack(wishes.method.pack))
    organs = choose_organs(pack, wishes.method.organs)
    check_numbers(wishes.engine, wishes.method, wishes.output)
    gpus = visible_gpus()
    here = machine.this_machine(gpus)
    done = Examination(machine.examine(here))
    chosen, findings = model.examine(wishes.engine, gpus, here.memory_gib)
    done.findings += findings
    seen = _survey(wishes, done)
    goes_on = _folder(wishes, done, pack, organs, None if seen is None else seen.readable)
    if seen is not None:
        counter = counter_for(model.tokenizer_file(chosen))
        done.findings += reports.examine(seen, counter)
        if seen.readable:
            _price(wishes, done, seen, pack, organs, chosen, counter)
            _hours(wishes, done, seen, organs, goes_on)
    return done


def _survey(wishes: Wishes, done: Examination) -> reports.Survey | None:
    if wishes.source is None:
        return None
    try:
        seen = reports.survey(wishes.source, wishes.sample)
    except InputError as error:
        done.findings.append(problem("reports", str(error)))
        return None
    done.numbers["reports"] = {"entries": seen.entries, "readable": seen.readable}
    return seen


def _folder(
    wishes: Wishes, done: Examination, pack: Pack, organs: Sequence[Organ], count: int | None
) -> bool:
    """Look at the output folder; whether a run in it would be gone on with."""
    place = folder.look_at(wishes.output.output_dir)
    found, goes_on = folder.run_in(place, _identity(wishes, pack, organs))
    done.findings += folder.examine(place, count)
    if found is not None:
        done.findings.append(found)
    return goes_on


def _identity(wishes: Wishes, pack: Pack, organs: Sequence[Organ]) -> Mapping[str, Any] | None:
    try:
        chosen = choose_model(wishes.engine)
    except LeavsError:
        return None
    if wishes.engine.base_url is not None and wishes.engine.model is None:
        return None  # the server names it, and is not asked here
    return identity_of(pack, organs, wishes.method, chosen)


def _price(
    wishes: Wishes,
    done: Examination,
    seen: reports.Survey,
    pack: Pack,
    organs: Sequence[Organ],
    chosen: model.Model | None,
    counter: TokenCounter,
) -> None:
    context = chosen.context if chosen is not None else wishes.engine.max_model_len
    if context is not None:
        lengths = estimate.longest_prompts(seen.longest, pack, organs, wishes.method, counter)
        done.findings.append(estimate.length_finding(lengths, context, counter.how))
    found = estimate.estimate(seen.sample, pack, organs, wishes.method, counter)
    done.findings += estimate.cost_findings(found, seen.readable, counter.how)
    done.numbers["sample"] = asdict(found) | {"exact": counter.exact}
    if (rate := wishes.tokens_per_second) is not None:
        low, high = estimate.hours_at(found, seen.readable, rate)
        said = f"{low:,.2f} to {high:,.2f} for all reports at the {rate:,.0f} tokens/s given"
        done.findings.append(fine("hours", said))
        done.numbers["hours_at_rate"] = [low, high]


def _hours(
    wishes: Wishes,
    done: Examination,
    seen: reports.Survey,
    organs: Sequence[Organ],
    goes_on: bool,
) -> None:
    """Hours and disk, where they were measured; else how they can be."""
    if wishes.measure and not done.healthy:
        said = "nothing: there are problems, see above"
        done.findings.append(warning("measured", said, "mend them first"))
        return
    if wishes.measure:
        found = rates.measure(seen.sample, wishes.engine, wishes.method)
        if isinstance(found, Finding):
            done.findings.append(found)
        else:
            done.findings += rates.measured_findings(found, seen.readable)
            done.numbers["measured"] = asdict(found) | {
                "hours": found.hours(seen.readable),
                "gigabytes": found.gigabytes(seen.readable),
            }
        return
    before = rates.earlier(wishes.output.output_dir) if goes_on else None
    if before is not None:
        done.findings += rates.earlier_findings(before, seen.readable, len(organs))
        done.numbers["earlier"] = asdict(before)
    elif wishes.tokens_per_second is None:
        said = "not known: nothing was measured"
        done.findings.append(fine("hours", f"{said}; {rates.WAYS}"))
