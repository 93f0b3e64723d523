"""A chapter's samples into encoded files, all wanted codecs from one pass over the sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import ffmpeg as command_line
import numpy as np

from outputs.errors import UnknownFormat
from outputs.ffmpeg import BUILT_TO_BE_EXACT, Feeding, Ffmpeg
from outputs.plan import FRAME_SAMPLES
from synth.audio import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Codec:
    """How a chapter is encoded, always mono.

    Decoded at 24 kHz, a file gives `priming_samples` and then as many samples as went in. MP3 and M4A carry
    a note of their encoder's delay which decoders follow, Opus its pre-skip; ADTS has no place for one.
    Measured with ffmpeg 7.0.2, and asserted of each file that is made.
    """

    name: str
    suffix: str
    options: tuple[tuple[str, str], ...]  # ffmpeg's, for the output
    priming_samples: int = 0
    joins: bool = False  # chapters can be joined into one file without encoding again
    slack_samples: int = 0  # its length is rounded when it is resampled: by up to 5 samples with 44.1 kHz
    lift_db: float = 0.0  # what is encoded is raised by this: about what the encoder takes off speech


# The fast coder is 4.6 times faster than the default one at this rate, and closer to the source by SNR.
_AAC_LC: Final = (("c:a", "aac"), ("b:a", "64k"), ("aac_coder", "fast"))

_MP3: Final = (("c:a", "libmp3lame"), ("id3v2_version", "0"), ("write_id3v1", "0"), ("f", "mp3"))

CODECS: Final[Mapping[str, Codec]] = {
    codec.name: codec
    for codec in (
        Codec("aac", ".aac", (*_AAC_LC, ("f", "adts")), priming_samples=FRAME_SAMPLES, joins=True),
        Codec("m4a", ".m4a", (*_AAC_LC, ("movflags", "+faststart"), ("f", "ipod"))),
        # Variable rate, about 77 kb/s for speech; LAME makes a constant rate 0.3 LU quieter.
        Codec("mp3", ".mp3", (("q:a", "4"), *_MP3)),
        # What ACX and other shops take.
        Codec(
            "mp3-192k",
            ".mp3",
            (("b:a", "192k"), ("ar", "44100"), *_MP3),
            slack_samples=8,
            lift_db=0.3,
        ),
        # Opus codes what is high and faint as noise of less power: six readings by Kokoro lost 0.2 to 0.6 LU.
        Codec("opus", ".opus", (("c:a", "libopus"), ("b:a", "32k"), ("f", "ogg")), lift_db=0.4),
        # 16 bits hold 98 dB; a synthetic voice has its floor near -80 dBFS.
        Codec("flac", ".flac", (("c:a", "flac"), ("sample_fmt", "s16"), ("f", "flac"))),
        Codec(
            "flac-24bit",
            ".flac",
            (("c:a", "flac"), ("sample_fmt", "s32"), ("bits_per_raw_sample", "24"), ("f", "flac")),
        ),
        Codec("wav", ".wav", (("c:a", "pcm_s16le"), ("f", "wav"))),
    )
}


@dataclass(frozen=True, slots=True)
class Format:
    """What a listener asks for by name: one file for the book, or one file for each chapter."""

    name: str
    codec: Codec
    whole_book: bool = False

    def __post_init__(self) -> None:
        assert self.codec.joins or not self.whole_book, f"chapters in {self.codec.name} cannot be joined"


FORMATS: Final[Mapping[str, Format]] = {
    "m4b": Format("m4b", CODECS["aac"], whole_book=True),
    **{name: Format(name, CODECS[name]) for name in ("mp3", "m4a", "opus", "flac", "wav")},
}


def formats_named(
    names: Iterable[str], codecs: Mapping[str, Codec] = MappingProxyType({})
) -> tuple[Format, ...]:
    """The formats of these names, each once, in the order given.

    codecs: by format, where not the usual one.

    Raises:
        UnknownFormat: a name is not one of `FORMATS`.
    """
    wanted: dict[str, Format] = {}
    for name in names:
        if name not in FORMATS:
            raise UnknownFormat(f"no format is called {name!r}", f"Choose from {', '.join(FORMATS)}")
        wanted[name] = replace(FORMATS[name], codec=codecs.get(name, FORMATS[name].codec))
    return tuple(wanted.values())


def encode(blocks: Iterable[Samples], files: Mapping[Codec, Path], ffmpeg: Ffmpeg) -> int:
    """Encode the sound into each of `files`, in one pass; the return value is the samples that went in.

    blocks: float32 mono at 24 kHz. Each codec has its own ffmpeg, which drains its own pipe.

    Raises:
        EncoderFailed: an ffmpeg ended badly, or took nothing for too long.
        DiskFull: there was no room for a file.
    """
    samples = 0
    with ExitStack() as stack:
        feedings = [
            stack.enter_context(Feeding(ffmpeg, _command(codec, path), path)) for codec, path in files.items()
        ]
        for block in blocks:
            assert block.dtype == np.float32, f"a block of {block.dtype}"
            piece = np.ascontiguousarray(block, dtype="<f4").data.cast("B")
            for feeding in feedings:
                feeding.write(piece)
            samples += len(block)
        for feeding in feedings:
            feeding.finish()
    return samples


def _command(codec: Codec, path: Path) -> object:
    sound = command_line.input("pipe:0", f="f32le", ar=str(SAMPLE_RATE_HZ), ac="1")
    lift = {"af": f"volume={codec.lift_db:.2f}dB"} if codec.lift_db else {}
    return command_line.output(sound, f"file:{path}", **dict(codec.options), **lift, **BUILT_TO_BE_EXACT)
