"""The shelf of an inbox, worked through with a stand-in for the narrator: each document where it must be."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import inbox as inbox_flow
from flows import inbox_round
from flows.documents import Outcome, Watching
from flows.errors import CannotStart
from flows.inbox import attend, inbox_at
from flows.inbox_round import Became, Handled
from flows.lanes import AT_ONCE
from flows.narrate import NarrationOptions
from flows.news import hooks_of
from flows.report import Narrated, NarratedChapter
from flows.settings import Settings
from flows.speakers import Engine
from inputs.errors import NoTextLayer, PasswordNeeded
from outputs.errors import DiskFull, EncoderFailed
from tasks import claims, hooks
from tasks.attempts import Attempts
from tasks.errors import InboxUnusable
from tasks.failures import Fault, failure_of
from tasks.inbox import NOTE_SUFFIX, REASON_SUFFIX, Inbox
from tasks.progress import Planned

DRAFT = NarrationOptions(engine=Engine.DRAFT)


class Narrator:
    """Stands in for the flow: a document's text says what becomes of it."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.spoken: list[str] = []
        self.kept_at: list[str | None] = []
        self.meanwhile: Callable[[str], None] = lambda _: None

    def __call__(
        self, document: str, options: NarrationOptions, watching: Watching, kept_at: str | None
    ) -> Outcome:
        path = Path(document)
        text = path.read_text()
        name = path.name
        self.spoken.append(name)
        self.kept_at.append(kept_at)
        self.meanwhile(name)
        with watching(document) as listener:
            listener(Planned(name, 1, 100, 100))
        problems = {
            "scan": NoTextLayer(path, "its pages are pictures", "Use --ocr"),
            "locked": PasswordNeeded(path, "it is locked", "Unlock it"),
            "fault": ZeroDivisionError("division by zero"),
            "killed encoder": EncoderFailed("ffmpeg was killed", "Run again"),
            "full": DiskFull("no room left", "Free some space"),
            "server away": httpx.ConnectError("connection refused"),
        }
        if text in problems:
            return Outcome(document, None, failure_of(problems[text]))
        folder = self.library / "m4b" / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        audio = folder / f"{path.stem}.m4b"
        audio.write_text(text)
        written = {audio.name: {"sha256": hashlib.sha256(audio.read_bytes()).hexdigest(), "digest": ""}}
        facts = {"source": {"path": kept_at, "sha256": text}, "files": written}
        (folder / "book.json").write_text(json.dumps(facts))
        chapter = NarratedChapter(1, "One", 1.0, (), -19.0, -3.5)
        made = Narrated(
            document, str(folder), (chapter,), str(audio), 1.0, 1.0, 1.0, "draft", "af_heart", 1, 0, ()
        )
        return Outcome(document, made, None)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environment = {
        "BINDERY_HOME": str(tmp_path / "home"),
        "BINDERY_LIBRARY": str(tmp_path / "library"),
        "BINDERY_INBOX_SETTLE": "0s",
        "BINDERY_LEAST_FREE": "none",
    }
    return Settings.read(environment)


@pytest.fixture
def narrator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Narrator]:
    narrator = Narrator(settings.library)
    monkeypatch.setattr(inbox_round, "narrate_one", narrator)
    monkeypatch.setattr(inbox_flow, "check_ready", lambda *_: None)
    monkeypatch.setattr(hooks, "emit_event", lambda *_, **__: None)  # it would start a server to tell
    return narrator


@pytest.fixture
def work(inbox: Inbox, settings: Settings, narrator: Narrator) -> Callable[..., dict[str, Handled]]:
    """Work through the inbox once."""

    def once(**changed: object) -> dict[str, Handled]:
        now = replace(settings, **changed)  # type: ignore[arg-type]
        return {str(one.name): one for one in attend(inbox, Attempts(inbox.attempts), DRAFT, now)}

    return once


def put(inbox: Inbox, documents: dict[str, str]) -> None:
    for name, text in documents.items():
        (inbox.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox.folder / name).write_text(text)


def here(inbox: Inbox) -> set[str]:
    files = (path.relative_to(inbox.folder) for path in inbox.folder.rglob("*") if path.is_file())
    return {str(path) for path in files if not any(part.startswith(".") for part in path.parts)}


def test_a_shelf_lands_where_it_must_each_with_its_reason(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    good = {f"good {number}.txt": f"text {number}" for number in range(5)}
    put(inbox, good | {"poems/sea.txt": "sea", "poems/copy of sea.txt": "sea"})
    put(inbox, {"bad/scan.pdf": "scan", "locked.pdf": "locked", "fault.epub": "fault"})
    handled = work()
    assert {name for name, one in handled.items() if one.became is Became.FAILED} == {
        "bad/scan.pdf",
        "locked.pdf",
        "fault.epub",
    }
    sea = {handled["poems/sea.txt"].became, handled["poems/copy of sea.txt"].became}
    assert sea == {Became.DONE, Became.KNOWN}
    assert sum(one.became is Became.DONE for one in handled.values()) == 6
    (known,) = (one for one in handled.values() if one.became is Became.KNOWN)
    assert here(inbox) == {
        *(f"done/{name}" for name in good),
        "done/poems/sea.txt",
        "done/poems/copy of sea.txt",
        f"done/{known.name}{NOTE_SUFFIX}",
        "failed/bad/scan.pdf",
        f"failed/bad/scan.pdf{REASON_SUFFIX}",
        "failed/locked.pdf",
        f"failed/locked.pdf{REASON_SUFFIX}",
        "failed/fault.epub",
        f"failed/fault.epub{REASON_SUFFIX}",
    }
    reason = (inbox.failed / f"bad/scan.pdf{REASON_SUFFIX}").read_text()
    for words in ("scan.pdf was not turned", "its pages are pictures", "Use --ocr", "no-text"):
        assert words in reason
    assert known.folders[0] in (inbox.done / f"{known.name}{NOTE_SUFFIX}").read_text()
    assert str(inbox.done / "poems/sea.txt") in narrator.kept_at or known.name == Path("poems/sea.txt")
    assert list(inbox.attempts.glob("*")) == []


def test_the_same_content_is_not_spoken_again_unless_it_is_to_sound_otherwise_or_the_book_is_gone(
    inbox: Inbox, settings: Settings, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words"})
    assert work()["a.txt"].became is Became.DONE
    put(inbox, {"again/b.txt": "words"})
    assert work()["again/b.txt"].became is Became.KNOWN
    put(inbox, {"c.txt": "words"})
    other = NarrationOptions(engine=Engine.DRAFT, voice="bm_george")
    (one,) = attend(inbox, Attempts(inbox.attempts), other, settings)
    assert one.became is Became.DONE
    put(inbox, {"a.txt": "words", "a.toml": '[book]\ntitle = "Other"\n'})
    assert work()["a.txt"].became is Became.DONE, "a book.toml makes it another book"
    (settings.library / "m4b/a/a.m4b").unlink()
    put(inbox, {"d.txt": "words"})
    assert work()["d.txt"].became is Became.DONE
    assert narrator.spoken == ["a.txt", "c.txt", "a.txt", "d.txt"]


def test_a_corrected_document_of_the_same_name_takes_the_place_of_the_one_before(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    for text in ("first", "second"):
        put(inbox, {"a.txt": text})
        assert work()["a.txt"].became is Became.DONE
    assert narrator.kept_at == [str(inbox.done / "a.txt")] * 2
    assert (inbox.done / "a.txt").read_text() == "second"
    assert (inbox.done / "a (2).txt").read_text() == "first"


def test_what_may_pass_waits_and_is_tried_again_but_not_for_ever(
    inbox: Inbox,
    narrator: Narrator,
    work: Callable[..., dict[str, Handled]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(inbox, {"a.txt": "killed encoder", "b.txt": "server away"})
    now_s = 1e9
    monkeypatch.setattr(inbox_round.time, "time", lambda: now_s)
    first = work()
    assert {one.became for one in first.values()} == {Became.WAITS}
    assert first["a.txt"].failure is not None
    assert first["a.txt"].failure.fault is Fault.PASSING
    again = work()
    assert {one.became for one in again.values()} == {Became.WAITS}
    assert "tried again at" in again["a.txt"].line
    assert len(narrator.spoken) == 2, "its time has not come"
    put(inbox, {"b.txt": "well again"})
    for _ in range(3):
        now_s += 3600
        last = work()
    assert last["a.txt"].became is Became.FAILED
    assert here(inbox) == {"done/b.txt", "failed/a.txt", f"failed/a.txt{REASON_SUFFIX}"}
    assert narrator.spoken.count("a.txt") == 4


def test_a_full_disk_stops_the_round_and_fails_nobody(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {f"{number}.txt": "full" for number in range(12)})
    handled = work()
    assert {one.became for one in handled.values()} == {Became.WAITS}
    assert {one.failure and one.failure.code for one in handled.values()} == {"disk-full"}
    assert len(narrator.spoken) <= AT_ONCE, "nothing more is begun"
    assert here(inbox) == {f"{number}.txt" for number in range(12)}
    put(inbox, {f"{number}.txt": f"room again {number}" for number in range(12)})
    assert {one.became for one in work().values()} == {Became.DONE}


def test_too_little_room_is_found_before_a_document_is_taken(
    inbox: Inbox, settings: Settings, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words"})
    handled = work(least_free="1000000GB")["a.txt"]
    assert handled.became is Became.WAITS
    assert handled.failure is not None
    assert handled.failure.fault is Fault.MACHINE
    assert "GB left, and 1000000.00 GB are to stay free" in handled.line
    assert str(settings.home) in handled.line
    assert narrator.spoken == []
    assert here(inbox) == {"a.txt"}


def test_a_document_that_ends_its_process_twice_is_set_aside_and_its_neighbours_are_not(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"poison.txt": "poison", "beside.txt": "words", "later.txt": "more words"})

    def die(name: str) -> None:
        """What is left of the attempts when a process is killed: nobody takes anything back."""
        if name == "poison.txt":
            raise SystemExit(9)

    died = threading.Barrier(2, timeout=20)

    def die_together(name: str) -> None:
        if name in ("poison.txt", "beside.txt"):
            died.wait()
            raise SystemExit(9)

    narrator.meanwhile = die_together
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Attempts, "forgive", lambda _: None)
        with pytest.raises(SystemExit):
            work()
        narrator.meanwhile = die
        with pytest.raises(SystemExit):
            work()
    narrator.meanwhile = lambda _: None
    handled = work()
    assert handled["poison.txt"].became is Became.FAILED
    assert {"done/beside.txt", "done/later.txt", "failed/poison.txt"} <= here(inbox)
    assert narrator.spoken.count("poison.txt") == 2
    reason = (inbox.failed / f"poison.txt{REASON_SUFFIX}").read_text()
    assert "kills-its-process" in reason
    assert "ended 2 times" in reason
    put(inbox, {"poison.txt": "poison"})
    assert work()["poison.txt"].became is Became.DONE, "put in again, it has new chances"


def test_an_interrupted_round_blames_nobody_and_gives_everything_back(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words"})

    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    narrator.meanwhile = interrupt
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            work()
    assert here(inbox) == {"a.txt"}
    narrator.meanwhile = lambda _: None
    assert work()["a.txt"].became is Became.DONE


def test_a_document_whose_book_toml_may_be_anothers_fails_and_so_does_the_other(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.epub": "a", "b.epub": "b", "book.toml": "[book]\n", "own/c.epub": "c"})
    handled = work()
    assert [name for name, one in handled.items() if one.became is Became.FAILED] == ["a.epub", "b.epub"]
    assert "book-toml" in (inbox.failed / f"b.epub{REASON_SUFFIX}").read_text()
    assert narrator.spoken == ["c.epub"]


def test_the_hooks_hear_where_a_document_lies_now_and_their_failure_is_told(
    inbox: Inbox, tmp_path: Path, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words", "scan.pdf": "scan"})
    code = f"import json,sys; json.dump(json.load(sys.stdin), open('{tmp_path / 'heard.json'}', 'w'))"
    handled = work(on_done=f'{sys.executable} -c "{code}"', on_failed="/nowhere/at-all")
    heard = json.loads((tmp_path / "heard.json").read_text())
    assert heard["document"] == heard["file"] == str(inbox.done / "a.txt")
    assert heard["folder"].endswith("m4b/a")
    assert handled["a.txt"].warnings == ()
    assert handled["scan.pdf"].warnings == ("/nowhere/at-all could not be run (No such file or directory)",)


def test_two_rounds_at_once_speak_each_document_once(
    inbox: Inbox, settings: Settings, narrator: Narrator
) -> None:
    put(inbox, {f"{number}.txt": f"text {number}" for number in range(20)})
    rounds: list[Handled] = []

    def run() -> None:
        rounds.extend(attend(inbox, Attempts(inbox.attempts), DRAFT, settings))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(narrator.spoken) == sorted(f"{number}.txt" for number in range(20))
    assert sorted(str(one.name) for one in rounds) == sorted(narrator.spoken)
    assert len(here(inbox)) == 20


def test_a_document_that_another_machine_took_back_meanwhile_is_not_called_bad(
    inbox: Inbox, narrator: Narrator, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words"})

    def take_away(name: str) -> None:
        next(inbox.claimed.glob(f"*/{name}")).replace(inbox.folder / name)

    narrator.meanwhile = take_away
    one = work()["a.txt"]
    assert one.became is Became.WAITS
    assert "took it back" in one.line
    assert here(inbox) == {"a.txt"}


def test_a_document_that_cannot_be_put_away_stops_nobody(
    inbox: Inbox, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words", "b.pdf": "scan", "c.pdf": "locked"})
    inbox.failed.symlink_to("nowhere")
    handled = work()
    assert handled["a.txt"].became is Became.DONE
    assert {handled[name].became for name in ("b.pdf", "c.pdf")} == {Became.WAITS}
    assert here(inbox) == {"done/a.txt", "b.pdf", "c.pdf"}


def test_documents_with_one_unclear_book_toml_that_cannot_be_taken_stop_nobody(
    inbox: Inbox, work: Callable[..., dict[str, Handled]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox, {"theirs/a.epub": "a", "theirs/b.epub": "b", "theirs/book.toml": "[book]", "c.txt": "words"})
    move = claims._move

    def refuse(source: Path, target: Path) -> None:
        if "theirs" in source.parts:
            raise PermissionError(errno.EACCES, "Permission denied", str(source))
        move(source, target)

    monkeypatch.setattr(claims, "_move", refuse)
    handled = work()
    assert handled["c.txt"].became is Became.DONE
    assert {handled[f"theirs/{name}.epub"].became for name in "ab"} == {Became.WAITS}
    assert "right to write" in handled["theirs/a.epub"].line


@pytest.mark.parametrize(
    ("number", "became"),
    [(errno.EACCES, Became.FAILED), (errno.EIO, Became.WAITS), (errno.ESTALE, Became.WAITS)],
)
def test_a_disk_that_fails_is_not_the_documents_fault(
    inbox: Inbox,
    work: Callable[..., dict[str, Handled]],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    became: Became,
) -> None:
    put(inbox, {"a.txt": "words", "b.txt": "more words"})
    sha256 = inbox_round.sha256_of

    def fail(path: Path) -> str:
        if path.name == "a.txt":
            raise OSError(number, os.strerror(number), str(path))
        return sha256(path)

    monkeypatch.setattr(inbox_round, "sha256_of", fail)
    handled = work()
    assert (handled["a.txt"].became, handled["b.txt"].became) == (became, Became.DONE)
    assert os.strerror(number) in handled["a.txt"].line


def test_a_lexicon_that_is_gone_stops_the_round_and_is_named(
    inbox: Inbox, tmp_path: Path, work: Callable[..., dict[str, Handled]]
) -> None:
    put(inbox, {"a.txt": "words", "b.txt": "more words"})
    handled = work(lexicon=tmp_path / "gone.toml")
    for one in handled.values():
        assert one.became is Became.WAITS
        assert one.failure is not None
        assert one.failure.fault is Fault.MACHINE
        assert "gone.toml cannot be opened" in one.line
    assert here(inbox) == {"a.txt", "b.txt"}


def test_a_name_that_is_no_unicode_becomes_one(inbox: Inbox, work: Callable[..., dict[str, Handled]]) -> None:
    folder = os.fsencode(inbox.folder)
    (inbox.folder / "café.txt").write_text("another")
    Path(os.fsdecode(folder + b"/\xfcbungen")).mkdir()
    for name in (b"caf\xe9.txt", b"\xfcbungen/eins.pdf"):
        Path(os.fsdecode(folder + b"/" + name)).write_text("scan" if name.endswith(b"pdf") else "words")
    handled = work()
    assert {name: one.became for name, one in handled.items()} == {
        "café.txt": Became.DONE,
        "café (2).txt": Became.DONE,
        "übungen/eins.pdf": Became.FAILED,
    }
    reason = f"failed/übungen/eins.pdf{REASON_SUFFIX}"
    assert here(inbox) == {"done/café.txt", "done/café (2).txt", "failed/übungen/eins.pdf", reason}


def test_what_another_user_has_taken_is_told(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox.claimed.mkdir()
    real = Path.open

    def refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == claims._LOCK:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *how, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InboxUnusable, match="belongs to another user"):
        claims.take_back(inbox, 60.0, claims.Machine.this())


def test_an_inbox_is_a_folder_that_is_there(tmp_path: Path, settings: Settings) -> None:
    assert inbox_at(tmp_path, settings) == Inbox(tmp_path)
    assert inbox_at(None, replace(settings, inbox=str(tmp_path))) == Inbox(tmp_path)
    with pytest.raises(CannotStart, match="BINDERY_INBOX"):
        inbox_at(None, settings)
    with pytest.raises(CannotStart, match="taken by renaming it"):
        inbox_at("s3://bucket/inbox", settings)
    with pytest.raises(InboxUnusable, match="no folder"):
        inbox_at(tmp_path / "nothing", settings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"on_done": 'say "done'}, "BINDERY_ON_DONE is no command: no closing quotation"),
        ({"on_failed": "  "}, "BINDERY_ON_FAILED is no command: it is empty"),
        ({"webhook": "not a url"}, "BINDERY_WEBHOOK is no web address"),
    ],
)
def test_hooks_that_cannot_work_are_refused_at_the_start(
    settings: Settings, changed: dict[str, str], words: str
) -> None:
    hooks_of(settings)
    with pytest.raises(CannotStart, match=words):
        hooks_of(replace(settings, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["BINDERY_INBOX_SETTLE", "BINDERY_INBOX_LEASE", "BINDERY_HOOK_LIMIT"])
def test_lengths_of_time_are_read_as_people_write_them(name: str) -> None:
    def read(length: str) -> float:
        settings = Settings.read({name: length})
        return {
            "BINDERY_INBOX_SETTLE": lambda: settings.settle_s,
            "BINDERY_INBOX_LEASE": lambda: settings.lease_s,
            "BINDERY_HOOK_LIMIT": lambda: settings.hook_limit_s,
        }[name]()

    assert [read(length) for length in ("10s", "1.5 m", "6h", "2d")] == [10.0, 90.0, 21600.0, 172800.0]
    for wrong in ("soon", "10", "-5s", "s"):
        with pytest.raises(CannotStart, match=name):
            read(wrong)


def test_the_command_works_through_an_inbox_and_says_what_became_of_each(
    bindery: Callable[..., subprocess.CompletedProcess[str]], inbox: Inbox, tmp_path: Path
) -> None:
    nothing = bindery("inbox", inbox.folder, "--once")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "nothing has arrived" in nothing.stderr
    unnamed = bindery("inbox", "--once")
    assert unnamed.returncode == 4
    assert "no inbox is named" in unnamed.stderr

    put(inbox, {"sea.md": "# Sea\n\nThe sea is wide.", "empty.pdf": ""})
    command = ["inbox", inbox.folder, "--once", "--json", "--engine", "draft", "--formats", "mp3"]
    done = bindery(*command, "--out", tmp_path / "library", BINDERY_INBOX_SETTLE="0s")
    assert done.returncode == 3, done.stderr
    facts = {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert facts["empty.pdf"]["became"] == "failed"
    assert facts["empty.pdf"]["error"]["code"] == "empty"
    assert facts["sea.md"]["became"] == "done"
    assert Path(facts["sea.md"]["folders"][0]).is_dir()
    assert facts["sea.md"]["file"] == str(inbox.done / "sea.md")
    manifest = json.loads((Path(facts["sea.md"]["folders"][0]) / "book.json").read_bytes())
    assert manifest["source"]["path"] == str(inbox.done / "sea.md")
    assert "empty.pdf failed" in done.stderr
    assert here(inbox) == {"done/sea.md", "failed/empty.pdf", f"failed/empty.pdf{REASON_SUFFIX}"}
