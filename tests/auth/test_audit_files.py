"""Trails and certificates as files."""

import orjson
import pytest

from auth.audit_files import verify_certificate
from auth.audit_signatures import Signed
from auth.audit_trail import BreakReason, TrailBreakError
from tests import trails

SIGNER = trails.new_signer()
LINES = list(trails.lines(5, SIGNER, checkpoint_every=2))
WHOLE = b"".join(LINES)
HEADER, LAST = LINES[0], LINES[-1]


def edited(number: int, **fields: object) -> bytes:
    """Return the file with a line that has other fields."""
    line = orjson.dumps({**orjson.loads(LINES[number]), **fields}) + b"\n"
    return b"".join([*LINES[:number], line, *LINES[number + 1 :]])


def test_whole_file_is_intact() -> None:
    """The report has the numbers, the head, the range of time, and when its end was signed."""
    report = trails.verify(WHOLE, SIGNER.keys)
    assert (report.organization, report.events, report.checkpoints) == (trails.ORGANIZATION, 5, 3)
    assert report.hash == orjson.loads(LINES[-2])["hash"]
    assert (report.first_at, report.last_at, report.signed_at) == tuple(map(trails.instant, (1, 5, 6)))


def test_file_of_a_trail_without_events_is_intact() -> None:
    """There are organizations that nothing is recorded of yet."""
    assert trails.verify(b"".join(trails.lines(0, SIGNER)), SIGNER.keys).events == 0


@pytest.mark.parametrize("length", range(0, len(WHOLE) - 1, 37))
def test_cut_off_file_is_refused(length: int) -> None:
    """Wherever it is cut."""
    with pytest.raises(TrailBreakError) as caught:
        trails.verify(WHOLE[:length], SIGNER.keys)
    assert caught.value.reason in {BreakReason.CUT_OFF, BreakReason.MALFORMED}


_BROKEN = {
    "tail-without-end": (b"".join(LINES[:-2]), BreakReason.CUT_OFF),
    "tail-with-end": (b"".join([*LINES[:-2], LAST]), BreakReason.CHECKPOINT),
    "end-of-another-key": (WHOLE.replace(LAST, list(trails.lines(5, trails.new_signer()))[-1]), BreakReason.CHECKPOINT),
    "checkpoint-as-end": (b"".join(LINES[:4]) + LINES[3].replace(b"checkpoint", b"end"), BreakReason.CHECKPOINT),
    "added-field": (edited(1, note="not signed"), BreakReason.MALFORMED),
    "changed": (edited(2, action="organization:deleted"), BreakReason.CHANGED),
    "personal": (edited(2, personalValues={"salt": "", "values": {}}), BreakReason.PERSONAL),
    "other-format": (edited(0, format=2), BreakReason.MALFORMED),
    "other-organization": (edited(0, organization="6" * 24), BreakReason.FOREIGN),
    "other-kind": (edited(1, kind="note"), BreakReason.MALFORMED),
    "something-behind-the-end": (WHOLE + LINES[1], BreakReason.MALFORMED),
    "no-json": (HEADER + b"x\n" + b"".join(LINES[1:]), BreakReason.MALFORMED),
    "deep": (HEADER + b"[" * 100_000 + b"\n", BreakReason.MALFORMED),
    "empty": (b"", BreakReason.MALFORMED),
    "no-header": (b"".join(LINES[1:]), BreakReason.MALFORMED),
    "ended-early": (b"".join(LINES[:4]) + b'{"error":{"code":"FORBIDDEN"}}\n', BreakReason.CUT_OFF),
    "found-by-the-server": (HEADER + b'{"kind":"broken","seq":3,"reason":"HEAD","message":"x"}\n', BreakReason.HEAD),
    "forged-find": (HEADER + b'{"kind":"broken","seq":"3","reason":[],"message":"x"}\n', BreakReason.MALFORMED),
}


@pytest.mark.parametrize(("content", "reason"), _BROKEN.values(), ids=_BROKEN.keys())
def test_other_file_is_refused(content: bytes, reason: BreakReason) -> None:
    """With the reason."""
    with pytest.raises(TrailBreakError) as caught:
        trails.verify(content, SIGNER.keys)
    assert caught.value.reason is reason


def test_certificate_is_read_with_the_public_keys() -> None:
    """And not with others, and a checkpoint is none."""
    jws = SIGNER.sign({"destroyed": {"documents": 3}}, Signed.CERTIFICATE)
    assert verify_certificate(jws, SIGNER.keys) == {"destroyed": {"documents": 3}}
    assert verify_certificate(jws, trails.new_signer().keys) is None
    assert verify_certificate(SIGNER.head("acme", 1, "", ""), SIGNER.keys) is None
