"""What is foretold of a change is exactly what is done: the same segments, the same files, nothing else."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import tasks.bind
import tasks.finish
import tasks.prepare
from outputs.errors import CannotRerun
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.finished import finished_book
from outputs.store import SegmentStore
from synth.audio import AudioSegment
from synth.chunks import Chunk
from synth.draft import DraftSpeaker
from synth.lexicon import Entry, Lexicon
from tasks.bind import bind_book
from tasks.changes import Changes, changes_of
from tasks.finish import finish_track
from tasks.job import Order, Staying
from tasks.kept_plans import plan_path
from tasks.prepare import prepare_book
from tasks.speaking import SpeakingService

CHAPTERS = {
    "The Lamp": "The keeper lit the lamp. It burned all night.\n\nNobody saw the ships go by.",
    "The Tide": "The tide came in before dawn. Hermione counted the boats, and there were nine of them.",
    "The Gull": "A gull sat on the rail. It looked at the sea for a long time.",
    "The Letter": "The letter was short. Hermione read it twice, and put it into the stove.",
}
MOOSE = Lexicon((Entry("Hermione", respelling="her mine"),))


class Speaker(DraftSpeaker):
    """The draft voice, which remembers what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        for segment in super().speak(chunks):
            self.said.append(segment.key)
            yield segment


@dataclass(frozen=True)
class Desk:
    """A folder with a document, a library and all that is kept."""

    root: Path
    ffmpeg: Ffmpeg
    speaker: Speaker

    @property
    def document(self) -> Path:
        return self.root / "shore.md"

    @property
    def toml(self) -> Path:
        return self.root / "shore.toml"

    @property
    def order(self) -> Order:
        return Order(self.document, "draft", None, None, None, ("m4b", "mp3"), self.root / "library")

    @property
    def mp3s(self) -> Path:
        return self.root / "library" / "mp3" / "Unknown author" / "Shore (draft voice)"

    def write(self, chapters: dict[str, str]) -> None:
        """Write the document."""
        text = "".join(f"\n# {title}\n\n{words}\n" for title, words in chapters.items())
        self.document.write_text(f"---\ntitle: Shore\n---\n{text}", encoding="utf-8")

    def foretell(self, order: Order) -> Changes:
        """What the order would change."""
        store = SegmentStore(self.root / "segments")
        return changes_of(order, self.speaker, store, self.root / "parts", self.ffmpeg)

    def carry_out(self, order: Order) -> list[str]:
        """Do all steps of a book, and return the keys of what was spoken."""
        self.speaker.said.clear()
        with SpeakingService(self.speaker, SegmentStore(self.root / "segments")) as service:
            job = prepare_book.fn(order, service, self.root / "work")
            for shard in range(job.shards):
                service.speak(job.shard(shard))
            tracks = [
                finish_track.fn(job, chapter.number, service, self.root / "parts", self.ffmpeg)
                for chapter in job.chapters
            ]
            bind_book.fn(job, tracks, self.speaker, self.ffmpeg)
        return list(self.speaker.said)

    def limited(self, *changing: int) -> Order:
        """The order, for these chapters alone."""
        book = finished_book(self.mp3s)
        staying = {
            one.number: Staying(one.plan, plan_path(self.root / "parts", one.part, book.sha256))
            for one in book.chapters
            if one.number not in changing
        }
        return replace(self.order, changing=changing, staying=staying)

    def audio(self) -> dict[str, tuple[str, int]]:
        """Hash and time of each audio file in the library."""
        library = self.root / "library"
        return {
            str(path.relative_to(library)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
            )
            for path in library.rglob("*")
            if path.suffix in (".mp3", ".m4b", ".opus")
        }

    def everything(self) -> dict[str, tuple[int, int]]:
        """Size and time of each file and folder."""
        return {
            str(path): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in (self.root, *self.root.rglob("*"))
        }


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, speaker: Speaker) -> Desk:
    """A book of four chapters, done."""
    desk = Desk(tmp_path_factory.mktemp("published"), find_ffmpeg(), speaker)
    desk.write(CHAPTERS)
    with pytest.MonkeyPatch.context() as patch:
        quiet(patch)
        desk.carry_out(desk.order)
    return desk


@pytest.fixture
def desk(published: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A copy of it, times and all, at the same path as far as manifests know."""
    quiet(monkeypatch)
    copy = tmp_path / "desk"
    shutil.copytree(published.root, copy)
    for manifest in copy.rglob("book.json"):
        text = manifest.read_text(encoding="utf-8").replace(str(published.document), str(copy / "shore.md"))
        manifest.write_text(text, encoding="utf-8")
    return replace(published, root=copy)


def quiet(patch: pytest.MonkeyPatch) -> None:
    for module in (tasks.prepare, tasks.finish, tasks.bind):
        patch.setattr(module, "get_run_logger", lambda: logging.getLogger("changes"))


def nothing(desk: Desk) -> Order:
    return desk.order


def a_word(desk: Desk) -> Order:
    return replace(desk.order, standing_lexicon=MOOSE)


def a_voice(desk: Desk) -> Order:
    return replace(desk.order, voice="bm_george")


def one_chapters_speed(desk: Desk) -> Order:
    desk.toml.write_text('[[chapter]]\nname = "The Gull"\nspeed = 1.2\n')
    return desk.order


def a_pause(desk: Desk) -> Order:
    desk.toml.write_text("[pauses]\nparagraph = 1.5\n")
    return desk.order


def a_series(desk: Desk) -> Order:
    desk.toml.write_text('[book]\nseries = "Coasts"\npart = 2\n')
    return desk.order


def a_title(desk: Desk) -> Order:
    desk.toml.write_text('[[chapter]]\nname = "The Gull"\ntitle = "The Herring Gull"\n')
    return desk.order


def a_chapter_left_out(desk: Desk) -> Order:
    desk.toml.write_text('[[chapter]]\nname = "The Tide"\nspeak = false\n')
    return desk.order


def a_sentence(desk: Desk) -> Order:
    desk.write(CHAPTERS | {"The Gull": CHAPTERS["The Gull"].replace("A gull", "A white gull")})
    return desk.order


def another_format(desk: Desk) -> Order:
    return replace(desk.order, formats=("m4b", "mp3", "opus"))


def only_one_chapter(desk: Desk) -> Order:
    return replace(desk.limited(2), standing_lexicon=MOOSE)


# what changes, which chapters sound otherwise, which are spoken, whether the M4B is bound again
CASES: list[tuple[Callable[[Desk], Order], set[int], set[int], bool]] = [
    (nothing, set(), set(), False),
    (a_word, {2, 4}, {2, 4}, True),
    (a_voice, {1, 2, 3, 4}, {1, 2, 3, 4}, True),
    (one_chapters_speed, {3}, {3}, True),
    (a_pause, {1, 2, 3, 4}, set(), True),
    (a_series, set(), set(), True),
    (a_title, set(), set(), True),
    (a_chapter_left_out, set(), set(), True),
    (a_sentence, {3}, {3}, True),
    (another_format, set(), set(), False),
    (only_one_chapter, {2}, {2}, True),
]


@pytest.mark.parametrize(
    ("change", "otherwise", "spoken", "bound"), CASES, ids=lambda case: getattr(case, "__name__", "")
)
def test_what_is_foretold_is_what_is_done_and_no_more(
    desk: Desk,
    change: Callable[[Desk], Order],
    otherwise: set[int],
    spoken: set[int],
    bound: bool,
) -> None:
    order = change(desk)
    before, all_before = desk.audio(), desk.everything()
    told = desk.foretell(order)
    assert desk.everything() == all_before, "nothing is written, nothing counts as used"
    assert {one.number for one in told.chapters if one.sounds_otherwise} == otherwise
    assert {one.number for one in told.chapters if one.keys} == spoken
    assert {one.number for one in told.chapters if one.sentences} == spoken
    assert bool(told.bound) == bound

    said = desk.carry_out(order)
    after = desk.audio()
    assert sorted(said) == sorted(told.keys)
    assert {name for name in after if after[name] != before.get(name)} == told.files
    assert set(told.removed) == before.keys() - after.keys()
    assert all(one.stays for one in desk.foretell(order).chapters)


def test_the_sentences_are_those_that_have_the_word_and_are_spoken_with_it(desk: Desk) -> None:
    told = desk.foretell(a_word(desk))
    assert {one.number: one.sentences for one in told.chapters if one.sentences} == {
        2: (
            "The tide came in before dawn.",
            "Hermione counted the boats, and there were nine of them.",
        ),
        4: ("The letter was short.", "Hermione read it twice, and put it into the stove."),
    }
    assert told.spoken_s == pytest.approx(sum(one.spoken_s for one in told.chapters))
    assert 5 < told.spoken_s < told.mastered_s < 30


def test_a_series_only_changes_tags(desk: Desk) -> None:
    told = desk.foretell(a_series(desk))
    assert (told.keys, told.mastered_s) == (frozenset(), 0.0)
    assert all(one.files and not one.sounds_otherwise for one in told.chapters)


def test_what_is_no_longer_kept_is_told_apart_from_what_changes(desk: Desk) -> None:
    shutil.rmtree(desk.root / "segments")
    told = desk.foretell(a_word(desk))
    assert all(one.keys for one in told.chapters)
    assert [one.lost_s == one.spoken_s for one in told.chapters if not one.sentences] == [True, True]
    assert sorted(desk.carry_out(a_word(desk))) == sorted(told.keys)


def test_a_document_that_was_never_converted_is_all_new(desk: Desk) -> None:
    told = desk.foretell(replace(desk.order, library=desk.root / "other"))
    assert told.is_new
    assert len(told.files) == 5
    assert told.keys == frozenset(), "its sound is in the store, whatever it is called"


def test_chapters_that_stay_are_named_and_made_as_they_were(desk: Desk) -> None:
    told = desk.foretell(only_one_chapter(desk))
    assert told.warnings[-1] == "chapter 4 would change too, and stays as it is"
    desk.carry_out(only_one_chapter(desk))
    assert all(one.stays for one in desk.foretell(only_one_chapter(desk)).chapters)
    assert {one.number for one in desk.foretell(a_word(desk)).chapters if one.keys} == {4}


def test_a_chapter_that_cannot_stay_as_it_was_is_named(desk: Desk) -> None:
    limited = only_one_chapter(desk)
    a_chapter_left_out(desk)
    with pytest.raises(CannotRerun, match="no longer has a chapter 4"):
        desk.foretell(limited)
    desk.toml.unlink()
    desk.write(CHAPTERS | {"The Wreck": "It lay there for years, and nobody came."})
    with pytest.raises(CannotRerun, match="has a chapter 5 now that it had not"):
        desk.foretell(limited)
    desk.write(CHAPTERS)
    for plan in (desk.root / "parts").glob("*.plan.gz"):
        plan.unlink()
    with pytest.raises(CannotRerun, match="chapter 4 would change too, and what it was made from"):
        desk.foretell(limited)
    unchanged = desk.foretell(desk.limited(2))
    assert all(one.stays for one in unchanged.chapters), "what does not change needs no plan of its past"


def test_a_damaged_plan_is_as_good_as_none(desk: Desk) -> None:
    for plan in (desk.root / "parts").glob("*.plan.gz"):
        plan.write_bytes(plan.read_bytes()[:100])
    with pytest.raises(CannotRerun, match="no longer kept"):
        desk.foretell(only_one_chapter(desk))
