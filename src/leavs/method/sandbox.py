"""Compiles and renders Jinja2 templates of untrusted authors: they insert text and run no code.

A pack is a folder that people share, and plain Jinja2 gives a template access to all of Python
(`{{ cycler.__init__.__globals__ }}`). Knows nothing of what the templates say.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leavs.errors import PackError

# Every error that a template can raise when it is compiled or rendered
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
del PROMPTS.globals["lipsum"]  # generates random words
WORDINGS = PROMPTS.overlay(trim_blocks=False, lstrip_blocks=False)


def compile_prompt(source: str, where: str) -> jinja2.Template:
    """Compile the template of a prompt file.

    Args:
        where: the place of the template, for messages.

    Raises:
        PackError: it is not a template, or uses what the sandbox forbids.
    """
    return _compiled(PROMPTS, source, where)


@lru_cache(maxsize=256)
def compile_wording(source: str, where: str) -> jinja2.Template:
    """Compile a text of the ontology, as `compile_prompt` does a prompt file."""
    return _compiled(WORDINGS, source, where)


def context_of(template: jinja2.Template, values: Mapping[str, object]) -> Context:
    """Return the context in which a block of a prompt file is rendered.

    As `Template.new_context` does, which takes more time than most prompts take to render.
    """
    everything = {**PROMPTS.globals, **values}
    return PROMPTS.context_class(PROMPTS, everything, template.name, template.blocks)


def rendered(parts: Iterable[str], where: str) -> str:
    """Join the parts that a template renders.

    Args:
        parts: the parts of the text, as the template yields them one by one.

    Raises:
        PackError: rendering fails. The message holds no value of a variable, which may be report
            text; the error that caused it may hold one.
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
    """Return why a part of a template is refused, even if it is never rendered; "" if it is not.

    Names that a template computes are checked when it is rendered.
    """
    if isinstance(node, OTHER_FILES):
        return ONE_FILE
    name: object = None
    if isinstance(node, nodes.Getattr):
        name = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = node.arg.value
    return INSIDES if isinstance(name, str) and name.startswith("_") else ""
