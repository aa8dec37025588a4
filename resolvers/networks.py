"""Networks: what one client can be taken to have of the address space."""

import ipaddress

_IPV6_PREFIX = 64


def of(address: str) -> str:
    """Return the network of an address: of IPv6 the /64, an IPv4 address as it is, and so what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), _IPV6_PREFIX), strict=False))
