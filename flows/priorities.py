"""The order that documents are taken in: Prefect's work queues, the lowest number first."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

POOL: Final = "bindery"  # the work pool that `prefect.yaml` names too


class Priority(StrEnum):
    """How urgent a document is; each is a work queue of the pool."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Its number for Prefect; 1 goes first."""
        return list(Priority).index(self) + 1


def rank_of(queue: str | None) -> int:
    """The rank of what a work queue brings; where it is none of ours, or there is none, that of normal."""
    return (Priority(queue) if queue in list(Priority) else Priority.NORMAL).rank
