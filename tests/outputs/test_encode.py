from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from outputs.encode import CODECS, FORMATS, Codec, encode, formats_named
from outputs.errors import UnknownFormat
from outputs.ffmpeg import Ffmpeg
from outputs.listen import decoded, listen
from synth.audio import Samples

ALL = pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)


@ALL
@pytest.mark.parametrize("frames", [9, 61])
def test_what_is_decoded_is_as_long_as_what_went_in(
    codec: Codec, frames: int, speechlike: Callable[..., Samples], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    path = tmp_path / f"a{codec.suffix}"
    sound = speechlike(frames)
    assert encode([sound], {codec: path}, ffmpeg) == len(sound)
    assert listen(path, codec.priming_samples, ffmpeg).samples == pytest.approx(
        len(sound), abs=codec.slack_samples
    )


@ALL
def test_what_is_decoded_lies_where_it_went_in(codec: Codec, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    sound = np.zeros(40 * 1024, np.float32)
    sound[17_000:17_024] = np.hanning(24)
    path = tmp_path / f"a{codec.suffix}"
    encode([sound], {codec: path}, ffmpeg)
    heard = np.concatenate(list(decoded(path, ffmpeg)))[codec.priming_samples :]
    reach = 2000
    near = heard[17_012 - reach : 17_012 + reach]
    lag = int(np.correlate(near, sound[16_900:17_124], "valid").argmax()) - (reach - 112)
    assert abs(lag) <= 1


def test_all_codecs_from_one_pass_are_as_from_one_each_and_always_the_same(
    speechlike: Callable[..., Samples], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    sound = speechlike(50)
    together = {codec: tmp_path / f"together-{codec.name}{codec.suffix}" for codec in CODECS.values()}
    encode(iter(np.array_split(sound, 7)), together, ffmpeg)
    for codec, path in together.items():
        alone = tmp_path / f"alone{codec.suffix}"
        encode([sound], {codec: alone}, ffmpeg)
        assert alone.read_bytes() == path.read_bytes(), codec.name


def test_each_name_of_a_format_is_known_and_an_unknown_one_is_answered_with_those() -> None:
    assert formats_named(FORMATS) == tuple(FORMATS.values())
    assert formats_named(["mp3", "m4b", "mp3"]) == (FORMATS["mp3"], FORMATS["m4b"])
    with pytest.raises(UnknownFormat, match=r"'ogg'.* m4b, mp3"):
        formats_named(["ogg"])
