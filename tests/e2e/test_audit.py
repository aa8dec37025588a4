"""The commands `audit verify`, without a server, and `audit erase`, beside one."""

import json
from pathlib import Path

import httpx

from tests.api import API, Member
from tests.e2e import process
from tests.e2e.process import ServerProcess

_UPDATE = """
mutation ($name: String) { updateAdmin(input: {name: $name}) { admin { name } errors { code } } }
"""
_EVENTS = (
    "query ($id: ID) { organization(id: $id) { auditEvents { edges { node { address erased changes { after } } } } } }"
)
_DELETE = """
mutation ($id: ID!, $slug: String!) {
  deleteOrg(input: {organizationId: $id, confirmSlug: $slug}) { erasureCertificate { jws } errors { code } }
}
"""
_CANARY = "Canary Countess"


async def take(server: ServerProcess, path: str, token: str = "") -> bytes:
    """Download something."""
    async with server.http() as http:
        response = await http.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})
    assert response.status_code == httpx.codes.OK
    return response.content


async def make_trail(server: ServerProcess, api: API, folder: Path) -> Member:
    """Have something recorded; put the trail and the public keys into files."""
    member = await api.sign_up(name="Acme")
    await api.data(_UPDATE, {"name": _CANARY}, token=member.token)
    trail = await take(server, f"/organizations/{member.organization_id}/audit", member.token)
    (folder / "trail.ndjson").write_bytes(trail)
    (folder / "keys.json").write_bytes(await take(server, "/.well-known/audit-jwks.json"))
    return member


async def verify(folder: Path, name: str, keys: str = "keys.json") -> tuple[int, str]:
    """Check a file; return the exit code and what was printed."""
    outcome = await process.run(folder, "audit", "verify", str(folder / name), "--jwks", str(folder / keys))
    return outcome.code, outcome.stdout + outcome.stderr


async def test_files_are_verified_offline(used_folder: Path, tmp_path: Path) -> None:
    """Trail and certificate, with public keys alone; what was changed, cut off or signed otherwise is refused."""
    async with process.serving(used_folder) as server, server.api() as api:
        member = await make_trail(server, api, tmp_path)
        (tmp_path / "others.json").write_bytes(await take(server, "/.well-known/jwks.json"))
        variables = {"id": member.organization_id, "slug": member.slug}
        deleted = (await api.data(_DELETE, variables, token=member.token))["deleteOrg"]
    trail = (tmp_path / "trail.ndjson").read_bytes()
    certificate: str = deleted["erasureCertificate"]["jws"]
    (tmp_path / "certificate").write_text(f"{certificate}\n")
    (tmp_path / "forged").write_text(certificate[:-8] + "AAAAAAAA")
    (tmp_path / "cut.ndjson").write_bytes(b"".join(trail.splitlines(keepends=True)[:-1]))
    (tmp_path / "changed.ndjson").write_bytes(trail.replace(_CANARY.encode(), b"Somebody Else"))
    code, text = await verify(tmp_path, "trail.ndjson")
    assert (code, text.splitlines()[0]) == (0, "The trail is intact: 2 events, 1 checkpoints.")
    code, text = await verify(tmp_path, "certificate")
    assert code == 0
    assert "destroyed.documents 0" in text.splitlines()
    refused = {name: await verify(tmp_path, name) for name in ("cut.ndjson", "changed.ndjson", "forged", "absent")}
    refused["others"] = await verify(tmp_path, "trail.ndjson", "others.json")
    refused["no keys"] = await verify(tmp_path, "trail.ndjson", "trail.ndjson")
    assert {code for code, _ in refused.values()} == {1}
    for name, reason in (("cut.ndjson", "CUT_OFF"), ("changed.ndjson", "event 2 (PERSONAL)"), ("others", "CHECKPOINT")):
        assert reason in refused[name][1]
    assert all(len(text.splitlines()) == 1 and text.startswith("tenantry: ") for _, text in refused.values())
    assert not (tmp_path / "data").exists()


async def test_personal_values_are_erased_beside_a_running_server(used_folder: Path, tmp_path: Path) -> None:
    """They are gone from every answer and file afterwards, and the trail is intact."""
    async with process.serving(used_folder) as server, server.api() as api:
        member = await make_trail(server, api, tmp_path)
        assert _CANARY.encode() in (tmp_path / "trail.ndjson").read_bytes()
        erased = await process.run(used_folder, "audit", "erase", member.admin_id)
        assert (erased.code, erased.stdout) == (0, "The personal values of 2 audit events are erased.\n")
        for wrong in (member.organization_id, "x"):
            refused = await process.run(used_folder, "audit", "erase", wrong)
            assert (refused.code, len(refused.stderr.splitlines())) == (1, 1)
        shown = json.dumps(await api.data(_EVENTS, {"id": member.organization_id}, token=member.token))
        content = await take(server, f"/organizations/{member.organization_id}/audit", member.token)
        (tmp_path / "trail.ndjson").write_bytes(content)
    assert shown.count('"erased": true') == 2
    for text in (shown, content.decode()):
        assert not [value for value in (_CANARY, member.email, "127.0.0.1") if value in text]
    code, text = await verify(tmp_path, "trail.ndjson")
    assert (code, text.splitlines()[0]) == (0, "The trail is intact: 3 events, 1 checkpoints.")
