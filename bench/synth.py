"""Kokoro by upstream and by us on the same weights, utterances and threads, in one run: speed, error, memory.

    python -m bench.synth                       # this machine's CPU, random weights made on the spot
    python -m bench.synth --device cuda         # a GPU, with a sweep of batch budgets
    python -m bench.synth --weights FOLDER      # published weights

Upstream is the baseline: `pip install "audiobindery[oracle]"`. Both take turns, so that other work on the
machine slows both. RTFx is seconds of audio per second of wall time, higher is faster.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from bench.memory import peak_bytes
from bench.random_weights import write_weights
from inputs.read import read
from synth.audio import SAMPLE_RATE_HZ, Samples
from synth.chunks import Chunk
from synth.kokoro.batches import batches, efficiency
from synth.kokoro.compute import choose_compute
from synth.kokoro.model import Kokoro
from synth.kokoro.noise import noise_of
from synth.kokoro.precision import Precision
from synth.kokoro.speaker import KokoroSpeaker, open_kokoro
from synth.kokoro.vocoder import SAMPLES_PER_FRAME
from synth.kokoro.voicepacks import load_pack, style_of
from synth.script import Pause
from synth.vocabulary import VOCABULARY
from synth.weights import CHECKPOINT, CONFIG
from tasks.scripts import chapter_script

BOOK: Final = Path(__file__).parents[1] / "examples" / "upon-asking.epub"
UPSTREAM: Final = "upstream"
VOICE: Final = "af_heart"
GFLOP_PER_AUDIO_S: Final = 54.4  # multiply-adds of the whole model counted twice; most of it the vocoder's
# Phonemes per utterance: mostly packed sentences of a book, some headings, a few as long as can be.
LENGTHS: Final = (180, 510, 205, 66, 240, 150, 11, 198, 320, 128, 210, 30, 190, 400, 272, 170, 220, 95)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    who: str
    precision: str
    memory: str | None  # what it was allowed
    rtfx: float  # best round
    rtfx_median: float
    ratio: float | None  # to upstream's best round
    gflops: float  # of upstream's arithmetic that this speed amounts to
    batch_efficiency: float
    peak_bytes: int | None
    rms_error: float | None  # against our float32 with the same noise, relative to its rms


@dataclass(slots=True)
class _Contestant:
    """Somebody who speaks, with what and how long it took in each round."""

    who: str
    precision: str
    memory: str | None
    speak: Callable[[Sequence[Chunk]], list[Samples]]
    chunks: Sequence[Chunk]
    budget_frames: int | None  # of a batch; None: no batches
    taken_s: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)  # of each utterance
    peak_bytes: int | None = None

    @property
    def audio_s(self) -> float:
        return sum(self.frames) * SAMPLES_PER_FRAME / SAMPLE_RATE_HZ

    @property
    def batch_efficiency(self) -> float:
        if self.budget_frames is None:
            return 1.0
        return efficiency(self.frames, batches(self.frames, self.budget_frames))


def main() -> int:
    """Run the benchmark; the table goes to standard output, JSON to --json."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        weights = options.weights or Path(scratch)
        if options.weights is None:
            write_weights(weights, voices=(VOICE,))
        if options.peak_of:
            print(_peak_bytes(options, weights))
            return 0
        result = _measure(options, weights)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(_table(result))
    return 0


def _measure(options: argparse.Namespace, weights: Path) -> dict[str, Any]:
    torch.set_num_threads(options.threads)
    contestants = list(_contestants(options, weights))
    for one in contestants:
        one.speak(one.chunks[-1:])  # what only the first utterance pays for
    for _ in range(options.rounds):
        for one in contestants:
            _round(one, options.device)
    base = next((one for one in contestants if one.who == UPSTREAM), None)
    base_rtfx = base.audio_s / min(base.taken_s) if base else None
    rows = []
    for one in contestants:
        rtfx = one.audio_s / min(one.taken_s)
        rows.append(
            Row(
                one.who,
                one.precision,
                one.memory,
                rtfx,
                one.audio_s / float(np.median(one.taken_s)),
                rtfx / base_rtfx if base_rtfx else None,
                GFLOP_PER_AUDIO_S * rtfx,
                one.batch_efficiency,
                _peak_in_a_process_of_its_own(options, weights, one)
                if options.device == "cpu" and one is not base
                else one.peak_bytes,
                None
                if one.precision == "float32"
                else _error(weights, options, one.precision, one.chunks[0]),
            )
        )
    return {
        "machine": f"{platform.processor() or platform.machine()}, {options.threads} threads",
        "device": torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device,
        "torch": torch.__version__,
        "utterances": options.utterances,
        "audio_s": contestants[-1].audio_s,
        "conv_gflops": _conv_gflops(options.device),
        "rows": [asdict(row) for row in rows],
    }


def _contestants(options: argparse.Namespace, weights: Path) -> Iterator[_Contestant]:
    chunks = list(_utterances(options.utterances))
    if not options.without_upstream:
        few = chunks[: len(LENGTHS)]  # it takes its time; speed does not depend on how many there are
        yield _Contestant(UPSTREAM, "float32", None, _Upstream(weights, options.device).speak, few, None)
    for precision in options.precisions.split(","):
        for memory in options.memory:
            compute = choose_compute(options.device, precision, memory)
            speaker = open_kokoro(weights, compute)
            yield _Contestant(
                "audiobindery",
                precision,
                memory,
                partial(_samples, speaker),
                chunks,
                None if options.device == "cpu" else speaker.budget_frames,
            )


def _samples(speaker: KokoroSpeaker, chunks: Sequence[Chunk]) -> list[Samples]:
    return [segment.samples for segment in speaker.speak(chunks)]


def _round(one: _Contestant, device: str) -> None:
    cuda = device.startswith("cuda")
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    elapsed_s, sounds = _timed(lambda: one.speak(one.chunks), device)
    one.taken_s.append(elapsed_s)
    one.frames = [len(sound) // SAMPLES_PER_FRAME for sound in sounds]
    if cuda:
        one.peak_bytes = torch.cuda.max_memory_allocated()


class _Upstream:
    """The published package, one utterance at a time: that is its interface."""

    def __init__(self, weights: Path, device: str) -> None:
        from kokoro.model import KModel
        from loguru import logger

        logger.disable("kokoro")
        self._model = (
            KModel(repo_id="local", config=str(weights / CONFIG), model=str(weights / CHECKPOINT))
            .to(device)
            .eval()
        )
        self._pack = torch.load(weights / "voices" / f"{VOICE}.pt", weights_only=True)

    @torch.inference_mode()
    def speak(self, chunks: Sequence[Chunk]) -> list[Samples]:
        return [
            self._model(chunk.phonemes, self._pack[len(chunk.phonemes) - 1], chunk.speed).numpy()
            for chunk in chunks
        ]


def _utterances(count: int) -> Iterator[Chunk]:
    """Real phonemes of the example book, cut into a speech-like mix of lengths, 11 to 510."""
    from synth.phonemes import phonemizer

    book = read(BOOK)
    said = phonemizer("en-gb")
    sentences = cycle(
        said(sentence.spoken).phonemes
        for number, chapter in enumerate(book.spoken_chapters, start=1)
        for sentence in chapter_script(number, chapter, book.language).sentences
    )
    stream = ""
    for number in range(count):
        length = LENGTHS[number % len(LENGTHS)]
        while len(stream) < length:
            stream += next(sentences) + " "
        yield Chunk(stream[:length], stream[:length], VOICE, 1.0, "en-gb", Pause.SENTENCE)
        stream = stream[length:].lstrip()


def _timed(work: Any, device: str) -> tuple[float, Any]:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    started_s = time.perf_counter()
    result = work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started_s, result


@torch.inference_mode()
def _error(weights: Path, options: argparse.Namespace, precision: str, chunk: Chunk) -> float:
    """Rms of the difference from float32 over the rms of that: one utterance, the same noise."""
    pack = load_pack(weights / "voices" / f"{VOICE}.pt")
    tokens = torch.tensor([[0, *(VOCABULARY[phoneme] for phoneme in chunk.phonemes), 0]])
    style = style_of(pack, chunk.phonemes)[None]
    sounds = []
    for one in ("float32", precision):
        model = Kokoro.load(
            weights / CHECKPOINT, weights / CONFIG, precision=Precision(one), device=options.device
        )
        prosody = model.prosody(tokens, torch.tensor([tokens.shape[1]]), style, torch.ones(1))
        noise = noise_of("0" * 64, SAMPLES_PER_FRAME * int(prosody.frames[0]), torch.device(options.device))
        sounds.append(
            model.speak_row(prosody, style[0], noise)
            if options.device == "cpu"
            else model.acoustics(prosody, style.to(options.device), noise[None])[0].cpu()
        )
    a, b = sounds
    return float((a - b).square().mean().sqrt() / a.square().mean().sqrt())


def _conv_gflops(device: str) -> float:
    """This machine's own rate at the vocoder's commonest convolution: 128 channels, kernel 11, float32."""
    conv = torch.nn.Conv1d(128, 128, 11, padding=5).to(device)
    x = torch.randn(1, 128, 20_000, device=device)
    flop = 2 * 128 * 128 * 11 * x.shape[-1]
    with torch.inference_mode():
        conv(x)
        return max(flop / _timed(lambda: conv(x), device)[0] for _ in range(5)) / 1e9


def _peak_in_a_process_of_its_own(options: argparse.Namespace, weights: Path, one: _Contestant) -> int:
    command = [sys.executable, "-W", "ignore", "-m", "bench.synth", "--peak-of", one.precision]
    command += ["--weights", str(weights), "--utterances", str(options.utterances)]
    command += ["--memory", one.memory] if one.memory else []
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _peak_bytes(options: argparse.Namespace, weights: Path) -> int:
    speaker = open_kokoro(weights, choose_compute("cpu", options.peak_of, options.memory[0]))
    for _ in speaker.speak(_utterances(options.utterances)):
        pass
    return peak_bytes()


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['device']} ({result['machine']}), torch {result['torch']}: "
        f"{result['utterances']} utterances, {result['audio_s']:.0f} s of audio, "
        f"conv1d {result['conv_gflops']:.0f} GFLOP/s",
        "",
        "| | precision | allowed | × real time | median | × upstream | GFLOP/s | batch efficiency "
        "| peak memory | rms error |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        peak = "" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 1e9:.2f} GB"
        error = "" if row["rms_error"] is None else f"{row['rms_error']:.1e}"
        lines.append(
            f"| {row['who']} | {row['precision']} | {row['memory'] or ''} | {row['rtfx']:.2f} | "
            f"{row['rtfx_median']:.2f} | {ratio} | {row['gflops']:.0f} | {row['batch_efficiency']:.3f} | "
            f"{peak} | {error} |"
        )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--precisions", default="float32,bfloat16", help=f"of {', '.join(Precision)}")
    parser.add_argument("--utterances", type=int, help="default: 18 on a CPU, 1024 elsewhere")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="upstream's; ours has as many workers"
    )
    parser.add_argument(
        "--memory", help="what ours may take, several to compare: 2GB,8GB,50%% (on a GPU 5%%,20%%,80%%)"
    )
    parser.add_argument("--without-upstream", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    on_cpu = options.device == "cpu"
    options.utterances = options.utterances or (len(LENGTHS) if on_cpu else 1024)
    options.memory = (options.memory or ("" if on_cpu else "5%,20%,80%")).split(",")
    options.memory = [amount or None for amount in options.memory]
    return options


if __name__ == "__main__":
    raise SystemExit(main())
