"""Manifests: the forms that code generators write, and that each document has to be one that can be executed."""

import hashlib
import json
from typing import Any

import pytest

from schema import assembly, manifests
from schema.assembly import Schema
from schema.limits import DocumentLimits
from tests import node

VIEWER = "query Viewer { viewer { permissions } }"
LOGOUT = "mutation Logout { logout { errors { code } } }"
HASHES = [hashlib.new(name, VIEWER.encode(), usedforsecurity=False).hexdigest() for name in ("md5", "sha1", "sha256")]


@pytest.fixture(scope="module")
def schema() -> Schema:
    """The schema, with a limit that is easily passed."""
    return assembly.build(explorable=True, limits=DocumentLimits(max_document_aliases=1))


def apollo(*operations: object, **changes: object) -> dict[str, Any]:
    """Return a manifest as Apollo's generator writes it."""
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [*operations]} | changes


def operation(document_id: str, body: str) -> dict[str, str]:
    """Return an entry of such a manifest."""
    return {"id": document_id, "name": "Viewer", "type": "query", "body": body}


@pytest.mark.parametrize(
    "manifest",
    [
        {HASHES[2]: VIEWER, "Logout": LOGOUT},
        {f"sha256:{HASHES[2]}": VIEWER, "Logout": LOGOUT},
        apollo(operation(HASHES[2], VIEWER), operation("Logout", LOGOUT)),
    ],
    ids=["texts by id", "with prefix", "Apollo"],
)
def test_forms(schema: Schema, manifest: dict[str, Any]) -> None:
    """Whichever it is, documents are known by their plain ids."""
    documents = manifests.read(json.dumps(manifest).encode())
    assert documents == {HASHES[2]: VIEWER, "Logout": LOGOUT}
    assert list(manifests.problems(schema, documents)) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"a": 1}',
        json.dumps(apollo(version=2)),
        json.dumps(apollo("x")),
        json.dumps(apollo({"id": "a"})),
        json.dumps(apollo(operation("a", VIEWER), operation("a", LOGOUT))),
        " " * (manifests.MAX_BYTES + 1),
    ],
    ids=["empty", "list", "nothing", "number", "version", "no operation", "no body", "one id twice", "large"],
)
def test_what_is_no_manifest_is_refused(content: str) -> None:
    """Whatever the file is instead."""
    with pytest.raises(manifests.ManifestError):
        manifests.read(content.encode())


@pytest.mark.parametrize("document_id", [*HASHES, "Viewer", "f" * 31])
def test_ids_that_can_be_hashes_are(schema: Schema, document_id: str) -> None:
    """Those of the document, by the algorithms that generators use; any other id is a name."""
    assert list(manifests.problems(schema, {document_id: VIEWER})) == []
    wrong = list(manifests.problems(schema, {document_id: LOGOUT}))
    assert [line.partition(":")[0] for line in wrong] == ([document_id] if document_id in HASHES else [])


def test_manifest_of_our_client_can_be_loaded() -> None:
    """What `clients/` generates: its hashes are those of its documents, which are all within the limits."""
    documents = manifests.read((node.CLIENTS / "src" / "generated" / "persisted-documents.json").read_bytes())
    assert {len(document_id) for document_id in documents} == {64}
    assert list(manifests.problems(assembly.build(explorable=False), documents)) == []


WRONG = {
    "": VIEWER,
    "two words": VIEWER,
    "i" * 129: VIEWER,
    "Syntax": "query {",
    "Field": "{ viewr { permissions } }",
    "Aliases": "{ a: __typename b: __typename }",
    "Two": f"{VIEWER} {LOGOUT}",
    "None": "fragment Nothing on Admin { id }",
}


def test_each_wrong_document_has_a_line(schema: Schema) -> None:
    """What is wrong with its id, its text, its fields or its measures, and nothing about the others."""
    found = list(manifests.problems(schema, {**WRONG, "Viewer": VIEWER}))
    assert len(found) == len(WRONG)
    for line, document_id in zip(found, WRONG, strict=True):
        assert line.startswith(f"{document_id}: ")
        assert "\n" not in line
