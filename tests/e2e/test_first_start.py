"""The first start: it says where everything is, and everything is there."""

import re
import stat
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e import process
from tests.e2e.process import ServerProcess


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """A server on a data folder that it had to make."""
    async with process.serving(tmp_path_factory.mktemp("server")) as started:
        yield started


async def test_first_start_says_where_everything_is(server: ServerProcess) -> None:
    """Endpoint, playground and data folder are printed, answer or exist, and nothing else is printed."""
    async with server.http() as http:
        assert server.stdout == (
            f"GraphQL endpoint  {server.url}/graphql\n"
            f"Playground        {server.url}/graphiql\n"
            f"Data              {server.data_dir}\n"
            f"Mail              {server.data_dir / 'mails'}\n"
        )
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        assert (await http.get("/readyz")).json() == {"status": "ready", "database": "ready"}
        (key,) = (await http.get("/.well-known/jwks.json")).json()["keys"]
        assert (key["kty"], key["alg"], key["use"], "d" in key) == ("OKP", "EdDSA", "sig", False)
        answer = await http.post("/graphql", json={"query": "{ __typename }"})
        assert answer.json()["data"] == {"__typename": "Query"}
        process.show(f"first start: {server.seconds_to_ready:.2f} s")


async def test_playground_loads_nothing_from_elsewhere(server: ServerProcess) -> None:
    """The page, its scripts and its styles come from the server, and the browser is told to allow nothing else."""
    async with server.http() as http:
        page = await http.get("/graphiql")
        assert page.status_code == httpx.codes.OK
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self';" in page.headers["content-security-policy"]
        references = re.findall(r"""\b(?:src|href)=["']([^"']+)""", page.text)
        assert any(reference.endswith(".js") for reference in references)
        assert any(reference.endswith(".css") for reference in references)
        for reference in references:
            assert re.match(r"/(?!/)", reference), f"{reference} is not on this server"
            asset = await http.get(reference)
            assert asset.status_code == httpx.codes.OK, reference
            if reference.endswith(".css"):
                elsewhere = re.search(r"""(?:@import|url\()\s*["']?(?:[a-z]+:)?//""", asset.text)
                assert elsewhere is None, f"{reference} loads from elsewhere"


async def test_secrets_of_the_data_folder_are_the_owners(server: ServerProcess) -> None:
    """Nobody else can read the database's password, the keys, or a password on its way between two starts."""
    secret = [server.data_dir / "database.json", server.data_dir / "keys.EdDSA.json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in secret] == [0o600, 0o600]
