"""The keys that access tokens are signed with."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auth import key_files, keys
from auth.algorithms import Algorithm
from auth.keys import InvalidKeySetError, KeyRing


def test_thumbprint_is_that_of_the_standard() -> None:
    """The example of RFC 8037, appendix A.3."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert keys.thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_missing_kid_is_the_thumbprint() -> None:
    """A key set from elsewhere need not name its keys."""
    (jwk,) = json.loads(keys.generate(Algorithm.ES256))["keys"]
    del jwk["kid"]
    ring = KeyRing.from_json(json.dumps({"keys": [jwk]}), Algorithm.ES256)
    assert ring.current.kid == keys.thumbprint(jwk)


def test_secrets_are_not_published() -> None:
    """There is no public half of an HS256 key."""
    assert KeyRing.from_json(keys.generate(Algorithm.HS256), Algorithm.HS256).jwks() == {"keys": []}


def test_first_start_makes_keys_for_the_owner_only(tmp_path: Path) -> None:
    """The file is readable by nobody else, and the next start reads the same keys."""
    path = tmp_path / "keys.json"
    first = key_files.load_or_create(path, Algorithm.EDDSA)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key_files.load_or_create(path, Algorithm.EDDSA).current.kid == first.current.kid
    assert list(tmp_path.iterdir()) == [path]


def test_servers_that_start_at_once_share_their_keys(tmp_path: Path) -> None:
    """Of many that find no keys, one makes them and all read those."""
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: key_files.load_or_create(path, Algorithm.EDDSA), range(16)))
    assert len({ring.current.kid for ring in rings}) == 1


def _public_only() -> str:
    return json.dumps(KeyRing.from_json(keys.generate(Algorithm.EDDSA), Algorithm.EDDSA).jwks())


def _twice() -> str:
    jwks = json.loads(keys.generate(Algorithm.EDDSA))["keys"]
    return json.dumps({"keys": jwks * 2})


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        ("", Algorithm.EDDSA),
        ("not JSON", Algorithm.EDDSA),
        ("[]", Algorithm.EDDSA),
        ('{"keys": []}', Algorithm.EDDSA),
        ('{"keys": ["x"]}', Algorithm.EDDSA),
        ('{"keys": [{"kty": "OKP"}]}', Algorithm.EDDSA),
        ('{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}', Algorithm.HS256),
        (keys.generate(Algorithm.HS256), Algorithm.EDDSA),
        (keys.generate(Algorithm.EDDSA), Algorithm.HS256),
        (keys.generate(Algorithm.EDDSA), Algorithm.ES256),
        (_public_only(), Algorithm.EDDSA),
        (_twice(), Algorithm.EDDSA),
    ],
)
def test_unfit_key_sets_are_refused(text: str, algorithm: Algorithm) -> None:
    """Sets that are malformed, public, weak, ambiguous or for another algorithm are refused without showing them."""
    with pytest.raises(InvalidKeySetError) as refusal:
        KeyRing.from_json(text, algorithm)
    secret = re.search(r'"(?:d|k)": "([^"]+)"', text)
    assert secret is None or secret[1] not in str(refusal.value)
