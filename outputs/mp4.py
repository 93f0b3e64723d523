"""An MP4 file's index into its chapter marks, in both forms that players read, and its audio's timing."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Layouts: ISO/IEC 14496-12 and Apple's QuickTime File Format ("chapter lists"); chpl is Nero's, and has no
# published specification: version, flags, 4 bytes (version 1), count, then start in 100 ns, length, title.
NERO_TICKS_PER_S: Final = 10_000_000
NERO_TITLE_BYTES: Final = 255  # its lengths are one byte
NERO_CHAPTERS: Final = 255  # and so is its count


@dataclass(frozen=True, slots=True)
class Marked:
    """A place in the audio that has a title."""

    start_s: float
    title: str


@dataclass(frozen=True, slots=True)
class Index:
    """What an MP4 file says about its chapters and its audio."""

    text_track: tuple[Marked, ...]  # QuickTime's form: a track of text that the audio track names
    nero: tuple[Marked, ...]  # Nero's form: the chpl atom
    audio_packets: int
    audio_ticks: int  # the audio's length by its time stamps
    audio_ticks_per_s: int


def read_index(path: Path) -> Index:
    """Read the index of an MP4 file.

    Raises:
        ValueError: it is not an MP4 file with an audio track, or its atoms do not fit together.
    """
    with path.open("rb") as file:
        try:
            start, end = next(span for kind, *span in _atoms_of_file(path) if kind == b"moov")
            file.seek(start)
            moov = file.read(end - start)
            tracks = [_Track.parse(body) for kind, body in _atoms(moov) if kind == b"trak"]
            audio = next(track for track in tracks if track.handler == b"soun")
            texts: list[Marked] = []
            for track in tracks:
                if track.number in audio.chapter_tracks:
                    for tick, offset, length in track.samples():
                        file.seek(offset)
                        texts.append(Marked(tick / track.ticks_per_s, _text_sample(file.read(length))))
            nero = _nero(moov)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError, StopIteration) as error:
            raise ValueError(f"{path}: its atoms do not fit together ({error!r})") from error
    return Index(
        text_track=tuple(texts),
        nero=nero,
        audio_packets=len(audio.sizes),
        audio_ticks=sum(count * ticks for count, ticks in audio.durations),
        audio_ticks_per_s=audio.ticks_per_s,
    )


def mend_cut_titles(path: Path) -> None:
    """Blank the halves of characters that ffmpeg leaves in chpl where it cuts a title after 255 bytes.

    Only the last bytes of such titles change. They would keep others from reading the file at all.
    """
    with path.open("r+b") as file:
        for kind, start, end in _atoms_of_file(path):
            if kind != b"moov":
                continue
            file.seek(start)
            moov = file.read(end - start)
            for at, length in _nero_titles(moov):
                title = moov[at : at + length]
                whole = title.decode(errors="ignore").encode()
                if whole != title:
                    file.seek(start + at)
                    file.write(whole.ljust(length))


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    handler: bytes
    ticks_per_s: int
    chapter_tracks: tuple[int, ...]
    durations: tuple[tuple[int, int], ...]  # so many samples of so many ticks
    sizes: tuple[int, ...]  # bytes of each sample
    samples_per_chunk: tuple[tuple[int, int], ...]  # from this chunk on (1 is the first), so many samples
    chunk_offsets: tuple[int, ...]  # in the file

    @staticmethod
    def parse(trak: bytes) -> _Track:
        header = _find(trak, b"tkhd")
        media = _find(trak, b"mdia")
        media_header = _find(media, b"mdhd")
        table = _find(_find(media, b"minf"), b"stbl")
        references = dict(_atoms(_find(trak, b"tref", b""))).get(b"chap", b"")
        wide = any(kind == b"co64" for kind, _ in _atoms(table))
        fixed_size, count = struct.unpack_from(">II", _find(table, b"stsz"), 4)
        return _Track(
            number=_number(header, ">I", 12, ">I", 20),
            handler=_find(media, b"hdlr")[8:12],
            ticks_per_s=_number(media_header, ">I", 12, ">I", 20),
            chapter_tracks=struct.unpack(f">{len(references) // 4}I", references),
            durations=tuple(struct.iter_unpack(">II", _entries(_find(table, b"stts"), 8))),
            sizes=(fixed_size,) * count
            if fixed_size
            else struct.unpack_from(f">{count}I", _find(table, b"stsz"), 12),
            samples_per_chunk=tuple(
                (first, per_chunk)
                for first, per_chunk, _ in struct.iter_unpack(">III", _entries(_find(table, b"stsc"), 12))
            ),
            chunk_offsets=tuple(
                offset
                for (offset,) in struct.iter_unpack(
                    ">Q" if wide else ">I",
                    _entries(_find(table, b"co64" if wide else b"stco"), 8 if wide else 4),
                )
            ),
        )

    def samples(self) -> Iterator[tuple[int, int, int]]:
        """Each sample's start in ticks, its place in the file and its length in bytes."""
        ticks = iter([ticks for count, ticks in self.durations for _ in range(count)])
        sizes = iter(self.sizes)
        per_chunk = dict(self.samples_per_chunk)
        in_this = 0
        start = 0
        for chunk, offset in enumerate(self.chunk_offsets, 1):
            in_this = per_chunk.get(chunk, in_this)
            at = offset
            for _ in range(in_this):
                length = next(sizes)
                yield start, at, length
                start += next(ticks)
                at += length


def _number(atom: bytes, narrow: str, narrow_at: int, wide: str, wide_at: int) -> int:
    """A field after two dates, which are 4 bytes each in version 0 and 8 in version 1."""
    (value,) = (
        struct.unpack_from(wide, atom, wide_at) if atom[0] else struct.unpack_from(narrow, atom, narrow_at)
    )
    return int(value)


def _entries(atom: bytes, entry_bytes: int) -> bytes:
    (count,) = struct.unpack_from(">I", atom, 4)
    entries = atom[8 : 8 + count * entry_bytes]
    if len(entries) != count * entry_bytes:
        raise IndexError(f"a table of {count} entries ends early")
    return entries


def _text_sample(sample: bytes) -> str:
    (length,) = struct.unpack_from(">H", sample)
    return sample[2 : 2 + length].decode()


def _nero(moov: bytes) -> tuple[Marked, ...]:
    return tuple(
        Marked(struct.unpack_from(">Q", moov, at - 9)[0] / NERO_TICKS_PER_S, moov[at : at + length].decode())
        for at, length in _nero_titles(moov)
    )


def _nero_titles(moov: bytes) -> Iterator[tuple[int, int]]:
    """Where in `moov` each title of the chpl atom stands, and its length in bytes."""
    for kind, start, end in _spans(moov, 0, len(moov)):
        if kind != b"udta":
            continue
        for inner, at, _ in _spans(moov, start, end):
            if inner != b"chpl":
                continue
            count_at = at + (8 if moov[at] else 4)
            cursor = count_at + 1
            for _ in range(moov[count_at]):
                length = moov[cursor + 8]
                yield cursor + 9, length
                cursor += 9 + length


def _find(data: bytes, wanted: bytes, missing: bytes | None = None) -> bytes:
    for kind, body in _atoms(data):
        if kind == wanted:
            return body
    if missing is None:
        raise KeyError(wanted.decode())
    return missing


def _atoms(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, start, end in _spans(data, 0, len(data)):
        yield kind, data[start:end]


def _spans(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The atoms within `data[start:end]`: kind, and where the body starts and ends."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if not 8 <= size <= end - start:
            raise IndexError(f"an atom {kind!r} of {size} bytes")
        yield kind, start + 8, start + size
        start += size


def _atoms_of_file(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """The outermost atoms of a file, without reading their bodies; sizes may be of 64 bits."""
    with path.open("rb") as file:
        end = path.stat().st_size
        start = 0
        while start + 8 <= end:
            file.seek(start)
            header = file.read(16)
            size, kind = struct.unpack_from(">I4s", header)
            body = 8
            if size == 1:
                (size,) = struct.unpack_from(">Q", header, 8)
                body = 16
            elif size == 0:
                size = end - start
            if not body <= size <= end - start:
                raise IndexError(f"an atom {kind!r} of {size} bytes")
            yield kind, start + body, start + size
            start += size
