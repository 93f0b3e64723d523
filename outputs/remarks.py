"""Finished chapters into what their listener should be told about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from outputs.manifest import Track

LOUDNESS_TOLERANCE_LU: Final = 0.3  # what listeners do not hear from chapter to chapter


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning; the chapter that it is about and the second in it, where it is about one."""

    message: str
    chapter: int | None = None
    at_s: float | None = None

    def __str__(self) -> str:
        return self.message if self.chapter is None else f"chapter {self.chapter}: {self.message}"


def remarks_on(tracks: Sequence[Track]) -> Iterator[Remark]:
    """Chapters that are not as loud as wanted, and those of which a disk lost something meanwhile."""
    for track in tracks:
        target_lufs = track.plan.mastering.target_lufs
        lufs = track.parts[0].lufs
        if target_lufs is not None and abs(lufs - target_lufs) > LOUDNESS_TOLERANCE_LU:
            yield Remark(
                f"it has {lufs:.1f} LUFS instead of {target_lufs:.1f}: "
                "raising it further would only have flattened it",
                track.number,
            )
        if track.spoken_again:
            segments = "segment was" if track.spoken_again == 1 else "segments were"
            yield Remark(
                f"{track.spoken_again} damaged {segments} spoken again; see `bindery store verify`",
                track.number,
            )
