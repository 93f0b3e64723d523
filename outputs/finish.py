"""A chapter's plan into finished part files: mastered, encoded, decoded again and measured.

Parts are content-addressed. What is already there, whole, is not made again; the book's files are copies
of parts with tags.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from outputs.encode import Codec, encode
from outputs.errors import NotAsPlanned
from outputs.ffmpeg import Ffmpeg
from outputs.files import complete_or_absent, sha256_of
from outputs.listen import Heard, listen
from outputs.master import Mastered, Measurement, master
from outputs.plan import ChapterPlan, Cue
from outputs.store import SegmentStore

FINISH_VERSION: Final = 2  # raise it when the same plan, codec and ffmpeg would give another part
HEADROOM_DB: Final = 0.5  # what an encoder may add to the true peak: -3.0 dBTP with the default ceiling
LOWER_DB: Final = 0.1  # the ceiling goes down by what is too much and this
NEAR_LU: Final = 0.25  # a decoded chapter this near to what was encoded is as loud as was promised
ATTEMPTS: Final = 4  # a lower ceiling does not lower the decoded peak by exactly as much
MOST_OFF_LU: Final = 2.0  # more than an encoder does to any sound: Opus at 32 kb/s takes 1.5 off noise

_LEVELS: Final = tuple(name for name in Heard.__slots__ if name != "samples")


@dataclass(frozen=True, slots=True)
class Part:
    """One chapter in one codec, finished but for its tags.

    digest: of all that its bytes depend on. samples: at 24 kHz, those of the chapter. The levels are those of
    the decoded file, as `Heard` has them; `measurement` has those from before encoding.
    """

    path: Path
    codec: str
    digest: str
    sha256: str
    samples: int
    lufs: float
    range_lu: float
    rms_dbfs: float
    noise_floor_dbfs: float
    peak_dbfs: float
    true_peak_dbtp: float
    measurement: Measurement
    cues: tuple[Cue, ...]


def finish_chapter(
    plan: ChapterPlan, codecs: Sequence[Codec], store: SegmentStore, parts: Path, ffmpeg: Ffmpeg
) -> tuple[Part, ...]:
    """Make the chapter's part in each codec, in the order of `codecs`; those that are whole are left alone.

    All that are wanted come from one pass over the sound. Where a decoded true peak is more than 0.5 dB above
    the plan's ceiling, the chapter is mastered again with a lower ceiling, at the same loudness; where a
    decoded file is louder or quieter than what went in, it is encoded again from what is as much quieter or
    louder.

    Raises:
        SegmentMissing: an utterance's segment is not in the store.
        SegmentDamaged: a segment's bytes are not those that were written.
        EncoderFailed: ffmpeg did not encode the chapter, or what it wrote does not decode.
        NotAsPlanned: the decoded file has another length or loudness, or its peaks could not be kept down.
        DiskFull: there is no room for the parts.
    """
    paths = {codec: parts / f"{part_digest(plan, codec, ffmpeg)}{codec.suffix}" for codec in codecs}
    finished = {codec: part for codec, path in paths.items() if (part := _whole(path, codec))}
    missing = {codec: path for codec, path in paths.items() if codec not in finished}
    if missing:
        finished |= _made(plan, missing, store, ffmpeg)
    return tuple(finished[codec] for codec in codecs)


def part_digest(plan: ChapterPlan, codec: Codec, ffmpeg: Ffmpeg) -> str:
    """The sha256, hex, of everything that a part's bytes depend on."""
    recipe = [FINISH_VERSION, plan.digest, codec.name, codec.options, codec.lift_db, ffmpeg.version_line]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def _made(
    plan: ChapterPlan, paths: Mapping[Codec, Path], store: SegmentStore, ffmpeg: Ffmpeg
) -> dict[Codec, Part]:
    finished: dict[Codec, Part] = {}
    with ExitStack() as stack:
        files = {codec: stack.enter_context(complete_or_absent(path)) for codec, path in paths.items()}
        mastering = plan.mastering
        lifted = {codec: codec for codec in files}
        for attempt in range(ATTEMPTS):
            left = {codec: file for codec, file in files.items() if codec not in finished}
            mastered = master(replace(plan, mastering=mastering), store)
            encode(mastered.blocks(), {lifted[codec]: file for codec, file in left.items()}, ffmpeg)
            excess_db = 0.0
            for codec, file in left.items():
                heard = _checked(listen(file, codec.priming_samples, ffmpeg), mastered, codec)
                over_db = heard.true_peak_dbtp - (plan.mastering.ceiling_dbtp + HEADROOM_DB)
                lacking_lu = mastered.measurement.lufs - heard.lufs
                is_near = abs(lacking_lu) <= NEAR_LU or attempt == ATTEMPTS - 1
                if over_db <= 0 and is_near:
                    finished[codec] = _part(paths[codec], codec, sha256_of(file), heard, mastered)
                    continue
                excess_db = max(excess_db, over_db)
                if not is_near:
                    lifted[codec] = replace(codec, lift_db=lifted[codec].lift_db + lacking_lu)
                    excess_db = max(excess_db, over_db + lacking_lu)
            if len(finished) == len(files):
                break
            if excess_db > 0:
                mastering = replace(mastering, ceiling_dbtp=mastering.ceiling_dbtp - excess_db - LOWER_DB)
        else:
            names = ", ".join(codec.name for codec in files if codec not in finished)
            raise NotAsPlanned(
                f"the true peak of {names} stays above {plan.mastering.ceiling_dbtp + HEADROOM_DB:.1f} dBTP",
                "Choose a lower ceiling",
            )
    for part in finished.values():
        _write_facts(part)
    return finished


def _checked(heard: Heard, mastered: Mastered, codec: Codec) -> Heard:
    planned = mastered.measurement
    if abs(heard.samples - planned.samples) > codec.slack_samples:
        raise NotAsPlanned(
            f"{codec.name} decodes to {heard.samples} samples, not {planned.samples}",
            "Run again; if it stays so, try another ffmpeg",
        )
    if abs(heard.lufs - planned.lufs) > MOST_OFF_LU:
        raise NotAsPlanned(
            f"{codec.name} decodes to {heard.lufs:.1f} LUFS, not {planned.lufs:.1f}",
            "Run again; if it stays so, try another ffmpeg",
        )
    return heard


def _part(path: Path, codec: Codec, sha256: str, heard: Heard, mastered: Mastered) -> Part:
    return Part(
        path=path,
        codec=codec.name,
        digest=path.stem,
        sha256=sha256,
        samples=mastered.measurement.samples,
        **{name: getattr(heard, name) for name in _LEVELS},
        measurement=mastered.measurement,
        cues=mastered.cues,
    )


def _whole(path: Path, codec: Codec) -> Part | None:
    """The part at `path`, if the facts beside it are there and its bytes are those that were written."""
    try:
        facts = json.loads(_facts_path(path).read_bytes())
        os.utime(_facts_path(path))  # upkeep lets go first of what was used longest ago
        part = Part(
            path=path,
            codec=codec.name,
            digest=path.stem,
            sha256=facts["sha256"],
            samples=facts["samples"],
            **{name: facts[name] for name in _LEVELS},
            measurement=Measurement(**facts["measurement"]),
            cues=tuple(Cue(**cue) for cue in facts["cues"]),
        )
        return part if sha256_of(path) == part.sha256 else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _write_facts(part: Part) -> None:
    facts = asdict(part)
    del facts["path"]
    with complete_or_absent(_facts_path(part.path)) as file:
        file.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _facts_path(path: Path) -> Path:
    return path.with_suffix(".json")
