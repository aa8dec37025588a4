"""Sign-up through the interface that clients see."""

from tests.api import API


async def test_first_session_works_at_once(api: API) -> None:
    """The tokens that a sign-up returns are those of a signed-in owner."""
    member = await api.sign_up(name="Acme Rockets", email="ada@example.com")
    data = await api.data(
        "{ viewer { admin { email role organization { name slug tenantStore { strategy collection documentCount } } } "
        "operator { id } permissions session { id } } }",
        token=member.token,
    )
    assert data["viewer"]["admin"] == {
        "email": "ada@example.com",
        "role": "OWNER",
        "organization": {
            "name": "Acme Rockets",
            "slug": "acme-rockets",
            "tenantStore": {"strategy": "COLLECTION", "collection": "org_acme_rockets", "documentCount": 0},
        },
    }
