"""A chapter's plan: which segments it is made of, the silence between them and how loud it becomes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Final

from synth.audio import SAMPLE_RATE_HZ
from synth.script import Pause

FRAME_SAMPLES: Final = 1024  # an AAC-LC frame; chapters are whole frames long, so that they join losslessly
PLAN_VERSION: Final = 1  # raise it when the same plan would give other samples


def samples_of(seconds: float) -> int:
    """Seconds as a whole number of samples at 24 kHz."""
    return round(seconds * SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class Pauses:
    """The silences of a chapter, in seconds."""

    clause_s: float = 0.12
    sentence_s: float = 0.35
    line_s: float = 0.45
    paragraph_s: float = 0.8
    heading_s: float = 1.2
    section_s: float = 2.0
    head_s: float = 0.75  # before a chapter's first word; at least 43 ms, the AAC encoder's priming
    tail_s: float = 2.0  # after its last

    def samples_after(self, pause: Pause) -> int:
        """The silence that follows a sentence with this pause, in samples."""
        seconds = {
            Pause.CLAUSE: self.clause_s,
            Pause.SENTENCE: self.sentence_s,
            Pause.LINE: self.line_s,
            Pause.PARAGRAPH: self.paragraph_s,
            Pause.HEADING: self.heading_s,
            Pause.SECTION: self.section_s,
        }
        return samples_of(seconds[pause])


@dataclass(frozen=True, slots=True)
class Mastering:
    """How loud a chapter becomes."""

    # integrated, mono (BS.1770-4); -19 is what shops and podcasts agree on. None: as loud as it was spoken,
    # never limited, turned down as a whole where its peaks are above the ceiling
    target_lufs: float | None = -19.0
    ceiling_dbtp: float = -3.5  # true peak before encoding; leaves 0.5 dB for what the encoder adds
    room_tone_dbfs: float | None = None  # RMS of a faint noise where nobody speaks; None: digital silence


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stored segment of a chapter and the silence after it; the last one's is replaced by the tail."""

    key: str
    pause_samples: int


@dataclass(frozen=True, slots=True)
class ChapterPlan:
    """Everything that a chapter's samples depend on; two plans that are equal sound the same."""

    utterances: tuple[Utterance, ...]
    head_samples: int
    tail_samples: int
    mastering: Mastering = field(default_factory=Mastering)

    def __post_init__(self) -> None:
        assert self.utterances, "a chapter without a single utterance has no plan"

    @property
    def digest(self) -> str:
        """The sha256 of the plan, hex."""
        plan = json.dumps({"version": PLAN_VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(plan.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Cue:
    """Where a segment is heard in its chapter.

    The chapter's samples `[start_sample, end_sample)` are the segment's own samples from `skipped_samples`
    on: what lies before was trimmed away.
    """

    key: str
    start_sample: int
    end_sample: int
    skipped_samples: int
