"""An encoded file back into sound, as proof of what a listener will hear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ffmpeg as command_line
import numpy as np

from outputs.ffmpeg import Ffmpeg, output_of
from outputs.levels import SILENCE_DB, LevelMeter
from outputs.loudness import LoudnessMeter
from outputs.true_peak import TruePeakMeter
from synth.audio import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Heard:
    """What an encoded file decodes to. Levels are never below -120, which stands for digital silence."""

    samples: int  # at 24 kHz, the encoder's priming left out
    lufs: float  # integrated loudness, BS.1770-4
    range_lu: float  # loudness range, EBU Tech 3342
    rms_dbfs: float  # of all of it, silences included
    noise_floor_dbfs: float  # RMS of the quietest half second
    peak_dbfs: float
    true_peak_dbtp: float


def listen(path: Path, priming_samples: int, ffmpeg: Ffmpeg) -> Heard:
    """Decode a file to its end and measure it; the first `priming_samples` are left out.

    Raises:
        EncoderFailed: it does not decode without complaint.
    """
    loudness = LoudnessMeter()
    levels = LevelMeter()
    peak = TruePeakMeter()
    samples = -priming_samples
    for block in decoded(path, ffmpeg):
        heard = block[max(0, -samples) :]
        samples += len(block)
        loudness.push(heard)
        levels.push(heard)
        peak.push(heard)
    return Heard(
        samples=samples,
        lufs=max(loudness.lufs, SILENCE_DB),
        range_lu=loudness.range_lu,
        rms_dbfs=levels.rms_dbfs,
        noise_floor_dbfs=levels.noise_floor_dbfs,
        peak_dbfs=levels.peak_dbfs,
        true_peak_dbtp=max(peak.dbtp, SILENCE_DB),
    )


def decoded(path: Path, ffmpeg: Ffmpeg, most_samples: int | None = None) -> Iterator[Samples]:
    """The samples of a file, float32 mono at 24 kHz, in blocks of different lengths.

    most_samples: of its beginning; None: all of it. Plain decoding passes over damage with status 0;
    checksums are compared here, and a single line of complaint fails it.

    Raises:
        EncoderFailed: it does not decode without complaint.
    """
    sound = command_line.input(f"file:{path}", err_detect="+crccheck", xerror=None)["a:0"]
    options = {"f": "f32le", "ar": str(SAMPLE_RATE_HZ), "ac": "1", "c:a": "pcm_f32le"}
    if most_samples is not None:
        options["af"] = f"atrim=end_sample={most_samples}"
    spec = command_line.output(sound, "pipe:1", **options)
    rest = b""
    for piece in output_of(ffmpeg, spec, path):
        data = rest + piece
        whole = len(data) - len(data) % 4
        rest = data[whole:]
        yield np.frombuffer(data[:whole], dtype="<f4")
    assert not rest, f"{path} decodes to a broken sample"


def packets_sha256(path: Path, ffmpeg: Ffmpeg) -> str:
    """The sha256, hex, of a file's encoded sound alone; tags do not change it.

    Raises:
        EncoderFailed: the file cannot be read through.
    """
    sound = command_line.input(f"file:{path}", err_detect="+crccheck", xerror=None)["a:0"]
    spec = command_line.output(sound, "pipe:1", c="copy", f="hash", hash="sha256")
    answer = b"".join(output_of(ffmpeg, spec, path)).decode().strip()
    assert answer.startswith("SHA256="), f"ffmpeg answers {answer!r}"
    return answer.removeprefix("SHA256=")
