"""Measures how long the offline check of a large audit trail takes, and how much memory. Run: `make bench`."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import trails

_CHECKOUT = Path(__file__).parents[1]
_TARGET_SECONDS = 60.0
_TARGET_MIB = 100


def write(folder: Path, events: int) -> tuple[Path, Path]:
    """Write a trail with a checkpoint every hundred events, and the public keys; return both files."""
    signer = trails.new_signer()
    trail, jwks = folder / "trail.ndjson", folder / "keys.json"
    with trail.open("wb") as file:
        file.writelines(trails.lines(events, signer))
    jwks.write_text(json.dumps(signer.jwks))
    return trail, jwks


def verify(trail: Path, jwks: Path) -> tuple[float, int]:
    """Run `audit verify` as a person does; return the seconds it took and the most memory that it had, in MiB."""
    began = time.perf_counter()
    command = [sys.executable, str(_CHECKOUT / "server.py"), "audit", "verify", str(trail), "--jwks", str(jwks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    assert "The trail is intact" in done.stdout
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def main() -> None:
    """Print the report as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the trail")
    events: int = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        trail, jwks = write(Path(folder), events)
        seconds, mib = verify(trail, jwks)
        size = trail.stat().st_size // 2**20
    kept = ["kept" if holds else "missed" for holds in (seconds < _TARGET_SECONDS, mib < _TARGET_MIB)]
    print("| case | measured | target | |\n|---|---|---|---|")  # noqa: T201 - a command
    print(f"| check of {events:,} events ({size} MiB) | {seconds:.1f} s | {_TARGET_SECONDS:.0f} s | {kept[0]} |")  # noqa: T201 - as above
    print(f"| its memory | {mib} MiB | {_TARGET_MIB} MiB, whatever the size | {kept[1]} |")  # noqa: T201 - as above


if __name__ == "__main__":
    main()
