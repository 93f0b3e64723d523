"""What is foretold of a book's folders is what publishing makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inputs.book import Book
from outputs.encode import CODECS, FORMATS
from outputs.ffmpeg import Ffmpeg
from outputs.finish import part_digest
from outputs.foresight import PlannedTrack, foresee, parts_are_there
from outputs.manifest import Narration, Track, read_manifest
from outputs.publish import publish


@pytest.fixture
def tracks(tracks: list[Track], ffmpeg: Ffmpeg) -> list[Track]:
    """With parts that are called as `finish_chapter` would call them."""
    return [
        replace(
            track,
            parts=tuple(
                replace(part, digest=part_digest(track.plan, CODECS[part.codec], ffmpeg))
                for part in track.parts
            ),
        )
        for track in tracks
    ]


def planned(tracks: list[Track]) -> list[PlannedTrack]:
    return [PlannedTrack(track.number, track.title, track.parents, track.plan) for track in tracks]


@pytest.mark.parametrize("label", [None, "draft voice"])
@pytest.mark.parametrize("with_cover", [True, False])
def test_folders_names_and_digests_are_foretold(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    label: str | None,
    with_cover: bool,
) -> None:
    book = book if with_cover else replace(book, cover=None)
    formats = [FORMATS["m4b"], FORMATS["mp3"]]
    foreseen = foresee(book, narration, planned(tracks), formats, tmp_path, ffmpeg, label)
    assert not list(tmp_path.iterdir()), "nothing is written"
    published = publish(book, narration, tracks, formats, tmp_path, ffmpeg, label)
    for told, made in zip(foreseen, published, strict=True):
        assert (told.format, told.folder) == (made.format, made.folder)
        assert [told.folder / name for name in dict.fromkeys(told.files)] == list(made.audio)
        manifest = read_manifest(made.folder)
        assert manifest is not None
        assert told.digests == {path.name: manifest.files[path.name].digest for path in made.audio}
        assert told.parts == tuple(track.part(FORMATS[told.format].codec.name).digest for track in tracks)
    assert foresee(book, narration, planned(tracks), formats, tmp_path, ffmpeg, label) == foreseen


def test_a_book_in_volumes_is_foretold_as_it_is_divided_now(
    book: Book,
    narration: Narration,
    tracks: list[Track],
    ffmpeg: Ffmpeg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("outputs.volumes.MOST_CHAPTERS", 2)
    narration = replace(narration, settings={"engine": "kokoro"})
    (published,) = publish(book, narration, tracks, [FORMATS["m4b"]], tmp_path, ffmpeg, in_volumes=True)
    assert len(published.audio) == 2
    (told,) = foresee(book, narration, planned(tracks), [FORMATS["m4b"]], tmp_path, ffmpeg, in_volumes=True)
    manifest = read_manifest(published.folder)
    assert manifest is not None
    assert told.digests == {path.name: manifest.files[path.name].digest for path in published.audio}
    assert told.files == (published.audio[0].name,) * 2 + (published.audio[1].name,)


def test_another_title_is_seen_in_the_files_and_not_in_the_parts(
    book: Book, narration: Narration, tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    before, after = (
        foresee(one, narration, planned(tracks), [FORMATS["mp3"]], tmp_path, ffmpeg)[0]
        for one in (book, replace(book, title="Alice"))
    )
    assert before.parts == after.parts
    assert not set(before.digests.values()) & set(after.digests.values())
    assert before.folder != after.folder


def test_parts_are_found_by_what_they_would_be_named(
    tracks: list[Track], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    plan, codecs = tracks[0].plan, [FORMATS["mp3"].codec, FORMATS["m4b"].codec]
    (tmp_path / f"{tracks[0].part('mp3').digest}.mp3").touch()
    assert parts_are_there(plan, codecs[:1], tmp_path, ffmpeg)
    assert not parts_are_there(plan, codecs, tmp_path, ffmpeg)
    assert not parts_are_there(replace(plan, tail_samples=1), codecs[:1], tmp_path, ffmpeg)
