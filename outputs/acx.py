"""A finished chapter against what ACX and Audible ask of a file's sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from outputs.encode import CODECS
from outputs.finish import Part
from synth.audio import SAMPLE_RATE_HZ

# ACX audio submission requirements, as of 2026. It takes human narration only: these are technical targets.
RMS_DBFS: Final = (-23.0, -18.0)
PEAK_DBFS: Final = -3.0
NOISE_FLOOR_DBFS: Final = -60.0
HEAD_S: Final = (0.5, 1.0)
TAIL_S: Final = (1.0, 5.0)
LONGEST_MINUTES: Final = 120.0
CODEC: Final = CODECS["mp3-192k"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that ACX asks for, what the file has, and whether that is met."""

    name: str
    wanted: str
    found: str
    is_met: bool


def acx_table(part: Part) -> tuple[Requirement, ...]:
    """All that ACX asks of a chapter's file, measured of the decoded file."""
    head_s = part.cues[0].start_sample / SAMPLE_RATE_HZ
    tail_s = (part.samples - part.cues[-1].end_sample) / SAMPLE_RATE_HZ
    minutes = part.samples / SAMPLE_RATE_HZ / 60
    return (
        _between("RMS", RMS_DBFS, part.rms_dbfs, "dBFS"),
        _at_most("peak", PEAK_DBFS, part.peak_dbfs, "dBFS"),
        _at_most("noise floor", NOISE_FLOOR_DBFS, part.noise_floor_dbfs, "dBFS"),
        _between("head", HEAD_S, head_s, "s"),
        _between("tail", TAIL_S, tail_s, "s"),
        _at_most("length", LONGEST_MINUTES, minutes, "min"),
        Requirement(
            "encoding", "MP3, 192 kb/s constant, 44.1 kHz, mono", part.codec, part.codec == CODEC.name
        ),
    )


def _between(name: str, wanted: tuple[float, float], found: float, unit: str) -> Requirement:
    least, most = wanted
    is_met = least <= found <= most
    return Requirement(name, f"{least:g} to {most:g} {unit}", f"{found:.1f} {unit}", is_met)


def _at_most(name: str, most: float, found: float, unit: str) -> Requirement:
    return Requirement(name, f"at most {most:g} {unit}", f"{found:.1f} {unit}", found <= most)
