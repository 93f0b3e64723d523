from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synth.chunks import Chunk
from synth.errors import BadCompute, ChunkDoesNotFit, SpeakerLost, UnknownVoice, WeightsMissing
from synth.kokoro.batches import batches, efficiency
from synth.kokoro.compute import Compute, choose_compute
from synth.kokoro.diction import open_diction
from synth.kokoro.model import Kokoro
from synth.kokoro.precision import Precision
from synth.kokoro.speaker import WINDOW_CHUNKS, KokoroSpeaker, open_kokoro
from synth.phonemes import PronouncedWord
from synth.script import Pause
from synth.speaker import DeviceMemory
from synth.weights import CHECKPOINT, CONFIG

CPU = Compute("cpu", Precision.FLOAT32, 3 * 10**9, workers=2)


def chunk(phonemes: str, voice: str = "af_heart", speed: float = 1.0) -> Chunk:
    return Chunk(phonemes, phonemes, voice, speed, "en-us", Pause.SENTENCE)


def mixed(count: int, seed: int = 0) -> list[Chunk]:
    dice = random.Random(seed)
    return [chunk("".join(dice.choices("abdefhiklmn ˈɪə", k=dice.randint(1, 90)))) for _ in range(count)]


@pytest.fixture
def speaker(tiny_folder: Path) -> KokoroSpeaker:
    return open_kokoro(tiny_folder, CPU)


@pytest.fixture
def exact_speaker(tiny_folder: Path) -> KokoroSpeaker:
    """With prosody in float64, as devices that pad have it."""
    model = Kokoro.load(tiny_folder / CHECKPOINT, tiny_folder / CONFIG, exact=True)
    return KokoroSpeaker(model, "digest", tiny_folder, CPU)


def in_batches(speaker: KokoroSpeaker, chunks: list[Chunk]) -> list[Any]:
    """The way of every device but the CPU, on the CPU."""
    return list(speaker._in_batches(chunks))


def test_segments_come_in_order_under_their_keys_either_way(speaker: KokoroSpeaker) -> None:
    chunks = mixed(40)
    keys = [speaker.key(one) for one in chunks]
    assert [segment.key for segment in speaker.speak(chunks)] == keys
    assert [segment.key for segment in in_batches(speaker, chunks)] == keys


def test_a_chunk_alone_is_the_chunk_in_any_batch(exact_speaker: KokoroSpeaker) -> None:
    chunks = mixed(12)
    alone = [next(iter(exact_speaker.speak([one]))) for one in chunks]
    for order in (list(range(12)), list(reversed(range(12))), random.Random(4).sample(range(12), 12)):
        together = in_batches(exact_speaker, [chunks[i] for i in order])
        for i, segment in zip(order, together, strict=True):
            assert segment.samples.shape == alone[i].samples.shape
            assert np.abs(segment.samples - alone[i].samples).max() < 1e-4
            assert segment.words == alone[i].words


def test_the_same_chunk_gives_the_same_bytes_again_and_in_another_process(
    speaker: KokoroSpeaker, tiny_folder: Path
) -> None:
    one = mixed(1, seed=7)[0]
    here = [next(iter(speaker.speak([one]))).samples.tobytes() for _ in range(2)]
    assert here[0] == here[1]
    program = (
        "import hashlib\nfrom pathlib import Path\n"
        "from synth.chunks import Chunk\nfrom synth.kokoro.compute import Compute\n"
        "from synth.kokoro.precision import Precision\nfrom synth.kokoro.speaker import open_kokoro\n"
        "from synth.script import Pause\n"
        "compute = Compute('cpu', Precision.FLOAT32, 3 * 10**9, 2)\n"
        f"speaker = open_kokoro(Path({str(tiny_folder)!r}), compute)\n"
        f"chunk = Chunk({one.text!r}, {one.phonemes!r}, 'af_heart', 1.0, 'en-us', Pause.SENTENCE)\n"
        "print(hashlib.sha256(next(iter(speaker.speak([chunk]))).samples.tobytes()).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(here[0]).hexdigest()


def test_the_key_is_of_what_is_heard(speaker: KokoroSpeaker, tiny_folder: Path) -> None:
    heard = chunk("hˈɛlO")
    again = Chunk("Hello", "hˈɛlO", "af_heart", 1.0, "en-us", Pause.PARAGRAPH)
    assert speaker.key(heard) == speaker.key(again), "neither spelling nor pause is heard"
    narrow = open_kokoro(tiny_folder, Compute("cpu", Precision.BFLOAT16, 3 * 10**9, 2))
    others = [
        speaker.key(chunk("hˈɛlO", "af_bella")),
        speaker.key(chunk("hˈɛlO", speed=1.1)),
        speaker.key(chunk("həlˈO")),
        narrow.key(heard),
    ]
    assert len({speaker.key(heard), *others}) == 5
    assert speaker.key(chunk("hˈɛlO", "af_heart:2")) == speaker.key(heard), (
        "a blend of one voice is that voice"
    )


def test_words_are_heard_where_their_phonemes_are(speaker: KokoroSpeaker) -> None:
    words = (PronouncedWord(0, 3, 0, 4), PronouncedWord(4, 9, 5, 9))
    one = Chunk("one other", "wˈʌn ˈʌðə", "af_heart", 1.0, "en-us", Pause.SENTENCE, words=words)
    segment = next(iter(speaker.speak([one])))
    first, second = segment.words
    assert 0 < first.start_sample < first.end_sample < second.start_sample < second.end_sample
    assert second.end_sample < len(segment.samples), "the closing boundary token comes after"
    assert all(sample % 600 == 0 for word in segment.words for sample in (word.start_sample, word.end_sample))


def test_what_a_short_chunk_is_spoken_with_is_cut_away_again(speaker: KokoroSpeaker) -> None:
    words = (PronouncedWord(0, 4, 0, 5),)
    alone = Chunk("Yes.", "jˈɛs.", "af_heart", 1.0, "en-us", Pause.SENTENCE, words=words)
    longer = replace(alone, phonemes="jˈɛs. ðˈɛn ɡˈO.")
    between = replace(alone, before="ðˈɛn ɡˈO.", after="ɡˈO nˈW.")
    for one in (replace(alone, after="ðˈɛn ɡˈO."), replace(alone, before="ðˈɛn ɡˈO."), between):
        assert speaker.key(one) != speaker.key(alone)
        segment = next(iter(speaker.speak([one])))
        whole = next(iter(speaker.speak([replace(one, phonemes=one.utterance, before="", after="")])))
        assert 0 < len(segment.samples) < len(whole.samples)
        (word,) = segment.words
        assert 0 <= word.start_sample < word.end_sample <= len(segment.samples)
    cut = next(iter(speaker.speak([replace(alone, after="ðˈɛn ɡˈO.")])))
    heard = next(iter(speaker.speak([longer])))
    assert cut.words == heard.words, "it is timed as the beginning of what was spoken"


def test_ten_thousand_chunks_stream_in_bounded_memory(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    monkeypatch.setattr(speaker._model, "acoustics", lambda prosody, style, noise: torch.zeros_like(noise))

    def counted() -> Iterator[Chunk]:
        nonlocal taken
        for _ in range(10_000):
            taken += 1
            yield chunk("ab")

    for spoken, _ in enumerate(speaker._in_batches(counted()), start=1):
        assert taken - spoken <= WINDOW_CHUNKS, "chunks are taken as they are spoken"
    assert spoken == 10_000


def test_on_a_cpu_no_more_chunks_are_taken_than_the_workers_need(speaker: KokoroSpeaker) -> None:
    taken = 0

    def counted() -> Iterator[Chunk]:
        nonlocal taken
        for _ in range(60):
            taken += 1
            yield chunk("ab")

    for spoken, _ in enumerate(speaker.speak(counted()), start=1):
        assert taken - spoken <= 2 * CPU.workers + 1


def test_rows_side_by_side_wait_until_there_is_room(speaker: KokoroSpeaker, tiny_folder: Path) -> None:
    cramped = open_kokoro(tiny_folder, Compute("cpu", Precision.FLOAT32, 1_400_000_000 + 200 * 500_000, 2))
    chunks = mixed(16)
    longest = max(len(segment.samples) for segment in speaker.speak(chunks)) // 600
    assert longest <= cramped.budget_frames < 2 * longest, "two of the longest do not fit"
    expected = [segment.samples.tobytes() for segment in speaker.speak(chunks)]
    assert [segment.samples.tobytes() for segment in cramped.speak(chunks)] == expected


def test_speaking_leaves_torch_with_as_many_threads_as_it_had(speaker: KokoroSpeaker) -> None:
    before = torch.get_num_threads()
    assert len(list(speaker.speak(mixed(3)))) == 3
    assert torch.get_num_threads() == before


def test_when_memory_runs_out_batches_halve_and_nothing_is_lost(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = mixed(24)
    expected = in_batches(speaker, chunks)
    acoustics = speaker._model.acoustics
    rows: list[int] = []

    def cramped(prosody: Any, style: Any, noise: Any) -> Any:
        rows.append(len(noise))
        if len(noise) > 3:
            raise torch.OutOfMemoryError("no room")
        return acoustics(prosody, style, noise)

    monkeypatch.setattr(speaker._model, "acoustics", cramped)
    cramped_segments = in_batches(speaker, chunks)
    assert [segment.key for segment in cramped_segments] == [segment.key for segment in expected]
    assert max(rows) > 3 >= rows[-1]
    in_batches(speaker, chunks)
    assert max(rows[-8:]) <= 3, "what was learnt stays learnt"


def test_when_memory_runs_out_in_the_first_stage_its_batches_halve(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = mixed(24)
    expected = in_batches(speaker, chunks)
    prosody = speaker._model.prosody

    def cramped(tokens: Any, *rest: Any) -> Any:
        if len(tokens) > 3:
            raise torch.OutOfMemoryError("no room")
        return prosody(tokens, *rest)

    monkeypatch.setattr(speaker._model, "prosody", cramped)
    assert [one.key for one in in_batches(speaker, chunks)] == [one.key for one in expected]


def test_a_card_that_fails_is_no_chunks_fault(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with …")

    monkeypatch.setattr(speaker._model, "acoustics", fail)
    with pytest.raises(SpeakerLost, match=r"^the card failed: CUDA error: unspecified launch failure\."):
        in_batches(speaker, mixed(3))


def test_words_of_a_chunk_that_is_cut_out_never_run_backwards(speaker: KokoroSpeaker) -> None:
    words = (PronouncedWord(0, 2, 0, 3), PronouncedWord(3, 4, 4, 5))
    for speed in (0.5, 1.0, 2.0):
        one = Chunk("No —", "nˈO —", "af_heart", speed, "en-us", Pause.SENTENCE, words=words, after="ˈæbə.")
        segment = next(iter(speaker.speak([one])))
        times = [at for word in segment.words for at in (word.start_sample, word.end_sample)]
        assert times == sorted(times)
        assert times[-1] <= len(segment.samples)


def test_a_chunk_that_alone_does_not_fit_is_named(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch, tiny_folder: Path
) -> None:
    def hopeless(*_: Any) -> Any:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(speaker._model, "acoustics", hopeless)
    with pytest.raises(ChunkDoesNotFit, match=r"'abab'.*--memory"):
        in_batches(speaker, [chunk("abab")])
    small = open_kokoro(tiny_folder, Compute("cpu", Precision.FLOAT32, 1_400_000_000 + 45 * 500_000, 2))
    with pytest.raises(ChunkDoesNotFit, match="needs more"):
        list(small.speak([chunk("ab" * 200)]))


def test_a_blend_speaks_and_its_language_is_its_first_voices(speaker: KokoroSpeaker) -> None:
    assert speaker.language_of("bf_emma:0.5+af_sarah:0.5") == "en-gb"
    assert "jf_alpha" in speaker.warnings("af_bella+jf_alpha", "en")[0]
    segment = next(iter(speaker.speak([chunk("abab", "af_bella:0.5+af_sarah:0.5")])))
    assert np.abs(segment.samples).max() > 0
    with pytest.raises(UnknownVoice, match="af_bella"):
        speaker.language_of("af_bela:0.5+af_sarah:0.5")


def test_a_voice_whose_pack_is_not_there_is_named(speaker: KokoroSpeaker) -> None:
    with pytest.raises(WeightsMissing, match=r"am_adam\.pt"):
        list(speaker.speak([chunk("abab", "am_adam")]))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(1, 3000))
def test_batches_hold_every_row_once_and_keep_to_the_budget(lengths: list[int], budget: int) -> None:
    grouped = batches(lengths, budget)
    assert sorted(i for batch in grouped for i in batch) == list(range(len(lengths)))
    for batch in grouped:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    assert 0 < efficiency(lengths, grouped) <= 1


def test_sorted_batches_of_speech_waste_little() -> None:
    lengths = [random.Random(3).randint(60, 1100) for _ in range(256)]
    assert efficiency(lengths, batches(lengths, 16 * 1100)) > 0.95


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"device": "tpu"}, "'tpu'"),
        ({"device": "cpu:abc"}, "cpu:abc"),
        ({"device": "cpu:7"}, "cpu:7"),
        ({"precision": "float8"}, "float32, bfloat16"),
        ({"memory": "much"}, "'much'"),
        ({"memory": "150%"}, "150%"),
    ],
)
def test_what_the_machine_does_not_have_is_refused(asked: dict[str, str], problem: str) -> None:
    with pytest.raises(BadCompute, match=problem):
        choose_compute(**asked)


def test_a_cpu_is_a_cpu_however_it_is_written() -> None:
    assert choose_compute("cpu:0") == choose_compute("cpu")


def test_each_kind_of_device_has_keys_of_its_own(tiny_folder: Path) -> None:
    one = chunk("hˈɛlO")
    kinds = ("cpu", "cuda", "cuda:1", "mps")
    keys = [open_diction(tiny_folder, replace(CPU, device=kind)).key(one) for kind in kinds]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3
    assert open_kokoro(tiny_folder, CPU).key(one) == keys[0]


def test_memory_that_does_not_even_hold_the_weights_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(BadCompute, match=r"at least 1\.5 GB"):
        open_kokoro(tiny_folder, replace(CPU, memory_bytes=10**7))


def test_memory_is_an_amount_or_a_share() -> None:
    assert choose_compute("cpu", memory="2GB").memory_bytes == 2 * 10**9
    assert choose_compute("cpu", memory="512 MiB").memory_bytes == 512 * 2**20
    whole, half = (choose_compute("cpu", memory=share).memory_bytes for share in ("100%", "50%"))
    assert half == pytest.approx(whole / 2, rel=0.01)
    assert choose_compute("cpu").precision is Precision.FLOAT32


def test_a_card_says_how_much_of_its_memory_is_taken_and_a_cpu_does_not(
    speaker: KokoroSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert speaker.device_memory() is None
    held = {"cuda:1": (700, 900)}
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: held[device][0])
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: held[device][1])
    monkeypatch.setattr(speaker, "_compute", replace(CPU, device="cuda:1"))
    assert speaker.device_memory() == DeviceMemory(700, 900, CPU.memory_bytes)
