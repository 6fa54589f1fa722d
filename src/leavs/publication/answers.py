"""Answers to the items of reporting guidelines, each made of the facts of a run.

An answer that a run cannot give is None, never a guess. Of merged labels, each run answers for
itself what stands in `answers_of_runs`.
"""

from collections.abc import Callable, Mapping

from leavs.domain import Certainty
from leavs.publication.answers_of_runs import OF_RUN
from leavs.publication.facts import Facts
from leavs.publication.processes import count_processes
from leavs.publication.words import listed, number_of

TO_FILL_IN = "to be filled in by you"  # exactly so, wherever a run cannot answer

OfFacts = Callable[[Facts], str | None]


def answer(name: str, facts: Facts) -> tuple[str, bool]:
    """Return an answer in words, and whether it is whole.

    Args:
        name: of one of the answers, as checklists.toml has it.
    """
    if name in OF_FACTS:
        found = OF_FACTS[name](facts)
        return found or "", found is not None
    each = [OF_RUN[name](one) for one in facts.labelings]
    if len(set(each)) == 1:
        return each[0] or "", each[0] is not None
    words = [f"run {number}: {one or TO_FILL_IN}" for number, one in enumerate(each, start=1)]
    return "; ".join(words), None not in each


def prompts_published(facts: Facts) -> str | None:
    """Where the prompts can be read, if they are ours."""
    return "they come with leavs, in prompts/leavs" if facts.pack_is_shipped else None


def dates(facts: Facts) -> str | None:
    """From when to when the model was asked."""
    if any(not one.processes for one in facts.labelings) or not facts.processes:
        return None
    first = min(one.began for one in facts.processes)
    last = max(one.last for one in facts.processes)
    days = (
        f"{first:%Y-%m-%d}"
        if first.date() == last.date()
        else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    sure = all(one.seconds is not None for one in facts.processes)
    return f"{days} (UTC)" + (
        "" if sure else ", or later: a process was killed, or is still at work"
    )


def input_kind(facts: Facts) -> str:
    """What the model was shown."""
    return (
        f"text only: {number_of(facts.reports, 'radiology report')}; a question shows one report "
        "or sentences of it, never images, other documents or several reports"
    )


def execution(facts: Facts) -> str:
    """How questions were put."""
    return (
        "by a program; each question is a conversation of its own, without memory of others (where "
        "the model reasons, a second turn of it takes the answer); a question that was asked "
        "before word for word keeps its answer; an answer that is no answer is asked once more, "
        "and then recorded as a failure"
    )


def repeats(facts: Facts) -> str:
    """How often each question was asked."""
    if facts.merged is None:
        return "none: each report was labeled once"
    ties, urgencies = facts.merged.get("ties", 0), facts.merged.get("urgency_ties", 0)
    return (
        f"{number_of(len(facts.labelings), 'run')} merged by {facts.merged['by']}; "
        f"{number_of(ties, 'tie')} of labels and {urgencies:,} of urgencies"
    )


def repeatability(facts: Facts) -> str | None:
    """Where the agreement of repeats stands."""
    if facts.merged is None:
        return None
    return "the column agreement of details.csv has it for each cell"


def counts(facts: Facts) -> str:
    """Reports, cells and labels."""
    present, unsure = (
        facts.certainties.get(code, 0) for code in (Certainty.PRESENT, Certainty.UNSURE)
    )
    return (
        f"{number_of(facts.reports, 'report')}, {number_of(len(facts.organs), 'organ')}, "
        f"{number_of(len(facts.finding_types), 'finding type')}: {number_of(facts.cells, 'cell')}, "
        f"of which {present:,} are present and {unsure:,} unsure"
    )


def preprocessing(facts: Facts) -> str:
    """What leavs does to a report."""
    return (
        "leavs splits reports into sentences by rules and, apart from line ends, spaces and what "
        "could be taken for a tag of the prompt or a control token of the model, leaves their text "
        "as it is; it does not de-identify them; empty and unreadable reports are recorded as "
        "failures"
    )


def failures(facts: Facts) -> str:
    """Cells without labels, and why."""
    failed = sum(facts.steps.values())
    if not failed:
        return "no cell lacks a label or an urgency that it should have"
    steps = listed(
        [f"{count:,} at {step.replace('_', ' ')}" for step, count in sorted(facts.steps.items())]
    )
    return (
        f"{failed:,} of {number_of(facts.cells, 'cell')} lack a label or an urgency ({steps}); "
        "they are left empty, and nothing is imputed"
    )


def output(facts: Facts) -> str:
    """What comes out."""
    return (
        "the model's text is read strictly as one of the answers offered; a label is a code of "
        "certainty (1, 0, -1, -2, -3) and one of urgency (0 to 3, -1 where it does not apply), "
        "with the sentences that it rests on"
    )


def probabilities(facts: Facts) -> str:
    """What a probability is, and that there is no threshold."""
    made = "the answer that the model gave"
    if facts.merged is not None:
        made = f"the vote of the runs on its cell (by {facts.merged['by']})"
    return f"a label is {made}; there is no threshold on a probability. {source_of(facts)}"


def source_of(facts: Facts) -> str:
    """Where probabilities come from, in a clause that a sentence can begin with."""
    if not facts.has_probabilities:
        return "The labels have no probabilities"
    calibrated = (
        "calibrated ones, from curves fitted to annotated reports, stand beside them"
        if facts.calibrated
        else "they are not calibrated"
    )
    own = "the model's own, among the answers it was allowed"
    if facts.merged is not None:
        own = f"means over the runs of {own}"
    return f"Probabilities of labels are {own}; {calibrated}"


def outcome(facts: Facts) -> str:
    """The definition of the outcome."""
    return (
        "what the report says of each organ and finding type, not what the patient has; the "
        "definitions are those of the pack of prompts, the computation that of leavs label"
    )


def readers(facts: Facts) -> str | None:
    """Who judged."""
    if facts.review.readers:
        return None
    return "nobody judged or annotated within this run"


def annotators(facts: Facts) -> str | None:
    """How many readers."""
    return readers(facts)


def annotation(facts: Facts) -> str:
    """How the text was labeled."""
    by = "by the model"
    if facts.review.readers:
        by += f", and {number_of(facts.review.readers, 'reader')} read or corrected labels"
    return f"{by}; the definitions that the model reads are the guide, see the pack of prompts"


def compute(facts: Facts) -> str | None:
    """Hours, machines and tokens."""
    processes = facts.processes
    if not processes or any(one.seconds is None for one in processes):
        return None
    if any(not one.processes for one in facts.labelings):
        return None
    hours = sum(one.seconds or 0 for one in processes) / 3600
    count, machines = count_processes(processes), len({one.host for one in processes})
    words = (
        f"{hours:,.2f} hours of labeling without loading the model, summed over "
        f"{number_of(count, 'process', 'processes')} on {number_of(machines, 'machine')}"
    )
    if not facts.tokens:
        return words
    tokens = facts.tokens
    return (
        f"{words}; {number_of(tokens['calls'], 'request')}, {tokens['prompt_tokens']:,} tokens of "
        f"prompts, {tokens['generated_tokens']:,} generated"
    )


def flow(facts: Facts) -> str:
    """From input to labels."""
    unreadable = facts.steps.get("input", 0) // max(1, len(facts.organs) * len(facts.finding_types))
    words = [
        f"{number_of(facts.reports, 'report')} in the tables",
        f"{unreadable:,} of them empty or unreadable, with empty cells",
        f"entries of the input that belong to no report: {facts.input_problems:,}",
    ]
    if facts.unfinished:
        words.append(f"the run is unfinished: {facts.unfinished}")
    return "; ".join(words)


def updating(facts: Facts) -> str:
    """Whether the model was updated."""
    return "no model was updated"


OF_FACTS: Mapping[str, OfFacts] = {"input": input_kind} | {
    one.__name__: one
    for one in (
        *(prompts_published, dates, execution, repeats, repeatability, counts, preprocessing),
        *(failures, output, probabilities, outcome, readers, annotators, annotation, compute),
        *(flow, updating),
    )
}
