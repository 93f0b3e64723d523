"""A process into the memory that it holds, and the most that it has held."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory that this process has held since it was started."""
    # not getrusage: its maximum starts at what the parent held when this process was made
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _of_status("VmHWM")


def held_bytes() -> int:
    """The memory that this process holds now; 0 where the system does not tell."""
    return _of_status("VmRSS") if _STATUS.exists() else 0


def _of_status(name: str) -> int:
    (kilobytes,) = (line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(kilobytes) * 1024
