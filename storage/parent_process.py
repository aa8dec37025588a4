"""Ties the life of a child process to that of its parent, so that a killed server leaves nothing running.

Run as a program, it asks to be killed at its parent's death and becomes another program:
`python parent_process.py PARENT_PID PROGRAM [ARG ...]`.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent_pid: int, by: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send a signal to this process when its parent dies; elsewhere than on Linux, do nothing."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent_pid:  # It died before the kernel was asked.
        os.kill(os.getpid(), by)


if __name__ == "__main__":
    # SecantusDB does not always heed SIGTERM, and every commit of it is on the disk.
    die_with_parent(int(sys.argv[1]), signal.SIGKILL)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the program is named by our own server
