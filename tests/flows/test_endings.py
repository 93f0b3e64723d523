from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import State, StateDetails
from prefect.exceptions import MissingResult
from prefect.states import Completed, Failed

from flows import endings
from flows.endings import Ending, ending_of, forget_ending


def without_data(state: State[None], run: UUID) -> State[None]:
    """As the server gives a state back when its first answer was lost."""
    return state.model_copy(update={"data": None, "state_details": StateDetails(flow_run_id=run)})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> UUID:
    run = uuid4()
    monkeypatch.setattr(endings, "flow_run", SimpleNamespace(id=str(run)))
    return run


def test_what_a_run_made_is_known_though_its_state_lost_it(run: UUID) -> None:
    state = without_data(Completed(), run)
    with pytest.raises(MissingResult):
        ending_of(state)
    with Ending() as ending:
        ending.made = "the book"
    assert ending_of(state) == "the book"
    forget_ending(state)
    with pytest.raises(MissingResult):
        ending_of(state)


def test_what_a_run_failed_by_is_known_though_its_state_lost_it(run: UUID) -> None:
    fault = OSError("the disk is full")
    with pytest.raises(OSError, match="full"), Ending():
        raise fault
    state = without_data(Failed(message="Flow run encountered an exception"), run)
    assert ending_of(state) is fault
    forget_ending(state)


def test_a_run_that_never_got_so_far_ended_as_its_state_says() -> None:
    state = Failed(data=ValueError("no such option"))
    assert isinstance(ending_of(state), ValueError)
