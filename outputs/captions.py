"""A timeline into captions in the source's own wording: WebVTT and SRT, by sentence or by word, and LRC.

Lines have at most 42 columns and captions two lines, as in broadcasting (EBU and Netflix timed text guides);
a letter of Chinese or Japanese is two columns wide. No word is cut, whatever its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from outputs.timeline import HeardSentence
from synth.audio import SAMPLE_RATE_HZ

COLUMNS: Final = 42
SHOWN_MS: Final = 1000  # a caption stays as long, where nothing follows it sooner
_CLAUSE_BONUS: Final = 0.2  # of the length: how far from the middle a clause's end is the better cut


@dataclass(frozen=True, slots=True)
class Caption:
    """Text that is shown from `start_ms` on until just before `end_ms`."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Heard:
    """Characters of a sentence, and the samples in which they are heard."""

    start_sample: int
    end_sample: int
    text: str


def by_sentence(timeline: Iterable[HeardSentence]) -> list[Caption]:
    """Captions of at most two lines; a longer sentence is cut after a clause, or between words."""
    return list(_captions([one for sentence in timeline for one in _pieces(sentence)], SHOWN_MS))


def by_word(timeline: Iterable[HeardSentence]) -> list[Caption]:
    """A caption for each word; for a whole sentence where the speaker did not time its words."""
    heard: list[_Heard] = []
    for sentence in timeline:
        if not sentence.words:
            heard += _pieces(sentence)
            continue
        ends = [*(word.start_sample for word in sentence.words[1:]), sentence.end_sample]
        heard += [
            _Heard(word.start_sample, end, sentence.written[word.start : word.end].strip())
            for word, end in zip(sentence.words, ends, strict=True)
        ]
    return list(_captions(heard, 0))


def as_vtt(captions: Sequence[Caption]) -> bytes:
    """A WebVTT file."""
    cues = (
        f"{_clock(one.start_ms, '.')} --> {_clock(one.end_ms, '.')}\n{_escaped(chr(10).join(one.lines))}\n"
        for one in captions
    )
    return "\n".join(["WEBVTT\n", *cues]).encode()


def as_srt(captions: Sequence[Caption]) -> bytes:
    """A SubRip file."""
    cues = (
        f"{number}\n{_clock(one.start_ms, ',')} --> {_clock(one.end_ms, ',')}\n{chr(10).join(one.lines)}\n"
        for number, one in enumerate(captions, 1)
    )
    return "\n".join(cues).encode()


def as_lrc(timeline: Iterable[HeardSentence], title: str, artist: str, album: str) -> bytes:
    """Lyrics that music players show: a line for each sentence, with the time from which it is heard."""
    lines = [f"[ti:{title}]", f"[ar:{artist}]", f"[al:{album}]"]
    for sentence in timeline:
        hundredths = sentence.start_sample * 100 // SAMPLE_RATE_HZ
        minutes, rest = divmod(hundredths, 6000)
        lines.append(f"[{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}]{sentence.written}")
    return ("\n".join(lines) + "\n").encode()


def _captions(heard: Sequence[_Heard], shown_ms: int) -> Iterator[Caption]:
    """One caption after the other; what has no time of its own is shown with its neighbour."""
    starts = [round(one.start_sample * 1000 / SAMPLE_RATE_HZ) for one in heard]
    held = ""
    last: Caption | None = None
    for number, one in enumerate(heard):
        end_ms = max(round(one.end_sample * 1000 / SAMPLE_RATE_HZ), starts[number] + shown_ms)
        if number + 1 < len(heard):
            end_ms = min(end_ms, starts[number + 1])
        text = f"{held} {one.text}".strip()
        if end_ms <= starts[number]:
            held = text
            continue
        held = ""
        if last is not None:
            yield last
        last = Caption(starts[number], end_ms, _lines(text))
    if last is not None:
        lines = _lines(" ".join([*last.lines, held])) if held else last.lines
        yield Caption(last.start_ms, last.end_ms, lines)


def _pieces(sentence: HeardSentence) -> list[_Heard]:
    """A sentence in pieces of at most two lines."""
    cuts = list(_cuts(sentence.written, 0, len(sentence.written)))
    moments = [sentence.start_sample, *(_moment(sentence, cut) for cut in cuts), sentence.end_sample]
    bounds = [0, *cuts, len(sentence.written)]
    return [
        _Heard(moments[i], moments[i + 1], sentence.written[bounds[i] : bounds[i + 1]].strip())
        for i in range(len(bounds) - 1)
    ]


def _moment(sentence: HeardSentence, at: int) -> int:
    """The sample from which a character is heard: by its word, or by its share of the sentence."""
    within = next((word for word in sentence.words if word.start <= at < word.end), None)
    if within is None:
        length = sentence.end_sample - sentence.start_sample
        return sentence.start_sample + length * at // len(sentence.written)
    share = (at - within.start) / (within.end - within.start)
    return within.start_sample + int((within.end_sample - within.start_sample) * share)


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Where a text is cut so that each piece has at most two lines, in order."""
    if len(_lines(text[start:end].strip())) <= 2:
        return
    middle = (start + end) / 2
    reach = (end - start) * _CLAUSE_BONUS
    breaks = [start + at for at in _breaks(text[start:end])]

    def distance(at: int) -> float:
        ends_clause = text[:at].rstrip()[-1:] in ",;:.!?…—–)”»。、，；：！？"
        return abs(at - middle) - (reach if ends_clause else 0)

    cut = min(breaks, key=distance)
    yield from _cuts(text, start, cut)
    yield cut
    yield from _cuts(text, cut, end)


def _lines(text: str) -> tuple[str, ...]:
    """A text in one line if it fits, in two that are about as long, or in as many as it takes."""
    if _columns(text) <= COLUMNS:
        return (text,)
    breaks = _breaks(text)
    halves = [(text[:at].strip(), text[at:].strip()) for at in breaks]
    fitting = [pair for pair in halves if max(map(_columns, pair)) <= COLUMNS]
    if fitting:
        return min(fitting, key=lambda pair: max(map(_columns, pair)))
    lines: list[str] = []
    start = 0
    for at, following in zip(breaks, [*breaks, len(text)][1:], strict=True):
        if _columns(text[start:following].strip()) > COLUMNS:
            lines.append(text[start:at].strip())
            start = at
    return (*lines, text[start:].strip())


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _breaks(text: str) -> list[int]:
    """Where a line may end: after white space, after a dash, after a letter of Chinese or Japanese."""
    return [found.end() for found in _BREAK.finditer(text) if 0 < found.end() < len(text)]


_BREAK: Final = re.compile(
    r"\s+|[—–](?=\w)|[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff](?=[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\w])"
    r"|[。、，；：！？」』）](?![。、，；：！？」』）\s])"
)


def _clock(ms: int, mark: str) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
