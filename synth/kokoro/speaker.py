"""Kokoro-82M as a speaker: chunks into segments, in batches that fit the memory, in the order they came."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from synth.audio import SAMPLE_RATE_HZ, AudioSegment, Samples, WordTime
from synth.chunks import Chunk
from synth.errors import BadCompute, ChunkDoesNotFit, SpeakerLost
from synth.kokoro.batches import batches
from synth.kokoro.compute import Compute, choose_compute
from synth.kokoro.diction import KokoroDiction, model_digest
from synth.kokoro.model import Kokoro, Prosody
from synth.kokoro.noise import noise_of
from synth.kokoro.vocoder import SAMPLES_PER_FRAME
from synth.speaker import DeviceMemory
from synth.vocabulary import BOUNDARY_TOKEN, SILENT_SYMBOLS, VOCABULARY
from synth.weights import CHECKPOINT, CONFIG, find_files

WINDOW_CHUNKS: Final = 256  # sorted by length together
WINDOW_PHONEMES: Final = 51_200  # in them, at most: their audio waits in memory, about 350 MB
IN_FLIGHT: Final = 2  # batches that a GPU works on while the one before is copied
TOKENS_PER_BATCH: Final = 32_768  # of stage 1
BYTES_PER_TOKEN: Final = 100_000  # that it takes, about
FRAMES_STEP: Final = 32  # batches are made this many frames longer at most, so that few shapes are seen

# Measured peak memory of stage 2, by the size of a number; see bench/synth.py.
_BYTES_PER_FRAME: Final = {4: 900_000, 2: 500_000}
_BYTES_PER_FRAME_ON_CPU: Final = 500_000
_HELD_ON_CPU_BYTES: Final = 1_400_000_000  # weights, those of `cpu_vocoder` too, and torch itself
_FEWEST_FRAMES: Final = 40  # a second
_QUIET_SAMPLES: Final = SAMPLE_RATE_HZ // 100


def open_kokoro(weights: Path | None, compute: Compute | None = None) -> KokoroSpeaker:
    """Kokoro with the weights of a folder, or of the model hub when `weights` is None.

    Raises:
        WeightsMissing: they are nowhere to be had.
        WeightsDoNotFit: they are not of the published form.
    """
    compute = compute or choose_compute()
    checkpoint, config = find_files((CHECKPOINT, CONFIG), weights)
    model = Kokoro.load(
        checkpoint,
        config,
        precision=compute.precision,
        device=compute.device,
        exact=compute.device != "cpu",  # rows that are spoken alone need not agree with padded ones
    )
    return KokoroSpeaker(model, model_digest(checkpoint, compute), weights, compute)


class KokoroSpeaker(KokoroDiction):
    """Speaks many chunks at once; a chunk sounds the same whatever is spoken with it.

    On a CPU rows are spoken one by one, without padding, by one thread each. On other devices batches of
    like length are spoken under a budget of rows times frames, which halves when memory runs out.
    """

    def __init__(self, model: Kokoro, digest: str, weights: Path | None, compute: Compute) -> None:
        """digest: as `model_digest` has it, which is part of every key.

        Raises:
            BadCompute: the memory allowed does not even hold the weights and a second of sound.
        """
        super().__init__(digest, weights, compute.precision)
        self._model = model
        self._compute = compute
        self._budget_frames = self._frames_that_fit()
        self._budget_tokens = min(TOKENS_PER_BATCH, self._room_bytes() // BYTES_PER_TOKEN)
        if self._budget_frames < _FEWEST_FRAMES:
            least = self._held_bytes() + _FEWEST_FRAMES * self._bytes_per_frame()
            raise BadCompute(
                f"{compute.memory_bytes / 1e9:.2g} GB of memory do not hold Kokoro and a second of sound",
                f"Allow at least {math.ceil(least / 1e8) / 10:.1f} GB with --memory",
            )
        self._real_frames = self._computed_frames = 0

    @property
    def budget_frames(self) -> int:
        """Rows times frames of a batch, as it now is."""
        return self._budget_frames

    def batch_efficiency(self) -> float:
        """Of all frames that were computed so far, the share that is heard; the rest is padding."""
        return self._real_frames / self._computed_frames if self._computed_frames else 1.0

    def device_memory(self) -> DeviceMemory | None:
        """What it has of its card's memory; None where it speaks on no CUDA device."""
        device = self._compute.device
        if not device.startswith("cuda"):
            return None
        return DeviceMemory(
            used_bytes=torch.cuda.memory_reserved(device),
            peak_bytes=torch.cuda.max_memory_reserved(device),
            limit_bytes=self._compute.memory_bytes,
        )

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """One segment per chunk, in order, with the time of each word.

        Raises:
            ChunkDoesNotFit: a chunk alone needs more memory than is allowed.
            SpeakerLost: the card failed.
        """
        if self._compute.device == "cpu":
            yield from self._row_by_row(chunks)
        else:
            yield from self._in_batches(chunks)

    def _row_by_row(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """Two single-threaded workers beat one of two threads; see docs/decisions."""
        workers = self._compute.workers
        room = _Room(self._budget_frames)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="kokoro") as pool:
                waiting: deque[Future[AudioSegment]] = deque()
                for chunk in chunks:
                    waiting.append(pool.submit(self._one, chunk, room))
                    if len(waiting) > 2 * workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
        finally:
            torch.set_num_threads(threads)

    @torch.inference_mode()
    def _one(self, chunk: Chunk, room: _Room) -> AudioSegment:
        prosody = self._prosody([chunk])
        frames = int(prosody.frames[0])
        self._check_fits(chunk, frames)
        key = self.key(chunk)
        with room.for_frames(frames):
            noise = noise_of(key, SAMPLES_PER_FRAME * frames, self._model.device)
            try:
                samples = self._model.speak_row(prosody, self.style(chunk), noise)
            except RuntimeError as error:
                if "can't allocate memory" in str(error):  # torch has no name of its own for it on a CPU
                    raise self._does_not_fit(chunk) from error
                raise
        return _segment(key, chunk, prosody.durations[0], samples.numpy())

    def _in_batches(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        for window in _windows(chunks):
            try:
                segments = self._window(window)
            except torch.AcceleratorError as error:
                raise SpeakerLost(
                    f"the card failed: {str(error).splitlines()[0]}",
                    "Run again; if it stays so, the log of the machine or the card's driver may say why",
                ) from error
            yield from segments

    @torch.inference_mode()
    def _window(self, chunks: Sequence[Chunk]) -> list[AudioSegment]:
        """Prosody of all, sorted by tokens; then sound, sorted by the frames that prosody found."""
        rows: list[tuple[Prosody, int] | None] = [None] * len(chunks)
        tokens = [len(chunk.utterance) + 2 for chunk in chunks]
        waiting = deque(batches(tokens, self._budget_tokens))
        while waiting:
            batch = waiting.popleft()
            try:
                prosody = self._prosody([chunks[i] for i in batch])
            except torch.OutOfMemoryError as error:
                self._let_go(batch, chunks, error)
                self._budget_tokens = max(1, min(self._budget_tokens, sum(tokens[i] for i in batch)) // 2)
                smaller = batches([tokens[i] for i in batch], self._budget_tokens)
                waiting.extendleft([batch[place] for place in part] for part in reversed(smaller))
                continue
            for place, i in enumerate(batch):
                rows[i] = (prosody, place)
        found = [row for row in rows if row is not None]
        frames = [int(prosody.frames[place]) for prosody, place in found]
        for chunk, count in zip(chunks, frames, strict=True):
            self._check_fits(chunk, count)
        segments: list[AudioSegment | None] = [None] * len(chunks)
        left = deque(batches(frames, self._budget_frames))
        flying: deque[_Flying] = deque()
        while left or flying:
            if left and len(flying) < IN_FLIGHT:
                batch = left.popleft()
                try:
                    flying.append(self._launch(batch, chunks, found, frames))
                except torch.OutOfMemoryError as error:
                    left.extendleft(reversed(self._smaller(batch, chunks, frames, error)))
                continue
            landed = flying.popleft()
            for i, samples in landed.rows(frames):
                prosody, place = found[i]
                segments[i] = _segment(landed.keys[i], chunks[i], prosody.durations[place], samples)
        return [segment for segment in segments if segment is not None]

    def _launch(
        self,
        batch: Sequence[int],
        chunks: Sequence[Chunk],
        found: Sequence[tuple[Prosody, int]],
        frames: Sequence[int],
    ) -> _Flying:
        """Start a batch, and the copy of its sound to the host; nothing here waits for the device."""
        longest = -(-max(frames[i] for i in batch) // FRAMES_STEP) * FRAMES_STEP
        keys = {i: self.key(chunks[i]) for i in batch}
        noise = torch.stack(
            [
                F.pad(
                    noise_of(keys[i], SAMPLES_PER_FRAME * frames[i], self._model.device),
                    (0, SAMPLES_PER_FRAME * (longest - frames[i])),
                )
                for i in batch
            ]
        )
        style = torch.stack([self.style(chunks[i]) for i in batch]).to(self._model.device, non_blocking=True)
        sound = self._model.acoustics(Prosody.gather([found[i] for i in batch]), style, noise)
        self._real_frames += sum(frames[i] for i in batch)  # not before: a batch that did not fit comes again
        self._computed_frames += len(batch) * longest
        return _Flying.take_off(batch, keys, sound)

    def _smaller(
        self, batch: Sequence[int], chunks: Sequence[Chunk], frames: Sequence[int], error: Exception
    ) -> list[list[int]]:
        """The same rows in smaller batches, after memory ran out; later windows are smaller too."""
        self._let_go(batch, chunks, error)
        self._budget_frames = max(
            1, min(self._budget_frames, len(batch) * max(frames[i] for i in batch)) // 2
        )
        lengths = [frames[i] for i in batch]
        return [[batch[place] for place in part] for part in batches(lengths, self._budget_frames)]

    def _let_go(self, batch: Sequence[int], chunks: Sequence[Chunk], error: Exception) -> None:
        """Give back what the device holds for nobody; a chunk that was alone cannot be helped."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if len(batch) == 1:
            raise self._does_not_fit(chunks[batch[0]]) from error

    def _prosody(self, chunks: Sequence[Chunk]) -> Prosody:
        lengths = torch.tensor([len(chunk.utterance) + 2 for chunk in chunks])
        tokens = torch.full((len(chunks), int(lengths.max())), BOUNDARY_TOKEN)
        for row, chunk in enumerate(chunks):
            tokens[row, 1 : int(lengths[row]) - 1] = torch.tensor([VOCABULARY[p] for p in chunk.utterance])
        style = torch.stack([self.style(chunk) for chunk in chunks])
        return self._model.prosody(tokens, lengths, style, torch.tensor([chunk.speed for chunk in chunks]))

    def _frames_that_fit(self) -> int:
        """Rows times frames that stage 2 may have at once, beside the weights."""
        return self._room_bytes() // self._bytes_per_frame()

    def _room_bytes(self) -> int:
        return max(0, self._compute.memory_bytes - self._held_bytes())

    def _held_bytes(self) -> int:
        if self._compute.device == "cpu":
            return _HELD_ON_CPU_BYTES
        return sum(tensor.numel() * tensor.element_size() for tensor in self._model.parameters())

    def _bytes_per_frame(self) -> int:
        if self._compute.device == "cpu":
            return _BYTES_PER_FRAME_ON_CPU
        return _BYTES_PER_FRAME[torch.empty((), dtype=self._compute.precision.dtype).element_size()]

    def _check_fits(self, chunk: Chunk, frames: int) -> None:
        if frames > self._frames_that_fit():
            raise self._does_not_fit(chunk)

    def _does_not_fit(self, chunk: Chunk) -> ChunkDoesNotFit:
        return ChunkDoesNotFit(
            f"{chunk.text[:60]!r} needs more memory than the {self._compute.memory_bytes / 1e9:.1f} GB that"
            f" Kokoro may take",
            "Allow more with --memory, or a narrower --precision",
        )


def _windows(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Chunks that are sorted by length together, and whose audio fits in memory together."""
    window: list[Chunk] = []
    phonemes = 0
    for chunk in chunks:
        if window and (len(window) == WINDOW_CHUNKS or phonemes + len(chunk.utterance) > WINDOW_PHONEMES):
            yield window
            window, phonemes = [], 0
        window.append(chunk)
        phonemes += len(chunk.utterance)
    if window:
        yield window


class _Room:
    """The frames that rows side by side may have in all; each row waits until it fits."""

    def __init__(self, frames: int) -> None:
        self._left = frames
        self._changed = threading.Condition()

    @contextmanager
    def for_frames(self, frames: int) -> Iterator[None]:
        """Hold so many frames, which must not be more than there are in all."""
        with self._changed:
            self._changed.wait_for(lambda: self._left >= frames)
            self._left -= frames
        try:
            yield
        finally:
            with self._changed:
                self._left += frames
                self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Flying:
    """A batch whose sound is on its way from the device."""

    batch: Sequence[int]
    keys: dict[int, str]
    sound: Tensor  # (B, n) on the host; whole once `landed` has happened
    landed: torch.cuda.Event | None

    @classmethod
    def take_off(cls, batch: Sequence[int], keys: dict[int, str], sound: Tensor) -> _Flying:
        if sound.device.type != "cuda":
            return cls(batch, keys, sound.cpu(), None)
        host = torch.empty(sound.shape, dtype=sound.dtype, pin_memory=True).copy_(sound, non_blocking=True)
        landed = torch.cuda.current_stream(sound.device).record_event()
        return cls(batch, keys, host, landed)

    def rows(self, frames: Sequence[int]) -> Iterator[tuple[int, Samples]]:
        """Each chunk's number and its samples, cut at its end."""
        if self.landed is not None:
            self.landed.synchronize()
        for row, i in enumerate(self.batch):
            yield i, self.sound[row, : SAMPLES_PER_FRAME * frames[i]].numpy().copy()


def _segment(key: str, chunk: Chunk, durations: Tensor, samples: Samples) -> AudioSegment:
    """durations: (T,) frames per token, the boundary tokens among them; samples: of the whole utterance."""
    # phoneme p is token p + 1: it is heard from the end of token p on
    ends = (durations.cumsum(0) * SAMPLES_PER_FRAME).tolist()
    start, end = _heard(chunk, ends, samples)
    words = tuple(
        WordTime(
            word.start,
            word.end,
            _within(ends[chunk.heard_from + word.phoneme_start], start, end),
            _within(ends[chunk.heard_from + word.phoneme_end], start, end),
        )
        for word in chunk.words
        if word.phoneme_end > word.phoneme_start
    )
    return AudioSegment(key, samples[start:end], words)


def _within(sample: int, start: int, end: int) -> int:
    """A place in the utterance as a place in samples `[start, end)` of it."""
    return min(max(sample, start), end) - start


def _heard(chunk: Chunk, ends: Sequence[int], samples: Samples) -> tuple[int, int]:
    """Samples `[start, end)` of the chunk itself, cut where it is quietest between it and its context."""
    start, end = 0, len(samples)
    first, last = chunk.heard_from, chunk.heard_from + len(chunk.phonemes)
    if chunk.before:
        start = _quietest(samples, ends[_last_sound(chunk.utterance, first)], ends[first])
    if chunk.after:
        end = _quietest(samples, ends[_last_sound(chunk.utterance, last)], ends[last + 1])
    return start, end


def _last_sound(utterance: str, before: int) -> int:
    """The index after the last phoneme before `before` that is neither white space nor punctuation."""
    return len(utterance[:before].rstrip(SILENT_SYMBOLS))


def _quietest(samples: Samples, start: int, end: int) -> int:
    """The middle of the quietest 10 ms of samples `[start, end)`."""
    if end - start < 2 * _QUIET_SAMPLES:
        return (start + end) // 2
    energy = np.square(samples[start:end], dtype=np.float64).cumsum()
    return start + int(np.argmin(energy[_QUIET_SAMPLES:] - energy[:-_QUIET_SAMPLES])) + _QUIET_SAMPLES // 2
