"""Characters that are left out of speech, told with their reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dropped:
    """Characters `[start, end)` of a passage that the spoken text leaves out, and why."""

    start: int
    end: int
    reason: str
