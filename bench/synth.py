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
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from bench.random_weights import write_weights
from inputs.read import read
from synth.audio import SAMPLE_RATE_HZ
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
VOICE: Final = "af_heart"
GFLOP_PER_AUDIO_S: Final = 54.4  # multiply-adds of the whole model counted twice; most of it the vocoder's
# Phonemes per utterance: mostly packed sentences of a book, some headings, a few as long as can be.
LENGTHS: Final = (180, 510, 205, 66, 240, 150, 11, 198, 320, 128, 210, 30, 190, 400, 272, 170, 220, 95)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    who: str
    precision: str
    rtfx: float  # best round
    rtfx_median: float
    ratio: float  # to upstream's best round
    gflops: float  # of upstream's arithmetic that this speed amounts to
    rms_error: float | None  # against our float32 with the same noise, relative to its rms


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
    chunks = list(_utterances(options.utterances))
    torch.set_num_threads(options.threads)
    speakers = {
        precision: _speaker(weights, options, precision) for precision in options.precisions.split(",")
    }
    upstream = _Upstream(weights, options.device) if not options.without_upstream else None
    times: dict[str, list[float]] = {name: [] for name in (*speakers, "upstream")}
    sounds: dict[str, list[Any]] = {}
    for who in filter(None, (upstream, *speakers.values())):
        list(who.speak(chunks[-1:]))  # what only the first utterance pays for
    for _ in range(options.rounds):
        if upstream is not None:
            times["upstream"].append(_timed(lambda: upstream.speak(chunks), options.device)[0])
        for name, speaker in speakers.items():
            elapsed_s, segments = _timed(lambda s=speaker: list(s.speak(chunks)), options.device)
            times[name].append(elapsed_s)
            sounds[name] = [segment.samples for segment in segments]
    reference = sounds.get("float32") or next(iter(sounds.values()))
    audio_s = sum(len(sound) for sound in reference) / SAMPLE_RATE_HZ
    frames = [len(sound) // 600 for sound in reference]
    base_s = min(times["upstream"]) if upstream else None
    rows = []
    for name, taken in times.items():
        if not taken:
            continue
        rows.append(
            Row(
                who="upstream" if name == "upstream" else "audiobindery",
                precision="float32" if name == "upstream" else name,
                rtfx=audio_s / min(taken),
                rtfx_median=audio_s / float(np.median(taken)),
                ratio=base_s / min(taken) if base_s else float("nan"),
                gflops=GFLOP_PER_AUDIO_S * audio_s / min(taken),
                rms_error=None
                if name in ("upstream", "float32")
                else _error(weights, options, name, chunks[0]),
            )
        )
    budget = next(iter(speakers.values())).budget_frames
    grouped = [[i] for i in range(len(frames))] if options.device == "cpu" else batches(frames, budget)
    return {
        "machine": f"{platform.processor() or platform.machine()}, {options.threads} threads",
        "device": torch.cuda.get_device_name() if options.device.startswith("cuda") else "cpu",
        "torch": torch.__version__,
        "threads": options.threads,
        "utterances": len(chunks),
        "audio_s": audio_s,
        "batch_efficiency": efficiency(frames, grouped),
        "conv_gflops": _conv_gflops(options.device),
        "peak_bytes": _peak_in_a_process_of_its_own(options, weights),
        "rows": [asdict(row) for row in sorted(rows, key=lambda row: row.rtfx)],
    }


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
    def speak(self, chunks: Sequence[Chunk]) -> list[Any]:
        return [
            self._model(chunk.phonemes, self._pack[len(chunk.phonemes) - 1], chunk.speed).numpy()
            for chunk in chunks
        ]


def _utterances(count: int) -> Iterator[Chunk]:
    """Real phonemes of the example book, cut into a speech-like mix of lengths, 11 to 510."""
    from synth.phonemes import phonemizer

    book = read(BOOK)
    said = phonemizer("en-gb")
    sentences = (
        sentence.spoken
        for number, chapter in enumerate(book.spoken_chapters, start=1)
        for sentence in chapter_script(number, chapter, book.language).sentences
    )
    stream = ""
    for number in range(count):
        length = LENGTHS[number % len(LENGTHS)]
        while len(stream) < length:
            stream += said(next(sentences)).phonemes + " "
        yield Chunk(stream[:length], stream[:length], VOICE, 1.0, "en-gb", Pause.SENTENCE)
        stream = stream[length:].lstrip()


def _speaker(weights: Path, options: argparse.Namespace, precision: str) -> KokoroSpeaker:
    return open_kokoro(weights, choose_compute(options.device, precision, options.memory))


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


def _peak_in_a_process_of_its_own(options: argparse.Namespace, weights: Path) -> int:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "bench.synth",
        "--peak-of",
        options.precisions.split(",")[0],
    ]
    command += ["--weights", str(weights), "--device", options.device]
    command += ["--utterances", str(options.utterances)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _peak_bytes(options: argparse.Namespace, weights: Path) -> int:
    speaker = _speaker(weights, options, options.peak_of)
    for _ in speaker.speak(_utterances(options.utterances)):
        pass
    if options.device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated())
    # not getrusage: its maximum starts at what the parent held when this process was made
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (kilobytes,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1024


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['device']} ({result['machine']}), torch {result['torch']}: "
        f"{result['utterances']} utterances, {result['audio_s']:.0f} s of audio, "
        f"batch efficiency {result['batch_efficiency']:.3f}, "
        f"peak memory {result['peak_bytes'] / 1e9:.2f} GB, conv1d {result['conv_gflops']:.0f} GFLOP/s",
        "",
        "| | precision | RTFx best | median | × upstream | GFLOP/s | rms error |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        error = "" if row["rms_error"] is None else f"{row['rms_error']:.1e}"
        lines.append(
            f"| {row['who']} | {row['precision']} | {row['rtfx']:.2f} | {row['rtfx_median']:.2f} | "
            f"{row['ratio']:.2f} | {row['gflops']:.0f} | {error} |"
        )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--precisions", default="float32,bfloat16", help=f"of {', '.join(Precision)}")
    parser.add_argument("--utterances", type=int, default=18)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="upstream's; ours has as many workers"
    )
    parser.add_argument("--memory", help="what ours may take, such as 2GB")
    parser.add_argument("--without-upstream", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
