"""The audits of the npm package `graphql-http`, which the GraphQL-over-HTTP working group refers to (docs/adr/0003).

Here in development; `tests/e2e/test_hostile_clients.py` has them pass in production.
"""

import json
from pathlib import Path

import pytest

from server import Settings
from tests import node
from tests.e2e import process

_AUDITS = 61


@pytest.mark.node
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("database")
async def test_server_passes_every_audit(settings: Settings, cache: pytest.Cache, tmp_path: Path) -> None:
    """Whether an audit is about a MUST, a SHOULD or a MAY."""
    clients = await node.copy_of_clients(tmp_path, cache)
    assert settings.mongodb_uri is not None
    own = {"mongodb_uri": settings.mongodb_uri.get_secret_value(), "database": settings.database}
    async with process.serving(tmp_path, **own) as server:
        outcomes = json.loads(await node.run(clients, "node", "audits.mjs", f"{server.url}/graphql"))
    assert len(outcomes) >= _AUDITS
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
