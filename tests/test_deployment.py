"""What the image, the compose file, the example of an `.env` and the CI script promise, as far as files can show it."""

import ast
import http.server
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from server import Settings, load_keys

ROOT = Path(__file__).parent.parent
SETTING = re.compile(r"TENANTRY_[A-Z_]*[A-Z]")
EXAMPLE_LINE = re.compile(r"#(TENANTRY_[A-Z_]+)=(.*)")


def settings_keys() -> set[str]:
    """Return the environment variables that the server reads."""
    return {f"TENANTRY_{name.upper()}" for name in Settings.model_fields}


def compose() -> dict[str, Any]:
    """Return the compose file, parsed."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return parsed


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, comments left out and continued lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    split = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, arguments.strip()) for name, _, arguments in split]


def arguments_of(instruction: str) -> list[str]:
    """Return the arguments of all instructions of one name, in order."""
    return [arguments for name, arguments in instructions() if name == instruction]


def image_environment() -> dict[str, str]:
    """Return the variables that the Dockerfile sets."""
    words = [word for arguments in arguments_of("ENV") for word in shlex.split(arguments)]
    return dict(word.split("=", 1) for word in words)


def copied_to_app() -> dict[str, str]:
    """Return what the Dockerfile copies from the checkout into the image's last stage, with where it goes."""
    last_stage = instructions()[max(i for i, (name, _) in enumerate(instructions()) if name == "FROM") :]
    pairs = [arguments.split() for name, arguments in last_stage if name == "COPY" and "--from=" not in arguments]
    return dict(pairs)


def imported_packages(path: Path) -> set[str]:
    """Return the top-level packages that a module imports anywhere."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names.append(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A folder with what the image holds of the checkout, and nothing else of it."""
    folder = tmp_path / "app"
    for source, target in copied_to_app().items():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / source, folder / target)
    return folder


@pytest.fixture
def answers() -> Iterator[tuple[int, list[HTTPStatus]]]:
    """A server that answers `/readyz` with the first of a list of statuses, and its port."""
    statuses: list[HTTPStatus] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0) if self.path == "/readyz" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening.server_port, statuses
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", ".env.example"])
def test_every_setting_that_is_named_exists(name: str) -> None:
    """No file sets what the server does not read."""
    named = set(SETTING.findall((ROOT / name).read_text()))
    assert named
    assert named <= settings_keys()


def test_example_names_all_settings_with_their_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uncommenting the whole example changes nothing, and only what has no default stands empty."""
    found = EXAMPLE_LINE.findall((ROOT / ".env.example").read_text())
    example = dict(found)
    assert len(example) == len(found)
    assert set(example) == settings_keys()
    defaults = Settings()
    for key, value in example.items():
        default = getattr(defaults, key.removeprefix("TENANTRY_").lower())
        assert bool(value) == (default not in (None, [])), key
    filled = tmp_path / "example.env"
    filled.write_text("".join(f"{key}={value}\n" for key, value in found))
    monkeypatch.setitem(Settings.model_config, "env_file", filled)
    assert Settings() == defaults


def test_example_explains_every_setting_in_one_line() -> None:
    """Each setting has a sentence above it and an empty line before that; nothing is set."""
    _, *blocks = (ROOT / ".env.example").read_text().strip().split("\n\n")
    for block in blocks:
        comment, setting = block.split("\n")
        assert comment.startswith("# "), block
        assert comment.endswith("."), block
        assert EXAMPLE_LINE.fullmatch(setting), block


def test_image_is_built_on_pinned_tags() -> None:
    """Every stage names a release of its base, or an earlier stage."""
    stages: set[str] = set()
    for arguments in arguments_of("FROM"):
        base, *rest = arguments.split()
        tag = base.partition(":")[2]
        assert base in stages or (re.search(r"\d", tag) and tag != "latest"), arguments
        stages.update(rest[1:])


def test_image_runs_as_a_fixed_user_who_is_not_root() -> None:
    """The last user is a number, so that a platform can see without the image's files that it is not root."""
    user, group = arguments_of("USER")[-1].split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_image_installs_only_what_the_lock_names() -> None:
    """Dependencies come from the image's lock with their hashes checked, the embedded database not among them."""
    (install,) = [command for command in arguments_of("RUN") if " install " in command]
    assert "--require-hashes" in install
    assert "-r requirements-image.lock" in install
    assert "secantusdb" not in (ROOT / "requirements-image.lock").read_text().lower()


def test_image_lets_the_server_receive_signals() -> None:
    """The server is the first process, not a shell's child."""
    assert json.loads(arguments_of("ENTRYPOINT")[-1]) == ["python", "server.py"]
    assert arguments_of("STOPSIGNAL") == ["SIGTERM"]
    assert arguments_of("EXPOSE") == [str(Settings().port)]


def test_image_has_no_secrets() -> None:
    """What has to be explicit in production is not in the image."""
    assert image_environment()["TENANTRY_ENVIRONMENT"] == "production"
    assert not {"TENANTRY_JWT_KEYS", "TENANTRY_AUDIT_KEYS", "TENANTRY_MONGODB_URI"} & set(image_environment())
    assert not arguments_of("ARG")


def test_builder_is_sent_only_what_is_copied() -> None:
    """The ignore file starts by leaving everything out, and lets in what the Dockerfile copies."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    let_in = {pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")}
    assert let_in == {*copied_to_app(), "requirements-image.lock"}
    assert all((ROOT / source).exists() for source in let_in)


def test_image_holds_all_code_that_runs(application: Path) -> None:
    """From the copied files alone, every module can be imported and the command line works."""
    modules = [
        path.relative_to(application).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for path in application.rglob("*.py")
    ]
    importing = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
    subprocess.run([sys.executable, "-c", importing, *modules], cwd=application, check=True)
    printed = subprocess.run([sys.executable, "server.py", "schema"], cwd=application, check=True, capture_output=True)
    assert b"type Query" in printed.stdout


def test_image_holds_all_packages_that_are_imported(application: Path) -> None:
    """No module imports a package that only developers or the embedded database have."""
    lock = (ROOT / "requirements-image.lock").read_text()
    locked = {name.lower() for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    owners = importlib.metadata.packages_distributions()
    own = {path.stem for path in application.iterdir()}
    for path in application.rglob("*.py"):
        for package in imported_packages(path) - own - sys.stdlib_module_names:
            distributions = {re.sub(r"[-_.]+", "-", name).lower() for name in owners[package]}
            assert distributions & locked, f"{path.name} imports {package}"


def test_image_is_healthy_only_while_it_is_ready(answers: tuple[int, list[HTTPStatus]]) -> None:
    """The image's health check asks `/readyz` at the server's port, past any proxy, and tells 200 from 503."""
    port, statuses = answers
    (health_check,) = arguments_of("HEALTHCHECK")
    _, *arguments = json.loads(health_check.partition(" CMD ")[2])
    outside = {"TENANTRY_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    for status, healthy in [(HTTPStatus.OK, True), (HTTPStatus.SERVICE_UNAVAILABLE, False)]:
        statuses.append(status)
        check = subprocess.run(
            [sys.executable, *arguments], env={**os.environ, **outside}, capture_output=True, check=False
        )
        assert (check.returncode == 0) is healthy
        assert not statuses


def test_database_becomes_a_replica_set() -> None:
    """The database starts as the set that the server's address names, and its health check makes that set once."""
    service = compose()["services"]["mongodb"]
    address = urlsplit(compose()["services"]["tenantry"]["environment"]["TENANTRY_MONGODB_URI"])
    (name,) = parse_qs(address.query)["replicaSet"]
    assert service["command"][:3] == ["mongod", "--replSet", name]
    script = service["healthcheck"]["test"][-1]
    assert f'_id: "{name}"' in script
    assert f'host: "{address.hostname}:27017"' in script
    assert script.index("rs.status()") < script.index("NotYetInitialized") < script.index("rs.initiate(")
    assert "isWritablePrimary" in script


def test_database_without_a_password_is_out_of_reach() -> None:
    """The database has only an internal network, and no port of the machine."""
    parsed = compose()
    database = parsed["services"]["mongodb"]
    assert database["networks"]
    assert all(parsed["networks"][network]["internal"] for network in database["networks"])
    assert "ports" not in database


def test_server_waits_for_the_database_and_is_given_time_to_stop() -> None:
    """The server starts after the set can be written to, and may finish what it answers."""
    service = compose()["services"]["tenantry"]
    assert service["depends_on"] == {"mongodb": {"condition": "service_healthy"}}
    assert int(service["stop_grace_period"].removesuffix("s")) > 30


def test_server_is_reached_from_this_machine_only() -> None:
    """The try-out listens at the loopback address, at the port that the image exposes."""
    service = compose()["services"]["tenantry"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["environment"]["TENANTRY_PORT"] == arguments_of("EXPOSE")[0]


@pytest.mark.parametrize("name", ["mongodb", "tenantry"])
def test_services_have_no_privileges(name: str) -> None:
    """A service has no capability, cannot gain one, and does not run as root."""
    service = compose()["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("user", arguments_of("USER")[-1]) not in {"root", "0", "0:0"}


def test_server_cannot_write_to_its_image() -> None:
    """The server's root file system is read-only."""
    assert compose()["services"]["tenantry"]["read_only"] is True


def test_images_of_services_are_pinned_or_built() -> None:
    """What is not built here names a release."""
    for service in compose()["services"].values():
        assert "build" in service or re.fullmatch(r"[^:]+:\d+\.\d+", service["image"])


def test_compose_file_has_no_secret_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys come from a file that git and the image leave out, and the settings are fit for production."""
    parsed = compose()
    environment = parsed["services"]["tenantry"]["environment"]
    for key in ("TENANTRY_JWT_KEYS", "TENANTRY_AUDIT_KEYS"):
        folder, name = os.path.split(environment[key])
        assert folder == "/run/secrets"
        assert name in parsed["services"]["tenantry"]["secrets"]
        assert parsed["secrets"][name].keys() == {"file"}
        assert parsed["secrets"][name]["file"].startswith("./data/")
    assert "data/" in (ROOT / ".gitignore").read_text().splitlines()
    assert urlsplit(environment["TENANTRY_MONGODB_URI"]).password is None
    for key, value in {**image_environment(), **environment}.items():
        if key.startswith("TENANTRY_"):
            monkeypatch.setenv(key, value)
    Settings()


def test_command_for_keys_works(application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command in the compose file's comment prints keys that the server takes."""
    (command,) = re.findall(r'-c \\\n# +"(.+)" \\\n', (ROOT / "compose.yaml").read_text())
    made = subprocess.run([sys.executable, "-c", command], cwd=application, check=True, capture_output=True, text=True)
    monkeypatch.setenv("TENANTRY_JWT_KEYS", made.stdout)
    monkeypatch.setenv("TENANTRY_AUDIT_KEYS", made.stdout)
    assert load_keys(Settings()).jwks()["keys"]
    assert load_keys(Settings(), audit=True).jwks()["keys"]


def test_continuous_integration_runs_the_checks() -> None:
    """The script can be run, stops at the first failure, and calls what developers call."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert "make check" in lines
