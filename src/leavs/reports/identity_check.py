"""Looks in a sample of the reports for what looks like identities, and counts it.

What is found is never told, nor in which report: counts are all that leaves this module.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from leavs.domain import Report, Shard
from leavs.reports import presidio
from leavs.reports.identities import Kind, kinds_in
from leavs.reports.sources import ReportSource

SAMPLE = 200  # reports at most on average; as few as half of it
SECONDS = 30.0  # of looking, not of reading

WITH_PRESIDIO = "by Microsoft Presidio ({}) and a few patterns of our own"
WITHOUT_PRESIDIO = "by a few patterns of our own; {}"
NOT_INSTALLED = "pip install 'leavs[privacy]' adds Microsoft Presidio"
NO_MODEL = "Microsoft Presidio lacks a language model: python -m spacy download en_core_web_lg"
NOT_STARTED = "Microsoft Presidio could not be started ({})"


@dataclass(frozen=True, slots=True)
class Detector:
    """What finds identities.

    Args:
        kinds_in: the kinds that are in a text.
        says: by what, in words.
    """

    kinds_in: Callable[[str], frozenset[Kind]]
    says: str


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """How many reports hold what looks like an identity; prints without a full stop.

    Args:
        looked_at: the number of reports in which identities were looked for.
        total: the number of entries of the input.
        reports: in how many of these reports each kind was found.
        detector: by what, in words.
    """

    looked_at: int
    total: int
    reports: Mapping[Kind, int]
    detector: str

    @property
    def found(self) -> bool:
        """Whether anything was found; if not, that proves nothing."""
        return any(self.reports.values())

    def __str__(self) -> str:
        counts = [f"{kind} in {self.reports[kind]:,}" for kind in Kind if self.reports[kind]]
        found = ", ".join(counts) or "none found, which proves nothing"
        searched = f"{self.looked_at:,} of {self.total:,} reports searched for identities"
        return f"{searched}: {found} ({self.detector})"


def check_sample(source: ReportSource, shard: Shard | None = None) -> IdentityCheck:
    """Look for identities in a sample, spread over the input by the ids of the reports.

    Args:
        shard: of which the sample is, if not of the whole.

    Raises:
        InputError: the source cannot be read.
    """
    whole = shard or Shard(0, 1)
    total = (source if shard is None else source.sharded(shard)).count()
    parts = -(-total // SAMPLE) or 1
    # A part of a shard by the same rule: of other reports no text is loaded.
    sample = source.sharded(Shard(whole.number, whole.count * parts))
    reports = [entry for entry in sample if isinstance(entry, Report)]
    # In the order of the digests, so that those that the time is too short for are spread, too.
    return check_reports(sorted(reports, key=attrgetter("id_digest")), total)


def check_reports(
    reports: Iterable[Report],
    total: int,
    detector: Detector | None = None,
    seconds: float = SECONDS,
) -> IdentityCheck:
    """Look for identities in these reports, as many as there is time for, and in one at least.

    Args:
        total: the number of entries of the input that they come from.
        detector: what finds them; by default the best that is installed.
        seconds: after which no other report is looked at.
    """
    detector = detector or installed_detector()
    found: Counter[Kind] = Counter()
    looked_at, end = 0, time.monotonic() + seconds
    for report in reports:
        found.update(detector.kinds_in(report.text))
        looked_at += 1
        if time.monotonic() > end:
            break
    return IdentityCheck(looked_at, total, found, detector.says)


def installed_detector() -> Detector:
    """Return Presidio and our patterns; our patterns alone where Presidio cannot work."""
    if not presidio.is_installed():
        return Detector(kinds_in, WITHOUT_PRESIDIO.format(NOT_INSTALLED))
    model = presidio.installed_model()
    if model is None:
        return Detector(kinds_in, WITHOUT_PRESIDIO.format(NO_MODEL))
    try:
        found_by_presidio = presidio.open_presidio(model)
    except Exception as error:  # noqa: BLE001 - no report was read, and any version may be installed
        said = NOT_STARTED.format(type(error).__name__)
        return Detector(kinds_in, WITHOUT_PRESIDIO.format(said))
    return Detector(
        lambda text: kinds_in(text) | found_by_presidio(text), WITH_PRESIDIO.format(model)
    )
