"""A process into the most memory that it has held."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_bytes() -> int:
    """The most memory that this process has held since it was started."""
    # not getrusage: its maximum starts at what the parent held when this process was made
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (kilobytes,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1024
