"""Documents of which there is too much: refused before anything runs, and cheap to refuse."""

import time
from typing import Any

import pytest

from resolvers.context import Credentials, Origin, RequestContext
from resolvers.services import Services
from schema import assembly
from schema.execution import AT_ONCE, execute_once
from schema.graphql_request import GraphQLRequest
from schema.prepared_operations import NoSuchOperationError
from tests.api import API
from tests.hostile_documents import INVALID, TOO_COMPLEX

_MILLISECONDS = 20
_ROUNDS = 8


async def code(api: API, document: str, variables: dict[str, Any] | None = None) -> str:
    """Send a document that has to be refused as a whole; return the code."""
    body = await api.execute(document, variables)
    assert "data" not in body
    codes = {error["extensions"]["code"] for error in body["errors"]}
    assert len(codes) == 1
    found: str = codes.pop()
    return found


@pytest.mark.parametrize("name", list(TOO_COMPLEX))
async def test_too_much_is_refused(unchanged_api: API, name: str) -> None:
    """With what was measured and how much is allowed."""
    body = await unchanged_api.execute(TOO_COMPLEX[name])
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert error["extensions"]["found"] > error["extensions"]["limit"]
    assert "data" not in body


@pytest.mark.parametrize("name", list(INVALID))
async def test_nonsense_is_refused(unchanged_api: API, name: str) -> None:
    """As the client's mistake, whatever it is."""
    assert await code(unchanged_api, INVALID[name]) == "BAD_REQUEST"


@pytest.mark.parametrize("name", [*TOO_COMPLEX, *INVALID])
async def test_refusing_costs_little(services: Services, name: str) -> None:
    """Less than 20 ms of processor time, the first time that a document comes."""
    document = {**TOO_COMPLEX, **INVALID}[name]
    schema = assembly.build(explorable=False)
    await execute_once(schema, request("{ viewer { permissions } }"), context(services), AT_ONCE)
    costs = []
    for number in range(_ROUNDS):
        begun = time.process_time()
        try:
            result = await execute_once(schema, request(f"{document}{' ' * number}"), context(services), AT_ONCE)
        except NoSuchOperationError:
            continue
        finally:
            costs.append(1000 * (time.process_time() - begun))
        assert result.errors
    assert min(costs) < _MILLISECONDS, costs


def context(services: Services) -> RequestContext:
    """Return the context of somebody who has not signed in."""
    return RequestContext(services, Credentials(None), Origin(None, "test"))


def request(query: str) -> GraphQLRequest:
    """Return a request with this document and nothing else."""
    return GraphQLRequest(query, None, None, None)
