"""Making operators on the command line, beside a running server and without one."""

from pathlib import Path

from tests.api import API, PASSWORD
from tests.e2e import process
from tests.e2e.process import Outcome

_CREATE = ("operator", "create", "root@example.com")
_LIST = "{ organizations { edges { node { slug } } } }"


async def test_operator_is_made_beside_a_running_server(used_folder: Path) -> None:
    """The command finds the server's database through the data folder; the operator lists organizations at once."""
    async with process.serving(used_folder) as server, server.api() as api:
        await api.sign_up(name="Acme Rockets")
        made = await process.run(used_folder, *_CREATE, stdin=f"{PASSWORD}\n")
        assert (made.code, made.stderr) == (0, "")
        assert "root@example.com" in made.stdout
        assert await organizations_seen_by_operator(api) == ["acme-rockets"]
        again = await process.run(used_folder, *_CREATE, stdin=f"{PASSWORD}\n")
        assert_refused(again)
        weak = await process.run(used_folder, "operator", "create", "other@example.com", stdin="password\n")
        assert_refused(weak)
        assert (await api.login("other@example.com", "password"))["operator"] is None


@process.needs_proc
async def test_operator_is_made_without_a_server(used_folder: Path) -> None:
    """The command starts the database itself, and stops it again; the operator is there for the next server."""
    async with process.launched(used_folder, *_CREATE, stdin=f"{PASSWORD}\n") as command:
        made = await command.outcome()
        assert (made.code, made.stderr) == (0, "")
        assert command.processes() == {}
    async with process.serving(used_folder) as server, server.api() as api:
        assert await organizations_seen_by_operator(api) == []


async def test_password_is_no_argument(tmp_path: Path) -> None:
    """A password on the command line, where everyone on the machine could read it, is refused."""
    outcome = await process.run(tmp_path, *_CREATE, PASSWORD, stdin=f"{PASSWORD}\n")
    assert outcome.code == 2
    assert not (tmp_path / "data").exists()
    options = await process.run(tmp_path, "operator", "create", "--help")
    assert "--password" not in options.stdout


def assert_refused(outcome: Outcome) -> None:
    """Assert that a command has failed with one line."""
    assert (outcome.code, outcome.stdout) == (1, "")
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("tenantry: ")


async def organizations_seen_by_operator(api: API) -> list[str]:
    """Sign in as the operator; return the slugs of all organizations."""
    payload = await api.login("root@example.com")
    assert payload["errors"] == []
    assert payload["operator"]["email"] == "root@example.com"
    data = await api.data(_LIST, token=payload["session"]["accessToken"])
    return [edge["node"]["slug"] for edge in data["organizations"]["edges"]]
