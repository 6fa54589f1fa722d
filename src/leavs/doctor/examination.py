"""Runs all checks in order and passes on their results; loads neither torch nor vLLM."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from leavs.doctor import estimate, folder, machine, model, rates, reports
from leavs.doctor.findings import Finding, Verdict, fine, problem, warning
from leavs.doctor.tokens import TokenCounter, counter_for
from leavs.engines.hardware import visible_gpus
from leavs.engines.options import EngineOptions
from leavs.errors import InputError
from leavs.method.ontology import Organ
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.reports.identity_check import check_reports
from leavs.reports.options import InputOptions
from leavs.run.leaving import ADVICE, before_sending
from leavs.run.options import OutputOptions
from leavs.run.plan import check_numbers, choose_organs, identity_of

if TYPE_CHECKING:
    from leavs.doctor import tryout


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the run to check, and of the checks.

    Args:
        output: options of which only the folder is used.
        reports: the source of the reports; None if none is named.
        sample: the number of reports from which questions are estimated, or that are measured.
        measure: label the sample on the chosen engine.
        tokens_per_second: the rate of tokens, computed and generated, of an earlier run; None if
            not known.
        exam: the number of items of the exam that the chosen engine is asked; 0 for none.
    """

    engine: EngineOptions
    method: MethodOptions
    output: OutputOptions
    reports: InputOptions | None = None
    sample: int = 20
    measure: bool = False
    tokens_per_second: float | None = None
    exam: int = 0


@dataclass(slots=True)
class Examination:
    """The findings, one a line, and their numbers."""

    findings: list[Finding] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether no finding is a problem."""
        return all(one.verdict is not Verdict.PROBLEM for one in self.findings)


def examine_run(wishes: Wishes) -> Examination:
    """Check the machine, the model, the output folder and the reports.

    Raises:
        LeavsError: options with which no run would start.
    """
    pack = load_pack(find_pack(wishes.method.pack))
    organs = choose_organs(pack, wishes.method.organs)
    check_numbers(wishes.engine, wishes.method, wishes.output)
    seen = _survey(wishes)
    gpus = visible_gpus()
    here = machine.this_machine(gpus)
    loads = wishes.engine.loads_model
    done = Examination(machine.examine_machine(here, vllm_is_needed=loads))
    chosen, findings = model.examine_model(
        wishes.engine, wishes.method.generation, gpus, here.memory_gib
    )
    done.findings += findings
    identity = None
    if chosen is not None:
        identity = identity_of(pack, organs, wishes.method, chosen.chosen)
    count = seen.readable if isinstance(seen, reports.Survey) else None
    goes_on = _folder(wishes, done, identity, count)
    readable = None
    if isinstance(seen, Finding):
        done.findings.append(seen)
    elif seen is not None:
        done.numbers["reports"] = {"entries": seen.entries, "readable": seen.readable}
        counter = counter_for(model.tokenizer_file(chosen))
        done.findings += reports.examine_reports(seen, counter)
        if seen.readable:
            readable = seen
            _price(wishes, done, seen, pack, organs, chosen, counter)
            _look_for_identities(wishes, done, seen, chosen)
    tried = _try(wishes, done, readable, pack, organs, chosen)
    if readable is not None:
        _hours(wishes, done, readable, organs, goes_on, tried.measured)
    if tried.exam is not None:
        done.findings.append(tried.exam)
        done.numbers["exam"] = tried.score
    return done


def _try(
    wishes: Wishes,
    done: Examination,
    seen: reports.Survey | None,
    pack: Pack,
    organs: Sequence[Organ],
    chosen: model.Model | None,
) -> "tryout.Tried":
    """Ask the chosen engine what is wished, if nothing stands in the way."""
    from leavs.doctor import tryout  # the exam loads pandas, which would delay every doctor

    sample = seen.sample if wishes.measure and seen is not None else ()
    if not sample and not wishes.exam:
        return tryout.Tried()
    if chosen is None or not done.healthy:
        said = "nothing: there are problems, see above"
        return tryout.Tried(
            warning("measured", said, "mend them first") if sample else None,
            warning("exam", said, "mend them first") if wishes.exam else None,
        )
    return tryout.try_engine(
        wishes.engine, chosen.chosen, wishes.method, pack, organs, sample, wishes.exam
    )


def _survey(wishes: Wishes) -> reports.Survey | Finding | None:
    """Survey the reports, or say why they cannot be read; None if none are named."""
    if wishes.reports is None:
        return None
    try:
        return reports.survey(wishes.reports.source(), wishes.sample)
    except InputError as error:
        return problem("reports", str(error))


def _folder(
    wishes: Wishes, done: Examination, identity: Mapping[str, Any] | None, count: int | None
) -> bool:
    """Check the output folder; return whether the run would continue one that is in it."""
    place = folder.look_at(wishes.output.output_dir)
    found, goes_on = folder.run_in(place, identity)
    done.findings += folder.examine_folder(place, count)
    if found is not None:
        done.findings.append(found)
    return goes_on


def _price(
    wishes: Wishes,
    done: Examination,
    seen: reports.Survey,
    pack: Pack,
    organs: Sequence[Organ],
    chosen: model.Model | None,
    counter: TokenCounter,
) -> None:
    lengths = estimate.Lengths(pack, organs, wishes.method, counter)
    context = chosen.context if chosen is not None else wishes.engine.context
    if context is not None:
        longest = {one.id: lengths.longest(one) for one in seen.longest}
        done.findings.append(estimate.length_finding(longest, context, counter.how))
    found = estimate.estimate(seen.sample, lengths)
    done.findings.append(estimate.questions_finding(found, seen.readable, wishes.method.ways))
    done.numbers["sample"] = asdict(found) | {"exact": counter.exact}
    if (rate := wishes.tokens_per_second) is not None:
        most = estimate.hours_at_most(found, seen.readable, rate)
        said = f"at most {most:,.2f} for all reports at the {rate:,.0f} tokens/s given"
        done.findings.append(fine("hours", f"{said}; mostly far fewer, --measure tells"))
        done.numbers["hours_at_most"] = most


def _look_for_identities(
    wishes: Wishes, done: Examination, seen: reports.Survey, chosen: model.Model | None
) -> None:
    """Look in the sample if reports would be sent to another machine; what is found may stop it."""
    if chosen is None or not chosen.chosen.host:
        return
    checked = check_reports(seen.sample, seen.entries)
    said = before_sending(checked, chosen.chosen.host)
    if wishes.engine.yes_remote or not checked.found:
        done.findings.append(fine("identities", said))
    else:
        judged = problem if wishes.measure else warning  # to measure would send them
        done.findings.append(judged("identities", said, ADVICE))


def _hours(
    wishes: Wishes,
    done: Examination,
    seen: reports.Survey,
    organs: Sequence[Organ],
    goes_on: bool,
    found: rates.Measured | Finding | None,
) -> None:
    """Add the hours and the disk space as measured, or else how to measure them."""
    if isinstance(found, Finding):
        done.findings.append(found)
        return
    if found is not None:
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
