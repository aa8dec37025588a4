"""Networks: which addresses stand for one client."""

import pytest

from resolvers import networks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("a socket", "a socket"),
    ],
)
def test_network_of_an_address(address: str, network: str) -> None:
    """An IPv4 address is a client, of IPv6 a /64 is; what is no address stands for itself."""
    assert networks.of(address) == network
