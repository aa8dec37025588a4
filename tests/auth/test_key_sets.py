"""How key sets change: which keys can be taken out, and when."""

import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from auth import keys
from auth.algorithms import Algorithm
from auth.key_sets import KeySet
from auth.keys import InvalidKeySetError, KeyRing

LIFETIME = timedelta(minutes=10)


def made(folder: Path, algorithm: Algorithm = Algorithm.EDDSA, lifetime: timedelta | None = LIFETIME) -> KeySet:
    """Return a set of one key in a file."""
    key_set = KeySet(algorithm, None, folder / "keys.json", lifetime)
    key_set.load()
    return key_set


def rotate_often(key_set: KeySet) -> None:
    """Rotate five times, as a process of its own."""
    for _ in range(5):
        key_set.rotate()


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_new_key_goes_in_front(tmp_path: Path, algorithm: Algorithm) -> None:
    """It signs; the old one verifies, as the list shows, which shows nothing private."""
    key_set = made(tmp_path, algorithm)
    (old,) = key_set.summaries()
    assert (old.signs, old.private, old.algorithm) == (True, True, algorithm)
    key_set.rotate()
    new, again = key_set.summaries()
    assert (again.kid, again.created_at, again.signs) == (old.kid, old.created_at, False)
    assert new.signs
    assert new.created_at is not None
    assert datetime.now(UTC) - new.created_at < timedelta(minutes=1)
    ring = key_set.load()
    assert ring.current.kid == new.kid
    assert ring.find(old.kid) is not None


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    """Four processes that rotate five times each add twenty keys."""
    key_set = made(tmp_path)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=rotate_often, args=(key_set,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len({key.kid for key in key_set.summaries()}) == 21
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_key_is_needed_while_its_tokens_count(tmp_path: Path) -> None:
    """It can be retired when the last token that it can have signed has ended, or now if it has to be."""
    key_set = made(tmp_path)
    key_set.rotate()
    old = key_set.summaries()[1].kid
    before = key_set.path.read_text()
    with pytest.raises(InvalidKeySetError, match="may count until"):
        key_set.retire(old, now=False)
    assert key_set.path.read_text() == before
    with time_machine.travel(timedelta(minutes=11), tick=True):
        key_set.retire(old, now=False)
    assert old not in [key.kid for key in key_set.summaries()]
    key_set.rotate()
    key_set.retire(key_set.summaries()[1].kid, now=True)
    assert len(key_set.summaries()) == 1


def test_instant_of_replacement_is_that_of_the_next_key(tmp_path: Path) -> None:
    """A key in the middle was replaced by the one in front of it, not by the newest."""
    key_set = made(tmp_path)
    with time_machine.travel(timedelta(minutes=-30), tick=True):
        key_set.rotate()
    key_set.rotate()
    newest, middle, oldest = [key.kid for key in key_set.summaries()]
    with pytest.raises(InvalidKeySetError):
        key_set.retire(middle, now=False)
    key_set.retire(oldest, now=False)
    assert [key.kid for key in key_set.summaries()] == [newest, middle]


@pytest.mark.parametrize("now", [False, True])
def test_key_that_signs_and_unknown_keys_are_not_retired(tmp_path: Path, now: bool) -> None:  # noqa: FBT001 - a parameter
    """Nothing changes."""
    key_set = made(tmp_path)
    before = key_set.path.read_text()
    for kid in (key_set.summaries()[0].kid, "unknown", ""):
        with pytest.raises(InvalidKeySetError):
            key_set.retire(kid, now=now)
    assert key_set.path.read_text() == before


def test_old_set_without_instants_is_shown_and_retired_by_hand(tmp_path: Path) -> None:
    """When a key was replaced is not known then, so it has to be said that it is long ago."""
    key_set = made(tmp_path)
    key_set.rotate()
    jwks = json.loads(key_set.path.read_text())["keys"]
    for jwk in jwks:
        del jwk["iat"]
    key_set.path.write_text(json.dumps({"keys": jwks}))
    assert [key.created_at for key in key_set.summaries()] == [None, None]
    with pytest.raises(InvalidKeySetError, match="--now"):
        key_set.retire(jwks[1]["kid"], now=False)
    key_set.retire(jwks[1]["kid"], now=True)
    assert [key.kid for key in key_set.summaries()] == [jwks[0]["kid"]]


def test_public_half_stays_where_signatures_count_for_good(tmp_path: Path) -> None:
    """The private half goes; the key goes on verifying, and cannot come in front again."""
    key_set = made(tmp_path, lifetime=None)
    key_set.rotate()
    new, old = key_set.summaries()
    key_set.retire(old.kid, now=False)
    assert [(key.kid, key.private) for key in key_set.summaries()] == [(new.kid, True), (old.kid, False)]
    jwks = json.loads(key_set.path.read_text())["keys"]
    assert set(jwks[1]) == {"kty", "crv", "x", "kid", "alg", "use", "iat"}
    with pytest.raises(InvalidKeySetError, match="private"):
        KeyRing.from_json(json.dumps({"keys": jwks[::-1]}), Algorithm.EDDSA)


def test_set_in_the_settings_is_returned_and_not_changed(tmp_path: Path) -> None:
    """Nobody but the one who sets it can put the new one there."""
    given = keys.generate(Algorithm.EDDSA)
    key_set = KeySet(Algorithm.EDDSA, given, tmp_path / "unused.json", LIFETIME)
    rotated = json.loads(key_set.rotate())["keys"]
    assert rotated[1:] == json.loads(given)["keys"]
    assert len(key_set.summaries()) == 1
    retired = KeySet(Algorithm.EDDSA, json.dumps({"keys": rotated}), tmp_path / "unused.json", LIFETIME)
    assert json.loads(retired.retire(rotated[1]["kid"], now=True))["keys"] == rotated[:1]
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_refused_without_being_shown(tmp_path: Path) -> None:
    """A file that is not there, or holds no key set, stays as it is."""
    for key_set in (
        KeySet(Algorithm.EDDSA, None, tmp_path / "none.json", LIFETIME),
        KeySet(Algorithm.EDDSA, "canary-secret", tmp_path / "none.json", LIFETIME),
        KeySet(Algorithm.EDDSA, '{"canary-secret": 1}', tmp_path / "none.json", LIFETIME),
    ):
        for work in (key_set.summaries, key_set.rotate, lambda found=key_set: found.retire("x", now=True)):
            with pytest.raises(InvalidKeySetError) as refusal:
                work()
            assert "canary" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []
