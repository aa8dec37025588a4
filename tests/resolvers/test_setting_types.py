"""Kinds of settings: what is wrong stops the start, with the name of the key and nothing secret."""

import pytest

from server import StartupError, load_settings


@pytest.mark.parametrize(
    "given",
    ["redis://localhost", "redis://:p%40ss@10.0.0.1:6380/3", "rediss://user:secret@cache.example.com/"],
)
def test_address_of_a_redis(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """With and without TLS, user, password, port and number of a database; it is not shown."""
    monkeypatch.setenv("TENANTRY_RATE_LIMIT_URL", given)
    settings = load_settings()
    assert settings.rate_limit_url is not None
    assert settings.rate_limit_url.get_secret_value() == given
    assert given not in repr(settings)


@pytest.mark.parametrize(
    "given",
    [
        "secret",
        "http://secret@localhost",
        "redis://",
        "redis://:secret@/0",
        "redis://secret:x@localhost:port",
        "redis://:secret@localhost:0",
        "redis://:secret@localhost/name",
        "rediss://:secret@localhost?ssl_cert_reqs=none",
        "redis://[secret",
    ],
)
def test_what_is_no_address_of_a_redis(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """The error names the key and shows nothing of what was given."""
    monkeypatch.setenv("TENANTRY_RATE_LIMIT_URL", given)
    with pytest.raises(StartupError, match=r"^TENANTRY_RATE_LIMIT_URL: expected redis://user:password@host") as refused:
        load_settings()
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both kinds."""
    monkeypatch.setenv("TENANTRY_TRUSTED_PROXIES", "192.0.2.1, 10.0.0.0/8,2001:db8::/32")
    assert load_settings().trusted_proxies == ["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"]


@pytest.mark.parametrize("given", ["*", "proxy.example.com", "10.0.0.1/8", "192.0.2.1,*"])
def test_proxies_are_nothing_else(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """What everybody could be believed by, and what would never match, is refused."""
    monkeypatch.setenv("TENANTRY_TRUSTED_PROXIES", given)
    with pytest.raises(StartupError, match=r"^TENANTRY_TRUSTED_PROXIES: expected addresses or networks"):
        load_settings()
