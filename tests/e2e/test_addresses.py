"""Whose address counts: that of the connection, or what a trusted proxy says. Loopback addresses are clients here."""

import contextlib
import functools
import itertools
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.api import API, LOGIN
from tests.e2e import process
from tests.e2e.process import ServerProcess
from tests.e2e.test_subscriptions import connected, send

_BUDGET = 400
_DOCUMENT_THAT_IS_REFUSED = {"query": "{ nothing }"}
_OF_AN_ADDRESS = 3
_PROXY, _SECOND_PROXY = "127.0.0.1", "127.0.0.2"
_LIMITS = {"anonymous_rate_limit": str(_BUDGET), "max_connections": str(_OF_AN_ADDRESS * 10)}

Header = list[tuple[str, str]]
_forged = (f"203.0.113.{number % 256}" for number in itertools.count())


@pytest.fixture(scope="module")
async def alone(
    tmp_path_factory: pytest.TempPathFactory, production_settings: dict[str, str]
) -> AsyncIterator[ServerProcess]:
    """A server that has no proxy in front."""
    async with process.serving(tmp_path_factory.mktemp("alone"), **production_settings, **_LIMITS) as server:
        yield server


@pytest.fixture(scope="module")
async def behind(
    tmp_path_factory: pytest.TempPathFactory, production_settings: dict[str, str]
) -> AsyncIterator[ServerProcess]:
    """A server behind two proxies."""
    proxies = f"{_PROXY},{_SECOND_PROXY}/32"
    folder = tmp_path_factory.mktemp("behind")
    async with process.serving(folder, trusted_proxies=proxies, **production_settings, **_LIMITS) as server:
        yield server


def forwarded(*addresses: str) -> Header:
    """Return the header with these addresses, behind one that the client has made up anew."""
    return [("X-Forwarded-For", ", ".join((next(_forged), *addresses)))]


@contextlib.asynccontextmanager
async def client(server: ServerProcess, address: str) -> AsyncIterator[API]:
    """Return a client that has this loopback address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(transport=transport, base_url=server.url, timeout=30) as http:
        yield API(http)


async def status(api: API, header: Header) -> int:
    """Send a document that is refused; return the status of the answer."""
    return (await api.http.post("/graphql", json=_DOCUMENT_THAT_IS_REFUSED, headers=header)).status_code


async def is_exhausted(api: API, *addresses: str) -> bool:
    """Tell whether such documents are too many at some time, though each comes with another forged address."""
    for _ in range(10 * _BUDGET // 20):
        if await status(api, forwarded(*addresses)) == httpx.codes.TOO_MANY_REQUESTS:
            return True
    return False


async def may_try(api: API, email: str, header: Header) -> bool:
    """Try a password in vain; tell whether the password was looked at."""
    body = {"query": LOGIN, "variables": {"input": {"email": email, "password": "none"}}}
    answer = (await api.http.post("/graphql", json=body, headers=header)).json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes in ([], ["RATE_LIMITED"])
    return not codes


async def is_stopped(api: API, email: str, *addresses: str) -> bool:
    """Tell whether guesses are refused at some time, though each comes with another forged address."""
    for _ in range(12):
        if not await may_try(api, email, forwarded(*addresses)):
            return True
    return False


async def code_of_socket(server: ServerProcess, address: str, header: Header) -> str:
    """Send a document that is refused over a WebSocket; return the code of the error."""
    async with connected(server, local_addr=(address, 0), additional_headers=header) as socket:
        await send(socket, type="subscribe", id="1", payload=_DOCUMENT_THAT_IS_REFUSED)
        message = json.loads(await socket.recv())
    code: str = message["payload"][0]["extensions"]["code"]
    return code


async def logged(server: ServerProcess, *expected: str, event: str, status: int | None = None) -> set[str]:
    """Wait until lines of the log, of one kind, name these addresses; return all that such lines name."""

    def named() -> set[str]:
        lines = [json.loads(line) for line in server.stderr.splitlines() if line.endswith("}")]
        return {line["client"] for line in lines if line["event"] == event and status in {line.get("status"), None}}

    async def are_there() -> bool:
        return set(expected) <= named()

    await process.until(are_there, f"the log names {expected}")
    return named()


async def test_forged_header_moves_nothing(alone: ServerProcess) -> None:
    """Neither the budget of an address, nor who the log says it was, by HTTP and WebSocket."""
    async with client(alone, "127.0.0.11") as api:
        assert await is_exhausted(api)
        assert await code_of_socket(alone, "127.0.0.11", forwarded()) == "RATE_LIMITED"
    assert await code_of_socket(alone, "127.0.0.12", forwarded("127.0.0.11")) == "BAD_REQUEST"
    assert await logged(alone, "127.0.0.11", event="request", status=429) == {"127.0.0.11"}
    assert await logged(alone, "127.0.0.11", "127.0.0.12", event="operation") == {"127.0.0.11", "127.0.0.12"}


async def test_forged_header_lets_nobody_guess_on(alone: ServerProcess) -> None:
    """One address is one guesser."""
    async with client(alone, "127.0.0.13") as api:
        assert await is_stopped(api, "ada@example.com")


async def test_address_that_the_proxy_gives_counts(behind: ServerProcess) -> None:
    """The last one that is no proxy's, in one header field or several; what the client put before it does not."""
    async with client(behind, _PROXY) as api:
        assert await is_exhausted(api, "198.51.100.1")
        assert await status(api, forwarded("198.51.100.1", _SECOND_PROXY)) == 429
        assert await status(api, [*forwarded(), ("X-Forwarded-For", "198.51.100.1")]) == 429
        assert await code_of_socket(behind, _PROXY, forwarded("198.51.100.1")) == "RATE_LIMITED"
        assert await status(api, forwarded("198.51.100.2")) != 429
        assert await code_of_socket(behind, _PROXY, forwarded("198.51.100.2")) == "BAD_REQUEST"
    assert not await logged(behind, "198.51.100.1", event="request", status=429) & {_PROXY, _SECOND_PROXY}
    assert await logged(behind, "198.51.100.1", "198.51.100.2", event="operation") == {"198.51.100.1", "198.51.100.2"}


async def test_guessers_behind_a_proxy_are_told_apart(behind: ServerProcess) -> None:
    """By the addresses that it gives."""
    async with client(behind, _PROXY) as api:
        for number in range(8):
            assert await may_try(api, "bea@example.com", forwarded(f"198.51.100.{10 + number}"))
        assert await is_stopped(api, "eve@example.com", "198.51.100.3")


async def test_who_is_no_proxy_is_not_believed(behind: ServerProcess) -> None:
    """Though there are proxies."""
    async with client(behind, "127.0.0.14") as api:
        assert await is_exhausted(api, "198.51.100.20")
    assert "198.51.100.20" not in await logged(behind, "127.0.0.14", event="request", status=429)


async def test_an_address_has_a_tenth_of_the_connections(alone: ServerProcess, behind: ServerProcess) -> None:
    """WebSockets count like others, until they are closed; other addresses are served meanwhile, and so is a proxy."""
    for server in (alone, behind):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(_OF_AN_ADDRESS):
                await stack.enter_async_context(connected(server, local_addr=("127.0.0.15", 0)))
            assert not await is_let_in(server, "127.0.0.15")
            assert await is_let_in(server, "127.0.0.16")
            for _ in range(2 * _OF_AN_ADDRESS):
                await stack.enter_async_context(connected(server, local_addr=(_PROXY, 0)))
        await process.until(functools.partial(is_let_in, server, "127.0.0.15"), "the address has room again")


async def is_let_in(server: ServerProcess, address: str) -> bool:
    """Tell whether one more connection of this address becomes a WebSocket."""
    with contextlib.suppress(InvalidStatus, InvalidMessage, ConnectionError):
        async with connected(server, local_addr=(address, 0)):
            return True
    return False
