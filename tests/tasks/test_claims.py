from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tasks.claims import Claimed, Claims, Machine, take_back
from tasks.errors import InboxUnusable
from tasks.inbox import Inbox, Waiting, waiting

HERE = Machine("here", "boot-1")
LEASE_S = 3600.0
ROOT = Path(__file__).parents[2]

# Takes all that it can get, names it on standard output and waits to be killed.
TAKER = """
import sys
from pathlib import Path
from tasks.claims import Claims, Machine
from tasks.inbox import Inbox, waiting
inbox = Inbox(Path(sys.argv[1]))
found = waiting(inbox)
print("ready", flush=True)
sys.stdin.readline()
with Claims(inbox, Machine("here", "boot-1")) as claims:
    for one in found.values():
        if claims.take(one):
            print(one.name, flush=True)
    print("all", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder)


def put(inbox: Inbox, *names: str, text: str = "Some words.") -> None:
    for name in names:
        path = inbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def seen(inbox: Inbox, name: str) -> Waiting:
    return waiting(inbox)[Path(name)]


def here(inbox: Inbox) -> list[str]:
    """All that lies open in the inbox."""
    files = (path.relative_to(inbox.folder) for path in sorted(inbox.folder.rglob("*")) if path.is_file())
    return [str(path) for path in files if not any(part.startswith(".") for part in path.parts)]


class Taker:
    """A run in a process of its own."""

    def __init__(self, inbox: Inbox) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKER, str(inbox.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def taken(self) -> list[str]:
        return list(iter(self._line, "all"))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def test_a_document_is_taken_once_and_what_is_not_put_away_goes_back_at_the_end(inbox: Inbox) -> None:
    put(inbox, "a.epub", "series/b.epub")
    one = seen(inbox, "a.epub")
    with Claims(inbox, HERE) as claims, Claims(inbox, HERE) as others:
        taken = claims.take(one)
        assert taken is not None
        assert taken.document.read_text() == "Some words."
        assert others.take(one) is None
        assert claims.take(seen(inbox, "series/b.epub")) is not None
        assert here(inbox) == []
        claims.put(taken, inbox.done)
        assert not taken.is_there
    assert here(inbox) == ["done/a.epub", "series/b.epub"]
    assert list(inbox.claimed.glob("*/")) == []


def test_threads_never_take_the_same_document(inbox: Inbox) -> None:
    put(inbox, *(f"{number:02}.txt" for number in range(40)))
    found = waiting(inbox)
    start = threading.Barrier(4)
    taken: list[Path] = []

    def run() -> None:
        with Claims(inbox, HERE) as claims:
            start.wait(20)
            mine = [claims.take(one) for one in found.values()]
            taken.extend(one.name for one in mine if one)
            for one in filter(None, mine):
                claims.put(one, inbox.done)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(found)
    assert len(here(inbox)) == 40


def test_processes_never_take_the_same_document_and_a_killed_ones_go_back(inbox: Inbox) -> None:
    put(inbox, *(f"{number:02}.txt" for number in range(60)))
    runs = [Taker(inbox), Taker(inbox)]
    for run in runs:
        run.go()
    first, second = (run.taken() for run in runs)
    assert Counter(first + second) == Counter(f"{number:02}.txt" for number in range(60))
    assert take_back(inbox, LEASE_S, HERE) == [], "both live"
    runs[0].kill()
    assert sorted(map(str, take_back(inbox, LEASE_S, HERE))) == sorted(first)
    assert here(inbox) == sorted(first)
    runs[1].kill()
    assert sorted(map(str, take_back(inbox, LEASE_S, HERE))) == sorted(second)
    assert list(inbox.claimed.glob("*/")) == []


def dead(inbox: Inbox, machine: Machine, silent_s: float) -> Path:
    """What a run leaves behind that was killed."""
    folder = inbox.claimed / "dead"
    folder.mkdir(parents=True)
    (folder / "a.epub").write_text("Some words.")
    sign = folder / ".run"
    sign.write_text(json.dumps({"host": machine.host, "boot": machine.boot, "pid": 1}))
    os.utime(sign, (time.time() - silent_s,) * 2)
    os.utime(folder, (time.time() - silent_s,) * 2)
    return folder


@pytest.mark.parametrize(
    ("machine", "silent_s", "goes_back"),
    [
        (HERE, 0.0, True),  # nobody holds its lock, though its last sign of life is new
        (HERE, -1e6, True),  # the clock was set back since
        (Machine("here", "boot-0"), 0.0, True),  # the machine was started again
        (Machine("container", "boot-1"), 0.0, True),  # another container of the same machine
        (Machine("there", "boot-7"), LEASE_S / 2, False),
        (Machine("there", "boot-7"), LEASE_S * 2, True),
        (Machine("there", "boot-7"), -1e6, False),
    ],
)
def test_a_claim_is_dead_when_its_lock_is_free_here_or_it_was_silent_for_long_elsewhere(
    inbox: Inbox, machine: Machine, silent_s: float, goes_back: bool
) -> None:
    dead(inbox, machine, silent_s)
    take_back(inbox, LEASE_S, HERE)
    assert here(inbox) == (["a.epub"] if goes_back else [])
    assert (inbox.claimed / "dead").exists() is not goes_back


def test_a_run_that_holds_its_lock_lives_whatever_the_clock_says(inbox: Inbox) -> None:
    put(inbox, "a.epub")
    with Claims(inbox, Machine("there", "boot-7")) as claims:
        claims.take(seen(inbox, "a.epub"))
        os.utime(claims.folder / ".run", (0, 0))  # or our clock jumped by half a century
        assert take_back(inbox, LEASE_S, HERE) == []


@pytest.mark.parametrize("sign", [None, "", "{"])
def test_a_claim_without_a_whole_sign_of_its_run_goes_back_after_the_lease(
    inbox: Inbox, sign: str | None
) -> None:
    folder = dead(inbox, HERE, 0.0)
    (folder / ".run").unlink()
    if sign is not None:
        (folder / ".run").write_text(sign)
    assert take_back(inbox, LEASE_S, HERE) == []
    os.utime(folder, (time.time() - 2 * LEASE_S,) * 2)
    assert take_back(inbox, LEASE_S, HERE) == [Path("a.epub")]


def test_what_goes_back_never_replaces_what_was_put_there_meanwhile(inbox: Inbox) -> None:
    dead(inbox, HERE, 0.0)
    put(inbox, "a.epub", text="A newer edition.")
    take_back(inbox, LEASE_S, HERE)
    assert {name: (inbox.folder / name).read_text() for name in here(inbox)} == {
        "a.epub": "A newer edition.",
        "a (2).epub": "Some words.",
    }


def test_a_book_toml_goes_where_its_document_goes(inbox: Inbox) -> None:
    put(inbox, "emma/emma.epub")
    put(inbox, "emma/book.toml", text='[book]\ncover = "front.png"\n')
    (inbox.folder / "emma/front.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with Claims(inbox, HERE) as claims:
        taken = claims.take(seen(inbox, "emma/emma.epub"))
        assert taken is not None
        assert (taken.document.parent / "book.toml").exists()
        claims.put(taken, inbox.failed, (".reason.txt", "why"))
    assert here(inbox) == [
        "failed/emma/book.toml",
        "failed/emma/emma.epub",
        "failed/emma/emma.epub.reason.txt",
        "failed/emma/front.png",
    ]


def test_a_book_toml_of_two_formats_is_there_for_both_and_goes_with_the_last(inbox: Inbox) -> None:
    put(inbox, "emma.epub", "emma.pdf")
    put(inbox, "emma.toml", text="[book]\n")
    found = waiting(inbox)
    with Claims(inbox, HERE) as claims:
        first = claims.take(found[Path("emma.epub")])
        assert first is not None
        assert here(inbox) == ["emma.pdf", "emma.toml"]
        claims.put(first, inbox.done)
        second = claims.take(seen(inbox, "emma.pdf"))
        assert second is not None
        assert second.names == (Path("emma.pdf"), Path("emma.toml"))
        claims.put(second, inbox.done)
    assert here(inbox) == ["done/emma.epub", "done/emma.pdf", "done/emma.toml"]


def test_a_document_given_back_lies_beside_its_book_toml_again(inbox: Inbox) -> None:
    put(inbox, "emma.epub")
    put(inbox, "emma.toml", text="[book]\n")
    with Claims(inbox, HERE) as claims:
        taken = claims.take(seen(inbox, "emma.epub"))
        assert taken is not None
        claims.give_back(taken)
        assert here(inbox) == ["emma.epub", "emma.toml"]


def test_a_folder_on_another_disk_is_named(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    put(inbox, "a.epub")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    with Claims(inbox, HERE) as claims:
        one = seen(inbox, "a.epub")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", refuse)
            with pytest.raises(InboxUnusable, match="another disk"):
                claims.take(one)
    assert here(inbox) == ["a.epub"]


def test_this_machine_is_the_same_as_long_as_it_runs() -> None:
    assert Machine.this() == Machine.this()
    assert Machine.this().host


def test_a_claimed_document_is_known_by_its_name_in_the_inbox() -> None:
    claimed = Claimed(Path("/in/.claimed/run"), (Path("series/a.epub"), Path("series/a.toml")))
    assert claimed.name == Path("series/a.epub")
    assert claimed.document == Path("/in/.claimed/run/series/a.epub")
