"""A finished chapter into its timeline: when each sentence is heard, and where it stands in the document."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inputs.book import Place
from outputs.plan import Cue
from synth.audio import WordTime
from synth.chunks import Chunk, Part
from synth.script import Sentence


@dataclass(frozen=True, slots=True)
class HeardSentence:
    """Samples `[start_sample, end_sample)` of the chapter say `text`.

    place: where it stands in the document; None for a title that is announced but does not stand there.
    start, end: characters of that place's text.
    """

    start_sample: int
    end_sample: int
    text: str
    place: Place | None
    start: int
    end: int


def chapter_timeline(
    cues: Sequence[Cue],
    chunks: Sequence[Chunk],
    words: Mapping[str, Sequence[WordTime]],
    sentences: Sequence[Sentence],
    places: Sequence[Place | None],
) -> tuple[HeardSentence, ...]:
    """When each sentence is heard, in order; to the word where the speaker timed its words.

    cues: one per chunk, as the chapter was mastered. words: of each segment, by its key. places: of the
    passages that the sentences name.
    """
    heard: dict[int, HeardSentence] = {}
    for cue, chunk in zip(cues, chunks, strict=True):
        for part in chunk.parts:
            start_sample, end_sample = _span(cue, part, words[cue.key])
            before = heard.get(part.sentence)
            if before is not None:  # a long sentence goes on in this chunk
                heard[part.sentence] = replace(before, end_sample=end_sample)
                continue
            sentence = sentences[part.sentence]
            heard[part.sentence] = HeardSentence(
                start_sample,
                end_sample,
                sentence.spoken,
                places[sentence.passage],
                sentence.start,
                sentence.end,
            )
    return tuple(heard.values())


def heard_at(timeline: Sequence[HeardSentence], sample: int) -> HeardSentence | None:
    """The sentence that is heard at a sample of the chapter, or was last; None before the first one."""
    index = bisect_right(timeline, sample, key=lambda sentence: sentence.start_sample)
    return timeline[index - 1] if index else None


def _span(cue: Cue, part: Part, words: Sequence[WordTime]) -> tuple[int, int]:
    """Where a part of a chunk is heard in the chapter; the whole chunk where its words were not timed."""
    inside = [word for word in words if part.start <= word.start < part.end]
    if not inside:
        return cue.start_sample, cue.end_sample
    first = 0 if inside[0] is words[0] else inside[0].start_sample - cue.skipped_samples
    last = inside[-1].end_sample - cue.skipped_samples
    length = cue.end_sample - cue.start_sample
    return cue.start_sample + min(max(first, 0), length), cue.start_sample + min(max(last, 0), length)
