"""Processes killed while books are made: what is left, what is spoken again, whether the bytes are the same.

    python -m bench.kills                             # about half an hour
    python -m bench.kills --converts 6 --rounds 1 --json kills.json

The draft voice speaks, so that no weights are needed. `bindery convert` is killed at moments spread over all
phases of a book of three chapters, each time in a folder of its own, and then run again to its end. Under
`bindery serve` the worker, the flow run, the speaking service, Prefect's server and `bindery serve` itself
are killed, each while a book is made. What must hold: nothing in the library is ever half-written; the book
has the bytes of an undisturbed run; what was whole in the segment store is not spoken again, as the speaker
counts it; no process stays behind. The exit status is 1 where something of it does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from bench.machine import (
    Machine,
    Part,
    Serving,
    Unexpected,
    files_in,
    hidden_in,
    serving,
    table,
    until,
    visible_in,
)
from bench.writing import write_markdown
from outputs.store import SegmentStore

CHAPTERS: Final = 3
_DRAFT: Final = ("--engine", "draft", "--json")
_LOOK_S: Final = 0.02
_ALONE_S: Final = 15.0  # within which no process of a killed one is left
_RUN_LIMIT_S: Final = 300.0
_DONE_LIMIT_S: Final = 700.0  # a run whose death nobody noticed is closed after nine minutes


class Phase(StrEnum):
    """What a conversion is at, by what is on the disk."""

    STARTING = "starting"  # until Prefect knows of a run
    READING = "reading"  # until the first segment
    SPEAKING = "speaking"
    FINISHING = "finishing"  # all is spoken, not every chapter is encoded
    BINDING = "binding"  # the book is not whole in the library
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Whole:
    """A book made by an undisturbed run."""

    book: Path
    keys: frozenset[str]  # of its segments
    parts: int  # encoded chapters
    files: Mapping[str, str]  # in the library, with the hash of each
    phases_s: Mapping[Phase, float]  # how long each took


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, and what came of it."""

    what: str
    at: str  # what it was at then
    after_s: float  # since it was started, or the book was added
    whole: int  # chunks in the store then
    spoken: int  # chunks, from then to the end; of all, where the speaker lived on
    chunks: int  # that should have been
    gone_s: float | None  # until no process of it was left; None: there still was one, or it had to live
    done_s: float | None  # until the book was done
    broken: tuple[str, ...]  # laws that did not hold


def main() -> int:
    """Kill and compare; tables go to standard output, all figures to --json."""
    options = _options()
    dice = random.Random(options.seed)  # noqa: S311  # moments are no secret
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        root = Path(folder)
        if options.converts:
            kills += _convert_kills(root, options.converts, options.sentences, dice)
        if options.rounds:
            parts = [part for part in Part if options.only in part]
            kills += _serve_kills(root, parts, options.rounds, options.sentences, dice)
    broken = [kill for kill in kills if kill.broken]
    print(f"\n{len(kills)} kills, {len(broken)} after which a law did not hold")
    for kill in broken:
        print(f"✗ {kill.what}, {kill.at}: {'; '.join(kill.broken)}")
    if options.json:
        options.json.write_text(json.dumps([asdict(kill) for kill in kills], indent=1) + "\n", "utf-8")
    return 1 if broken else 0


def _convert_kills(root: Path, number: int, sentences: int, dice: random.Random) -> list[Kill]:
    book = write_markdown(root / "three chapters.md", CHAPTERS, sentences)
    whole = _undisturbed(book, root / "undisturbed")
    lengths = ", ".join(f"{phase} {length_s:.1f}" for phase, length_s in whole.phases_s.items())
    print(f"`bindery convert`, undisturbed: {len(whole.keys)} chunks; seconds: {lengths}\n", flush=True)
    phases = [list(Phase)[place % len(Phase)] for place in range(number)]
    kills = []
    for place, phase in enumerate(sorted(phases, key=list(Phase).index)):
        machine = Machine(root / f"convert-{place}")
        kills.append(_kill_converting(machine, whole, phase, dice.random()))
        machine.kill_all()
        print(f"  {kills[-1].at}: {'; '.join(kills[-1].broken) or 'held'}", flush=True)
    print("\n" + _kills_table(kills))
    return kills


def _undisturbed(book: Path, root: Path) -> Whole:
    """Make a book, and note how long each phase takes."""
    machine = Machine(root)
    process = machine.start("convert", book, *_DRAFT, module="bench.counted")
    began_s = time.monotonic()
    seen: list[tuple[float, tuple[int, int, int, bool]]] = []
    while process.poll() is None:
        seen.append((time.monotonic() - began_s, _progress(machine)))
        time.sleep(_LOOK_S)
    ended_s = time.monotonic() - began_s
    said, _ = process.communicate()
    keys = machine.whole_segments()
    _, parts, _, _ = _progress(machine)
    whole = Whole(book, frozenset(keys), parts, files_in(machine.library), {})
    spoken = [json.loads(line) for line in said.splitlines()][-1]["spoken"]
    if process.returncode or spoken != len(keys):
        raise Unexpected(f"undisturbed, {spoken} of {len(keys)} chunks were spoken: {machine.last_words()}")
    began: dict[Phase, float] = {}
    for at_s, progress in seen:
        began.setdefault(_phase(progress, whole), at_s)
    moments = [*began.values(), ended_s]
    lengths = {phase: moments[place + 1] - at_s for place, (phase, at_s) in enumerate(began.items())}
    return replace(whole, phases_s=lengths)


def _kill_converting(machine: Machine, whole: Whole, phase: Phase, fraction: float) -> Kill:
    """Kill a conversion in this phase, when this fraction of it is over; then run it again.

    The draft voice speaks a book in a second or two: of that phase the chunks count, of the others the time.
    """
    order = list(Phase).index
    victim = machine.start("convert", whole.book, *_DRAFT)
    began_s = time.monotonic()
    is_speaking = phase is Phase.SPEAKING

    def is_reached() -> bool:
        now = _progress(machine)
        enough = not is_speaking or now[0] >= fraction * len(whole.keys)
        return victim.poll() is not None or (order(_phase(now, whole)) >= order(phase) and enough)

    until(is_reached, _RUN_LIMIT_S, _LOOK_S)
    wait_s = 0.0 if is_speaking else fraction * whole.phases_s.get(phase, 0.0)
    until(lambda: victim.poll() is not None, wait_s, _LOOK_S)
    after_s = time.monotonic() - began_s
    had_ended = victim.poll() is not None
    victim.kill()
    victim.communicate()
    at = "ended" if had_ended else str(_phase(_progress(machine), whole))
    gone_s = machine.alone_s(_ALONE_S)
    before = machine.whole_segments()
    broken = list(_half_written(machine.library, whole))
    if gone_s is None:
        broken.append(f"processes stayed: {', '.join(machine.processes().values())}")
    again_s = time.monotonic()
    said = machine.run("convert", whole.book, *_DRAFT, module="bench.counted")
    done_s = time.monotonic() - again_s
    spoken = said[-1]["spoken"]
    broken += _not_as_undisturbed(machine, whole)
    if hidden := hidden_in(machine.library):
        broken.append(f"left in the library: {', '.join(hidden)}")
    due = len(whole.keys - before)
    if spoken != due:
        broken.append(f"{spoken} chunks were spoken where {due} were missing")
    had = len(whole.keys) - due
    return Kill("bindery convert", at, after_s, had, spoken, len(whole.keys), gone_s, done_s, tuple(broken))


def _serve_kills(
    root: Path, parts: Sequence[Part], rounds: int, sentences: int, dice: random.Random
) -> list[Kill]:
    """In each round every part is killed once, each while another book is made."""
    wholes = []
    for part in parts:
        book = write_markdown(root / f"{part} dies.md", CHAPTERS, sentences)
        wholes.append(_undisturbed(book, root / f"undisturbed-{part.name}"))
    kills: list[Kill] = []
    for number in range(rounds):
        machine = Machine(root / f"s{number}")
        pairs = list(zip(parts, wholes, strict=True))
        dice.shuffle(pairs)
        with serving(machine) as served:
            for part, whole in pairs:
                kills.append(_kill_serving(served, part, whole, dice.uniform(0.02, 1.9)))
                print(f"  {part}, {kills[-1].at}: {'; '.join(kills[-1].broken) or 'held'}", flush=True)
            gone_s = served.end()
        if gone_s is None or hidden_in(machine.library):
            last = kills.pop()
            left = (*machine.processes().values(), *hidden_in(machine.library))
            kills.append(replace(last, broken=(*last.broken, f"left at the end: {', '.join(left)}")))
        print(f"  {number + 1} of {rounds}: ended within {gone_s or -1:.1f} s", flush=True)
    print("\n" + _kills_table(kills))
    return kills


def _kill_serving(served: Serving, part: Part, whole: Whole, target: float) -> Kill:
    """Add a book, kill a part when it is so far, and wait for the book.

    target: 0 to 1 is the part of the chunks that are spoken; 1 to 2, of the chapters that are encoded.
    """
    machine, store = served.machine, SegmentStore(served.machine.home / "segments")
    segments, parts, _, _ = _progress(machine)
    spoken_before = served.spoken()
    missing_before = len(store.lacking(whole.keys))
    run = str(served.add(whole.book)[0]["run"])
    began_s = time.monotonic()

    def progress() -> float:
        now = _progress(machine)
        return (now[0] - segments) / len(whole.keys) + (now[1] - parts) / whole.parts

    until(lambda: progress() >= target, _DONE_LIMIT_S, _LOOK_S)
    at, after_s = progress(), time.monotonic() - began_s
    number = served.kill(part)
    killed_s = time.monotonic()
    gone_s = None
    if part is Part.SERVE:
        gone_s = machine.alone_s(_ALONE_S)
    else:
        until(lambda: number not in machine.processes(), _ALONE_S, _LOOK_S)
    missing = len(store.lacking(whole.keys))
    broken = list(_half_written(machine.library, whole))
    if number is None:
        broken.append("there was nothing to kill")
    if part is Part.SERVE:
        if gone_s is None:
            broken.append(f"processes stayed: {', '.join(machine.processes().values())}")
            machine.kill_all()
        served.start()
    if served.done_s(run, _DONE_LIMIT_S) is None:
        broken.append(f"the book is {served.state(run) or 'nowhere'}")
    done_s = time.monotonic() - killed_s
    begins_anew = part in (Part.SERVE, Part.SPEAKING)
    spoken = served.spoken() - (0 if begins_anew else spoken_before)
    due = missing if begins_anew else missing_before
    if spoken != due:
        broken.append(f"{spoken} chunks were spoken where {due} were missing")
    broken += _not_as_undisturbed(machine, whole)
    at_words = f"{min(at, 1):.0%} spoken, {max(at - 1, 0):.0%} encoded"
    whole_then = len(whole.keys) - missing
    return Kill(part, at_words, after_s, whole_then, spoken, len(whole.keys), gone_s, done_s, tuple(broken))


def _progress(machine: Machine) -> tuple[int, int, int, bool]:
    """Segments, encoded chapters and files of the library that are there; whether Prefect knows of a run."""
    segments = sum(1 for _ in (machine.home / "segments").glob("*/[!.]*.json"))
    parts = sum(1 for _ in (machine.home / "parts").glob("[!.]*.json"))
    return segments, parts, len(visible_in(machine.library)), segments > 0 or _knows_of_a_run(machine)


def _phase(progress: tuple[int, int, int, bool], whole: Whole) -> Phase:
    segments, parts, files, is_known = progress
    if not segments:
        return Phase.READING if is_known else Phase.STARTING
    if segments < len(whole.keys):
        return Phase.SPEAKING
    if parts < whole.parts:
        return Phase.FINISHING
    return Phase.BINDING if files < len(whole.files) else Phase.ENDING


def _knows_of_a_run(machine: Machine) -> bool:
    path = machine.home / "prefect" / "prefect.db"
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)) as database:
            return bool(database.execute("select count(*) from flow_run").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return False


def _half_written(library: Path, whole: Whole) -> Iterator[str]:
    """What is in the library under a final name and not as it must be."""
    for name, digest in files_in(library).items():
        if whole.files.get(name, digest) != digest:
            yield f"half-written in the library: {name}"


def _not_as_undisturbed(machine: Machine, whole: Whole) -> Iterator[str]:
    now = files_in(machine.library)
    others = [name for name, digest in whole.files.items() if now.get(name) != digest]
    if others:
        yield f"not as undisturbed: {', '.join(others)}"
    if lacking := whole.keys - machine.whole_segments():
        yield f"{len(lacking)} segments are not whole"


def _kills_table(kills: Sequence[Kill]) -> str:
    return table(
        ("killed", "at", "after s", "whole then", "spoken", "of", "gone s", "done s", "law"),
        (
            (
                kill.what,
                kill.at,
                f"{kill.after_s:.1f}",
                kill.whole,
                kill.spoken,
                kill.chunks,
                "–" if kill.gone_s is None else f"{kill.gone_s:.1f}",
                "–" if kill.done_s is None else f"{kill.done_s:.1f}",
                "✗" if kill.broken else "✓",
            )
            for kill in kills
        ),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--converts", type=int, default=20, help="kills of `bindery convert`")
    parser.add_argument("--rounds", type=int, default=5, help="kills of each part of `bindery serve`")
    parser.add_argument("--only", default="", help="of the parts of `bindery serve` those with this word")
    parser.add_argument("--sentences", type=int, default=80, help="of a chapter; about four seconds each")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
