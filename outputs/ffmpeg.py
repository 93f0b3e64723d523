"""An ffmpeg command line into a child process that cannot hang, leak or fail unheard.

Command lines are built with ffmpeg-python and started here. A zero exit status is never taken as proof:
a pipe that ends early, or a terminated ffmpeg, leaves a shorter file that looks whole. Callers decode.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import ffmpeg as command_line  # ffmpeg-python, for building only: its runner loses the error text
import imageio_ffmpeg

from outputs.errors import DiskFull, EncoderFailed, FfmpegMissing

STALL_LIMIT_S: Final = 120.0  # a network disk that sleeps may take this long; a hung ffmpeg takes for ever
ERROR_TEXT_BYTES: Final = 4096  # the end of ffmpeg's messages that goes into an error
READ_BYTES: Final = 1 << 16  # what a pipe holds on Linux
BUILT_TO_BE_EXACT: Final = {  # no dates, versions or random stream numbers: same sound, same bytes
    "map_metadata": "-1",
    "fflags": "+bitexact",
    "flags:a": "+bitexact",
}


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An ffmpeg that answers. Versions write different bytes, so `version_line` belongs to what they make."""

    path: str
    version_line: str
    stall_limit_s: float = STALL_LIMIT_S  # it is killed after so long without taking or giving a byte


def find_ffmpeg(setting: str | Path | None = None) -> Ffmpeg:
    """Find ffmpeg: the one that is set, else the one on PATH, else the one inside imageio-ffmpeg.

    Raises:
        FfmpegMissing: there is none, or the one that is set does not run. A setting is never passed over.
    """
    if setting is not None:
        return _answering(os.fspath(setting), f"the ffmpeg that is set ({setting}) does not run")
    on_path = shutil.which("ffmpeg")
    if on_path:
        return _answering(on_path, f"the ffmpeg on PATH ({on_path}) does not run")
    try:
        bundled = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise FfmpegMissing(
            "no ffmpeg on PATH and none in imageio-ffmpeg",
            "Run `pip install imageio-ffmpeg`, or install ffmpeg, or set the path of one",
        ) from error
    return _answering(bundled, f"the ffmpeg of imageio-ffmpeg ({bundled}) does not run")


def feed(ffmpeg: Ffmpeg, spec: object, pieces: Iterable[bytes | memoryview], writes: Path) -> None:
    """Run ffmpeg on `pieces` as its standard input.

    spec: an output of ffmpeg-python. writes: the file that it makes, for error messages.

    Raises:
        EncoderFailed: it ended badly, or took nothing for `stall_limit_s`.
        DiskFull: there was no room for the file.
    """
    with Feeding(ffmpeg, spec, writes) as feeding:
        for piece in pieces:
            feeding.write(piece)
        feeding.finish()


def output_of(ffmpeg: Ffmpeg, spec: object, reads: Path) -> Iterator[bytes]:
    """Run ffmpeg and yield its standard output; a single line of complaint about the sound is a failure.

    reads: the file that it reads, for error messages.

    Raises:
        EncoderFailed: it ended badly, complained, or gave nothing for `stall_limit_s`.
    """
    child = _Child(ffmpeg, ["-nostdin"], spec, f"reading {reads}", stdin=False)
    with child:
        yield from child.read()
        child.wait()
        if said := _about_sound(child.said()):
            raise EncoderFailed(f"ffmpeg complained while reading {reads}: {said}", _hint(said))


class Feeding:
    """A running ffmpeg that is given its input piece by piece; it is killed if the block is left early."""

    def __init__(self, ffmpeg: Ffmpeg, spec: object, writes: Path) -> None:
        self._child = _Child(ffmpeg, ["-y"], spec, f"writing {writes}", stdin=True)

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._child.close()

    def write(self, piece: bytes | memoryview) -> None:
        """Hand over one piece; returns once it is in the pipe."""
        self._child.write(piece)

    def finish(self) -> None:
        """Say that nothing follows, and wait until the file is written."""
        self._child.end_input()
        self._child.wait()


class _Child:
    """One ffmpeg in a process group of its own, its messages in a file that cannot fill up a pipe."""

    def __init__(self, ffmpeg: Ffmpeg, before: list[str], spec: object, doing: str, *, stdin: bool) -> None:
        command: list[str] = command_line.compile(spec, cmd=ffmpeg.path)
        self._arguments = [command[0], "-hide_banner", "-nostats", "-v", "error", *before, *command[1:]]
        self._doing = doing
        self._stall_limit_s = ffmpeg.stall_limit_s
        self._stdin = stdin

    def __enter__(self) -> Self:
        self._messages: IO[bytes] = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                self._arguments,
                bufsize=0,
                stdin=subprocess.PIPE if self._stdin else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self._stdin else subprocess.PIPE,
                stderr=self._messages,
                start_new_session=True,
            )
        except OSError as error:
            self._messages.close()
            raise EncoderFailed(
                f"ffmpeg does not start: {error.strerror}", "Look at the path of ffmpeg"
            ) from error
        pipe = self._process.stdin if self._stdin else self._process.stdout
        assert pipe is not None
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._ready = select.poll()
        self._ready.register(pipe.fileno(), select.POLLOUT if self._stdin else select.POLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, piece: bytes | memoryview) -> None:
        rest = memoryview(piece).cast("B")
        try:
            while rest:
                self._wait_for_pipe()
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._pipe.fileno(), rest) :]
        except BrokenPipeError:
            self.wait()
            raise EncoderFailed(
                f"ffmpeg stopped early while {self._doing}: {self.said() or 'it said nothing'}", _hint("")
            ) from None

    def read(self) -> Iterator[bytes]:
        while True:
            self._wait_for_pipe()
            try:
                piece = os.read(self._pipe.fileno(), READ_BYTES)
            except BlockingIOError:
                continue
            if not piece:
                return
            yield piece

    def end_input(self) -> None:
        self._pipe.close()

    def wait(self) -> None:
        try:
            status = self._process.wait(timeout=self._stall_limit_s)
        except subprocess.TimeoutExpired:
            raise self._stalled("did not end") from None
        if status != 0:
            raise self._failure(status)

    def said(self) -> str:
        self._messages.seek(0, os.SEEK_END)
        self._messages.seek(max(0, self._messages.tell() - ERROR_TEXT_BYTES))
        return self._messages.read().decode(errors="replace").strip()

    def close(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it may end between the question and the signal
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._pipe.close()
        self._messages.close()

    def _wait_for_pipe(self) -> None:
        if not self._ready.poll(self._stall_limit_s * 1000):
            raise self._stalled("took no data" if self._stdin else "gave no data")

    def _stalled(self, what: str) -> EncoderFailed:
        return EncoderFailed(
            f"ffmpeg {what} for {self._stall_limit_s:g} s while {self._doing}",
            "Look at the disk, and run again",
        )

    def _failure(self, status: int) -> EncoderFailed | DiskFull:
        said = self.said()
        ended = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        # ffmpeg's status differs from version to version (1 in 5.1, 228 in 9.0); its words do not
        full = "No space left on device" in said or "File too large" in said or "quota exceeded" in said
        if full or status == -signal.SIGXFSZ:
            return DiskFull(f"no room left while {self._doing}", "Free some space and run again")
        return EncoderFailed(f"ffmpeg {ended} while {self._doing}: {said or 'it said nothing'}", _hint(said))


def _about_sound(said: str) -> str:
    """Without what it says of the cover, which it looks at whether asked to or not."""
    return "\n".join(line for line in said.splitlines() if not line.startswith(("[mjpeg @", "[png @")))


def _hint(said: str) -> str:
    if "Unknown encoder" in said or "Unknown decoder" in said:
        return "This ffmpeg was built without it; `pip install imageio-ffmpeg` brings one that has it"
    return "Run again; if it stays so, try another ffmpeg"


def _answering(path: str, complaint: str) -> Ffmpeg:
    hint = "Set the path of an ffmpeg that runs, or none to use the one of imageio-ffmpeg"
    try:
        answer = subprocess.run(
            [path, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FfmpegMissing(f"{complaint} ({error})", hint) from error
    first_line = answer.stdout.decode(errors="replace").partition("\n")[0].strip()
    if answer.returncode != 0 or not first_line.startswith("ffmpeg version"):
        raise FfmpegMissing(f"{complaint} (it answers {first_line or 'nothing'!r})", hint)
    return Ffmpeg(path, first_line)
