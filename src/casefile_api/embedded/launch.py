"""Become another program, after writing down who we are.

Run as a script of its own, standard library only:
`python -I -S launch.py RECORD PARENT USER_ID GROUP_ID SIGNAL PROGRAM …`. The record (pid and start time, neither of
which changes when the program is replaced) is on disk before the program runs, so no moment exists in which a killed
parent would leave a process that nobody can find again.
"""

from __future__ import annotations

import os
import sys
from sys import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG = 1
LINUX = platform.startswith("linux")


def start_time(pid: int) -> str | None:
    """When a process started, as the system counts it; None if there is no such process or it is a zombie."""
    if LINUX:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            return None
        # Counted from after the name in brackets: state is field 3 of proc(5), starttime (clock ticks since boot) 22.
        return None if fields[0] in "ZX" else f"{boot_id()}/{fields[19]}"
    return _start_time_by_ps(pid)


def boot_id() -> str:
    """Which run of the machine: ticks since boot mean nothing across a restart."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _start_time_by_ps(pid: int) -> str | None:
    import subprocess

    answer = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    words = answer.stdout.split()
    return None if not words or words[0].startswith("Z") else " ".join(words[1:])


def write_record(path: str, pid: int) -> None:
    """Put pid and start time on disk in one piece: a reader sees the whole record or the one before."""
    unfinished = f"{path}.{os.getpid()}.new"
    with open(unfinished, "w", encoding="ascii") as file:
        file.write(f"{pid} {start_time(pid)}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def kernel() -> Any:
    """The C library, for what Python has no word for; loaded while we may still read Python's own files."""
    if not LINUX:
        return None
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(library: Any, parent: int, signal_number: int) -> None:
    """Have the kernel send us this signal when the parent is gone, however it went (Linux; elsewhere nothing)."""
    if library is None or not signal_number:
        return
    library.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The program that started this one is already gone.")


def main(arguments: list[str]) -> None:
    """Write the record, leave root's rights behind if told to, and become the program."""
    record, parent, user_id, group_id, signal_number, *command = arguments
    write_record(record, os.getpid())
    library = kernel()
    if int(user_id) >= 0:
        os.setgroups([])
        os.setgid(int(group_id))
        os.setuid(int(user_id))
    die_with_parent(library, int(parent), int(signal_number))  # after the change of user, which would clear it
    os.execv(command[0], command)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    main(sys.argv[1:])
