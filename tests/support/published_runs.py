"""Runs whose journal says what a test wants of its processes, to be described for a paper."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labeled_runs import reports, run
from leavs.engines.engine import Choices, Constraint, Message
from leavs.errors import QuestionError
from leavs.journal import manifest
from leavs.journal.journal import FOLDER, line_of, read_lines

CANARY = "CANARY"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SNAPSHOT = f"/data/{CANARY}/hub/models--some-group--some-model/snapshots/{COMMIT}"
REFUSED = "This report is refused."
TEXTS = {
    f"patient-{CANARY}-{number}": f"The liver of {CANARY} is normal.\n{words}"
    for number, words in enumerate(["There is a cyst in the liver."] * 3 + [REFUSED])
}
LOADED: Mapping[str, Any] = {
    "commit": COMMIT,
    "dtype": "bfloat16",
    "quantization": None,
    "device": "cuda",
    "gpus": [{"name": "NVIDIA H100", "memory_gib": 80.0, "driver": "570.1"}] * 2,
}
ON_VLLM: Mapping[str, Any] = {
    "engine": "vllm",
    "model": SNAPSHOT,
    "revision": None,
    "dtype": "auto",
    "quantization": None,
    "max_model_len": 16384,
    "engine_args": {},
}
SESSION: Mapping[str, Any] = {
    "kind": "session",
    "version": 2,
    "started": "2026-01-02T10:00:00Z",
    "command": ["leavs", "label", "--input-dir", f"/secret/{CANARY}"],
    "host": f"{CANARY}-node",
    "pid": 1,
    "python": "3.11.7",
    "platform": "Linux",
    "versions": {"leavs": "0.1.0", "vllm": "0.32.0", "torch": "2.13.0"},
    "slurm": {},
    "processor": {"name": "A Processor", "count": 16},
}
PLAN: Mapping[str, Any] = {
    "kind": "plan",
    "reports": len(TEXTS),
    "at": "2026-01-02T10:05:00+00:00",
    "loaded": LOADED,
}
END: Mapping[str, Any] = {"kind": "end", "complete": True, "seconds": 3600.0}
PROCESS = (SESSION, PLAN, END)
USAGE: Mapping[str, int] = {
    "questions": 60,
    "calls": 66,
    "prompt_tokens": 5000,
    "generated_tokens": 70,
}


def focal_reader(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Affirms the last finding type and denies the others, whatever the wording of the prompts.

    It refuses one report.
    """
    question = messages[1].content
    if REFUSED in question:
        raise QuestionError(f"the question of 1,{len(question):03d} tokens is refused")
    if "<report>" in question:
        return '"There is a cyst in the liver.": informative'
    if isinstance(constraint, Choices):
        return "D" if len(constraint.options) > 4 else "A"
    return "(K)"


def published_run(
    folder: Path,
    processes: Sequence[Sequence[Mapping[str, Any]]] = (PROCESS,),
    identity: Mapping[str, Any] = ON_VLLM,
    **described: Any,
) -> Path:
    """Label four reports, and let these processes have done it.

    Args:
        processes: the records of each but those of its results, which are the first one's.
        identity: the engine's part; all else is that of the run.
        described: further keys of run.json.
    """
    run(reports(folder.with_name(f"{folder.name}-reports"), **TEXTS), folder, focal_reader)
    told = manifest.read(folder)
    told["totals"]["usage"] = {"certainty": USAGE}  # words of prompts change
    told["identity"]["pack_version"] = "2"
    told["identity"] = {**identity, **{k: v for k, v in told["identity"].items() if k != "engine"}}
    manifest.write(folder, {**told, **described})
    fingerprint = manifest.fingerprint(told["identity"])
    own = [line.record for line in read_lines(folder) if line.record["kind"] == "organ"]
    for path in (folder / FOLDER).iterdir():
        path.unlink()
    for number, records in enumerate(processes):
        begun = [
            {**one, "identity": fingerprint} if one["kind"] == "session" else one for one in records
        ]
        mine = [*begun[:2], *(own if number == 0 else ()), *begun[2:]]
        lines = b"".join(line_of(one) for one in mine)
        (folder / FOLDER / f"{number}.jsonl").write_bytes(lines)
    return folder


def without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def loaded(**changes: Any) -> dict[str, Any]:
    """A plan with other things loaded."""
    return {**PLAN, "loaded": {**LOADED, **changes}}


def as_text(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)
