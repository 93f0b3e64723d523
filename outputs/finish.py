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
ATTEMPTS: Final = 6  # a lower ceiling does not lower the decoded peak by exactly as much
TRIES_FOR_LOUDNESS: Final = 3  # of those; then the peaks are kept down whatever that does to the loudness
FAR_OFF_LU: Final = 4.0  # no encoder does that to any sound
MOST_OFF_LU: Final = 2.0  # what is farther off after all these tries was not encoded as it should be
INAUDIBLE_LUFS: Final = -60.0  # of silence and of room tone, meters and codecs say different things

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
    the plan's ceiling, the chapter is mastered again for that codec with a lower ceiling, at the same
    loudness; where a decoded file is louder or quieter than what went in, it is encoded again from what is as
    much quieter or louder. A part is the same whatever else is made with it.

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


@dataclass(slots=True)
class _Trial:
    """How a codec is tried next."""

    codec: Codec  # raised or lowered by its lift
    ceiling_dbtp: float
    is_turned_down: bool = False  # its loudness was given up for its peaks


def _made(
    plan: ChapterPlan, paths: Mapping[Codec, Path], store: SegmentStore, ffmpeg: Ffmpeg
) -> dict[Codec, Part]:
    finished: dict[Codec, Part] = {}
    highest_dbtp = plan.mastering.ceiling_dbtp + HEADROOM_DB
    with ExitStack() as stack:
        files = {codec: stack.enter_context(complete_or_absent(path)) for codec, path in paths.items()}
        trials = {codec: _Trial(codec, plan.mastering.ceiling_dbtp) for codec in files}
        masters: dict[float, Mastered] = {}  # by their ceilings
        for attempt in range(ATTEMPTS):
            for ceiling_dbtp in dict.fromkeys(trial.ceiling_dbtp for trial in trials.values()):
                if ceiling_dbtp not in masters:
                    lower = replace(plan.mastering, ceiling_dbtp=ceiling_dbtp)
                    masters[ceiling_dbtp] = master(replace(plan, mastering=lower), store)
                mastered = masters[ceiling_dbtp]
                group = {codec: one for codec, one in trials.items() if one.ceiling_dbtp == ceiling_dbtp}
                encode(mastered.blocks(), {one.codec: files[codec] for codec, one in group.items()}, ffmpeg)
                for codec, trial in group.items():
                    heard = _checked(listen(files[codec], codec.priming_samples, ffmpeg), mastered, codec)
                    if not trial.is_turned_down:
                        _check_loudness(heard, mastered, codec, FAR_OFF_LU)
                    over_db = heard.true_peak_dbtp - highest_dbtp
                    lacking_lu = _lacking_lu(heard, mastered)
                    is_near = (
                        abs(lacking_lu) <= NEAR_LU or trial.is_turned_down or attempt >= TRIES_FOR_LOUDNESS
                    )
                    if over_db <= 0 and is_near:
                        _check_loudness(heard, mastered, codec, MOST_OFF_LU)
                        finished[codec] = _part(paths[codec], codec, sha256_of(files[codec]), heard, mastered)
                    else:
                        _try_next(trial, over_db, 0.0 if is_near else lacking_lu, attempt)
            trials = {codec: trial for codec, trial in trials.items() if codec not in finished}
            if not trials:
                break
        else:
            names = ", ".join(codec.name for codec in trials)
            raise NotAsPlanned(
                f"the true peak of {names} stays above {highest_dbtp:.1f} dBTP",
                "Run again; if it stays so, try another ffmpeg or another format",
            )
    for part in finished.values():
        _write_facts(part)
    return finished


def _try_next(trial: _Trial, over_db: float, lacking_lu: float, attempt: int) -> None:
    """Lower the ceiling, at the same loudness; where that has not helped, the loudness itself."""
    lift_db = trial.codec.lift_db + lacking_lu
    over_db += max(0.0, lacking_lu)
    if over_db > 0 and attempt < TRIES_FOR_LOUDNESS:
        trial.ceiling_dbtp -= over_db + LOWER_DB
    elif over_db > 0:
        lift_db -= over_db + LOWER_DB
        trial.is_turned_down = True
    trial.codec = replace(trial.codec, lift_db=lift_db)


def _lacking_lu(heard: Heard, mastered: Mastered) -> float:
    """By how much a decoded file is quieter than what went in; 0.0 of what nobody hears."""
    planned_lufs = mastered.measurement.lufs
    return planned_lufs - heard.lufs if max(planned_lufs, heard.lufs) > INAUDIBLE_LUFS else 0.0


def _checked(heard: Heard, mastered: Mastered, codec: Codec) -> Heard:
    planned = mastered.measurement
    if abs(heard.samples - planned.samples) > codec.slack_samples:
        raise NotAsPlanned(
            f"{codec.name} decodes to {heard.samples} samples, not {planned.samples}",
            "Run again; if it stays so, try another ffmpeg",
        )
    return heard


def _check_loudness(heard: Heard, mastered: Mastered, codec: Codec, most_off_lu: float) -> None:
    if abs(_lacking_lu(heard, mastered)) > most_off_lu:
        raise NotAsPlanned(
            f"{codec.name} decodes to {heard.lufs:.1f} LUFS, not {mastered.measurement.lufs:.1f}",
            "Run again; if it stays so, try another ffmpeg or another format",
        )


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
