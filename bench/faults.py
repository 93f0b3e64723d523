"""What goes wrong around books, done on purpose: for each fault, what happened and whether that is right.

    python -m bench.faults                          # about ten minutes
    python -m bench.faults --only poison,disk --json faults.json

The draft voice speaks. Processes that are killed at random are those of bench.kills. Where a test shows a
fault in full, it is run. The exit status is 1 where something is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from bench.machine import Machine, Part, Serving, Unexpected, hidden_in, serving, table, until, visible_in
from bench.writing import write_markdown, write_text

_LIMIT_S: Final = 300.0
_DRAFT: Final = ("--engine", "draft", "--json")
_LOOK_S: Final = 0.02
_TESTED: Final = {
    "a file still being copied": "tests/tasks/test_inbox.py::test_a_file_still_being_copied_is_left_alone",
    "the same book queued twice": "tests/flows/test_queueing.py::"
    "test_the_same_document_twice_is_told_and_not_doubled",
    "a clock that jumps, in the inbox": "tests/tasks/test_inbox.py::"
    "test_a_copy_that_keeps_the_old_time_is_seen_to_grow_and_a_clock_set_back_changes_nothing",
    "a clock that jumps, between machines": "tests/tasks/test_claims.py::"
    "test_a_run_that_holds_its_lock_lives_whatever_the_clock_says",
    "a clock that jumps, before another try": "tests/tasks/test_attempts.py::"
    "test_a_clock_that_jumps_does_not_keep_a_document_waiting_for_ever",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A fault and what happened. holds: whether that is right; None: it was not tried."""

    fault: str
    happened: str
    holds: bool | None


def main() -> int:
    """Do each, and tell of it; the table goes to standard output, JSON to --json."""
    options = _options()
    alone = {
        "two inbox runs at once": two_inbox_runs,
        "a poison document in the inbox": poison_in_inbox,
        "the library on a full disk": full_disk,
    }
    served = {
        "a book cancelled in the middle": cancelled,
        "a poison document in the queue": poison_in_queue,
        "Prefect's server restarted under load": server_restarted,
        f"{options.documents:,} documents queued": lambda one: many_queued(one, options.documents),
    }
    wanted = options.only.split(",") if options.only else [""]

    def is_wanted(name: str) -> bool:
        return any(word in name for word in wanted)

    seen = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        root = Path(folder)
        for number, (name, try_it) in enumerate(alone.items()):
            if is_wanted(name):
                machine = Machine(root / str(number))
                seen.append(_seen(name, lambda try_it=try_it, machine=machine: try_it(machine)))  # type: ignore[misc]
                machine.kill_all()
        if any(map(is_wanted, served)):
            with serving(Machine(root / "served")) as one:
                for name, try_with in served.items():
                    if is_wanted(name):
                        seen.append(_seen(name, lambda try_with=try_with: try_with(one)))  # type: ignore[misc]
    seen += [_seen(name, lambda test=test: tested(test)) for name, test in _TESTED.items() if is_wanted(name)]  # type: ignore[misc]
    marks = {True: "✓", False: "✗", None: "–"}
    print("\n" + table(("fault", "what happened", ""), ((s.fault, s.happened, marks[s.holds]) for s in seen)))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in seen], indent=1) + "\n", "utf-8")
    return 1 if any(one.holds is False for one in seen) else 0


def _seen(name: str, try_it: Callable[[], Seen]) -> Seen:
    try:
        one = replace(try_it(), fault=name)
    except Unexpected as error:
        one = Seen(name, str(error), False)
    print(f"{name}: {one.happened}", flush=True)
    return one


def tested(test: str) -> Seen:
    """What a test shows already."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    file, _, law = test.partition("::test_")
    return Seen("", f"{law.replace('_', ' ')} ({file})", run.returncode == 0)


def two_inbox_runs(machine: Machine) -> Seen:
    """Two that begin together, as cron and a person may have them."""
    inbox = _inbox(machine)
    for number in range(8):
        write_text(inbox / f"{number}.txt", 20)
    write_text(inbox / "again" / "0.txt", 20)
    runs = [
        machine.start("inbox", inbox, "--once", *_DRAFT, "--formats", "mp3", module="bench.counted")
        for _ in range(2)
    ]
    said = [[json.loads(line) for line in run.communicate()[0].splitlines()] for run in runs]
    told = [one for lines in said for one in lines if "name" in one]
    spoken = sum(one.get("spoken", 0) for lines in said for one in lines)
    became = sorted(one["became"] for one in told)
    chunks = len(machine.whole_segments())
    holds = (
        became == ["done"] * 8 + ["known already"]
        and spoken == chunks
        and len({one["name"] for one in told}) == 9
        and len(list(machine.library.rglob("book.json"))) == 8
        and all(run.returncode == 0 for run in runs)
    )
    shares = " and ".join(str(sum("name" in one for one in lines)) for lines in said)
    happened = (
        f"they took {shares} of 9 documents: {became.count('done')} done, {became.count('known already')} "
        f"known; {spoken} chunks spoken, {chunks} in the store"
    )
    if not holds:
        happened += f"; {became}; {machine.last_words()}"
    return Seen("", happened, holds)


def poison_in_inbox(machine: Machine) -> Seen:
    """A document whose process is killed as soon as it is begun; two that are well come meanwhile."""
    inbox = _inbox(machine)
    write_text(inbox / "poison.txt", 20)
    noted: list[Path] = []
    for times in (1, 2):
        victim = machine.start("inbox", inbox, "--once", *_DRAFT)

        def is_begun(times: int = times) -> bool:
            noted[:] = noted or (inbox / ".attempts").glob("[!.]*.json")
            return any(json.loads(path.read_bytes())["begun"] == times for path in noted)

        if until(is_begun, _LIMIT_S, _LOOK_S) is None:
            raise Unexpected(f"it was not begun: {machine.last_words()}")
        victim.kill()
        victim.communicate()
        machine.alone_s()
        if times == 1:
            for name in ("a good one", "another"):
                write_text(inbox / f"{name}.txt", 20)
    machine.run("inbox", inbox, "--once", *_DRAFT, status=None)
    lies = {str(path) for path in visible_in(inbox)}
    reason = inbox / "failed" / "poison.txt.reason.txt"
    code = next((line for line in _lines(reason) if line.startswith("Code:")), "no reason")
    expected = {"done/a good one.txt", "done/another.txt", "failed/poison.txt", f"failed/{reason.name}"}
    holds = lies == expected and "kills-its-process" in code
    happened = f"its process was killed twice; it is in failed/, {code}; the two others are done"
    return Seen("", happened if holds else f"{sorted(lies)}, {code}", holds)


def full_disk(machine: Machine) -> Seen:
    """A disk that is full before, one that fills up on the way, and room again."""
    disk = machine.root / "disk"
    disk.mkdir(parents=True)
    made = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        return Seen("", f"skipped: a small disk cannot be mounted ({made.stderr.strip()})", None)
    try:
        return _on_small_disk(machine, disk)
    finally:
        subprocess.run(["/bin/umount", str(disk)], check=False)


def _on_small_disk(machine: Machine, disk: Path) -> Seen:
    book = write_markdown(machine.root / "book.md", 3, 30)
    library = disk / "library"
    command = ("convert", book, *_DRAFT, "--out", library)
    machine.run(*command, status=4)
    refused = machine.last_words()
    spoken_before = len(machine.whole_segments())
    filling = replace(machine, more={"BINDERY_LEAST_FREE": "none"})
    told = filling.run(*command, status=3)[-1]["error"]
    then, hidden = visible_in(library), hidden_in(library)
    subprocess.run(["/bin/mount", "-o", "remount,size=64m", str(disk)], check=True)
    facts, counted = filling.run(*command, module="bench.counted")
    undisturbed = replace(machine, root=machine.root / "undisturbed")
    undisturbed.run("convert", book, *_DRAFT)
    same = sorted(visible_in(undisturbed.library)) == sorted(visible_in(library)) and all(
        (library / name).read_bytes() == (undisturbed.library / name).read_bytes()
        for name in visible_in(library)
    )
    complete = {str(name.parent) for name in then} <= {str(name.parent) for name in visible_in(library)}
    happened = (
        f"full before: refused, {spoken_before} chunks spoken; full on the way: {told['code']}, "
        f"{len(then)} files in the library, {len(hidden)} left over; with room: done, "
        f"{counted['spoken']} of {facts['chunks']} chunks spoken again, bytes "
        + ("as undisturbed" if same else "differ")
    )
    holds = (
        "left" in refused
        and not spoken_before
        and told["code"] == "disk-full"
        and not hidden
        and complete
        and same
        and counted["spoken"] == 0
    )
    return Seen("", happened, holds)


def cancelled(served: Serving) -> Seen:
    """One that is being spoken; the card must be free within seconds."""
    machine = served.machine
    book = write_markdown(machine.root / "long.md", 6, 400)
    added = served.add(book)[0]
    before = served.spoken()
    until(lambda: served.busy_with() > 0 and served.spoken() > before + 20, _LIMIT_S, _LOOK_S)
    before = served.spoken() - before
    began_s = time.monotonic()
    canceller = machine.start("queue", "cancel", added["id"])
    asked_s = until(lambda: served.state(added["run"]).startswith("CANCELL"), _LIMIT_S, _LOOK_S)
    free_s = until(lambda: not served.busy_with() and not served.process_of(added["run"]), _LIMIT_S)
    canceller.communicate()
    took_s = time.monotonic() - began_s
    spoken = served.spoken()
    left = [*map(str, visible_in(machine.library)), *hidden_in(machine.library)]
    state = served.state(added["run"])
    happened = (
        f"{before} chunks were spoken; {asked_s or -1:.1f} s until the command had asked for it, "
        f"{free_s or -1:.1f} s more until the card was free, {took_s:.1f} s in all; {state.lower()}; "
        f"{len(left)} files in the library"
    )
    time.sleep(2)
    went_on = served.spoken() - spoken
    holds = free_s is not None and free_s < 15 and state == "CANCELLED" and not left and not went_on
    return Seen("", happened + (f"; {went_on} more spoken" if went_on else ""), holds)


def poison_in_queue(served: Serving) -> Seen:
    """A document whose process dies each time, and one behind it."""
    machine = served.machine
    poison = served.add(write_text(machine.root / "queued poison.txt", 40))[0]["run"]
    neighbour = served.add(write_text(machine.root / "neighbour.txt", 40))[0]["run"]
    ends = 0
    deadline_s = time.monotonic() + _LIMIT_S
    last_s = time.monotonic()
    while time.monotonic() < deadline_s and time.monotonic() - last_s < 30:
        process = served.process_of(poison)
        if process is not None:
            os.kill(process, signal.SIGKILL)
            until(lambda: process not in machine.processes(), 10)  # noqa: B023
            ends += 1
            last_s = time.monotonic()
        elif served.state(poison) != "CRASHED":
            last_s = time.monotonic()
        time.sleep(0.2)
    state = served.state(poison)
    done_s = served.done_s(neighbour, _LIMIT_S)
    happened = (
        f"its process was killed {ends} times; it is {state.lower()} and stays so, the one behind it "
        + ("done" if done_s is not None else served.state(neighbour))
    )
    return Seen("", happened, state == "CRASHED" and ends == 2 and done_s is not None)


def server_restarted(served: Serving) -> Seen:
    """Three books under way and two that wait."""
    machine = served.machine
    before, keys = served.spoken(), machine.whole_segments()
    books = [write_markdown(machine.root / f"under load {number}.md", 3, 100) for number in range(5)]
    runs = [one["run"] for one in served.add(*books)]
    until(lambda: served.spoken() > before, _LIMIT_S)
    under_way = sum(served.state(run) == "RUNNING" for run in runs)
    served.kill(Part.SERVER, signal.SIGTERM)
    killed_s = time.monotonic()
    until(lambda: not served.ask("GET", "/health"), 30, _LOOK_S)
    back_s = until(lambda: bool(served.ask("GET", "/health")), _LIMIT_S)
    ends = [served.done_s(run, _LIMIT_S) for run in runs]
    done_s = time.monotonic() - killed_s
    spoken, chunks = served.spoken() - before, len(machine.whole_segments() - keys)
    books_there = len(list(machine.library.rglob("under load */book.json")))
    happened = (
        f"{under_way} under way; back after {back_s or -1:.1f} s; {_done(ends)} of 5 done after "
        f"{done_s:.0f} s, {spoken} chunks spoken where {chunks} were to be"
    )
    holds = all(end is not None for end in ends) and spoken == chunks
    return Seen("", happened + ("" if holds else f"; {books_there} books"), holds)


def many_queued(served: Serving, number: int) -> Seen:
    """So many at once, while the pool rests: what adding and listing take, what the server holds."""
    machine = served.machine
    served.ask("PATCH", "/work_pools/bindery", is_paused=True)
    folder = machine.root / "many"
    folder.mkdir()
    documents = [write_text(folder / f"{place:04d}.txt", 2) for place in range(number)]
    before_bytes = _held_bytes(served)
    began_s = time.monotonic()
    process = machine.start("queue", "add", *documents, *_DRAFT)
    assert process.stdout is not None
    moments = [time.monotonic() for _ in process.stdout]
    process.wait()
    added_s = moments[-1] - began_s
    fifth = number // 5  # they are told of in bunches
    early_ms = 1000 * (moments[2 * fifth - 1] - moments[fifth - 1]) / fifth
    late_ms = 1000 * (moments[-1] - moments[-1 - fifth]) / fifth
    began_s = time.monotonic()
    listed = machine.run("queue", "list", "--json")
    list_s = time.monotonic() - began_s
    after_bytes = _held_bytes(served)
    names = [Path(one["document"]).name for one in listed]
    in_order = names == [document.name for document in documents]
    served.ask("PATCH", "/work_pools/bindery", is_paused=False)
    first = [one["run"] for one in listed[:5]]
    ends = [served.done_s(run, _LIMIT_S) for run in first]
    happened = (
        f"{len(moments)} added in {added_s:.0f} s, each {early_ms:.0f} ms at first and "
        f"{late_ms:.0f} ms at last; `queue list` {list_s:.1f} s, {len(listed)} in their order; "
        f"Prefect's server {before_bytes / 1e6:.0f} MB before, {after_bytes / 1e6:.0f} MB after; "
        f"then {_done(ends)} of the first 5 done"
    )
    holds = len(moments) == number and in_order and list_s < 30 and all(end is not None for end in ends)
    return Seen("", happened, holds)


def _done(ends: Sequence[float | None]) -> int:
    return sum(end is not None for end in ends)


def _held_bytes(served: Serving) -> int:
    """What Prefect's server holds in memory."""
    pages = [
        int(Path(f"/proc/{number}/statm").read_text().split()[1]) for number in served.numbers(Part.SERVER)
    ]
    return max(pages, default=0) * os.sysconf("SC_PAGE_SIZE")


def _inbox(machine: Machine) -> Path:
    inbox = machine.root / "inbox"
    (inbox / "again").mkdir(parents=True)
    return inbox


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", help="words of the faults that are wanted, with commas")
    parser.add_argument("--documents", type=int, default=1000, help="to be queued at once")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
