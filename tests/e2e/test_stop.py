"""Stopping: requests in flight are answered, the database stops last, and nothing is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.api import PASSWORD, SIGN_UP
from tests.e2e import process
from tests.e2e.process import ServerProcess

_CLIENTS = 6


@process.needs_proc
async def test_stop_answers_requests_in_flight(used_folder: Path) -> None:
    """Sign-ups sent before the stop, by SIGTERM or Ctrl-C, are answered in full and there after the next start."""
    acknowledged: list[str] = []
    for ask in (ServerProcess.terminate, ServerProcess.interrupt):
        async with process.serving(used_folder) as server:
            await assert_all_can_log_in(server, acknowledged)
            acknowledged += await stopped_amid_sign_ups(server, ask)
    async with process.serving(used_folder) as server:
        await assert_all_can_log_in(server, acknowledged)


async def stopped_amid_sign_ups(server: ServerProcess, ask: Callable[[ServerProcess], None]) -> list[str]:
    """Stop the server while it signs organizations up; return the owners' addresses when nothing of it lives."""
    emails = [f"{ask.__name__}{number}@example.com" for number in range(_CLIENTS)]
    async with server.http() as http:
        sent = asyncio.Queue[None]()
        requests = [asyncio.create_task(sign_up(http, email, sent)) for email in emails]
        for _ in emails:
            await sent.get()
        _, waiting = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
        ask(server)
        assert waiting, "All were answered before the stop."
        answers = await asyncio.gather(*requests)
    assert await server.wait() == 0
    assert server.processes() == {}
    assert [answer.status_code for answer in answers] == [200] * _CLIENTS
    assert [answer.json()["data"]["createOrg"]["errors"] for answer in answers] == [[]] * _CLIENTS
    return emails


async def assert_all_can_log_in(server: ServerProcess, emails: list[str]) -> None:
    """Assert that there is an owner for each address."""
    async with server.api() as api:
        payloads = await asyncio.gather(*(api.login(email) for email in emails))
    assert [payload["admin"]["email"] for payload in payloads] == emails


async def sign_up(http: httpx.AsyncClient, email: str, sent: asyncio.Queue[None]) -> httpx.Response:
    """Sign an organization up; tell when the whole request is on its way."""

    async def trace(event: str, _: dict[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            sent.put_nowait(None)

    variables = {"input": {"name": f"Organization of {email}", "email": email, "password": PASSWORD}}
    return await http.post("/graphql", json={"query": SIGN_UP, "variables": variables}, extensions={"trace": trace})
