"""A bare Prefect server into one that knows our work: pool, queues, deployments, the watch over dead runs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Cancelled, Scheduled

from flows.errors import CannotStart
from flows.priorities import POOL, Priority

INBOX: Final = "narrate-inbox/inbox"  # the deployment
DEPLOY_LIMIT_S: Final = 120.0
HEARTBEAT_S: Final = 180  # Prefect's own; shorter ones are too much for SQLite
SILENCE_S: Final = 540  # three heartbeats, or runs that are well would be closed
JOINED_HEARTBEAT_S: Final = 30  # to a server that several machines share, which is on PostgreSQL
JOINED_SILENCE_S: Final = 90
PENDING_LIMIT_S: Final = 300.0  # a run's process has begun by then, or its worker died before it could
TAG: Final = "audiobindery"  # of every deployment in `prefect.yaml`
DEAD_RUNS: Final = "bindery: runs that show no life for {silence_s} s are closed"
CANCEL_LIMIT_S: Final = 60.0  # Prefect kills a run 30 s after it was asked to end
SETTLE_S: Final = 10.0  # a worker tells of a dead process twice, seconds apart
MOST_DEATHS: Final = 2  # of one document's process, after which it is left alone
MOST_LOSSES: Final = 4  # of the machine that it was on
LOST: Final = "nothing was heard of its process any more"


def provision(client: SyncPrefectClient, environment: Mapping[str, str], silence_s: int = SILENCE_S) -> None:
    """Bring a server to where a worker of our pool can run every deployment of `prefect.yaml`.

    Doing it again changes nothing, also from several machines at once. environment: for Prefect's command,
    with PREFECT_API_URL. silence_s: after so long without a sign of life a run is closed.

    Raises:
        CannotStart: a deployment is refused.
    """
    try:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        client.update_work_pool(POOL, WorkPoolUpdate(is_paused=False))
    there = {queue.name for queue in client.read_work_queues(work_pool_name=POOL)}
    for priority in Priority:
        if priority.value not in there:
            with suppress(ObjectAlreadyExists):
                client.create_work_queue(name=priority.value, priority=priority.rank, work_pool_name=POOL)
    if not client.read_automations_by_name(DEAD_RUNS.format(silence_s=silence_s)):
        client.create_automation(_watch_over_dead_runs(silence_s))
    _deploy(environment)


def schedule_inbox(client: SyncPrefectClient, *, wanted: bool) -> None:
    """Have the inbox looked at by schedule, or not where there is none."""
    inbox = client.read_deployment_by_name(INBOX)
    (client.resume_deployment if wanted else client.pause_deployment)(inbox.id)


def resume_interrupted(client: SyncPrefectClient, only: Mapping[UUID, int] | None = None) -> int:
    """Have runs go on that were under way when the machine's last worker ended, and return how many.

    For a moment at which no worker of this machine runs. They keep their turn. only: those that were its own,
    where others work for the same server, and how often each had begun: one that has begun again since is
    another machine's now. None: all.
    """
    runs = _runs(client, StateType.RUNNING, StateType.PENDING)
    if only is not None:
        runs = [run for run in runs if only.get(run.id) == run.run_count]
    for run in runs:
        message = "its machine stopped; it goes on"
        client.set_flow_run_state(
            run.id, Scheduled(scheduled_time=run.expected_start_time, message=message), force=True
        )
    return len(runs)


def give_another_try(client: SyncPrefectClient) -> int:
    """Have runs begin again whose process died for the first time, and return how many.

    One that died twice is left alone: it is the document's fault, or the machine is too small for it.
    """
    died = [
        run
        for run in _runs(client, StateType.CRASHED)
        if _is_older(run, SETTLE_S) and _may_try_again(client, run)
    ]
    # a worker had only just taken these when it was killed
    died += [run for run in _runs(client, StateType.PENDING) if _is_older(run, PENDING_LIMIT_S)]
    again = 0
    for run in died:
        if client.read_flow_run(run.id).state_id == run.state_id:  # or another machine has seen to it
            message = "its process died; it begins again"
            client.set_flow_run_state(run.id, Scheduled(message=message), force=True)
            again += 1
    return again


def finish_cancelling(client: SyncPrefectClient) -> None:
    """Have runs be cancelled that should be and are not: Prefect overlooks some that have only just begun."""
    for run in _runs(client, StateType.CANCELLING):
        if _is_older(run, CANCEL_LIMIT_S):
            client.set_flow_run_state(run.id, Cancelled(), force=True)


def _is_older(run: FlowRun, seconds: float) -> bool:
    """Whether its state is."""
    return run.state is not None and run.state.timestamp < datetime.now(UTC) - timedelta(seconds=seconds)


def _may_try_again(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether it died seldom enough, and nobody wanted it to end.

    A process that dies may be its document's fault; where a whole machine was lost, that is less likely.
    """
    states = sorted(client.read_flow_run_states(run.id), key=lambda state: state.timestamp)
    crashes = [  # one of a run that no worker had taken again is told late of the process before
        state
        for before, state in pairwise(states)
        if state.type is StateType.CRASHED and before.type in (StateType.PENDING, StateType.RUNNING)
    ]
    lost = sum(state.message == LOST for state in crashes)
    seldom = len(crashes) - lost < MOST_DEATHS and lost < MOST_LOSSES
    return seldom and not _was_cancelled([state.type for state in states])


def _was_cancelled(states: Sequence[StateType]) -> bool:
    """Whether somebody wanted it to end, since it was last scheduled; Prefect may call its end a crash."""
    scheduled = [place for place, state in enumerate(states) if state is StateType.SCHEDULED]
    since = states[scheduled[-1] :] if scheduled else states
    return StateType.CANCELLING in since or StateType.CANCELLED in since


def _runs(client: SyncPrefectClient, *states: StateType) -> list[FlowRun]:
    return client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
        ),
    )


def _watch_over_dead_runs(silence_s: int) -> AutomationCore:
    """A run that was heard of once and then no more is crashed, as Prefect's handbook has it."""
    ends = ("Completed", "Failed", "Cancelled", "Crashed")
    return AutomationCore(
        name=DEAD_RUNS.format(silence_s=silence_s),
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in ends)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            # ours alone: others may show life more seldom
            match_related={
                "prefect.resource.role": ["tag"],
                "prefect.resource.id": [f"prefect.tag.{TAG}"],
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silence_s),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=LOST)],
    )


def _deploy(environment: Mapping[str, str]) -> None:
    """What `prefect deploy --all` does with our `prefect.yaml`."""
    command = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", _prefect_yaml()]
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", *command],
            env={"BINDERY_WORKDIR": str(Path.cwd()), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEPLOY_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotStart(
            f"Prefect did not make our deployments within {DEPLOY_LIMIT_S:.0f} s", "Run again"
        ) from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotStart(
            f"Prefect refused the deployments: {lines[-1] if lines else done.returncode}",
            "Run `prefect deploy --all` to see all that it says",
        )


def _prefect_yaml() -> str:
    """Beside the packages in a source tree; among the data files of an installation."""
    places = (Path(__file__).parents[1], Path(sysconfig.get_path("data"), "share", "audiobindery"))
    for place in places:
        if (place / "prefect.yaml").is_file():
            return os.fspath(place / "prefect.yaml")
    raise CannotStart("prefect.yaml is missing from this installation", "Install audiobindery again")
