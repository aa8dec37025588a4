"""Node programs of `clients/`, run in a copy of the folder whose packages are installed once for every lock file."""

import asyncio
import fcntl
import hashlib
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
CLIENTS = CHECKOUT / "clients"

_PACKAGE_FILES = (".npmrc", "package.json", "package-lock.json")


async def copy_of_clients(folder: Path, cache: pytest.Cache) -> Path:
    """Copy `clients/`, with its packages, and the schema that it is generated from; return the copy of `clients/`."""
    packages = await _install(cache.mkdir("clients"))
    shutil.copy(CHECKOUT / "schema.graphql", folder)
    copy = shutil.copytree(CLIENTS, folder / "clients", ignore=shutil.ignore_patterns("node_modules", "dist"))
    (copy / "node_modules").symlink_to(packages)
    return copy


async def run(folder: Path, *command: str) -> str:
    """Run a command that has to succeed; return what it printed."""
    program = shutil.which(command[0])
    assert program is not None, f"The tests need Node 20.19 or newer, with npm: there is no {command[0]}."
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], cwd=folder, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}\n{output.decode()}{errors.decode()}"
    return output.decode()


async def _install(folder: Path) -> Path:
    """Install the packages unless these very ones are there, one worker for all; return their folder."""
    contents = b"".join((CLIENTS / name).read_bytes() for name in _PACKAGE_FILES)
    installed = folder / hashlib.sha256(contents).hexdigest()[:16]
    with (folder / "lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not installed.exists():
            draft = _new_draft(folder)
            await run(draft, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund")
            draft.rename(installed)
    return installed / "node_modules"


def _new_draft(folder: Path) -> Path:
    """Remove the packages of other lock files, and what a killed run left; return a folder to install into."""
    for old in folder.glob("*/"):
        shutil.rmtree(old)
    draft = folder / "draft"
    draft.mkdir()
    for name in _PACKAGE_FILES:
        shutil.copy(CLIENTS / name, draft)
    return draft
