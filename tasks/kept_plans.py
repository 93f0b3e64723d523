"""Published chapters into their plans, kept beside their parts, so that one can be made again as it was.

A plan lies beside each part as `<part digest>.<document>.plan.gz`, and goes when the part goes.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

from outputs.files import complete_or_absent
from outputs.manifest import Track
from tasks.job import Job, PlannedChapter


def keep_plans(job: Job, tracks: Sequence[Track], sha256: str) -> None:
    """Keep what each chapter was made from. sha256: of the document, whose words and places are in it.

    Raises:
        OutputError: the parts' folder cannot be written to.
        DiskFull: there is no room for it.
    """
    for track in tracks:
        plan = gzip.compress(job.chapter_json(track.number), 6, mtime=0)
        for part in track.parts:
            path = plan_path(part.path.parent, part.digest, sha256)
            if not (path.is_file() and path.read_bytes() == plan):
                with complete_or_absent(path) as file:
                    file.write_bytes(plan)


def kept_plan(path: Path) -> PlannedChapter | None:
    """The plan that was kept at `path`; None: it was let go of."""
    try:
        return PlannedChapter.from_json(gzip.decompress(path.read_bytes()))
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, ValueError):
        return None


def plan_path(parts: Path, part: str, sha256: str) -> Path:
    """Where a part's plan lies. part: its digest. sha256: of the document."""
    return parts / f"{part}.{sha256[:16]}.plan.gz"
