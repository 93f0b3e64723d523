"""Encoded chapters into one M4B with chapter marks, joined packet by packet without encoding again.

Each ADTS part begins with one packet that only primes the decoder. Without it a part is exactly as many
samples as its chapter, so chapters stay in step however many are joined; joining whole files would put each
chapter 1,024 to 2,048 samples later than the marks say.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import ffmpeg as command_line

from outputs.errors import NotAsPlanned
from outputs.ffmpeg import BUILT_TO_BE_EXACT, Ffmpeg, feed, output_of
from outputs.files import named_disk_errors
from outputs.finish import Part
from outputs.listen import decoded
from outputs.mp4 import NERO_CHAPTERS, NERO_TITLE_BYTES, Marked, mend_cut_titles, read_index
from outputs.plan import FRAME_SAMPLES
from synth.audio import SAMPLE_RATE_HZ

BIND_VERSION: Final = 1  # raise it when the same parts would give another file
READ_BYTES: Final = 1 << 20
FEED_BYTES: Final = 1 << 16
QUEUE_PACKETS: Final = "8192"  # with ffmpeg 5.1 and its default of 8, a 10 h book takes over 10 min, not 4 s
BEGINNING_SAMPLES: Final = 60 * SAMPLE_RATE_HZ
MARK_TOLERANCE_S: Final = FRAME_SAMPLES / SAMPLE_RATE_HZ


def bind(parts: Sequence[Part], titles: Sequence[str], path: Path, ffmpeg: Ffmpeg) -> None:
    """Join the parts of a book, in order, into one MP4 file with a mark at the start of each.

    titles: one for each part, not empty. The file has no tags yet.

    Raises:
        EncoderFailed: ffmpeg did not join them.
        DiskFull: there was no room for the file.
        NotAsPlanned: a part is not the number of packets that its chapter has.
    """
    assert len(parts) == len(titles), f"{len(parts)} parts and {len(titles)} titles"
    assert all(titles), "a chapter without a title has no mark"
    with (
        named_disk_errors(path),
        tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".ffmeta") as marks,
    ):
        marks.write(_ffmetadata(parts, titles))
        marks.flush()
        feed(ffmpeg, _command(Path(marks.name), len(parts), path), _in_pieces(_joined(parts)), path)
        mend_cut_titles(path)


def check_bound(path: Path, parts: Sequence[Part], titles: Sequence[str], ffmpeg: Ffmpeg) -> None:
    """Prove that a bound book plays as planned, from the finished and tagged file alone.

    Its packets are those of the parts, each lasting 1,024 samples, so no chapter can have moved. Each was
    decoded when its part was made; what is left to decode is the beginning, by what the file itself says of
    its sound. Its marks, in both forms, stand where the chapters begin.

    Raises:
        NotAsPlanned: one of these does not hold.
        EncoderFailed: the file does not decode.
    """
    samples = sum(part.samples for part in parts)
    try:
        index = read_index(path)
    except ValueError as error:
        raise _not_as_planned(path, str(error)) from error
    timing = (index.audio_packets, index.audio_ticks * SAMPLE_RATE_HZ)
    if timing != (samples // FRAME_SAMPLES, samples * index.audio_ticks_per_s):
        raise _not_as_planned(path, f"its {index.audio_packets} packets do not last {samples} samples")
    copied = output_of(ffmpeg, _copying(path), path)
    if _payload_digest(_packets(copied, path)) != _payload_digest(_joined(parts)):
        raise _not_as_planned(path, "its packets are not those of the chapters")
    beginning = min(samples, BEGINNING_SAMPLES)
    heard = sum(len(block) for block in decoded(path, ffmpeg, beginning))
    if heard != beginning:
        raise _not_as_planned(path, f"its first {beginning} samples decode to {heard}")
    starts_s = [start / SAMPLE_RATE_HZ for start in _starts(parts)]
    planned = [Marked(start_s, title) for start_s, title in zip(starts_s, titles, strict=True)]
    _compare_marks(path, "text track", index.text_track, planned)
    if len(parts) <= NERO_CHAPTERS:
        cut = [Marked(mark.start_s, _cut(mark.title)) for mark in planned]
        _compare_marks(path, "chapter list", index.nero, cut)
    elif index.nero:
        raise _not_as_planned(path, f"it has a chapter list, which cannot hold {len(parts)} chapters")


def _command(marks: Path, chapters: int, path: Path) -> object:
    sound = command_line.input("pipe:0", f="aac", thread_queue_size=QUEUE_PACKETS)
    book = command_line.input(f"file:{marks}", f="ffmetadata")
    options = BUILT_TO_BE_EXACT | {
        "map_metadata": "1",  # without it the marks lose their titles
        "map_chapters": "1",
        "c": "copy",
        # ADTS counts in 1/28224000 s, which overflows the text track; ffmpeg 9.0 then leaves it out without a
        # word. Newer versions convert time stamps to the time base that is set, 7.0.2 and older do not: so
        # they are set after it, by a filter of its own.
        "bsf:a": f"setts=time_base=1/{SAMPLE_RATE_HZ},"
        f"setts=pts=N*{FRAME_SAMPLES}:dts=N*{FRAME_SAMPLES}:duration={FRAME_SAMPLES}",
        "movflags": "+faststart" if chapters <= NERO_CHAPTERS else "+faststart+disable_chpl",
        "f": "ipod",
    }
    # "a?": ffmpeg-python maps each input, and the marks have no stream at all
    return command_line.output(sound["a"], book["a?"], f"file:{path}", **options)


def _copying(path: Path) -> object:
    sound = command_line.input(f"file:{path}")["a:0"]
    return command_line.output(sound, "pipe:1", c="copy", f="adts")


def _ffmetadata(parts: Sequence[Part], titles: Sequence[str]) -> str:
    lines = [";FFMETADATA1"]
    for start, part, title in zip(_starts(parts), parts, titles, strict=True):
        lines += [
            "[CHAPTER]",
            f"TIMEBASE=1/{SAMPLE_RATE_HZ}",
            f"START={start}",
            f"END={start + part.samples}",
        ]
        lines.append(f"title={_escaped(title)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text as ffmetadata has it: what means something there, and the end of a line, follows a backslash."""
    return "".join(f"\\{char}" if char in "=;#\\\n" else char for char in text)


def _starts(parts: Sequence[Part]) -> list[int]:
    """The sample that each chapter starts with."""
    return list(accumulate((part.samples for part in parts[:-1]), initial=0))


def _joined(parts: Sequence[Part]) -> Iterator[bytes]:
    """The packets of all parts without the first one of each."""
    for part in parts:
        planned = part.samples // FRAME_SAMPLES
        with part.path.open("rb") as file:
            packets = -1
            for packet in _packets(iter(lambda: file.read(READ_BYTES), b""), part.path):
                packets += 1
                if packets:
                    yield packet
        if packets != planned:
            raise _not_as_planned(part.path, f"it has {packets} packets after the first, not {planned}")


def _packets(pieces: Iterable[bytes], path: Path) -> Iterator[bytes]:
    """Split an ADTS stream into its packets, headers included (ISO/IEC 14496-3, 1.A.2.2)."""
    data = b""
    at = 0
    for piece in pieces:
        data = data[at:] + piece
        at = 0
        while at + 7 <= len(data):
            if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
                raise _not_as_planned(path, "it is not ADTS all through")
            length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
            if length < 7 or data[at + 6] & 3:
                raise _not_as_planned(path, "it is not one AAC frame to a packet")
            if at + length > len(data):
                break
            yield data[at : at + length]
            at += length
    if at != len(data):
        raise _not_as_planned(path, "its last packet is not whole")


def _payload_digest(packets: Iterable[bytes]) -> bytes:
    """What the packets carry; their headers are written anew with each copy."""
    digest = hashlib.sha256()
    for packet in packets:
        header_bytes = 7 if packet[1] & 1 else 9
        digest.update(len(packet).to_bytes(2))
        digest.update(memoryview(packet)[header_bytes:])
    return digest.digest()


def _in_pieces(packets: Iterable[bytes]) -> Iterator[bytes]:
    """The packets in pieces of a pipe's size; each is 40 times smaller."""
    piece = bytearray()
    for packet in packets:
        piece += packet
        if len(piece) >= FEED_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _cut(title: str) -> str:
    """A title as it stands in the chapter list: 255 bytes, a broken character at the end blanked."""
    data = title.encode()
    if len(data) <= NERO_TITLE_BYTES:
        return title
    return data[:NERO_TITLE_BYTES].decode(errors="ignore").encode().ljust(NERO_TITLE_BYTES).decode()


def _compare_marks(path: Path, form: str, found: Sequence[Marked], planned: Sequence[Marked]) -> None:
    if len(found) != len(planned):
        raise _not_as_planned(path, f"its {form} has {len(found)} chapters, not {len(planned)}")
    for number, (mark, plan) in enumerate(zip(found, planned, strict=True), 1):
        if mark.title != plan.title:
            raise _not_as_planned(
                path, f"its {form} calls chapter {number} {mark.title!r}, not {plan.title!r}"
            )
        if abs(mark.start_s - plan.start_s) > MARK_TOLERANCE_S:
            raise _not_as_planned(
                path, f"its {form} has chapter {number} at {mark.start_s:.3f} s, not {plan.start_s:.3f} s"
            )


def _not_as_planned(path: Path, what: str) -> NotAsPlanned:
    return NotAsPlanned(f"{path}: {what}", "Run again; if it stays so, try another ffmpeg")
