"""An hour of speech mastered and encoded by us and by ffmpeg's loudnorm, on one core and two; a book bound.

    python -m bench.outputs                     # the draft voice reads the example book for an hour
    python -m bench.outputs --minutes 10 --bind-hours 1 --json figures.json

Both get the same sound, in turns, so that other work on the machine slows both. RTFx is seconds of audio per
second, by the clock and by what the cores spent; higher is faster. Ours also decodes and measures what it
wrote, which loudnorm does not: the row without that step is the one to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import soundfile

from bench.memory import peak_bytes
from inputs.read import read
from outputs.encode import CODECS, encode
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.finish import Part, finish_chapter
from outputs.finishers import Finishers
from outputs.m4b import bind, check_bound
from outputs.master import master
from outputs.plan import ChapterPlan, Mastering, Pauses, Utterance, samples_of
from outputs.store import SegmentStore
from synth.audio import SAMPLE_RATE_HZ, AudioSegment
from synth.chunks import Line, pack
from synth.draft import DraftSpeaker
from tasks.scripts import chapter_script

BOOK: Final = Path(__file__).parents[1] / "examples" / "upon-asking.epub"
VOICE: Final = "bf_emma"
AAC: Final = CODECS["aac"]
CHAPTER_MINUTES: Final = 5
LOUDNORM: Final = "loudnorm=I=-19:TP=-3.5:LRA=11"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: somebody did something to all of the sound."""

    what: str
    cores: int
    wall_s: float
    cpu_s: float  # of this process and the ffmpegs that it started
    rtfx: float  # by the clock
    rtfx_per_core: float  # by what the cores spent


@dataclass(frozen=True, slots=True)
class Bound:
    """A long book, bound by a process of its own."""

    hours: float
    chapters: int
    bind_s: float
    check_s: float  # reading it all back: packets, marks, every sample
    python_peak_bytes: int
    python_before_bytes: int  # what it had taken before it bound anything: Python and the modules
    ffmpeg_peak_bytes: int
    book_bytes: int


def main() -> int:
    """Run the benchmark; the table goes to standard output, JSON to --json."""
    options = _options()
    if options.bind_of:
        print(json.dumps(asdict(_bound(options.bind_of, options.bind_hours))))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        result = _measure(options, Path(scratch))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(_table(result))
    return 0


def _measure(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    ffmpeg = find_ffmpeg()
    segments = list(_speech())
    store = SegmentStore(scratch / "segments")
    for segment in segments:
        store.put(segment)
    plans = list(_plans(segments, options.minutes))
    waves = [_wave(plan, store, scratch / f"{number}.wav") for number, plan in enumerate(plans)]
    audio_s = sum(soundfile.info(wave).frames for wave in waves) / SAMPLE_RATE_HZ
    one_round = sum(len(segment.samples) for segment in segments) / SAMPLE_RATE_HZ

    def put_again(number: int) -> None:
        again = SegmentStore(scratch / f"again-{number}")
        for segment in segments:
            again.put(segment)
        shutil.rmtree(scratch / f"again-{number}")

    parts = scratch / "parts"

    def alone(wave: Path) -> None:
        """What the machine gains by a second core when nobody waits for anybody."""
        encode([soundfile.read(wave, dtype="float32")[0]], {AAC: wave.with_suffix(".aac")}, ffmpeg)

    def render(plan: ChapterPlan) -> None:
        encode(master(plan, store).blocks(), {AAC: scratch / f"{plan.digest}.aac"}, ffmpeg)

    def measure(plan: ChapterPlan) -> None:
        master(plan, store)

    def loudnorm(wave: Path) -> None:
        _loudnorm(wave, ffmpeg)

    def finish(cores: int) -> Row:
        """As it is done for a book: each chapter in a process of its own."""
        shutil.rmtree(parts, ignore_errors=True)

        def work(plan: ChapterPlan) -> None:
            finishers.finish(plan, [AAC], store, parts, ffmpeg)

        with _only(cores), Finishers(cores) as finishers:
            with ThreadPoolExecutor(cores) as warming:  # starting them is no part of an hour of speech
                list(warming.map(work, plans[-cores:]))
            shutil.rmtree(parts)
            return _row("master, encode, decode, measure", cores, work, plans, audio_s, finishers.close)

    rows = []
    for round_number in range(options.rounds):
        rows.append(_row("trim and store", 1, put_again, [round_number], one_round))
        rows.append(_row("master", 1, measure, plans, audio_s))
        rows.append(_row("master, encode", 1, render, plans, audio_s))
        rows += [finish(1), finish(2)]
        rows += [_row("ffmpeg: fast AAC alone", cores, alone, waves, audio_s) for cores in (1, 2)]
        rows.append(_row("ffmpeg: loudnorm twice, default AAC", 1, loudnorm, waves, audio_s))
    first = finish_chapter(plans[0], [AAC], store, parts, ffmpeg)[0]
    return {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "ffmpeg": ffmpeg.version_line,
        "audio_s": audio_s,
        "chapters": len(plans),
        "rows": [asdict(row) for row in _best(rows)],
        "bound": _bound_in_a_process_of_its_own(first.path, options.bind_hours),
    }


def _speech() -> Iterator[AudioSegment]:
    """The example book, read by the draft voice."""
    speaker = DraftSpeaker()
    book = read(BOOK)
    chunks = []
    for number, chapter in enumerate(book.spoken_chapters, start=1):
        script = chapter_script(number, chapter, book.language)
        lines = [
            Line(place, sentence.passage, speaker.pronounce(sentence.spoken, "en-gb"), sentence.pause)
            for place, sentence in enumerate(script.sentences)
        ]
        chunks += list(pack(lines, VOICE, 1.0, "en-gb"))
    yield from speaker.speak(chunks)


def _plans(segments: Sequence[AudioSegment], minutes: float) -> Iterator[ChapterPlan]:
    """Chapters of five minutes, one after another through the segments, again and again."""
    pauses = Pauses()
    utterances: list[Utterance] = []
    seconds = done_s = 0.0
    number = 0
    while done_s < minutes * 60:
        segment = segments[number % len(segments)]
        number += 1
        utterances.append(Utterance(segment.key, samples_of(pauses.sentence_s)))
        seconds += segment.duration_s
        if seconds >= CHAPTER_MINUTES * 60 or done_s + seconds >= minutes * 60:
            # a head of its own, since a chapter that is the same as another is not made again
            head_samples = samples_of(pauses.head_s) + number
            yield ChapterPlan(tuple(utterances), head_samples, samples_of(pauses.tail_s))
            done_s += seconds
            utterances, seconds = [], 0.0


def _wave(plan: ChapterPlan, store: SegmentStore, path: Path) -> Path:
    """A chapter's sound as it was spoken, for loudnorm: neither raised nor limited."""
    as_spoken = master(replace(plan, mastering=Mastering()), store)
    as_spoken = replace(as_spoken, measurement=replace(as_spoken.measurement, gain_db=0.0))
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, "FLOAT") as file:
        for block in as_spoken.blocks():
            file.write(block)
    return path


def _loudnorm(wave: Path, ffmpeg: Ffmpeg) -> None:
    """What many tools do: measure with loudnorm, normalise by that, encode with ffmpeg's defaults."""
    command = [ffmpeg.path, "-nostdin", "-hide_banner", "-nostats", "-y", "-i", str(wave)]
    first = subprocess.run(
        [*command, "-af", f"{LOUDNORM}:print_format=json", "-f", "null", "-"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    said = first.stderr
    found = json.loads(said[said.rindex("{") : said.rindex("}") + 1])
    measured = (
        f"measured_I={found['input_i']}:measured_TP={found['input_tp']}:measured_LRA={found['input_lra']}"
        f":measured_thresh={found['input_thresh']}:offset={found['target_offset']}:linear=true"
    )
    subprocess.run(
        [*command, "-af", f"{LOUDNORM}:{measured}", "-ar", str(SAMPLE_RATE_HZ),
         "-c:a", "aac", "-b:a", "64k", str(wave.with_suffix(".m4a"))],
        check=True, capture_output=True,
    )  # fmt: skip


def _row(
    what: str,
    cores: int,
    work: Callable[[Any], None],
    items: Sequence[Any],
    audio_s: float,
    close: Callable[[], None] = lambda: None,
) -> Row:
    """Do the work on each item, on so many cores, a worker for each.

    close: ends the processes that helped; what they spent, their start included, is known only then.
    """
    with _only(cores):
        cpu_s, wall_s = _cpu_s(), time.perf_counter()
        with ThreadPoolExecutor(cores) as workers:
            list(workers.map(work, items))
        wall_s = time.perf_counter() - wall_s
        close()
        cpu_s = _cpu_s() - cpu_s
    return Row(what, cores, wall_s, cpu_s, audio_s / wall_s, audio_s / cpu_s)


@contextmanager
def _only(cores: int) -> Iterator[None]:
    """Keep this process and those it starts on so many cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cpu_s() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _best(rows: Sequence[Row]) -> list[Row]:
    """Of each kind the fastest round."""
    kinds = dict.fromkeys((row.what, row.cores) for row in rows)
    return [
        min((row for row in rows if (row.what, row.cores) == kind), key=lambda row: row.wall_s)
        for kind in kinds
    ]


def _bound_in_a_process_of_its_own(part: Path, hours: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.outputs", "--bind-of", str(part), "--bind-hours", str(hours)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _bound(path: Path, hours: float) -> Bound:
    """Bind one part again and again, as if each time were another chapter."""
    ffmpeg = find_ffmpeg()
    facts = json.loads(path.with_suffix(".json").read_text())
    part = Part(**{**facts, "path": path, "measurement": None, "cues": ()})
    chapters = max(1, round(hours * 3600 * SAMPLE_RATE_HZ / part.samples))
    titles = [f"Chapter {number}" for number in range(1, chapters + 1)]
    book = path.with_name("book.m4b")
    before_bytes = peak_bytes()
    started_s = time.perf_counter()
    bind([part] * chapters, titles, book, ffmpeg)
    bound_s = time.perf_counter()
    ffmpeg_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    check_bound(book, [part] * chapters, titles, ffmpeg)
    checked_s = time.perf_counter()
    return Bound(
        hours=chapters * part.samples / SAMPLE_RATE_HZ / 3600,
        chapters=chapters,
        bind_s=bound_s - started_s,
        check_s=checked_s - bound_s,
        python_peak_bytes=peak_bytes(),
        python_before_bytes=before_bytes,
        ffmpeg_peak_bytes=ffmpeg_peak * 1024,
        book_bytes=book.stat().st_size,
    )


def _table(result: dict[str, Any]) -> str:
    rows = {(row["what"], row["cores"]): row for row in result["rows"]}
    lines = [
        f"{result['machine']}, {result['ffmpeg'].partition(' Copyright')[0]}: "
        f"{result['audio_s'] / 60:.1f} min of speech in {result['chapters']} chapters",
        "",
        "| | cores | wall s | × real time | CPU s | × real time per core |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {row['what']} | {row['cores']} | {row['wall_s']:.1f} | {row['rtfx']:.0f} | "
            f"{row['cpu_s']:.1f} | {row['rtfx_per_core']:.0f} |"
            for row in result["rows"]
        ),
        "",
    ]
    whole = "master, encode, decode, measure"
    loudnorm = rows["ffmpeg: loudnorm twice, default AAC", 1]
    alone = "ffmpeg: fast AAC alone"
    trimmed = 1 / (1 / rows["trim and store", 1]["rtfx"] + 1 / rows["master, encode", 1]["rtfx"])
    lines += [
        f"trim, store, master, encode on one core: {trimmed:.0f}×",
        f"two cores over one: {rows[whole, 2]['rtfx'] / rows[whole, 1]['rtfx']:.2f}× "
        f"(ffmpeg's encoder alone: {rows[alone, 2]['rtfx'] / rows[alone, 1]['rtfx']:.2f}×); "
        f"over loudnorm: {rows['master, encode', 1]['rtfx'] / loudnorm['rtfx']:.1f}× "
        f"({rows[whole, 1]['rtfx'] / loudnorm['rtfx']:.1f}× with decoding and measuring)",
    ]
    book = result["bound"]
    lines.append(
        f"{book['hours']:.1f} h in {book['chapters']} chapters bound in {book['bind_s']:.1f} s and checked "
        f"in {book['check_s']:.1f} s, {book['book_bytes'] / 1e6:.0f} MB; peak memory "
        f"{book['python_peak_bytes'] / 1e6:.0f} MB here ({book['python_before_bytes'] / 1e6:.0f} before it "
        f"began), {book['ffmpeg_peak_bytes'] / 1e6:.0f} MB in ffmpeg"
    )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=60, help="of speech to master and encode")
    parser.add_argument("--bind-hours", type=float, default=10, help="of the book to bind")
    parser.add_argument("--rounds", type=int, default=1, help="the fastest of so many counts")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bind-of", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
