"""Laws of the model, on a width that takes milliseconds; parity with upstream has a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.random_weights import random_pack
from synth.kokoro.model import Kokoro, Prosody
from synth.kokoro.precision import Precision
from synth.weights import CHECKPOINT, CONFIG

LENGTHS = (9, 30, 17, 4)  # tokens of four rows
FULL_SCALE_ERROR = 1e-4


def load(folder: Path, precision: Precision = Precision.FLOAT32, *, exact: bool = True) -> Kokoro:
    return Kokoro.load(folder / CHECKPOINT, folder / CONFIG, precision=precision, exact=exact)


def batch(rows: tuple[int, ...] = (0, 1, 2, 3)) -> tuple[Tensor, Tensor, Tensor]:
    """Rows by number -> tokens (B, T), lengths (B,), style (B, 256)."""
    lengths = torch.tensor([LENGTHS[row] for row in rows])
    tokens = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for place, row in enumerate(rows):
        generator = torch.Generator().manual_seed(row)
        tokens[place, 1 : LENGTHS[row] - 1] = torch.randint(1, 178, (LENGTHS[row] - 2,), generator=generator)
    return tokens, lengths, random_pack(3)[lengths - 3, 0]


def prosody_of(model: Kokoro, *rows: int, speed: float = 1.0) -> Prosody:
    tokens, lengths, style = batch(rows)
    return model.prosody(tokens, lengths, style, torch.full((len(rows),), speed))


def noise_of(row: int, frames: int) -> Tensor:
    return torch.randn(600 * frames, generator=torch.Generator().manual_seed(row))


def sound_of(model: Kokoro, prosody: Prosody, *rows: int) -> list[Tensor]:
    """The samples of each row of a padded batch, cut to its length."""
    frames = prosody.frames.tolist()
    noise = torch.zeros(len(rows), 600 * max(frames))
    for place, row in enumerate(rows):
        noise[place, : 600 * frames[place]] = noise_of(row, frames[place])
    samples = model.acoustics(prosody, batch(rows)[2], noise)
    assert samples.dtype == torch.float32
    for place, count in enumerate(frames):
        assert not samples[place, 600 * count :].any(), "there is sound past a row's end"
    return [samples[place, : 600 * count] for place, count in enumerate(frames)]


def alone(model: Kokoro, row: int) -> tuple[Tensor, Tensor]:
    """-> durations (T,), samples."""
    prosody = prosody_of(model, row)
    return prosody.durations[0], sound_of(model, prosody, row)[0]


@pytest.mark.parametrize("rows", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3), (0, 0, 2)])
def test_a_row_is_the_same_alone_and_with_any_neighbours_in_any_order(
    tiny: Kokoro, rows: tuple[int, ...]
) -> None:
    prosody = prosody_of(tiny, *rows)
    for place, (row, samples) in enumerate(zip(rows, sound_of(tiny, prosody, *rows), strict=True)):
        durations, expected = alone(tiny, row)
        assert torch.equal(prosody.durations[place, : LENGTHS[row]], durations)
        assert not prosody.durations[place, LENGTHS[row] :].any()
        assert (samples - expected).abs().max() < FULL_SCALE_ERROR


def test_rows_of_different_batches_can_be_spoken_together(tiny: Kokoro) -> None:
    first, second = prosody_of(tiny, 0, 1), prosody_of(tiny, 2, 3)
    mixed = Prosody.gather([(second, 1), (first, 0), (second, 0)])
    assert mixed.durations.shape[1] == max(LENGTHS[row] for row in (3, 0, 2))
    for row, samples in zip((3, 0, 2), sound_of(tiny, mixed, 3, 0, 2), strict=True):
        assert (samples - alone(tiny, row)[1]).abs().max() < FULL_SCALE_ERROR


def test_frames_beyond_the_longest_row_change_nothing(tiny: Kokoro) -> None:
    prosody = prosody_of(tiny, 0)
    frames, style = int(prosody.frames), batch((0,))[2]
    noise = torch.zeros(1, 600 * (frames + 7))
    noise[0, : 600 * frames] = noise_of(0, frames)
    samples = tiny.acoustics(prosody, style, noise)[0]
    assert (samples[: 600 * frames] - alone(tiny, 0)[1]).abs().max() < FULL_SCALE_ERROR
    assert not samples[600 * frames :].any()


def test_the_same_row_has_the_same_bytes_twice_and_in_a_model_loaded_again(
    tiny: Kokoro, tiny_folder: Path
) -> None:
    first, second = (sound_of(tiny, prosody_of(tiny, 0, 1), 0, 1) for _ in range(2))
    again = load(tiny_folder)
    third = sound_of(again, prosody_of(again, 0, 1), 0, 1)
    for one, two, three in zip(first, second, third, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)


@pytest.mark.parametrize("row", [0, 1, 2, 3])
def test_the_fast_form_for_cpus_equals_the_padded_form(tiny: Kokoro, row: int) -> None:
    prosody = prosody_of(tiny, row)
    fast = tiny.speak_row(prosody, batch((row,))[2][0], noise_of(row, int(prosody.frames)))
    assert fast.dtype == torch.float32
    assert (fast - alone(tiny, row)[1]).abs().max() < FULL_SCALE_ERROR


def test_the_tiny_weights_speak_like_the_real_ones(tiny: Kokoro) -> None:
    prosody = prosody_of(tiny, 0, 1, 2, 3)
    f0 = tiny.align(prosody, batch()[2], int(prosody.frames.max())).f0
    assert len(prosody.durations.unique()) > 4
    assert 0.5 < (f0[1, : 2 * int(prosody.frames[1])] > 10).double().mean() < 1


def test_a_row_longer_than_several_tiles_is_the_same_in_both_forms(tiny: Kokoro) -> None:
    tokens = torch.zeros(1, 90, dtype=torch.long)
    tokens[0, 1:-1] = torch.randint(1, 178, (88,), generator=torch.Generator().manual_seed(5))
    style = random_pack(3)[87]
    prosody = tiny.prosody(tokens, torch.tensor([90]), style, torch.ones(1))
    noise = noise_of(5, int(prosody.frames))
    assert 120 * int(prosody.frames) > 3 * 4096
    difference = tiny.speak_row(prosody, style[0], noise) - tiny.acoustics(prosody, style, noise[None])[0]
    assert difference.abs().max() < FULL_SCALE_ERROR


@pytest.mark.parametrize(
    ("precision", "largest"),
    [(Precision.BFLOAT16, 0.05), (Precision.FLOAT16, 0.01), (Precision.INT8, 0.05)],
)
def test_fewer_bits_cost_a_stated_error_and_no_timing(
    tiny: Kokoro, tiny_folder: Path, precision: Precision, largest: float
) -> None:
    narrow = load(tiny_folder, precision)
    prosody = prosody_of(narrow, 0, 1)
    assert torch.equal(prosody.durations, prosody_of(tiny, 0, 1).durations)
    for row, samples in zip((0, 1), sound_of(narrow, prosody, 0, 1), strict=True):
        expected = alone(tiny, row)[1]
        assert 0 < (samples - expected).square().mean().sqrt() / expected.square().mean().sqrt() < largest


def test_int8_keeps_its_weights_in_a_quarter_of_the_bytes(tiny: Kokoro, tiny_folder: Path) -> None:
    weight = load(tiny_folder, Precision.INT8).decoder.encode.conv2.weight
    assert weight.dtype == torch.int8
    assert weight.shape == tiny.decoder.encode.conv2.weight.shape


def test_without_exactness_a_row_spoken_alone_still_has_the_same_bytes(tiny_folder: Path) -> None:
    model = load(tiny_folder, exact=False)
    style = batch((1,))[2][0]

    def spoken() -> Tensor:
        prosody = prosody_of(model, 1)
        return model.speak_row(prosody, style, noise_of(1, int(prosody.frames)))

    assert torch.equal(spoken(), spoken())


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.3, 2.0])
def test_speed_stretches_what_is_spoken_but_not_the_ends(tiny: Kokoro, speed: float) -> None:
    usual, other = prosody_of(tiny, 1).durations[0], prosody_of(tiny, 1, speed=speed).durations[0]
    assert other[0] == usual[0]
    assert other[-1] == usual[-1]
    assert (other[1:-1] >= usual[1:-1]).all() if speed < 1 else (other[1:-1] <= usual[1:-1]).all()
    assert (other - usual / speed)[1:-1].abs().max() <= 0.5 + 0.5 / speed


def test_every_token_is_heard_for_a_frame_at_least(tiny: Kokoro) -> None:
    prosody = prosody_of(tiny, 0, 1, 2, 3, speed=2.0)
    real = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    assert torch.equal(prosody.durations > 0, real)


def test_a_batch_with_less_room_than_its_longest_row_is_refused(tiny: Kokoro) -> None:
    prosody = prosody_of(tiny, 1)
    with pytest.raises(AssertionError, match="frames in a batch of"):
        tiny.acoustics(prosody, batch((1,))[2], torch.zeros(1, 600 * (int(prosody.frames) - 1)))
