"""What earlier runs left on a machine into room for the next ones: the scheduled run that tidies up."""

from __future__ import annotations

from typing import Annotated, Any, Final

from prefect import flow
from prefect.states import Completed
from pydantic import Field

from flows.settings import Settings
from outputs.store import SegmentStore
from outputs.upkeep import Pruned, Wanted
from tasks.upkeep import shelves_of, tidied

_DAY_S: Final = 24 * 3600.0


@flow(name="housekeeping", persist_result=False)
def housekeeping(unused_days: Annotated[int, Field(ge=1)] | None = None) -> Any:
    """Bring what is kept on this machine back to its limit, and clear away what died with a run.

    What is removed is spoken again when it is wanted. A store that other machines share is only rid of what
    was not used for long. Prefect's server forgets old runs by itself.

    Args:
        unused_days: what was not used for so many days goes, too; empty: what is beyond the limit alone
    """
    settings = Settings.read()
    unused_s = unused_days * _DAY_S if unused_days is not None else None
    shelves = shelves_of(SegmentStore(settings.segments), settings.parts)
    own = [shelf for shelf in shelves if not shelf.place.is_shared]
    pruned = tidied(own, Wanted(settings.store_limit_bytes, unused_s), settings.work)
    shared = [shelf for shelf in shelves if shelf.place.is_shared]
    if shared and unused_s is not None:
        pruned += tidied(shared, Wanted(None, unused_s), settings.work)
    return Completed(message="; ".join(told for one in pruned if (told := _told(one))) or "nothing had to go")


def _told(one: Pruned) -> str:
    """What went, in words; empty if nothing did."""
    parts = [f"{one.stored} {one.name} removed, {one.size_bytes / 1e6:.1f} MB"] if one.stored else []
    parts += [f"{one.leftovers} unfinished files"] if one.leftovers else []
    parts += [f"{one.spared} {one.name} stay, which a running job needs"] if one.spared else []
    return ", ".join(parts)
