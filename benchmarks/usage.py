"""What processes use, read from Linux's ``/proc``: CPU time and memory, of a process with all that it started."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Memory of some processes, in bytes.

    Attributes:
        resident: What is in memory; what they share counts for each.
        proportional: The same with what is shared divided among those that share it.
        processes: How many they are.
    """

    resident: int
    proportional: int
    processes: int


def family(pid: int) -> list[int]:
    """Return a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, new = [], [pid]
    while new:
        found.append(one := new.pop())
        new += children.get(one, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its descendants, those included that ended and were waited for."""
    return sum(_spent(one) for one in family(pid))


def memory(pids: Iterable[int]) -> Memory:
    """Return the memory of processes with all their descendants."""
    sizes = [size for pid in pids for one in family(pid) if (size := _sizes(one))]
    return Memory(sum(size["Rss"] for size in sizes), sum(size["Pss"] for size in sizes), len(sizes))


def parent_of(pid: int) -> int:
    """Return the process that started ``pid``."""
    return int(_stat(pid)[1])


def _parents() -> Iterator[tuple[int, int]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            yield int(entry.name), int(stat[1])


def _stat(pid: int) -> list[str]:
    """Return the fields of a process from its state on; none where it has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _spent(pid: int) -> float:
    stat = _stat(pid)
    return sum(map(int, stat[11:15])) / _TICKS  # utime, stime, cutime, cstime


def _sizes(pid: int) -> dict[str, int]:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines)}
