"""What processes use, as Linux tells it, and how fast this machine is."""

import time
from pathlib import Path

from graphql import parse

_NANOSECONDS = 1_000_000_000
_DOCUMENT = "{ " + " ".join(f"a{number}: viewer(x: {{ y: {number} }}) {{ id }}" for number in range(150)) + " }"
_USUAL_SECONDS = 0.0076


def processor_seconds(pid: int) -> float:
    """Return how long the threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / _NANOSECONDS


def resident_bytes(pid: int) -> int:
    """Return how much memory a process has that is its own: what it shares with others is not counted."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024


def slowness() -> float:
    """Return how many times the processor time of the usual machine this one takes just now, but no less than 1."""
    return max(1.0, min(_work() for _ in range(3)) / _USUAL_SECONDS)


def _work() -> float:
    """Return how many seconds of processor time it takes to parse always the same document."""
    began = time.process_time()
    parse(_DOCUMENT)
    return time.process_time() - began
