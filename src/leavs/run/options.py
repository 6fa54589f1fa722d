"""What is written, how a run behaves, and whether it is spread over a Ray cluster."""

from dataclasses import dataclass
from pathlib import Path

from leavs.errors import UsageError


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Whether the run is spread over a Ray cluster, and how.

    Args:
        ray: label in actors of Ray: without a value Ray is started on this machine, auto joins
            the cluster that runs here, anything else is the address of one (host:port).
        replicas: engines, each with a model of its own in an actor of its own.
        gpus_per_replica: GPUs of one engine; by default as many as the model is split over, or
            where that is not said, all of a machine.
    """

    ray: bool | str = False
    replicas: int = 1
    gpus_per_replica: int | None = None

    def address(self) -> str | None:
        """Where Ray is ("local": it is to be started here); None for a run without it.

        Raises:
            UsageError: a number that makes no sense, or options of Ray for a run without it.
        """
        for flag, number, least in (
            ("--replicas", self.replicas, 1),
            ("--gpus-per-replica", self.gpus_per_replica or 0, 0),
        ):
            if number < least:
                raise UsageError(f"{flag} {number} is too small; the least is {least}")
        if self.ray is False:
            if self.replicas > 1 or self.gpus_per_replica is not None:
                raise UsageError("--replicas and --gpus-per-replica are for runs with --ray")
            return None
        return "local" if self.ray is True else self.ray


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What is written, and how a run behaves.

    Args:
        output_dir: the run's folder; a run that was stopped goes on in it.
        include_report: add the report's text to labels.csv.
        keep_reasoning: keep what the model wrote before its answers, in the journal.
        retry_failures: ask again what an earlier run in the folder recorded as failed.
        max_failures: stop when more cells than this fail: a number, or a percentage of the cells
            recorded by this process (2%, counted from 100 cells on).
        reports_in_flight: reports that are worked on at the same time; by default as many as keep
            the engine's batch full.
        drain_seconds: after a signal to stop, how long answers under way may take.
    """

    output_dir: Path = Path("results")
    include_report: bool = False
    keep_reasoning: bool = False
    retry_failures: bool = False
    max_failures: str | None = None
    reports_in_flight: int | None = None
    drain_seconds: float = 60.0
