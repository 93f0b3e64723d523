"""A flow run with Prefect's API in this process: history drained before it ends, no time lost at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows.api_process import prefect_api

DRAIN_LIMIT_S: Final = 30.0
_UNDER_WAY: Final = [StateType.PENDING, StateType.RUNNING, StateType.SCHEDULED]


@contextmanager
def embedded_prefect(meanwhile: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run flows inside without the heartbeat, and wait at the end until the API has recorded them all.

    meanwhile: what else has to be done before, while the API starts.

    With PREFECT_API_URL set they report there. A heartbeat is for a server that watches; its thread would add
    a second to every run. Task states reach the API as events, and what has not arrived when the process ends
    is lost.

    Raises:
        CannotStart: the API does not answer.
    """
    if PREFECT_API_URL.value():
        meanwhile()
        yield
        return
    with (
        prefect_api(meanwhile) as url,
        temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        get_client(sync_client=True) as client,
    ):
        started = datetime.now(UTC)
        yield
        _drain(client, started)


def _drain(client: SyncPrefectClient, started: datetime) -> None:
    """Wait for what began after `started`; a run that was killed once stays under way for good."""
    ours = FlowRunFilter(start_time=FlowRunFilterStartTime(after_=started))
    under_way = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=_UNDER_WAY)))
    deadline_s = time.monotonic() + DRAIN_LIMIT_S
    while (
        client.read_task_runs(flow_run_filter=ours, task_run_filter=under_way, limit=1)
        and time.monotonic() < deadline_s
    ):
        time.sleep(0.1)
    APILogHandler().flush()
