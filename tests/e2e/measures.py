"""What processes use, as Linux tells it."""

from pathlib import Path

_NANOSECONDS = 1_000_000_000


def processor_seconds(pid: int) -> float:
    """Return how long the threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / _NANOSECONDS


def resident_bytes(pid: int) -> int:
    """Return how much memory a process has that is its own: what it shares with others is not counted."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024
