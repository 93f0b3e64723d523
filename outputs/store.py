"""Spoken segments into files that are found again by the hash of what is heard."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from outputs.errors import SegmentDamaged, SegmentMissing
from outputs.loudness import STEP_SAMPLES, gated_lufs, step_energies
from outputs.places import place_of
from outputs.trim import Cut, find_cut
from outputs.true_peak import true_peak
from synth.audio import SAMPLE_RATE_HZ, AudioSegment, Samples, WordTime

FORMAT_VERSION: Final = 1  # raise it when a sidecar says other things; older segments are then missing

# 24-bit FLAC: half the size of float32, exact to -144 dBFS, decoded at 3500x real time, and any player
# plays it.
_FULL_SCALE: Final = 2**23
_SIDECAR_SUFFIX: Final = f".v{FORMAT_VERSION}.json"
_SPEAK_AGAIN: Final = "Run the same command again: only what is missing is spoken"


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What is known of a stored segment without reading its audio.

    Samples are those of the untrimmed segment at 24 kHz; the trimmed part is
    `[trim_start_sample, trim_end_sample)`.
    """

    key: str
    samples: int
    peak: float  # largest absolute sample, 1.0 is full scale
    offset: float  # a constant (DC) that is taken off when the segment is stitched; 0.0 for most
    trim_start_sample: int
    trim_end_sample: int
    true_peak: float  # of the trimmed, faded part: linear, 1.0 is full scale
    energies: tuple[float, ...]  # K-weighted sums of squares of the trimmed, faded part, one per 100 ms
    words: tuple[WordTime, ...]
    sha256: str  # of the audio file's bytes
    audio_bytes: int
    doublings: int  # the audio file holds the samples divided by 2**doublings, where they exceed full scale

    @property
    def cut(self) -> Cut:
        """What of the segment is heard."""
        return Cut(self.trim_start_sample, self.trim_end_sample, self.offset)

    @property
    def lufs(self) -> float:
        """The gated loudness of the trimmed part by itself; -inf when it is silent."""
        return gated_lufs(np.array(self.energies) / STEP_SAMPLES)


class SegmentStore:
    """Segments in a folder, or at a URL that several machines share, each complete or absent.

    A segment is an audio file and a sidecar. The sidecar is written last, bears its own hash and names its
    audio by the hash of its bytes: so a file that was cut off shows, and two writers of one key never leave
    one's sidecar with the other's audio.
    """

    def __init__(self, where: Path | str) -> None:
        self.where = where if isinstance(where, str) and "://" in where else str(Path(where).absolute())
        self.place = place_of(where)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys whose segments are not complete, each once, in order; the others count as used now.

        Complete means that sidecar and audio are there and the audio has the stated size.
        """
        wanted = list(dict.fromkeys(keys))
        return [
            key
            for key, there in zip(wanted, self.place.each(self._is_complete, wanted), strict=True)
            if not there
        ]

    def lacking(self, keys: Iterable[str]) -> list[str]:
        """The same as `missing`, but nothing counts as used: for whoever only wants to know."""
        wanted = list(dict.fromkeys(keys))
        there = self.place.each(self._audio_is_whole, wanted)
        return [key for key, whole in zip(wanted, there, strict=True) if not whole]

    def put(self, segment: AudioSegment) -> SegmentFacts:
        """Store a segment, audio first, and say what is known of it.

        Putting it twice is harmless: a segment that is complete stays as it is.

        Raises:
            SegmentDamaged: it has no samples, or one that is not a finite number.
            DiskFull: there is no room left for it.
            OutputError: the store cannot be written to.
        """
        if self._is_complete(segment.key):
            return self.facts(segment.key)
        if not len(segment.samples):
            raise SegmentDamaged(f"segment {segment.key[:12]} holds no samples", "Speak it again")
        if not np.isfinite(segment.samples).all():
            raise SegmentDamaged(
                f"segment {segment.key[:12]} holds samples that are not numbers",
                "Speak it in a higher precision",
            )
        levels, doublings = _quantised(segment.samples)
        audio = _encoded(levels)
        facts = _facts(segment, _samples(levels, doublings), audio, doublings)
        self.place.write(_audio_name(facts), audio)
        self.place.write(_sidecar_name(facts.key), _sidecar_bytes(facts))
        return facts

    def facts(self, key: str) -> SegmentFacts:
        """What is known of a segment without reading its audio.

        Raises:
            SegmentMissing: it is not in the store.
            SegmentDamaged: its sidecar is not what was written; it is removed.
        """
        try:
            facts = _facts_from(self.place.read(_sidecar_name(key)))
        except FileNotFoundError:
            raise _not_there(key) from None
        if facts is None or facts.key != key:
            self.place.remove(_sidecar_name(key))
            raise SegmentDamaged(f"the sidecar of segment {key[:12]} is damaged", _SPEAK_AGAIN)
        return facts

    def read(self, key: str) -> AudioSegment:
        """The segment as it was stored, the same samples every time.

        Raises:
            SegmentMissing: it is not in the store.
            SegmentDamaged: its bytes are not those that were written; it is removed, so that `missing`
                names it again.
        """
        facts = self.facts(key)
        try:
            audio = self.place.read(_audio_name(facts))
        except FileNotFoundError:
            raise _not_there(key) from None
        if hashlib.sha256(audio).hexdigest() != facts.sha256:
            self.place.remove(_sidecar_name(key))
            self.place.remove(_audio_name(facts))
            raise SegmentDamaged(f"the audio of segment {key[:12]} is damaged", _SPEAK_AGAIN)
        return AudioSegment(key, _samples(_decoded(audio), facts.doublings), facts.words)

    def keys(self) -> Iterator[str]:
        """The keys of all segments that have a sidecar, in no particular order."""
        for file in self.place.files():
            key, dot, rest = file.name.rpartition("/")[2].partition(".")
            if key and f"{dot}{rest}" == _SIDECAR_SUFFIX:
                yield key

    def discard(self, key: str) -> None:
        """Make a segment missing."""
        self.place.remove(_sidecar_name(key))

    def _is_complete(self, key: str) -> bool:
        """Whether sidecar and audio are there, the audio of the stated size; it counts as used now."""
        if not self._audio_is_whole(key):
            return False
        self.place.touch(_sidecar_name(key))
        return True

    def _audio_is_whole(self, key: str) -> bool:
        try:
            facts = _facts_from(self.place.read(_sidecar_name(key)))
            if facts is None or facts.key != key:
                return False
            return self.place.size_bytes(_audio_name(facts)) == facts.audio_bytes
        except FileNotFoundError:
            return False


def _sidecar_name(key: str) -> str:
    assert len(key) == 64, f"{key!r} is not a sha256"
    assert set(key) <= set("0123456789abcdef"), f"{key!r} is not a sha256"
    return f"{key[:2]}/{key}{_SIDECAR_SUFFIX}"


def _audio_name(facts: SegmentFacts) -> str:
    return f"{facts.key[:2]}/{facts.key}.{facts.sha256[:16]}.flac"


def _facts(segment: AudioSegment, samples: Samples, audio: bytes, doublings: int) -> SegmentFacts:
    """Work out what is to be known of a segment, from the samples (n,) that will be read back."""
    cut = find_cut(samples)
    heard = cut.of(samples)
    return SegmentFacts(
        key=segment.key,
        samples=len(samples),
        peak=float(np.abs(samples).max()),
        offset=cut.offset,
        trim_start_sample=cut.start_sample,
        trim_end_sample=cut.end_sample,
        true_peak=true_peak(heard),
        # six digits: a first estimate is made from them, and they are most of the sidecar
        energies=tuple(float(f"{energy:.6g}") for energy in step_energies(heard).tolist()),
        words=segment.words,
        sha256=hashlib.sha256(audio).hexdigest(),
        audio_bytes=len(audio),
        doublings=doublings,
    )


def _sidecar_bytes(facts: SegmentFacts) -> bytes:
    """Two lines: the hash of the second, so that damage shows; the facts as JSON."""
    words = [(word.start, word.end, word.start_sample, word.end_sample) for word in facts.words]
    line = json.dumps({**asdict(facts), "words": words}, separators=(",", ":")).encode()
    return hashlib.sha256(line).hexdigest().encode() + b"\n" + line + b"\n"


def _facts_from(sidecar: bytes) -> SegmentFacts | None:
    """The facts of a sidecar; None when it is not what was written."""
    digest, _, line = sidecar.removesuffix(b"\n").partition(b"\n")
    if hashlib.sha256(line).hexdigest().encode() != digest:
        return None
    fields: dict[str, Any] = json.loads(line)
    fields["energies"] = tuple(fields["energies"])
    fields["words"] = tuple(WordTime(*word) for word in fields["words"])
    return SegmentFacts(**fields)


def _quantised(samples: Samples) -> tuple[npt.NDArray[np.int32], int]:
    """Samples (n,) as 24-bit levels (n,), and how often they were halved to stay within full scale."""
    peak = float(np.abs(samples).max())
    doublings = max(0, math.frexp(peak)[1])
    if round(math.ldexp(peak, 23 - doublings)) == _FULL_SCALE:  # would round up to just over full scale
        doublings += 1
    levels = np.rint(np.ldexp(samples.astype(np.float64), 23 - doublings))
    return levels.astype(np.int32), doublings


def _samples(levels: npt.NDArray[np.int32], doublings: int) -> Samples:
    """The samples of 24-bit levels (n,); exact, since float32 has 24 bits too."""
    return np.asarray(np.ldexp(levels.astype(np.float32), doublings - 23), dtype=np.float32)


def _encoded(levels: npt.NDArray[np.int32]) -> bytes:
    """24-bit levels (n,) as a FLAC file."""
    file = io.BytesIO()
    soundfile.write(file, levels << 8, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_24")
    return file.getvalue()


def _decoded(audio: bytes) -> npt.NDArray[np.int32]:
    """The 24-bit levels (n,) of a FLAC file."""
    levels, rate_hz = soundfile.read(io.BytesIO(audio), dtype="int32")
    assert rate_hz == SAMPLE_RATE_HZ
    return np.asarray(levels >> 8, dtype=np.int32)


def _not_there(key: str) -> SegmentMissing:
    return SegmentMissing(f"segment {key[:12]} is not in the store", _SPEAK_AGAIN)
