"""Jinja2 for text that a stranger may have written: it puts words together and runs nothing else.

A pack is a folder that people pass on, and plain Jinja2 gives a template the whole of Python
(`{{ cycler.__init__.__globals__ }}`). Knows nothing of what the templates say.
"""

from collections.abc import Iterable
from functools import lru_cache

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leavs.errors import PackError

# All that a template can raise when it is compiled or rendered
ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
OTHER_FILES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
INSIDES = "an attribute that begins with _, the insides of Python, is refused"
ONE_FILE = "include, import and extends are refused; a prompt stands in one file"

# No loader: no template can read a file. The text goes to a model, not to a browser.
PROMPTS = ImmutableSandboxedEnvironment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
del PROMPTS.globals["lipsum"]  # words at random
WORDINGS = PROMPTS.overlay(trim_blocks=False, lstrip_blocks=False)


def compile_prompt(source: str, where: str) -> jinja2.Template:
    """The template of a prompt file.

    Args:
        where: it stands, for messages.

    Raises:
        PackError: it is not a template, or reaches for what a template may not have.
    """
    return _compiled(PROMPTS, source, where)


@lru_cache(maxsize=256)
def compile_wording(source: str, where: str) -> jinja2.Template:
    """The template of a text of the ontology; as `compile_prompt`."""
    return _compiled(WORDINGS, source, where)


def rendered(parts: Iterable[str], where: str) -> str:
    """What a template renders, as one text.

    Args:
        parts: of the text, as the template gives them one by one.

    Raises:
        PackError: it fails. The message has no value of a variable, which may be report text; the
            error that it comes from may have one.
    """
    try:
        return "".join(parts)
    except ERRORS as error:
        raise PackError(f"{where}: cannot be rendered ({type(error).__name__})") from error


def _compiled(
    environment: ImmutableSandboxedEnvironment, source: str, where: str
) -> jinja2.Template:
    try:
        for node in environment.parse(source).find_all(nodes.Node):
            if why := _why_refused(node):
                raise PackError(f"{where} line {node.lineno}: {why}")
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise PackError(f"{where} line {error.lineno}: {error.message}") from error
    except ERRORS as error:
        raise PackError(f"{where}: cannot be compiled ({type(error).__name__})") from error


def _why_refused(node: nodes.Node) -> str:
    """Why a part of a template is refused, even where it is never rendered; "" where it is not.

    Names that are put together only when the template is rendered are refused then.
    """
    if isinstance(node, OTHER_FILES):
        return ONE_FILE
    name: object = None
    if isinstance(node, nodes.Getattr):
        name = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = node.arg.value
    return INSIDES if isinstance(name, str) and name.startswith("_") else ""
