"""What a card and many cores do into what costs a known time: for measuring all that is left."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np

from inputs.book import Book
from outputs.encode import Codec, Format
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part, part_digest
from outputs.library import Shelved
from outputs.loudness import STEP_SAMPLES
from outputs.manifest import Track
from outputs.master import Measurement
from outputs.plan import ChapterPlan, Cue
from outputs.publish import Published
from outputs.store import SegmentFacts
from synth.audio import SAMPLE_RATE_HZ, AudioSegment, Samples
from synth.chunks import Chunk
from synth.lexicon import Given
from synth.phonemes import Pronounced, PronouncedWord
from synth.vocabulary import MAX_PHONEMES, VOCABULARY

PHONEMES_PER_S: Final = 15.0
BATCH_CHUNKS: Final = 32  # about six minutes of speech
_LONGEST_SAMPLES: Final = round(MAX_PHONEMES / PHONEMES_PER_S * SAMPLE_RATE_HZ)
_FADE_SAMPLES: Final = SAMPLE_RATE_HZ // 10
_ENERGY: Final = STEP_SAMPLES * 0.01  # of 100 ms at about -20 LUFS


class Card:
    """A speaker that takes its time asleep, as a process does while a card works for it.

    rate: seconds of audio for a second; None: it takes no time. sounding: its segments can be mastered and
    encoded; else they are silence that takes no memory.
    """

    engine = "kokoro"
    narrator = "Stand-in"

    def __init__(self, rate: float | None, *, sounding: bool) -> None:
        self._rate = rate
        self._sounding = sounding
        self._sound = _sound() if sounding else np.zeros(_LONGEST_SAMPLES, dtype=np.float32)
        self.audio_s = self.busy_s = 0.0
        self.chunks = 0
        self.from_s: float | None = None  # of `time.perf_counter`
        self.until_s = 0.0

    def default_voice(self, language: str) -> str:
        """Always the same."""
        return "af_heart"

    def language_of(self, voice: str) -> str:
        """Always the same."""
        return "en-us"

    def warnings(self, voice: str, language: str) -> tuple[str, ...]:
        """None."""
        return ()

    def takes_phonemes(self, language: str) -> bool:
        """Whether phonemes that are given for words are heard."""
        return True

    def pronounce(self, text: str, language: str, given: Sequence[Given] = ()) -> Pronounced:
        """A phoneme for each letter, which costs next to nothing."""
        phonemes = "".join(letter if letter in VOCABULARY else "ə" for letter in text.lower())
        words = (PronouncedWord(*match.span(), *match.span()) for match in re.finditer(r"\S+", text))
        return Pronounced(text, phonemes, tuple(words))

    def key(self, chunk: Chunk) -> str:
        """The sha256, hex, of the phonemes."""
        return hashlib.sha256(chunk.utterance.encode()).hexdigest()

    def device_memory(self) -> None:
        """It is no real card."""

    def batch_efficiency(self) -> float:
        """Nothing is padded."""
        return 1.0

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """One segment per chunk, in order; batch by batch, each after its time."""
        left = iter(chunks)
        while batch := tuple(islice(left, BATCH_CHUNKS)):
            lengths = [round(len(chunk.phonemes) / PHONEMES_PER_S * SAMPLE_RATE_HZ) for chunk in batch]
            batch_s = sum(lengths) / SAMPLE_RATE_HZ
            self.from_s = self.from_s or time.perf_counter()
            if self._rate is not None:
                time.sleep(batch_s / self._rate)
                self.busy_s += batch_s / self._rate  # what it overslept is time that the card was idle
            self.until_s = time.perf_counter()
            self.audio_s += batch_s
            self.chunks += len(batch)
            for chunk, samples in zip(batch, lengths, strict=True):
                yield AudioSegment(self.key(chunk), self._cut(samples))

    def _cut(self, samples: int) -> Samples:
        cut = self._sound[:samples]
        if not self._sounding:
            return cut
        faded = cut.copy()
        faded[-_FADE_SAMPLES:] *= np.linspace(1, 0, len(faded[-_FADE_SAMPLES:]), dtype=np.float32)
        return faded


def _sound() -> Samples:
    """A vowel at 120 Hz, four syllables a second, as loud as speech: (n,)."""
    t = np.arange(_LONGEST_SAMPLES) / SAMPLE_RATE_HZ
    vowel = sum(np.sin(2 * np.pi * 120 * overtone * t) / overtone for overtone in range(1, 12))
    return np.asarray(0.1 * vowel * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)), dtype=np.float32)


class Register:
    """A segment store that only notes which segments there are, and how long they are."""

    where = "nowhere"

    def __init__(self, _: object) -> None:
        self._samples: dict[str, int] = {}
        self._energies = (_ENERGY,) * (1 + _LONGEST_SAMPLES // STEP_SAMPLES)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys of segments that are not noted, each once, in order."""
        return [key for key in dict.fromkeys(keys) if key not in self._samples]

    lacking = missing

    def put(self, segment: AudioSegment) -> SegmentFacts:
        """Note a segment."""
        self._samples[segment.key] = len(segment.samples)
        return self.facts(segment.key)

    def facts(self, key: str) -> SegmentFacts:
        """Facts of a segment in which nothing is odd."""
        samples = self._samples[key]
        return SegmentFacts(
            key=key,
            samples=samples,
            peak=0.5,
            offset=0.0,
            trim_start_sample=0,
            trim_end_sample=samples - 1,
            true_peak=0.5,
            energies=self._energies[: samples // STEP_SAMPLES],
            words=(),
            sha256="",
            audio_bytes=0,
            doublings=0,
        )


def finish_nothing(
    plan: ChapterPlan, codecs: Sequence[Codec], store: Register, parts: Path, ffmpeg: Ffmpeg
) -> tuple[Part, ...]:
    """The parts that mastering and encoding would make, without their files."""
    cues: list[Cue] = []
    at = plan.head_samples
    for utterance in plan.utterances:
        end = at + store.facts(utterance.key).samples
        cues.append(Cue(utterance.key, at, end, 0))
        at = end + utterance.pause_samples
    level = {
        "lufs": -19.0,
        "range_lu": 4.0,
        "rms_dbfs": -22.0,
        "noise_floor_dbfs": -70.0,
        "peak_dbfs": -4.0,
        "true_peak_dbtp": -3.6,
    }
    measured = Measurement(
        samples=at, lufs=-19.0, true_peak_dbtp=-3.6, rms_dbfs=-22.0, gain_db=1.0, reduction_db=0.0,
        gain_bounded=False,
    )  # fmt: skip
    digests = [(codec, part_digest(plan, codec, ffmpeg)) for codec in codecs]
    return tuple(
        Part(
            path=parts / f"{digest}{codec.suffix}",
            codec=codec.name,
            digest=digest,
            sha256="",
            samples=at,
            **level,
            measurement=measured,
            cues=tuple(cues),
        )
        for codec, digest in digests
    )


def publish_nothing(
    book: Book,
    _narration: object,
    tracks: Sequence[Track],
    formats: Sequence[Format],
    library: Path,
    *_: object,
    **__: object,
) -> tuple[Published, ...]:
    """What publishing would tell, without the files."""
    published = []
    for wanted in formats:
        folder = library / wanted.name / book.title
        names = ["book"] if wanted.whole_book else [f"{track.number:03}" for track in tracks]
        audio = tuple(folder / f"{name}.{wanted.name}" for name in names)
        shelved = Shelved(folder, tuple(path.name for path in audio), (), ())
        published.append(Published(wanted.name, shelved, audio))
    return tuple(published)


def stand_in(card: Card, *, for_cores: bool) -> ExitStack:
    """Let a card speak for the engine; for_cores: let storing, mastering, encoding and binding cost nothing.

    Until what is returned is closed. All that else happens to a book is the product's own.
    """
    stack = ExitStack()
    stack.enter_context(patch("flows.speakers.open_speaker", lambda *_: card))
    if for_cores:
        stack.enter_context(patch("flows.speakers.SegmentStore", Register))
        stack.enter_context(
            patch("tasks.finish.Finishers.finish", lambda _, *chapter: finish_nothing(*chapter))
        )
        stack.enter_context(patch("tasks.finish.finish_chapter", finish_nothing))
        stack.enter_context(patch("tasks.bind.publish", publish_nothing))
    return stack
