"""How the runs of this process ended, by their own account.

Prefect's server may take note of a run's end and its answer be lost. Asked again, it gives back a state
without the result or the error, and the book that was made would count as a fault.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run


class Ending:
    """Notes how the flow run that it stands in ends: what was made, or what it failed by."""

    def __init__(self) -> None:
        self.made: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ENDINGS[str(flow_run.id)] = error or self.made


def ending_of(state: State[Any]) -> Any:
    """What the run that ended in this state made, or what it failed by."""
    return _ENDINGS.get(_run_of(state)) or state.result(raise_on_failure=False)


def forget_ending(state: State[Any]) -> None:
    """Let go of it: nobody will ask again."""
    _ENDINGS.pop(_run_of(state), None)


def _run_of(state: State[Any]) -> str:
    return str(state.state_details.flow_run_id)


_ENDINGS: Final[dict[str, object]] = {}  # by the run's id
