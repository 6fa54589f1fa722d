"""Which servers are on this machine, and what is said of those that are not."""

import openai
import pytest

from leavs.engines.server.address import is_loopback, refuse_elsewhere
from leavs.engines.server.connection import connect
from leavs.engines.server.options import ServerOptions
from leavs.errors import UsageError

HERE = (
    "http://localhost:8000/v1",
    "http://LOCALHOST/v1",
    "http://127.0.0.1:8000/v1",
    "https://127.8.9.1/v1",
    "http://127.1:8000/v1",  # short for 127.0.0.1, and resolved as such
    "http://[::1]:8000/v1",
    "http://[::ffff:127.0.0.1]/v1",
    "http://user:word@127.0.0.1:8000/v1",
)
ELSEWHERE = (
    "http://192.0.2.7:8000/v1",
    "https://192.0.2.7/v1",
    "http://[2001:db8::7]:8000/v1",
    "http://0.0.0.0:8000/v1",
    "http://10.0.0.1/v1",  # this machine may have it: others reach it, too
    "http://[::]/v1",
    "http://gpu-node.invalid:8000/v1",
    "http://localhost.example.invalid/v1",
    "http://127.0.0.1.example.invalid/v1",
    "http://127.0.0.1@192.0.2.7/v1",
    "http://127.0.0.1:80@192.0.2.7/v1",
)
NO_URLS = (
    "localhost:8000/v1",
    "http:///v1",
    "ftp://localhost/v1",
    "http://localhost:no/v1",
    "http://[::1/v1",
    "http://192.0.2.7\\@127.0.0.1/v1",
    "http://192.0.2.7 @127.0.0.1/v1",
    "",
)


@pytest.mark.parametrize("url", HERE)
def test_what_is_here_needs_no_leave(url: str) -> None:
    assert refuse_elsewhere(url, allow_remote=False) == ""
    assert refuse_elsewhere(url, allow_remote=True) == ""


@pytest.mark.parametrize("url", ELSEWHERE)
def test_what_is_elsewhere_needs_leave_and_is_told(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_elsewhere(url, allow_remote=False)
    said = str(refused.value)
    assert len(said.splitlines()) == 1
    assert all(words in said for words in ("texts of reports", "--allow-remote"))
    assert ("unencrypted" in said) is url.startswith("http:")
    caution = refuse_elsewhere(url, allow_remote=True)
    assert "another machine" in caution
    assert ("not encrypted" in caution) is url.startswith("http:")


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        refuse_elsewhere(url, allow_remote=True)


@pytest.mark.parametrize("url", [*HERE, *ELSEWHERE])
def test_the_client_asks_the_host_that_was_judged(url: str) -> None:
    """Two readers of URLs that differ would send texts to a host that nobody looked at."""
    client: openai.AsyncOpenAI = connect(ServerOptions(url))
    assert is_loopback(client.base_url.host) is (url in HERE)
