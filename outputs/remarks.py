"""Finished chapters into what their listener should be told about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outputs.manifest import Track


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning; the chapter that it is about and the second in it, where it is about one."""

    message: str
    chapter: int | None = None
    at_s: float | None = None

    def __str__(self) -> str:
        if self.chapter is None:
            return self.message
        if self.at_s is None:
            return f"chapter {self.chapter}: {self.message}"
        minutes, seconds = divmod(int(self.at_s), 60)
        return f"chapter {self.chapter} at {minutes}:{seconds:02}: {self.message}"


def remarks_on(tracks: Sequence[Track]) -> Iterator[Remark]:
    """What was found suspicious of chapters, and those of which a disk lost something meanwhile."""
    for track in tracks:
        for found in track.findings:
            text = f"“{found.text}”: " if found.text else ""
            yield Remark(f"{text}{found.message}", found.chapter, found.at_s)
        if track.spoken_again:
            segments = "segment was" if track.spoken_again == 1 else "segments were"
            yield Remark(
                f"{track.spoken_again} damaged {segments} spoken again; see `bindery store verify`",
                track.number,
            )
