"""The check of a trail, without a database."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.audit_chain import personal_hash
from auth.audit_trail import BreakReason, Entry, TrailBreakError, TrailVerifier
from tests import trails

SIGNER = trails.new_signer()
TRAIL = list(trails.entries(6))


def check(entries: list[Entry]) -> TrailVerifier:
    """Check a trail from its first event on."""
    verifier = TrailVerifier(trails.ORGANIZATION, SIGNER.keys)
    for entry in entries:
        verifier.add(entry)
    return verifier


def changed(number: int, **fields: Any) -> Entry:  # noqa: ANN401 - as links hold it
    """Return an event with other fields and the hash that it had."""
    return replace(TRAIL[number - 1], link={**TRAIL[number - 1].link, **fields})


def relinked(number: int, **fields: Any) -> Entry:  # noqa: ANN401 - as links hold it
    """Return an event with other fields and the hash that belongs to them."""
    return trails.linked({**TRAIL[number - 1].link, **fields}, TRAIL[number - 1].personal)


def with_personal(personal: object) -> Entry:
    """Return the third event with other personal values."""
    return replace(TRAIL[2], personal=personal)


def third(entry: Entry) -> list[Entry]:
    """Return the trail with another third event."""
    return [*TRAIL[:2], entry, *TRAIL[3:]]


def test_intact_trail_is_checked_whole() -> None:
    """Numbers, head and times are those of the trail."""
    verifier = check(TRAIL)
    assert (verifier.events, verifier.seq, verifier.hash) == (6, 6, TRAIL[-1].hash)
    assert (verifier.first_at, verifier.last_at) == (trails.instant(1), trails.instant(6))


def test_erased_personal_values_are_no_break() -> None:
    """Their hash stays in the link."""
    assert check([replace(entry, personal=None) for entry in TRAIL]).hash == TRAIL[-1].hash


_BROKEN: dict[str, tuple[list[Entry], int, BreakReason]] = {
    "changed": (third(changed(3, action="organization:deleted")), 3, BreakReason.CHANGED),
    "not-hashable": (third(changed(3, details={"n": {1, 2}})), 3, BreakReason.CHANGED),
    "changed-with-hash": (third(relinked(3, action="organization:deleted")), 4, BreakReason.UNLINKED),
    "removed": ([*TRAIL[:2], *TRAIL[3:]], 3, BreakReason.MISSING),
    "first-removed": (TRAIL[1:], 1, BreakReason.MISSING),
    "repeated": ([*TRAIL[:3], *TRAIL[2:]], 4, BreakReason.ORDER),
    "swapped": ([*TRAIL[:2], TRAIL[3], TRAIL[2], *TRAIL[4:]], 3, BreakReason.MISSING),
    "renumbered": (third(relinked(3, seq=4)), 3, BreakReason.MISSING),
    "foreign": (third(relinked(3, organization="6" * 24)), 3, BreakReason.FOREIGN),
    "older": (third(relinked(3, at=trails.instant(0))), 3, BreakReason.ORDER),
    "no-number": (third(changed(3, seq="3")), 3, BreakReason.CHANGED),
    "no-instant": (third(changed(3, at=3)), 3, BreakReason.CHANGED),
    "personal": (third(with_personal({"salt": "0", "values": {}})), 3, BreakReason.PERSONAL),
    "personal-without-salt": (third(with_personal({"values": {}})), 3, BreakReason.PERSONAL),
    "personal-text": (third(with_personal("x")), 3, BreakReason.PERSONAL),
    "personal-not-hashable": (third(with_personal({"salt": "0", "values": {1, 2}})), 3, BreakReason.PERSONAL),
}


@pytest.mark.parametrize(("entries", "seq", "reason"), _BROKEN.values(), ids=_BROKEN.keys())
def test_break_is_found(entries: list[Entry], seq: int, reason: BreakReason) -> None:
    """With its place and its reason."""
    with pytest.raises(TrailBreakError) as caught:
        check(entries)
    assert (caught.value.seq, caught.value.reason) == (seq, reason)


def test_personal_values_where_none_were_recorded_are_a_break() -> None:
    """Nobody can add an address afterwards."""
    values = {"address": "192.0.2.1"}
    added = replace(relinked(1, personal=None), personal={"salt": "0", "values": values})
    assert personal_hash("0", values) != added.link["personal"]
    with pytest.raises(TrailBreakError, match="personal values of event 1"):
        check([added])


def test_checkpoint_over_the_event_before_it_counts() -> None:
    """It says when it was signed."""
    verifier = check(TRAIL)
    assert verifier.checkpoint(SIGNER.head(trails.ORGANIZATION, 6, TRAIL[-1].hash, "then")) == "then"
    assert verifier.checkpoints == 1


@pytest.mark.parametrize(
    "sign",
    [
        lambda: trails.new_signer().head(trails.ORGANIZATION, 6, TRAIL[-1].hash, "then"),
        lambda: SIGNER.head("6" * 24, 6, TRAIL[-1].hash, "then"),
        lambda: SIGNER.head(trails.ORGANIZATION, 5, TRAIL[-1].hash, "then"),
        lambda: SIGNER.head(trails.ORGANIZATION, 6, TRAIL[-2].hash, "then"),
        lambda: "",
    ],
    ids=["key", "organization", "seq", "hash", "none"],
)
def test_other_checkpoint_is_a_break(sign: Callable[[], str]) -> None:
    """One of another key, organization, place or trail."""
    verifier = check(TRAIL)
    with pytest.raises(TrailBreakError) as caught:
        verifier.checkpoint(sign())
    assert (caught.value.seq, caught.value.reason) == (6, BreakReason.CHECKPOINT)


def test_check_can_begin_behind_a_known_link() -> None:
    """It goes on with that link's number and hash."""
    verifier = TrailVerifier(trails.ORGANIZATION, SIGNER.keys, seq=3, link_hash=TRAIL[2].hash)
    for entry in TRAIL[3:]:
        verifier.add(entry)
    assert (verifier.events, verifier.hash) == (3, TRAIL[-1].hash)


@given(st.permutations(range(6)), st.integers(0, 6))
def test_only_a_beginning_of_the_trail_is_intact(order: list[int], count: int) -> None:
    """Any other choice of its events, in any order, breaks."""
    chosen = order[:count]
    if chosen == list(itertools.islice(itertools.count(), count)):
        assert check([TRAIL[n] for n in chosen]).events == count
    else:
        with pytest.raises(TrailBreakError):
            check([TRAIL[n] for n in chosen])
