"""Decides whether reports may leave this machine: what looks like identities in them stops a run.

Knows nothing of models or of how reports are sent.
"""

from collections.abc import Callable

from leavs.domain import Shard
from leavs.errors import UsageError
from leavs.reports import ReportSource
from leavs.reports.identity_check import IdentityCheck, check_sample
from leavs.system.stopping import interrupted_at_once

# Told what was found and where the reports would go, says whether they may be sent.
Confirm = Callable[[str, str], bool]

ADVICE = "remove the identities (leavs does not), or give --yes-remote to send reports as they are"


def check_before_sending(
    source: ReportSource,
    shard: Shard | None,
    host: str,
    yes: bool,
    confirm: Confirm | None,
    tell: Callable[[str], None],
) -> None:
    """Look for identities in a sample of the reports before any is sent, and tell the counts.

    Args:
        host: where the reports would be sent.
        yes: send them whatever is found.
        confirm: asked where something is found; None if nobody can be asked.

    Raises:
        UsageError: something was found, and nobody said that the reports may be sent all the same.
        InputError: the reports cannot be read.
    """
    with interrupted_at_once():
        checked = check_sample(source, shard)
        line = before_sending(checked, host)
        if yes or not checked.found:
            tell(f"{line}.")
        elif confirm is None:
            raise UsageError(f"{line}. Nothing was sent; {ADVICE}")
        elif not confirm(line, host):
            raise UsageError(f"nothing was sent to {host}; {ADVICE}")


def before_sending(checked: IdentityCheck, host: str) -> str:
    """Say what was found, in a line."""
    return f"Before any is sent to {host}, {checked}"
