"""Two machines work through one shelf for one Prefect server on PostgreSQL, and one of them is killed midway.

    python -m bench.machines                    # all on this machine; PostgreSQL from the system's packages
    python -m bench.machines --documents 8 --json figures.json

Each machine has a home of its own; documents, segments and library are in folders that they share. One of
them loses its power (SIGKILL of all that it runs) while it narrates. The other must complete the shelf all
the same, every book byte for byte as one machine alone makes it, and speak nothing again that was whole.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.machine import Machine, Part, Serving, Unexpected, files_in, hidden_in, serving, table, until
from bench.writing import write_markdown
from flows.api_process import free_port, wait_for_api
from outputs.store import SegmentStore

DONE_LIMIT_S: Final = 900.0  # heartbeats that stop are noticed after 90 s, on a busy machine
CHAPTERS: Final = 3
_PLACES: Final = ("/usr/lib/postgresql", "/usr/local/pgsql")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    documents: int
    done: int
    killed_with: int  # documents that the killed machine was at
    begun_again: int  # documents that were
    chunks: int  # of the whole shelf
    spoken_by_first: int  # and whole, when it was killed
    spoken_by_second: int
    spoken_again: int  # although they were whole
    same_bytes: bool
    half_done: int  # hidden files in the library
    left_over: int  # processes
    wall_s: float

    @property
    def holds(self) -> bool:
        """Whether every law does."""
        return (
            self.done == self.documents
            and self.killed_with > 0
            and self.spoken_by_first > 0
            and self.same_bytes
            and not (self.spoken_again or self.half_done or self.left_over)
        )


def main() -> int:
    """Run it; the exit status is 1 when a law does not hold, 0 also where there is no PostgreSQL."""
    options = _options()
    binaries = _postgresql()
    if binaries is None:
        print("skipped: no PostgreSQL server on this machine (Debian: apt install postgresql)")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        root.chmod(0o755)  # PostgreSQL does not run as root; its user must get through
        result = _measure(root, binaries, options.documents, options.sentences)
    if options.json:
        options.json.write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    print(_told(result))
    return 0 if result.holds else 1


def _measure(root: Path, binaries: Path, documents: int, sentences: int) -> Result:
    shelf = root / "documents"
    shelf.mkdir()
    books = [write_markdown(shelf / f"Book {n}.md", CHAPTERS, sentences) for n in range(1, documents + 1)]
    alone = Machine(root / "alone")
    alone.run("convert", *books, "--engine", "draft", "--json")
    shared = root / "shared"
    shared.mkdir()
    began_s = time.monotonic()
    with ExitStack() as stack:
        api = stack.enter_context(_server(root, binaries))
        first, second = (
            stack.enter_context(_joined(root / name, shared, api)) for name in ("first", "second")
        )
        runs = [one["run"] for one in first.add(*books, "--by", "bench")]
        store = SegmentStore(shared / "segments")
        if until(lambda: first.spoken() > 0 and second.spoken() > 0, DONE_LIMIT_S) is None:
            raise Unexpected("one of the machines took no document")
        killed_with = len(first.numbers(Part.RUN))
        first.machine.kill_all()
        with _held(second):
            before = second.spoken()
            whole = set(store.keys())
        for run in runs:
            second.done_s(run, DONE_LIMIT_S)
        facts = [second.ask("GET", f"/flow_runs/{run}") for run in runs]
        spoken = second.spoken()
        chunks = len(set(store.keys()))
        wall_s = time.monotonic() - began_s
    return Result(
        documents=documents,
        done=sum(one["state_type"] == "COMPLETED" for one in facts),
        killed_with=killed_with,
        begun_again=sum(one["run_count"] > 1 for one in facts),
        chunks=chunks,
        spoken_by_first=len(whole) - before,
        spoken_by_second=spoken,
        spoken_again=(spoken - before) - (chunks - len(whole)),
        same_bytes=_sound(shared / "library") == _sound(alone.library),
        half_done=len(hidden_in(shared / "library")),
        left_over=len(first.machine.processes()) + len(second.machine.processes()),
        wall_s=wall_s,
    )


@contextmanager
def _joined(root: Path, shared: Path, api: str) -> Iterator[Serving]:
    """A machine that works for the server, with its own home and all else shared."""
    machine = Machine(
        root,
        {
            "PREFECT_API_URL": api,
            "BINDERY_LIBRARY": str(shared / "library"),
            "BINDERY_SEGMENTS": str(shared / "segments"),
        },
        int(api.rpartition(":")[2].partition("/")[0]),
    )
    with serving(machine) as served:
        yield served


@contextmanager
def _held(served: Serving) -> Iterator[None]:
    """Nothing new is asked of its speaker inside, and what was asked is done, so that it can be counted."""
    runs = served.numbers(Part.RUN)
    for number in runs:
        os.kill(number, signal.SIGSTOP)
    until(lambda: served.busy_with() == 0, DONE_LIMIT_S)
    yield
    for number in runs:
        os.kill(number, signal.SIGCONT)


@contextmanager
def _server(root: Path, binaries: Path) -> Iterator[str]:
    """Prefect's server on a PostgreSQL of its own; yields the address of its API."""
    with _database(root / "postgresql", binaries) as url:
        port = free_port()
        machine = Machine(
            root / "server",
            {
                "PREFECT_HOME": str(root / "server" / "prefect"),
                "PREFECT_API_DATABASE_CONNECTION_URL": url,
                "PREFECT_SERVER_API_HOST": "127.0.0.1",
                "PREFECT_SERVER_API_PORT": str(port),
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "DO_NOT_TRACK": "1",
            },
        )
        process = machine.start("server", "start", module="prefect")
        try:
            wait_for_api(process, port)
            yield f"http://127.0.0.1:{port}/api"
        finally:
            machine.kill_all()
            process.communicate()


@contextmanager
def _database(folder: Path, binaries: Path) -> Iterator[str]:
    """A PostgreSQL on a port of its own; yields its address as Prefect wants it."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()

    def run(*command: str | Path) -> None:
        subprocess.run(
            [*map(str, command)], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, text=True
        )

    run(binaries / "initdb", "-D", data, "-U", "bindery", "--auth=trust", "--encoding=UTF8")
    control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    run(*control, "-o", f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}", "start")
    try:
        yield f"postgresql+asyncpg://bindery@127.0.0.1:{port}/postgres"
    finally:
        run(*control, "-m", "immediate", "stop")


def _postgresql() -> Path | None:
    """The folder with PostgreSQL's server programs; Debian does not put them on the path."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = [path for place in _PLACES for path in Path(place).glob("**/bin") if (path / "initdb").exists()]
    return max(folders, default=None, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))])


def _sound(library: Path) -> dict[str, str]:
    """The audio of a library, by name and hash; what lies beside it tells when it was made."""
    return {name: digest for name, digest in files_in(library).items() if name.endswith((".m4b", ".mp3"))}


def _told(result: Result) -> str:
    facts = [
        ("documents", result.documents),
        ("done", result.done),
        ("under way on the machine that was killed", result.killed_with),
        ("begun again by the other", result.begun_again),
        ("chunks of the shelf", result.chunks),
        ("whole when the first was killed, spoken by it", result.spoken_by_first),
        ("spoken by the second", result.spoken_by_second),
        ("spoken although they were whole", result.spoken_again),
        ("audio is that of one machine alone, byte for byte", "yes" if result.same_bytes else "NO"),
        ("half-done files in the library", result.half_done),
        ("processes left", result.left_over),
        ("seconds", f"{result.wall_s:.0f}"),
    ]
    return table(("", ""), facts) + f"\n\n{'all laws hold' if result.holds else 'A LAW DOES NOT HOLD'}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--documents", type=int, default=8)
    parser.add_argument("--sentences", type=int, default=150, help="in each of three chapters")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
