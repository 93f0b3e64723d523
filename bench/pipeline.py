"""A shelf of documents through the whole pipeline: what orchestrating costs, and whether the card waits.

    python -m bench.pipeline                    # a book of 10 h, 100 documents of 5 minutes: half an hour
    python -m bench.pipeline --rates none --rounds 1
    python -m bench.pipeline --whole --rates 60 --hours 0.5 --documents 10

A stand-in speaks: it costs nothing, or sleeps for as long as a card of a given speed would work. Unless
--whole is given, storing, mastering, encoding and binding are stood in for as well and cost nothing: at 1,000
times real time they are the work of more cores than most machines have. All else is the product's own:
reading, planning, work folders, the queue of the speaking service, tasks, flows and Prefect, on the embedded
default and on the server of `bindery serve`. "Directly" is the same functions of the same tasks on as many
threads, with no Prefect between. All take turns, each in a process of its own; the median round counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.shelf_run import BY_FLOWS, DIRECTLY
from bench.synthetic import write_document
from flows.api_process import free_port
from flows.child import end_child, start_child
from flows.provision import HEARTBEAT_S
from flows.served import Addresses, addresses_in

EMBEDDED: Final = "embedded"
SERVER: Final = "server"
WAYS: Final = (DIRECTLY, EMBEDDED, SERVER)
DOCUMENT_S: Final = 300.0
READY_LIMIT_S: Final = 180.0
DRAIN_LIMIT_S: Final = 120.0
AFTER: Final = (20, 60, 100)  # documents: when the memory held is told


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a shelf in one way at one rate; medians of the rounds."""

    shelf: str
    rate: float | None  # of the card, × real time; None: it cost nothing
    way: str
    documents: int
    audio_s: float
    tasks: int
    start_s: float
    run_s: float
    end_s: float
    drain_s: float  # after the process ended, until the server had recorded what it was told
    cpu_s: float  # of the process that ran the flows
    card_s: float  # that a card of that rate needs for it; 0.0: it cost nothing
    busy: float  # its share of `run_s`
    busy_between: float  # and of the time from its first batch to its last
    recorded: int  # task runs that Prefect has as completed
    not_completed: int  # and those that it has as anything else
    peak_bytes: int
    held_bytes: dict[int, int]  # by documents that were done

    @property
    def all_s(self) -> float:
        """From the first word to Prefect to the last."""
        return self.start_s + self.run_s + self.end_s


@dataclass(frozen=True, slots=True)
class First:
    """One line about a tiny document: a whole process, from its start to its end; medians."""

    what: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of its own in a folder: nothing of this one's caches, library or words."""

    root: Path

    @property
    def home(self) -> Path:
        """Its working folder."""
        return self.root / "home"

    def environment(self, **more: str) -> dict[str, str]:
        """What its processes see."""
        words = self.root / "words.toml"
        words.touch()
        (self.home / "prefect").mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return kept | {
            "BINDERY_HOME": str(self.home),
            "BINDERY_LIBRARY": str(self.root / "library"),
            "BINDERY_LEXICON": str(words),
            "BINDERY_STORE_LIMIT": "none",  # a store that only notes what is there cannot be tidied
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
            "DO_NOT_TRACK": "1",
            **more,
        }

    def run(self, *arguments: str, **more: str) -> tuple[str, float]:
        """What a Python process says on standard output, and how long it took."""
        began_s = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(**more),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout, time.perf_counter() - began_s

    @contextmanager
    def serving(self) -> Iterator[Addresses]:
        """Have `bindery serve` run with its home."""
        arguments = ["flows.cli", "serve"]
        with (self.root / "serve.log").open("wb") as log:
            child = start_child(
                "flows.child", arguments, self.environment(BINDERY_PORT=str(free_port())), log
            )
            try:
                yield self._addresses(child)
            finally:
                end_child(child, grace_s=30)

    def _addresses(self, child: subprocess.Popen[bytes]) -> Addresses:
        deadline_s = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < deadline_s and child.poll() is None:
            addresses = addresses_in(self.home)
            if addresses is not None:
                return addresses
            time.sleep(0.1)
        raise SystemExit(f"bindery serve did not start: {(self.root / 'serve.log').read_text()}")


def main() -> int:
    """Run the benchmark; the tables go to standard output, JSON to --json."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        result = _measure(options, Path(scratch))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(_told(result, whole=options.whole))
    return 0


def _measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    loads = [os.getloadavg()[0]]
    machine = Machine(scratch)
    firsts = [] if options.without_first else list(_firsts(scratch, options.rounds))
    rows: list[Row] = []
    for shelf, folder in _shelves(options, scratch):
        for rate in options.rates:
            rounds: dict[str, list[Row]] = {way: [] for way in options.ways}
            for _ in range(options.rounds):
                for way in options.ways:
                    rounds[way].append(_shelf_row(machine, shelf, folder, rate, way, whole=options.whole))
                    loads.append(os.getloadavg()[0])
                    last = rounds[way][-1]
                    print(f"{shelf}, {rate or 'free'}, {way}: {last.all_s:.1f} s", file=sys.stderr)
            rows += (_median(some) for some in rounds.values())
    return {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "software": f"Python {platform.python_version()}, Prefect {version('prefect')}",
        "load": f"{min(loads):.1f} to {max(loads):.1f}",
        "rounds": options.rounds,
        "firsts": [asdict(one) for one in firsts],
        "rows": [asdict(row) for row in rows],
    }


def _shelves(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, Path]]:
    if options.hours:
        folder = scratch / "book"
        folder.mkdir()
        write_document(folder / "book.md", options.hours * 3600, seed=0)
        yield f"a book of {options.hours:g} h", folder
    if options.documents:
        folder = scratch / "documents"
        folder.mkdir()
        for number in range(1, options.documents + 1):
            write_document(folder / f"document-{number:03}.md", DOCUMENT_S, seed=number)
        yield f"{options.documents} documents of {DOCUMENT_S / 60:g} min", folder


def _shelf_row(
    machine: Machine, shelf: str, folder: Path, rate: float | None, way: str, *, whole: bool
) -> Row:
    """Make the books of a shelf once, of which nothing was made before."""
    arguments = [DIRECTLY if way == DIRECTLY else BY_FLOWS, str(folder)]
    arguments += ["--rate", str(rate)] if rate else []
    arguments += ["--whole"] if whole else []
    for used in ("segments", "parts", "work"):
        _remove(machine.home / used)
    _remove(machine.root / "library")
    recorded: dict[str, int] = {}
    drain_s = 0.0
    if way == SERVER:
        with machine.serving() as addresses:
            before = _recorded(machine, "serve.db")
            took = _run(
                machine,
                arguments,
                PREFECT_API_URL=addresses.api,
                PREFECT_FLOWS_HEARTBEAT_FREQUENCY=str(HEARTBEAT_S),
            )
            drain_s = _drain(machine)
            recorded = _more(_recorded(machine, "serve.db"), before)
    elif way == EMBEDDED:
        before = _recorded(machine, "prefect.db")
        took = _run(machine, arguments)
        recorded = _more(_recorded(machine, "prefect.db"), before)
    else:
        took = _run(machine, arguments)
    completed = recorded.pop("COMPLETED", 0)
    held = dict(took["held_bytes"])
    return Row(
        shelf=shelf,
        rate=rate,
        way=way,
        documents=took["documents"],
        audio_s=took["audio_s"],
        tasks=took["tasks"] or completed,
        start_s=took["start_s"],
        run_s=took["run_s"],
        end_s=took["end_s"],
        drain_s=drain_s,
        cpu_s=took["cpu_s"],
        card_s=took["busy_s"],
        busy=took["busy_s"] / took["run_s"],
        busy_between=took["busy_s"] / took["speaking_s"],
        recorded=completed,
        not_completed=sum(recorded.values()),
        peak_bytes=took["peak_bytes"],
        held_bytes={after: held[after] for after in AFTER if after in held},
    )


def _run(machine: Machine, arguments: Sequence[str], **more: str) -> dict[str, Any]:
    said, _ = machine.run("-W", "ignore", "-m", "bench.shelf_run", *arguments, **more)
    return dict(json.loads(said.splitlines()[-1]))


def _drain(machine: Machine) -> float:
    """Wait until the server has recorded all that it was told, and return how long that took."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < DRAIN_LIMIT_S:
        states = _recorded(machine, "serve.db")
        if not states.keys() - {"COMPLETED", "FAILED"}:
            break
        time.sleep(0.2)
    return time.monotonic() - began_s


def _recorded(machine: Machine, name: str) -> dict[str, int]:
    """How many task runs there are in each state, in a database of Prefect's."""
    path = machine.home / "prefect" / name
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        return dict(database.execute("select state_type, count(*) from task_run group by state_type"))


def _more(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {state: more for state, number in after.items() if (more := number - before.get(state, 0))}


def _remove(folder: Path) -> None:
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # noqa: S607


def _median(rounds: Sequence[Row]) -> Row:
    """The round whose run took the median time."""
    return sorted(rounds, key=lambda row: row.all_s)[(len(rounds) - 1) // 2]


def _firsts(scratch: Path, rounds: int) -> Iterator[First]:
    """A document of one sentence, by the draft voice, whole: what a first user waits for."""
    shelf = scratch / "tiny"
    shelf.mkdir()
    (shelf / "tiny.md").write_text("# Tiny\n\nThe lamp was lit at six.\n", encoding="utf-8")
    convert = ["-m", "flows.cli", "convert", str(shelf / "tiny.md"), "--engine", "draft", "--json"]
    directly = ["-W", "ignore", "-m", "bench.shelf_run", DIRECTLY, str(shelf), "--draft"]
    taken: dict[str, list[float]] = {}
    for number in range(rounds):
        alone = Machine(scratch / f"alone-{number}")
        fresh = Machine(scratch / f"fresh-{number}")
        for machine in (alone, fresh):
            machine.root.mkdir()
        for what, machine, arguments in (
            ("the same calls directly", alone, directly),
            ("the first `bindery convert`", fresh, convert),
            ("the second one, with nothing spoken before", fresh, convert),
            ("`import prefect` alone", alone, ["-c", "import prefect, prefect.flows"]),
            ("`python -c pass`", alone, ["-c", "pass"]),
        ):
            for used in ("segments", "parts"):
                _remove(machine.home / used)
            _remove(machine.root / "library")
            taken.setdefault(what, []).append(machine.run(*arguments)[1])
    for what, seconds in taken.items():
        yield First(what, median(seconds))


def _told(result: dict[str, Any], *, whole: bool) -> str:
    real = (
        "A stand-in spoke; all else was the product's own."
        if whole
        else "Stand-ins spoke, stored, mastered, encoded and bound; all else was the product's own."
    )
    lines = [
        f"{result['machine']}, {result['software']}; load {result['load']}; medians of {result['rounds']}.",
        real,
    ]
    if result["firsts"]:
        lines += ["", "| a tiny document, draft voice, nothing stood in for | s |", "|---|---:|"]
        lines += [f"| {one['what']} | {one['wall_s']:.1f} |" for one in result["firsts"]]
    rows = [Row(**row) for row in result["rows"]]
    directly = {(row.shelf, row.rate): row for row in rows if row.way == DIRECTLY}
    lines += [
        "",
        "| shelf | card | way | wall s | orchestration s | × directly | per document ms | per task ms "
        "| card busy | between first and last batch |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_time_line(row, directly.get((row.shelf, row.rate))) for row in rows]
    lines += [
        "",
        "| shelf | card | way | of the wall: start s, end s | CPU s | tasks | recorded | recorded after s "
        f"| peak MB | MB after {', '.join(map(str, AFTER))} documents |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_cost_line(row) for row in rows]
    return "\n".join(lines)


def _time_line(row: Row, directly: Row | None) -> str:
    more = ["", "", "", ""]
    if directly is not None and row is not directly:
        in_run_s = row.run_s - directly.run_s  # starting and ending are not per document
        more = [
            f"{row.all_s - directly.all_s:.1f}",
            f"{row.all_s / directly.all_s:.2f}",
            f"{in_run_s / row.documents * 1e3:.0f}",
            f"{in_run_s / directly.tasks * 1e3:.1f}",
        ]
    busy = [f"{row.busy:.1%}", f"{row.busy_between:.1%}"] if row.rate else ["", ""]
    return _cells(row, f"{row.all_s:.1f}", *more, *busy)


def _cost_line(row: Row) -> str:
    recorded = f"{row.recorded}" + (f", {row.not_completed} not completed" if row.not_completed else "")
    return _cells(
        row,
        f"{row.start_s:.1f}, {row.end_s:.1f}" if row.way == EMBEDDED else "",
        f"{row.cpu_s:.1f}",
        str(row.tasks),
        recorded if row.way != DIRECTLY else "",
        f"{row.drain_s:.1f}" if row.way == SERVER else "",
        f"{row.peak_bytes / 1e6:.0f}",
        ", ".join(f"{held / 1e6:.0f}" for held in row.held_bytes.values()),
    )


def _cells(row: Row, *cells: str) -> str:
    rate = f"{row.rate:,g}×" if row.rate else "free"
    return f"| {' | '.join((row.shelf, rate, row.way, *cells))} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hours", type=float, default=10, help="of the book; 0: no book")
    parser.add_argument("--documents", type=int, default=100, help="of five minutes each; 0: none")
    parser.add_argument(
        "--rates", type=_rates, default=[None, 1000.0], help="of the card, × real time, such as none,1000"
    )
    parser.add_argument("--ways", type=_ways, default=WAYS, help=f"of {', '.join(WAYS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="store, master, encode and bind, too")
    parser.add_argument("--without-first", action="store_true", help="no first `bindery convert`")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _rates(text: str) -> list[float | None]:
    return [None if rate == "none" else float(rate) for rate in text.split(",")]


def _ways(text: str) -> tuple[str, ...]:
    ways = tuple(text.split(","))
    if not ways or set(ways) - set(WAYS):
        raise argparse.ArgumentTypeError(f"of {', '.join(WAYS)}")
    return ways


if __name__ == "__main__":
    raise SystemExit(main())
