"""A finished chapter into its timeline: when each sentence is heard, and where it stands in the document."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from inputs.book import Place
from outputs.plan import Cue
from synth.audio import WordTime
from synth.chunks import Chunk, Part
from synth.script import Sentence
from synth.written import Written


@dataclass(frozen=True, slots=True)
class HeardWord:
    """Samples `[start_sample, end_sample)` of the chapter say what stands at `[start, end)` of `written`.

    source_start: where that begins among the characters of the sentence's place.
    """

    start_sample: int
    end_sample: int
    start: int
    end: int
    source_start: int


@dataclass(frozen=True, slots=True)
class HeardSentence:
    """Samples `[start_sample, end_sample)` of the chapter say `text`; no two sentences overlap.

    place: where it stands in the document; None for a title that is announced but does not stand there.
    start, end: characters of that place's text. written: what a reader sees of it. words: all of `written`,
    in order, where the speaker timed its words; else none.
    """

    start_sample: int
    end_sample: int
    text: str
    place: Place | None
    start: int
    end: int
    written: str = ""
    words: tuple[HeardWord, ...] = ()


def chapter_timeline(
    cues: Sequence[Cue],
    chunks: Sequence[Chunk],
    words: Mapping[str, Sequence[WordTime]],
    sentences: Sequence[Sentence],
    wordings: Sequence[Written],
    places: Sequence[Place | None],
) -> tuple[HeardSentence, ...]:
    """When each sentence is heard, in order; to the word where the speaker timed its words.

    cues: one per chunk, as the chapter was mastered. words: of each segment, by its key. wordings: of each
    sentence. places: of the passages that the sentences name.
    """
    heard: dict[int, HeardSentence] = {}
    times: dict[int, list[_SpokenTime]] = {}
    for cue, chunk in zip(cues, chunks, strict=True):
        timed = words[cue.key]
        for part, (start_sample, end_sample) in zip(
            chunk.parts, _spans(cue, chunk.parts, timed), strict=True
        ):
            times.setdefault(part.sentence, []).extend(_spoken_times(cue, part, timed))
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
                wordings[part.sentence].text,
            )
    return tuple(
        replace(one, words=_written_words(one, wordings[number], times[number]))
        for number, one in heard.items()
    )


def heard_at(timeline: Sequence[HeardSentence], sample: int) -> HeardSentence | None:
    """The sentence that is heard at a sample of the chapter, or was last; None before the first one."""
    index = bisect_right(timeline, sample, key=lambda sentence: sentence.start_sample)
    return timeline[index - 1] if index else None


def shifted(timeline: Sequence[HeardSentence], samples: int) -> tuple[HeardSentence, ...]:
    """The same, so many samples later."""
    if not samples:
        return tuple(timeline)
    return tuple(
        replace(
            one,
            start_sample=one.start_sample + samples,
            end_sample=one.end_sample + samples,
            words=tuple(
                replace(word, start_sample=word.start_sample + samples, end_sample=word.end_sample + samples)
                for word in one.words
            ),
        )
        for one in timeline
    )


def _spans(cue: Cue, parts: Sequence[Part], words: Sequence[WordTime]) -> list[tuple[int, int]]:
    """Where each part of a chunk is heard in the chapter, in order, none before the last one ended.

    Parts that lie side by side without a timed word share the time that is left by their characters.
    """
    timed = [_timed_span(cue, part, words) for part in parts]
    spans: list[tuple[int, int]] = []
    at = cue.start_sample
    for is_timed, run in groupby(range(len(parts)), lambda number: timed[number] is not None):
        numbers = list(run)
        if is_timed:
            for number in numbers:
                start, end = timed[number] or (at, at)
                spans.append((max(start, at), max(end, at)))
                at = spans[-1][1]
            continue
        following = timed[numbers[-1] + 1] if numbers[-1] + 1 < len(parts) else None
        left = max((following[0] if following else cue.end_sample) - at, 0)
        lengths = [parts[number].end - parts[number].start for number in numbers]
        done = 0
        for length in lengths:
            start = at + left * done // sum(lengths)
            done += length
            spans.append((start, at + left * done // sum(lengths)))
        at += left
    return spans


def _timed_span(cue: Cue, part: Part, words: Sequence[WordTime]) -> tuple[int, int] | None:
    """Where a part is heard by its words; None where none of them was timed."""
    inside = [word for word in words if part.start <= word.start < part.end]
    if not inside:
        return None
    first = cue.start_sample if inside[0] is words[0] else _in_chapter(cue, inside[0].start_sample)
    return first, _in_chapter(cue, inside[-1].end_sample)


def _in_chapter(cue: Cue, segment_sample: int) -> int:
    length = cue.end_sample - cue.start_sample
    return cue.start_sample + min(max(segment_sample - cue.skipped_samples, 0), length)


@dataclass(frozen=True, slots=True)
class _SpokenTime:
    """The word that begins at `at` of a sentence's spoken text, in samples of the chapter."""

    at: int
    start_sample: int
    end_sample: int


def _spoken_times(cue: Cue, part: Part, words: Sequence[WordTime]) -> Iterator[_SpokenTime]:
    for word in words:
        if part.start <= word.start < part.end:
            at = part.spoken_start + word.start - part.start
            yield _SpokenTime(at, _in_chapter(cue, word.start_sample), _in_chapter(cue, word.end_sample))


def _written_words(
    heard: HeardSentence, wording: Written, times: Sequence[_SpokenTime]
) -> tuple[HeardWord, ...]:
    """The words that are read, each with all the time in which something is said for it.

    What is read but not said on its own ("—") belongs to the word before it, or the first one.
    """
    if not times:
        return ()
    found: list[HeardWord] = []
    ends = [step[1] for step in wording.steps[1:]] + [len(wording.text)]
    until = [step[0] for step in wording.steps[1:]] + [len(heard.text) + 1]
    begun = 0  # of what is read, by words that are timed
    at = heard.start_sample
    for (spoken, _, source), end, spoken_end in zip(wording.steps, ends, until, strict=True):
        said = [time for time in times if spoken <= time.at < spoken_end]
        if not said:
            if found:
                found[-1] = replace(found[-1], end=end)
                begun = end
            continue
        start_sample = min(max(said[0].start_sample, at), heard.end_sample)
        at = min(max(said[-1].end_sample, start_sample), heard.end_sample)
        found.append(HeardWord(start_sample, at, begun, end, source if begun else heard.start))
        begun = end
    return tuple(found)
