"""Pronounced sentences into Chunks: utterances of a good length, none of which can be too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from synth.errors import ChunkTooLong
from synth.phonemes import Pronounced, PronouncedWord
from synth.script import Pause
from synth.vocabulary import MAX_PHONEMES, unknown_symbols

TARGET_PHONEMES: Final = 200  # sentences are packed up to here: Kokoro sounds best at 100 to 250
CEILING_PHONEMES: Final = 400  # a longer sentence is split: past about 400 Kokoro rushes
SHORT_PHONEMES: Final = 20  # a shorter utterance is not spoken alone: under about 10 Kokoro garbles
CONTEXT_PHONEMES: Final = 80  # of its neighbour that a short utterance is spoken with, at most

_CLAUSE_ENDS: Final = frozenset(";:,—…!?.)”")


@dataclass(frozen=True, slots=True)
class Part:
    """Characters `[start, end)` of a chunk's text are (a part of) sentence number `sentence`."""

    sentence: int
    start: int
    end: int
    spoken_start: int = 0  # where that part begins in the sentence's spoken text


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one utterance, in one voice.

    A chunk that would have to be truncated cannot be built. `before` and `after` are phonemes that a short
    chunk may be spoken between, and that are cut away again.

    Raises:
        ChunkTooLong: it has more than 510 phonemes, those around it included.
    """

    text: str  # what is said, in letters
    phonemes: str  # the same in Kokoro's vocabulary; 1 to 510 symbols
    voice: str
    speed: float
    language: str  # BCP 47, of the voice
    pause: Pause  # the silence after it
    parts: tuple[Part, ...] = ()
    words: tuple[PronouncedWord, ...] = ()
    before: str = ""
    after: str = ""

    @property
    def utterance(self) -> str:
        """All that is spoken for it; `phonemes` are heard of it."""
        return " ".join(filter(None, (self.before, self.phonemes, self.after)))

    @property
    def heard_from(self) -> int:
        """The index of `phonemes` in `utterance`."""
        return len(self.before) + 1 if self.before else 0

    def __post_init__(self) -> None:
        assert self.phonemes, f"a chunk without phonemes: {self.text!r}"
        assert not unknown_symbols(self.utterance), f"unknown symbols in {self.utterance!r}"
        if len(self.utterance) > MAX_PHONEMES:
            raise ChunkTooLong(
                f"a chunk of {len(self.utterance)} phonemes ({self.text[:60]!r}…) is over {MAX_PHONEMES}",
                "Split the text; chunks are never truncated",
            )


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence ready to be packed: how it is said, which one it is, and whether a new passage begins."""

    sentence: int
    passage: int
    pronounced: Pronounced
    pause: Pause


def pack(
    lines: Iterable[Line],
    voice: str,
    speed: float,
    language: str,
    target: int = TARGET_PHONEMES,
    ceiling: int = CEILING_PHONEMES,
) -> Iterator[Chunk]:
    """Pack whole sentences of one passage into chunks of about `target` phonemes.

    A sentence of more than `ceiling` phonemes is split after a clause, else between words. Sentences of
    different passages (paragraphs, headings) never share a chunk: the pause between them is exact. A very
    short sentence joins its neighbour of the same passage; a passage that is very short as a whole is spoken
    before the words that follow it, or after those that precede it, which are then cut away.

    Raises:
        ChunkTooLong: a single word has more than 510 phonemes.
    """
    yield from _in_context(_packed(lines, voice, speed, language, target, ceiling))


def _in_context(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Give each short chunk words that follow it; where too few do, those before it as well."""
    waiting: deque[Chunk] = deque()  # short ones that wait for what follows them
    said_before = ""
    for chunk in chunks:
        waiting.append(chunk)
        while len(waiting) > 1 and (
            len(waiting[0].phonemes) >= SHORT_PHONEMES
            or sum(len(one.phonemes) for one in islice(waiting, 1, None)) >= SHORT_PHONEMES
        ):
            first = waiting.popleft()
            yield _with_context(first, waiting, said_before)
            said_before = _closing(f"{said_before} {first.phonemes}".strip())
    while waiting:
        first = waiting.popleft()
        yield _with_context(first, waiting, said_before)
        said_before = _closing(f"{said_before} {first.phonemes}".strip())


def _with_context(chunk: Chunk, following: Iterable[Chunk], said_before: str) -> Chunk:
    if len(chunk.phonemes) >= SHORT_PHONEMES:
        return chunk
    after = _opening(" ".join(one.phonemes for one in following))
    enough = len(chunk.phonemes) + len(after) >= SHORT_PHONEMES
    return replace(chunk, after=after, before="" if enough else said_before)


def _opening(phonemes: str) -> str:
    """The first words, whole."""
    if len(phonemes) <= CONTEXT_PHONEMES:
        return phonemes
    return phonemes[: max(0, phonemes.rfind(" ", 0, CONTEXT_PHONEMES + 1))]


def _closing(phonemes: str) -> str:
    """The last words, whole."""
    if len(phonemes) <= CONTEXT_PHONEMES:
        return phonemes
    place = phonemes.find(" ", len(phonemes) - CONTEXT_PHONEMES - 1)
    return phonemes[place + 1 :] if place >= 0 else ""


def _packed(
    lines: Iterable[Line], voice: str, speed: float, language: str, target: int, ceiling: int
) -> Iterator[Chunk]:
    held: list[_Piece] = []
    for line in lines:
        for piece in _split(line, ceiling):
            if held and not _joins(held, piece, target, ceiling):
                yield _chunk(held, voice, speed, language)
                held = []
            held.append(piece)
    if held:
        yield _chunk(held, voice, speed, language)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence or a part of one."""

    line: Line
    pronounced: Pronounced
    spoken_start: int
    pause: Pause


def _joins(held: Sequence[_Piece], piece: _Piece, target: int, ceiling: int) -> bool:
    last = held[-1]
    if last.line.passage != piece.line.passage or last.pause is not Pause.SENTENCE:
        return False
    so_far = sum(len(one.pronounced.phonemes) + 1 for one in held)
    more = len(piece.pronounced.phonemes)
    return so_far + more <= (ceiling if min(so_far - 1, more) < SHORT_PHONEMES else target)


def _chunk(pieces: Sequence[_Piece], voice: str, speed: float, language: str) -> Chunk:
    text, phonemes = "", ""
    parts: list[Part] = []
    words: list[PronouncedWord] = []
    for piece in pieces:
        if text:
            text, phonemes = text + " ", phonemes + " "
        said = piece.pronounced
        parts.append(Part(piece.line.sentence, len(text), len(text) + len(said.text), piece.spoken_start))
        words += [word.moved(len(text), len(phonemes)) for word in said.words]
        text, phonemes = text + said.text, phonemes + said.phonemes
    return Chunk(text, phonemes, voice, speed, language, pieces[-1].pause, tuple(parts), tuple(words))


def _split(line: Line, ceiling: int) -> Iterator[_Piece]:
    """Cut a sentence into pieces of at most `ceiling` phonemes, at the latest clause end that fits."""
    rest, start = line.pronounced, 0
    while len(rest.phonemes) > ceiling and len(rest.words) > 1:
        cut = _best_cut(rest, ceiling)
        if cut is None:
            break
        first, rest_after = rest.cut_before(cut)
        yield _Piece(line, first, start, Pause.CLAUSE)
        start += rest.words[cut].start
        rest = rest_after
    yield _Piece(line, rest, start, line.pause)


def _best_cut(said: Pronounced, ceiling: int) -> int | None:
    """The index of the word that a cut should come before; None if not even one word fits."""
    fitting = [
        i
        for i in range(1, len(said.words))
        if len(said.phonemes[: said.words[i].phoneme_start].rstrip()) <= ceiling
    ]
    if not fitting:
        return 1
    clause_ends = [
        i
        for i in fitting
        if said.phonemes[: said.words[i].phoneme_start].rstrip()[-1:] in _CLAUSE_ENDS
        and said.words[i].phoneme_start >= ceiling // 3
    ]
    return clause_ends[-1] if clause_ends else fitting[-1]
