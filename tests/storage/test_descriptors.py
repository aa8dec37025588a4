"""The limit of file descriptors, changed in processes of its own, since a hard limit cannot be raised again."""

import subprocess
import sys

import pytest

from tests.e2e.process import CHECKOUT

_PROGRAM = """
import resource, sys
from storage import descriptors
soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(descriptors.affordable(connections), *resource.getrlimit(resource.RLIMIT_NOFILE), sep=" ")
"""


@pytest.mark.parametrize(
    ("limits", "connections", "expected"),
    [
        ((300, 4096), 2000, "2000 2256 4096"),
        ((300, 4096), 30, "30 300 4096"),
        ((4096, 4096), 2000, "2000 4096 4096"),
        ((300, 1000), 5000, "744 1000 1000"),
        ((100, 200), 5000, "1 200 200"),
    ],
)
def test_limit_is_raised_as_far_as_it_can_be(limits: tuple[int, int], connections: int, expected: str) -> None:
    """As far as the connections need, no further; one line says if that is not enough, and how many there can be."""
    command = [sys.executable, "-c", _PROGRAM, *map(str, (*limits, connections))]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    *log, result = done.stdout.splitlines()
    assert result == expected
    enough = result.startswith(f"{connections} ")
    assert len(log) == (0 if enough else 1)
    assert enough or "TENANTRY_MAX_CONNECTIONS" in log[0]
