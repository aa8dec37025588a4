"""House rules that no linter knows, checked on the syntax trees of the code. Run: `python -m tests.rules`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = ("server.py", "schema", "resolvers", "storage", "auth")
MAX_LINES = 400
MORE_LINES = {"server.py": 500}  # The design puts settings, application and command line into it.
MANY = {"update_many", "delete_many"}
FIND_AND = {"find_one_and_update", "find_one_and_delete", "find_one_and_replace"}
FINDERS = {"storage/throttles.py", "storage/rate_budgets.py", "storage/import_records.py"}  # Records that pass away.
TENANT_DOORS = {"storage/tenant_stores.py", "storage/database.py"}


def sources() -> Iterator[tuple[str, ast.Module, int]]:
    """Yield path, syntax tree and number of lines of every module of the application."""
    for layer in LAYERS:
        path = ROOT / layer
        for module in [path] if path.is_file() else sorted(path.rglob("*.py")):
            text = module.read_text()
            yield str(module.relative_to(ROOT)), ast.parse(text), text.count("\n")


def violations() -> Iterator[str]:
    """Yield what is against the rules, as `path:line: rule`."""
    for path, tree, lines in sources():
        if lines > (limit := MORE_LINES.get(path, MAX_LINES)):
            yield f"{path}: {lines} lines: a file past {limit} lines becomes a package"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _call(path, node, node.func)
            if isinstance(node, ast.Attribute) and node.attr == "environ" and path != "server.py":
                yield f"{path}:{node.lineno}: only server.py reads the environment"
            if isinstance(node, ast.Attribute) and node.attr == "client" and path.startswith("storage/"):
                yield from _client(path, node)


def _call(path: str, call: ast.Call, function: ast.Attribute) -> Iterator[str]:
    keywords = {keyword.arg for keyword in call.keywords}
    if function.attr in MANY and "session" not in keywords:
        yield f"{path}:{call.lineno}: {function.attr} outside a transaction can hang the embedded database (design, 3)"
    if function.attr in {"rename", "create_collection"} and path.startswith("storage/"):
        yield f"{path}:{call.lineno}: {function.attr} is not safe on the embedded database (design, 3)"
    if function.attr in FIND_AND and path not in FINDERS:
        yield f"{path}:{call.lineno}: the embedded database reads the whole collection for {function.attr}"
    if function.attr in {"drop_database", "list_collection_names"}:
        yield f"{path}:{call.lineno}: {function.attr} is not ours to call (design, 3)"


def _client(path: str, node: ast.Attribute) -> Iterator[str]:
    if path not in TENANT_DOORS:
        yield f"{path}:{node.lineno}: other databases are reached through storage.tenant_stores only"


if __name__ == "__main__":
    found = list(violations())
    print("\n".join(found) or "The house rules hold.")  # noqa: T201 - a command
    sys.exit(bool(found))
