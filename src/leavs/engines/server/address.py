"""Tells whether a server is on this machine, so that what is sent to it stays here.

Knows nothing of what is sent.
"""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from leavs.errors import UsageError


def refuse_elsewhere(base_url: str, allow_remote: bool) -> str:
    """Return the warning to give before texts are sent to a server; "" if it is on this machine.

    Raises:
        UsageError: the server is on another machine and that was not allowed, or this is no URL.
    """
    host, encrypted = _parts_of(base_url)
    if is_loopback(host):
        return ""
    if not allow_remote:
        how = "" if encrypted else ", unencrypted"
        raise UsageError(
            f"--base-url {base_url} is not on this machine's loopback interface: texts of reports "
            f"would be sent to {host}{how}; give --allow-remote if they may leave this machine"
        )
    said = f"The texts of the reports are sent to another machine: {host}."
    if not encrypted:
        said += " They are not encrypted (http): whoever is on the way can read them."
    return said


def host_of(base_url: str) -> str:
    """Return the name or address of a server's machine.

    Raises:
        UsageError: this is no URL.
    """
    return _parts_of(base_url)[0]


def is_loopback(host: str) -> bool:
    """Whether a name or address means the loopback interface, and nothing else.

    Other addresses of this machine do not count, nor does a name that cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_loopback_address(str(one[4][0])) for one in found)


def _is_loopback_address(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _parts_of(base_url: str) -> tuple[str, bool]:
    """The host's name, and whether what is sent there is encrypted."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{base_url} is no URL: {error}; check --base-url") from None
    if not host or parts.scheme not in ("http", "https") or set(base_url) & set("\\ \t\r\n"):
        raise UsageError(f"{base_url} is no URL such as http://localhost:8000/v1; check --base-url")
    return host, parts.scheme == "https"
