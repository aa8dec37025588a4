"""Key sets in files: servers follow them, and never find half of one."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from auth import key_files, keys
from auth.algorithms import Algorithm
from auth.audit_signatures import AuditSigner, InvalidSignatureError, Signed
from auth.identifiers import AdminId, SessionId
from auth.key_files import FollowingKeyRing
from auth.key_sets import KeySet
from auth.tokens import AccessTokens, InvalidTokenError

ADMIN, SESSION = AdminId("a" * 24), SessionId("b" * 24)


@pytest.fixture
def key_set(tmp_path: Path) -> KeySet:
    """A set of one key in a file, for tokens."""
    found = KeySet(Algorithm.EDDSA, None, tmp_path / "keys.json", timedelta(minutes=10))
    found.load()
    return found


def tokens_of(key_set: KeySet) -> AccessTokens:
    """Return what a server that has just started issues and verifies with."""
    return AccessTokens(key_set.load(), issuer="tenantry", audience="tenantry", ttl=timedelta(minutes=10))


def kids(key_set: KeySet) -> list[str]:
    """Return the ids of the keys that are in the file."""
    return [key.kid for key in key_set.summaries()]


def test_server_accepts_at_once_what_another_signs_with_a_newer_set(key_set: KeySet) -> None:
    """One that has not yet seen the new key looks for it when it meets it, every time anew."""
    ours = tokens_of(key_set)
    for _ in range(3):
        key_set.rotate()
        theirs = tokens_of(key_set)
        assert ours.verify(theirs.issue(ADMIN, SESSION, None).value).subject_id == ADMIN
        assert theirs.verify(ours.issue(ADMIN, SESSION, None).value).subject_id == ADMIN


def test_server_signs_with_the_new_key_soon(key_set: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at the file now and then; until then it signs with the old key, which still counts."""
    ring = key_set.load()
    old = ring.current.kid
    key_set.rotate()
    assert ring.current.kid == old
    monkeypatch.setattr(key_files, "LOOK_SECONDS", -1.0)
    assert ring.current.kid == kids(key_set)[0] != old
    assert [jwk["kid"] for jwk in ring.jwks()["keys"]] == kids(key_set)


def test_remembered_token_does_not_outlive_its_key(key_set: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was verified before is refused as soon as the server has seen that the key is retired."""
    tokens = tokens_of(key_set)
    token = tokens.issue(ADMIN, SESSION, None).value
    tokens.verify(token)
    old = kids(key_set)[0]
    key_set.rotate()
    key_set.retire(old, now=True)
    monkeypatch.setattr(key_files, "LOOK_SECONDS", -1.0)
    with pytest.raises(InvalidTokenError):
        tokens.verify(token)


def test_forged_ids_do_not_have_the_file_read(key_set: KeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has not changed is not read, whatever is asked for."""
    ring = key_set.load()
    reads: list[Path] = []
    read_text = Path.read_text

    def noted(path: Path) -> str:
        reads.append(path)
        return read_text(path)

    monkeypatch.setattr(Path, "read_text", noted)
    assert [ring.find(kid) for kid in ("x", "../../etc/passwd", "x" * 100_000, 7, None, ["x"])] == [None] * 6
    assert reads == []
    key_set.rotate()
    reads.clear()
    assert [ring.find("x"), ring.find("x")] == [None, None]
    assert len(reads) == 1


@pytest.mark.parametrize("damage", ["empty", "garbage", "other algorithm", "not text", "gone"])
def test_damaged_file_changes_nothing(key_set: KeySet, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Servers go on with the keys that they have, say so once, and follow again when the file is mended."""
    tokens = tokens_of(key_set)
    token = tokens.issue(ADMIN, SESSION, None).value
    good = key_set.path.read_text()
    damaged = {"empty": b"", "garbage": b"{", "other algorithm": keys.generate(Algorithm.ES256).encode()}
    if damage == "gone":
        key_set.path.unlink()
    else:
        key_set.path.write_bytes(damaged.get(damage, b"\xff\xfe"))
    for _ in range(3):
        with pytest.raises(InvalidTokenError):
            tokens.verify(token[:20] + "A" + token[21:])
        assert tokens.verify(token).subject_id == ADMIN
    assert tokens.verify(tokens.issue(ADMIN, SESSION, None).value).subject_id == ADMIN
    output = capsys.readouterr()
    assert (output.out + output.err).count("keys not read") <= 1
    assert json.loads(good)["keys"][0]["d"] not in output.out + output.err
    key_set.path.write_text(good)
    key_set.rotate()
    assert tokens.verify(tokens_of(key_set).issue(ADMIN, SESSION, None).value).subject_id == ADMIN


def test_file_is_replaced_whole_for_its_owner_only(key_set: KeySet) -> None:
    """Whoever has the old file open goes on reading it; nothing else is left in the folder."""
    key_set.path.chmod(0o644)
    before = key_set.path.read_text()
    with key_set.path.open() as opened:
        after = key_set.rotate()
        assert opened.read() == before
    assert key_set.path.read_text() == after
    assert key_set.path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(key_set.path.parent) == [key_set.path.name]  # noqa: PTH208 - names


def test_link_to_a_file_stays_one(key_set: KeySet, tmp_path: Path) -> None:
    """As a mounted secret often is."""
    link = tmp_path / "link.json"
    link.symlink_to(key_set.path)
    linked = KeySet(Algorithm.EDDSA, str(link), tmp_path / "unused")
    linked.rotate()
    assert link.is_symlink()
    assert kids(linked) == kids(key_set)
    assert len(kids(key_set)) == 2


def test_signer_of_audit_trails_follows_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It signs with the new key, and what the old one has signed can be verified, also without its private half."""
    monkeypatch.setattr(key_files, "LOOK_SECONDS", -1.0)
    key_set = KeySet(Algorithm.EDDSA, None, tmp_path / "audit-keys.json")
    signer = AuditSigner(key_set.load())
    (old,) = kids(key_set)
    before = signer.sign({"seq": 1}, Signed.CHECKPOINT)
    key_set.rotate()
    after = signer.sign({"seq": 2}, Signed.CHECKPOINT)
    key_set.retire(old, now=False)
    assert '"d"' not in json.dumps(json.loads(key_set.path.read_text())["keys"][1])
    assert [signer.keys.verify(one, Signed.CHECKPOINT)["seq"] for one in (before, after)] == [1, 2]
    restarted = AuditSigner(FollowingKeyRing(key_set.path, Algorithm.EDDSA))
    assert restarted.keys.verify(before, Signed.CHECKPOINT)["seq"] == 1
    other = AuditSigner(KeySet(Algorithm.EDDSA, None, tmp_path / "other.json").load())
    with pytest.raises(InvalidSignatureError):
        other.keys.verify(before, Signed.CHECKPOINT)
