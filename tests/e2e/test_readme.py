"""The README's flow, copied and pasted."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

from tests.e2e import process

RENAME = "mutation ($input: RenameOrgInput!) { renameOrg(input: $input) { errors { code } } }"
README = Path(__file__).parent.parent.parent / "README.md"


def flow() -> str:
    """Return the commands under the heading about curl."""
    match = re.search(r"## From sign-up to deletion.*?```bash\n(.*?)```", README.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


def stream() -> str:
    """Return the command that follows a move by curl."""
    match = re.search(r"Server-Sent Events.*?```bash\n(.*?)```", README.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


async def test_move_is_followed_by_curl(external: dict[str, str], tmp_path: Path) -> None:
    """The command of the README tells of a move and ends with it."""
    async with process.serving(tmp_path, **external) as server, server.api() as api:
        member = await api.sign_up()
        script = f"token={member.token} id={member.organization_id}\n" + stream()
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script.replace("http://127.0.0.1:8000", server.url), stdout=asyncio.subprocess.PIPE
        )
        assert shell.stdout is not None
        assert await shell.stdout.readline() == b":\n"
        rename = {"organizationId": member.organization_id, "name": "Acme Spaceships"}
        await api.data(RENAME, {"input": rename}, token=member.token)
        async with asyncio.timeout(process.DEADLINE):
            lines = (await shell.stdout.read()).decode().split("\n")
        assert await shell.wait() == 0
    assert 'data: {"data":{"migrationProgress":{"state":"CLEANED"}}}' in lines
    assert lines[-4:] == ["event: complete", "data:", "", ""]


async def test_flow_from_sign_up_to_deletion(external: dict[str, str], tmp_path: Path) -> None:
    """Every command of the README works as it stands there, one after the other."""
    assert shutil.which("curl"), "curl is part of what the README asks for"
    async with process.serving(tmp_path, **external) as server:
        script = "set -euo pipefail\n" + flow().replace("http://127.0.0.1:8000", server.url)
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await shell.communicate()
    assert shell.returncode == 0, errors.decode()
    answers = [answer["data"] for answer in _documents(output.decode())]
    assert answers[0]["createOrg"]["organization"]["slug"] == "acme-rockets"
    assert answers[1]["viewer"]["admin"]["role"] == "OWNER"
    assert answers[2]["createDocument"]["document"]["version"] == 1
    assert answers[3]["declareIndex"]["documentType"]["indexes"] == [{"fields": ["total"], "state": "READY"}]
    assert answers[4]["organization"]["documents"]["edges"] == [{"node": {"data": {"total": 99}, "version": 1}}]
    assert answers[5]["renameOrg"]["organization"]["slug"] == "acme-spaceships"
    assert answers[6]["moveTenantStore"]["migration"]["documentsDone"] == 1
    assert answers[7]["deleteOrg"]["organization"]["status"] == "DELETED"


def _documents(text: str) -> list[Any]:
    """Split JSON documents that stand one behind the other."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while position < len(text):
        document, position = decoder.raw_decode(text, position)
        found.append(document)
    return found
