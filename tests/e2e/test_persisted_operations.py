"""Documents that are named, at two servers with one database: what one is told, the other knows within seconds."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

import server
from server import Settings
from tests.api import API, started
from tests.e2e import process

VIEWER = "query Viewer { viewer { admin { email } } }"
SHA256 = hashlib.sha256(VIEWER.encode()).hexdigest()


async def finds(api: API, document_id: str, token: str) -> bool:
    """Tell whether a server knows a document by this id."""
    headers = {"authorization": f"Bearer {token}"}
    found: dict[str, Any] = (await api.http.post("/graphql", json={"documentId": document_id}, headers=headers)).json()
    return "errors" not in found


async def test_servers_share_what_they_know(tmp_path: Path, external: dict[str, str]) -> None:
    """A document that a member sent to one of them, and a manifest that is loaded beside them."""
    uri, name = SecretStr(external["mongodb_uri"]), external["database"]
    settings = Settings(mongodb_uri=uri, database=name, data_dir=tmp_path / "data")
    async with (
        process.serving(tmp_path, **external) as first,
        first.api() as one,
        started(server.create_app(settings)) as second,
        httpx.AsyncClient(transport=httpx.ASGITransport(second), base_url=first.url) as http,
    ):
        other, token = API(http), (await one.sign_up()).token
        assert not await finds(one, SHA256, token)
        body = {"query": VIEWER, "documentId": f"sha256:{SHA256}"}
        await one.http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
        await process.until(lambda: finds(other, SHA256, token), "the document is found at the other server")

        manifest = tmp_path / "web.json"
        manifest.write_text(json.dumps({"Registered": VIEWER}))
        loaded = await process.run(tmp_path, "operations", "load", str(manifest), **external)
        assert (loaded.code, loaded.stderr) == (0, "")

        async def known() -> bool:
            return await finds(one, "Registered", token) and await finds(other, "Registered", token)

        await process.until(known, "the manifest is followed")
