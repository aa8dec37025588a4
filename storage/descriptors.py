"""File descriptors: each connection takes one, and a process may open so many."""

import contextlib
import resource

import structlog

_OTHERS = 256  # The database's connections, files, and what the libraries open.
_log = structlog.get_logger()


def affordable(connections: int) -> int:
    """Raise the soft limit of this process as far as so many connections need; return how many it can have.

    Child processes inherit the limit. Where the hard limit is lower, one line in the log says so.
    """
    needed = connections + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    goal = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < goal:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some that the hard limit allows.
            resource.setrlimit(resource.RLIMIT_NOFILE, (goal, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    fewer = max(1, soft - _OTHERS)
    _log.warning("fewer connections than TENANTRY_MAX_CONNECTIONS", connections=fewer, descriptors=soft)
    return fewer
