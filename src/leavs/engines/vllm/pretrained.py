"""The tokenizer and the context length of a model, read by transformers, without its weights.

transformers is imported only when it is used.
"""

from typing import Any

from leavs.engines.options import EngineOptions, parse_engine_args


def context_length(options: EngineOptions, model: str) -> int:
    """Return the context to ask for, in tokens: the option, or the model's own if it is shorter."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(model, **_where_to_find(options)).get_text_config()
    longest = options.context
    return min(longest, getattr(config, "max_position_embeddings", longest))


def load_tokenizer(options: EngineOptions, model: str) -> Any:
    """Load the model's tokenizer, or the one that an argument of the engine names."""
    from transformers import AutoTokenizer

    more, found = parse_engine_args(options.engine_arg), _where_to_find(options)
    found["revision"] = more.get("tokenizer_revision", options.revision)
    return AutoTokenizer.from_pretrained(more.get("tokenizer", model), **found)


def _where_to_find(options: EngineOptions) -> dict[str, Any]:
    more = parse_engine_args(options.engine_arg)
    return {
        "revision": options.revision,
        "cache_dir": options.download_dir,
        "trust_remote_code": bool(more.get("trust_remote_code")),
    }
