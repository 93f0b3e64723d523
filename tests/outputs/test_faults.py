"""What goes wrong between sound and library: a clear error or a right file, never a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import mutagen
import numpy as np
import pytest

import outputs.finish
import outputs.publish
from inputs.book import Block, BlockKind, Book, Chapter, PdfPlace
from outputs.encode import CODECS, FORMATS, Codec, formats_named
from outputs.errors import EncoderFailed
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part, finish_chapter
from outputs.listen import listen
from outputs.manifest import Narration, Track
from outputs.mp4 import read_index
from outputs.plan import ChapterPlan, Utterance
from outputs.publish import publish
from outputs.store import SegmentStore
from synth.audio import AudioSegment, Samples

HOSTILE = [
    "../../etc/passwd",
    "AC/DC: back\\in\\black?",
    "🧜‍♀️ The 🦊 and the 👩‍👩‍👧‍👦",
    "x" * 300,
    "‏أليس في بلاد العجائب‎",
    "Глава 1. Кролик " * 30,
    "CON",
    "...",
    "a\nb\tc\0d",
]


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    store = SegmentStore(tmp_path / "store")
    rng = np.random.default_rng(3)
    for n in range(4):
        sound = 0.1 * rng.standard_normal(20_000) * (np.sin(np.arange(20_000) / 900) + 1)
        store.put(AudioSegment(f"{n:064x}", sound.astype(np.float32)))
    return store


def plan_of(*segments: int) -> ChapterPlan:
    return ChapterPlan(tuple(Utterance(f"{n:064x}", 4000) for n in segments), 18_000, 24_000)


@pytest.fixture
def narrated(store: SegmentStore, tmp_path: Path, ffmpeg: Ffmpeg) -> Callable[..., list[Track]]:
    """Finish chapters of these plans in these formats."""

    def of(book: Book, plans: Sequence[ChapterPlan], names: Sequence[str]) -> list[Track]:
        codecs = [wanted.codec for wanted in formats_named(names)]
        return [
            Track(
                number,
                chapter.title,
                chapter.parents,
                plan,
                finish_chapter(plan, codecs, store, tmp_path / "parts", ffmpeg),
                "af_heart",
                1.0,
            )
            for number, (chapter, plan) in enumerate(zip(book.chapters, plans, strict=True), 1)
        ]

    return of


def chapters_called(titles: Sequence[str]) -> tuple[Chapter, ...]:
    block = Block(BlockKind.PARAGRAPH, "Alice was beginning to get very tired.", PdfPlace(1))
    return tuple(Chapter(title, (block,)) for title in titles)


def test_an_encoder_without_the_codec_is_named_with_how_to_get_one(
    store: SegmentStore, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    unknown = Codec("mp3", ".mp3", (("c:a", "libnone"), ("f", "mp3")))
    with pytest.raises(EncoderFailed, match="Unknown encoder 'libnone'") as caught:
        finish_chapter(plan_of(0), [unknown], store, tmp_path / "parts", ffmpeg)
    assert "imageio-ffmpeg" in caught.value.hint
    assert list((tmp_path / "parts").iterdir()) == []


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_an_encoder_that_is_killed_leaves_no_part_and_the_next_run_makes_it(
    store: SegmentStore, fake_ffmpeg: Callable[..., Ffmpeg], ffmpeg: Ffmpeg, tmp_path: Path, signal: str
) -> None:
    dying = fake_ffmpeg(
        '[[ "$*" == *pipe:0* ]] || exec "$real" "$@"\n'
        f'head -c 20000 | "$real" "$@"; kill -{signal} $$; sleep 9'
    )
    parts = tmp_path / "parts"
    with pytest.raises(EncoderFailed, match=r"early|killed"):
        finish_chapter(plan_of(0, 1), [CODECS["mp3"]], store, parts, dying)
    assert list(parts.iterdir()) == []
    (part,) = finish_chapter(plan_of(0, 1), [CODECS["mp3"]], store, parts, ffmpeg)
    assert listen(part.path, 0, ffmpeg).samples == part.samples


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_any_title_becomes_files_of_its_own_folder_that_say_it(
    book: Book,
    narration: Narration,
    narrated: Callable[..., list[Track]],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    title: str,
) -> None:
    odd = replace(book, title=title, authors=(), chapters=chapters_called([title, "Two"]))
    tracks = narrated(odd, [plan_of(0), plan_of(1)], ["m4b", "mp3"])
    library = tmp_path / "library"
    m4b, mp3 = publish(odd, narration, tracks, formats_named(["m4b", "mp3"]), library, ffmpeg)
    for one in (m4b, mp3):
        assert one.folder.parent == library / one.format / "Unknown author"
        assert all(len(path.name.encode()) <= 255 for path in one.folder.iterdir())
    seen = " ".join(title.replace("\0", " ").split())
    plain = [mark.title for mark in read_index(m4b.audio[0]).text_track]
    assert plain[0] in (seen, f"1. {seen}"), "where the book is called the same, the number is before it"
    assert mutagen.File(mp3.audio[0], easy=True)["title"][0] in (seen, f"1. {seen}")
    assert mutagen.File(mp3.audio[0], easy=True)["artist"] == ["Unknown author"]


def test_312_chapters_are_bound_in_one_file_and_in_two_volumes(
    book: Book, narration: Narration, narrated: Callable[..., list[Track]], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    many = replace(book, chapters=chapters_called([f"Chapter {n}" for n in range(1, 313)]))
    tracks = narrated(many, [plan_of(n % 2) for n in range(312)], ["m4b"])
    (whole,) = publish(many, narration, tracks, formats_named(["m4b"]), tmp_path / "a", ffmpeg)
    index = read_index(whole.audio[0])
    assert [mark.title for mark in index.text_track] == [f"Chapter {n}" for n in range(1, 313)]
    assert index.nero == (), "the list that Android's players prefer cannot hold them, so it is left out"
    (split,) = publish(
        many, narration, tracks, formats_named(["m4b"]), tmp_path / "b", ffmpeg, in_volumes=True
    )
    listed = [mark.title for path in split.audio for mark in read_index(path).nero]
    assert listed == [f"Chapter {n}" for n in range(1, 313)]


def test_one_changed_chapter_is_encoded_and_the_book_bound_and_nothing_else(
    book: Book,
    narration: Narration,
    narrated: Callable[..., list[Track]],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[int] = []
    bound: list[int] = []
    real_encode, real_bind = outputs.finish.encode, outputs.publish.bind

    def encode(blocks: Iterator[Samples], files: Mapping[Codec, Path], ffmpeg: Ffmpeg) -> int:
        encoded.append(len(files))
        return real_encode(blocks, files, ffmpeg)

    def bind(parts: Sequence[Part], titles: Sequence[str], path: Path, ffmpeg: Ffmpeg) -> None:
        bound.append(len(parts))
        real_bind(parts, titles, path, ffmpeg)

    monkeypatch.setattr(outputs.finish, "encode", encode)
    monkeypatch.setattr(outputs.publish, "bind", bind)
    m4b = formats_named(["m4b"])
    plans = [plan_of(0), plan_of(1), plan_of(2)]
    (first,) = publish(book, narration, narrated(book, plans, ["m4b"]), m4b, tmp_path / "lib", ffmpeg)
    before = first.audio[0].read_bytes()
    assert (encoded, bound) == ([1, 1, 1], [3])
    publish(book, narration, narrated(book, plans, ["m4b"]), m4b, tmp_path / "lib", ffmpeg)
    assert (encoded, bound) == ([1, 1, 1], [3]), "nothing has changed"
    plans[1] = plan_of(1, 3)
    publish(book, narration, narrated(book, plans, ["m4b"]), m4b, tmp_path / "lib", ffmpeg)
    assert (encoded, bound) == ([1, 1, 1, 1], [3, 3])
    plans[1] = plan_of(1)
    publish(book, narration, narrated(book, plans, ["m4b"]), m4b, tmp_path / "lib", ffmpeg)
    assert encoded == [1, 1, 1, 1], "the old part is still there"
    assert first.audio[0].read_bytes() == before


def test_no_format_is_made_by_a_codec_that_is_not_there() -> None:
    assert {one.codec.name for one in FORMATS.values()} <= set(CODECS)
