"""A machine of its own in a folder, whose processes are started, watched and killed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx

from flows.api_process import free_port
from flows.speaking_client import health_of
from outputs.errors import OutputError
from outputs.store import SegmentStore

START_LIMIT_S: Final = 180.0  # of `bindery serve`, on a busy machine
END_LIMIT_S: Final = 40.0
_LOOK_S: Final = 0.1
_KEPT: Final = ("PATH", "LANG")


class Part(StrEnum):
    """What runs under `bindery serve`."""

    SERVE = "bindery serve"
    SERVER = "Prefect's server"
    SPEAKING = "the speaking service"
    WORKER = "the worker"
    RUN = "the flow run"


# how each is known by its command line
_SIGNS: Final = {
    Part.SERVE: r"flows\.cli serve",
    Part.SERVER: r"prefect server start|prefect\.server\.api\.server",
    Part.SPEAKING: r"flows\.speaking_server",
    Part.WORKER: r"prefect worker start",
    Part.RUN: r"prefect\.engine|prefect\.flow_engine",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with a home and a library: nothing of this machine's settings, caches or books."""

    root: Path
    more: Mapping[str, str] = field(default_factory=dict)  # environment variables
    port: int = field(default_factory=free_port)

    @property
    def home(self) -> Path:
        """Segments, parts, work folders and Prefect's database."""
        return self.root / "home"

    @property
    def library(self) -> Path:
        """Finished books."""
        return self.root / "library"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of all its processes."""
        (self.root / "tmp").mkdir(parents=True, exist_ok=True)
        return {
            **{name: value for name, value in os.environ.items() if name in _KEPT},
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "HOME": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
            "BINDERY_HOME": str(self.home),
            "BINDERY_LIBRARY": str(self.library),
            "BINDERY_PORT": str(self.port),
            "HF_HUB_OFFLINE": "1",
            **self.more,
        }

    def start(self, *arguments: str | Path, module: str = "flows.cli") -> subprocess.Popen[str]:
        """Start a command; its standard output can be read, the other goes into the log."""
        variables = self.variables  # which makes the folder
        with self.log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                cwd=self.root,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(
        self, *arguments: str | Path, module: str = "flows.cli", status: int | None = 0
    ) -> list[dict[str, Any]]:
        """What a command with `--json` says, object by object.

        Raises:
            Unexpected: it ends with another status; None: any will do.
        """
        process = self.start(*arguments, module=module)
        said, _ = process.communicate()
        if status not in (None, process.returncode):
            raise Unexpected(f"{arguments[0]} ended with {process.returncode}: {self.last_words()}")
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    @property
    def log(self) -> Path:
        """What its commands said on standard error."""
        return self.root / "said.log"

    def last_words(self) -> str:
        """The end of the log, in one line."""
        return " / ".join(line.strip() for line in self.log.read_text().strip().splitlines()[-3:])

    def processes(self) -> dict[int, str]:
        """The command line of each of its processes, by number."""
        mark = f"BINDERY_HOME={self.home}".encode()
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended, or is not ours
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                    if command:  # or it has ended, and nobody has asked for its status yet
                        found[int(process.name)] = command
        return found

    def alone_s(self, limit_s: float = END_LIMIT_S) -> float | None:
        """Seconds until none of its processes is left; None: some still are at the limit."""
        return until(lambda: not self.processes(), limit_s)

    def kill_all(self) -> None:
        """Kill what is left."""
        for number in self.processes():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def whole_segments(self) -> set[str]:
        """The keys of the segments that are whole: every byte of each is read."""
        store = SegmentStore(self.home / "segments")
        whole = set()
        for key in list(store.keys()):
            with suppress(OutputError):
                store.read(key)
                whole.add(key)
        return whole


class Unexpected(Exception):
    """Something ended otherwise than it had to for the bench to go on."""


class Serving:
    """`bindery serve` on a machine, and what can be asked of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.socket: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{machine.port}/api", timeout=60)

    def start(self) -> float:
        """Start it, and wait until documents can be added; returned is how long that took, in s."""
        before = self.socket
        self._process = self.machine.start("serve")
        began_s = time.monotonic()

        def is_ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise Unexpected(f"bindery serve ended: {self.machine.last_words()}")
            told = self.machine.home / "serve.json"
            if told.exists():
                self.socket = Path(json.loads(told.read_bytes())["speaking"])
            return self.socket not in (None, before)

        if until(is_ready, START_LIMIT_S) is None:
            raise Unexpected(f"bindery serve is not ready: {self.machine.last_words()}")
        return time.monotonic() - began_s

    def end(self) -> float | None:
        """Ask it to end; seconds until nothing ran any more, None: something still does."""
        assert self._process is not None
        self._process.terminate()
        gone_s = self.machine.alone_s()
        self._reap()
        return gone_s

    def kill(self, part: Part, how: signal.Signals = signal.SIGKILL) -> int | None:
        """End one of its processes, and say which; None: there is none of that kind now."""
        for number in self.numbers(part):
            os.kill(number, how)
            if part is Part.SERVE:
                self._reap()
            return number
        return None

    def numbers(self, part: Part) -> list[int]:
        """The numbers of its processes of one kind, the oldest first."""
        return sorted(
            number for number, line in self.machine.processes().items() if re.search(_SIGNS[part], line)
        )

    def process_of(self, run: str) -> int | None:
        """The process of a flow run; None: it has none now."""
        for number in self.numbers(Part.RUN):
            with suppress(OSError):
                if run in Path(f"/proc/{number}/environ").read_text(errors="replace"):
                    return number
        return None

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """What Prefect's API answers; None while nobody does."""
        try:
            answer = self._http.request(method, path, json=body or None)
        except httpx.TransportError:
            return None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def state(self, run: str) -> str:
        """What a run is at, in Prefect's word; empty while the server is away."""
        facts = self.ask("GET", f"/flow_runs/{run}")
        return str(facts["state_type"]) if facts else ""

    def add(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """`bindery queue add`, to be spoken by the draft voice."""
        return self.machine.run("queue", "add", *arguments, "--engine", "draft", "--json")

    def done_s(self, run: str, limit_s: float) -> float | None:
        """Seconds until a run is completed; None: it is not by then, or it ended otherwise for good."""
        began_s = time.monotonic()
        until(lambda: self.state(run) in ("COMPLETED", "FAILED", "CANCELLED"), limit_s)
        return time.monotonic() - began_s if self.state(run) == "COMPLETED" else None

    def spoken(self) -> int:
        """How many chunks the speaking service that runs now has spoken with the draft voice."""
        figures = health_of(self.socket).get("draft") if self.socket else None
        return figures["chunks"] if figures else 0

    def busy_with(self) -> int:
        """How many chunks wait there or are under way."""
        figures = health_of(self.socket).get("draft") if self.socket else None
        return figures["waiting"] + figures["under_way"] if figures else 0

    def _reap(self) -> None:
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=10)


@contextmanager
def serving(machine: Machine) -> Iterator[Serving]:
    """`bindery serve` for as long as this lasts; nothing of it is left then."""
    served = Serving(machine)
    try:
        served.start()
        yield served
    finally:
        served.end()
        machine.kill_all()


def until(condition: Callable[[], bool], limit_s: float, look_s: float = _LOOK_S) -> float | None:
    """Seconds until it was so; None: it was not within the limit."""
    began_s = time.monotonic()
    while not condition():
        if time.monotonic() - began_s > limit_s:
            return None
        time.sleep(look_s)
    return time.monotonic() - began_s


def visible_in(folder: Path) -> list[Path]:
    """The files of a folder that anybody looks for there, not the hidden ones; relative to it."""
    return [path for path in _names_in(folder) if not _is_hidden(path)]


def hidden_in(folder: Path) -> list[str]:
    """The hidden files of a folder, but for the lock that always stays."""
    return [str(path) for path in _names_in(folder) if _is_hidden(path) and path.name != ".bindery.lock"]


def files_in(folder: Path) -> dict[str, str]:
    """The sha256, hex, of each visible file of a folder."""
    return {
        str(name): hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in visible_in(folder)
    }


def _names_in(folder: Path) -> list[Path]:
    # not rglob: folders may be moved meanwhile
    return [Path(above, name).relative_to(folder) for above, _, names in os.walk(folder) for name in names]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as a table of Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
