"""The TypeScript client: generated from the committed schema, compiled strictly, run against a server."""

import json
import re
import shutil
from pathlib import Path

import pytest

from auth.errors import ErrorCode
from tests import node
from tests.e2e import process

pytestmark = [pytest.mark.timeout(300), pytest.mark.node]

GENERATED = Path("src", "generated")


@pytest.fixture
async def clients(tmp_path: Path, cache: pytest.Cache) -> Path:
    """A copy of `clients/` with its packages."""
    return await node.copy_of_clients(tmp_path, cache)


async def test_generated_files_are_what_the_schema_says(clients: Path) -> None:
    """What is committed is what the code generator makes of the committed schema: no file more, less or other."""
    committed = contents(clients / GENERATED)
    shutil.rmtree(clients / GENERATED)
    await node.run(clients, "npm", "run", "generate")
    assert contents(clients / GENERATED) == committed, "clients/ is not what the schema says: run make client"


async def test_client_leads_an_organization_through_its_life(
    clients: Path, external: dict[str, str], tmp_path: Path
) -> None:
    """Compiled strictly, the client passes its own tests; it signs up, looks, renames and deletes on a server."""
    await node.run(clients, "npm", "run", "build")
    await node.run(clients, "npm", "test")
    async with process.serving(tmp_path, **external) as server:
        printed = await node.run(clients, "node", "dist/examples/journey.js", f"{server.url}/graphql")
    assert json.loads(printed) == {
        "signedUp": "journey-works",
        "email": "ada@example.com",
        "renamed": "voyage-works",
        "listing": "FORBIDDEN",
        "deleted": "DELETED",
        "afterwards": "UNAUTHENTICATED",
    }


def test_client_knows_every_error_code() -> None:
    """The codes that GraphQL errors have are not in the schema: the client names them by hand."""
    source = (node.CLIENTS / "src" / "client.ts").read_text()
    union = source.partition("export type ErrorCode =")[2].partition(";")[0]
    assert set(ErrorCode) <= set(re.findall(r'"(\w+)"', union))


def contents(folder: Path) -> dict[str, str]:
    """Return the text of every file in a folder, by name."""
    return {path.name: path.read_text() for path in folder.iterdir()}
