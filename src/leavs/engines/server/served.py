"""Which model a server is asked for: the one that is named, or the only one that it lists.

A list that is missing or fails is told apart from a server that is not there: with a name it is not
needed.
"""

from fnmatch import fnmatchcase

import openai

from leavs.engines.server.connection import first_answer
from leavs.engines.server.options import KEYS, ServerOptions
from leavs.errors import EngineStartError

KEY_REFUSED = frozenset({401, 403})


async def choose_served_model(client: openai.AsyncOpenAI, options: ServerOptions) -> str:
    """Return the model's name.

    Raises:
        EngineStartError: the server does not answer, refuses the key, lacks the model, or tells of
            none or several where none is named.
    """
    url = options.base_url

    async def listed() -> list[str]:
        names = [getattr(model, "id", None) async for model in client.models.list()]
        return [name for name in names if isinstance(name, str)]

    try:
        names = await first_answer(listed, options)
    except openai.APIStatusError as error:
        status = error.status_code
        if status == 401 or (status in KEY_REFUSED and options.model is None):
            raise EngineStartError(key_refused(options, status)) from error
        if options.model is not None:
            return options.model  # Azure and others list nothing; a question will tell
        raise EngineStartError(
            f"{url} answers, but gives no list of its models ({status}); name one with --model, "
            "or check --base-url, which ends in /v1 at most servers"
        ) from error
    except openai.OpenAIError as error:
        raise EngineStartError(not_there(options, error)) from error
    except (AttributeError, TypeError, ValueError) as error:  # of the client, for a web page
        if options.model is not None:
            return options.model
        raise EngineStartError(
            f"{url} does not answer as an OpenAI-compatible server; check --base-url"
        ) from error
    if options.model is None and len(names) != 1:
        raise EngineStartError(
            f"{url} serves {', '.join(names) or 'no model'}; choose with --model"
        )
    name = options.model or names[0]
    # A proxy lists "house/*".
    if names and name not in names and not any(fnmatchcase(name, one) for one in names):
        raise EngineStartError(f"{url} has no model {name!r}; it has: {', '.join(names)}")
    return name


def key_refused(options: ServerOptions, status: int) -> str:
    """Say that the server refuses the key, or that it wants one."""
    first, second = KEYS
    kept = "wants a key" if options.api_key == "none" else "refuses the key"
    return f"{options.base_url} {kept} ({status}); put it into {first}, or into {second}"


def not_there(options: ServerOptions, error: openai.OpenAIError) -> str:
    """Say that nothing answers."""
    kind = type(error.__cause__ or error).__name__
    return (
        f"no answer from {options.base_url} ({kind}); check --base-url and that the server is "
        "running"
    )
