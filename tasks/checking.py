"""A book's finished chapters into the same with what only shows beside all the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outputs.checks import check_durations
from outputs.manifest import Track
from tasks.job import Job


def compared(job: Job, tracks: Sequence[Track]) -> list[Track]:
    """The tracks, with findings for what took much longer or shorter to say than its text should take."""
    found = list(
        check_durations(
            (track.number, track.parts[0].cues, job.chapter(track.number).chunks) for track in tracks
        )
    )
    return [
        replace(track, findings=(*track.findings, *(one for one in found if one.chapter == track.number)))
        for track in tracks
    ]
