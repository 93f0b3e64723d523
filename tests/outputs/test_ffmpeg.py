from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from outputs.encode import CODECS, encode
from outputs.errors import DiskFull, EncoderFailed, FfmpegMissing
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.listen import decoded, listen
from synth.audio import Samples

FLAC = CODECS["flac"]


def a_minute() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    for _ in range(60):
        yield rng.uniform(-0.5, 0.5, 24_000).astype(np.float32)


def test_without_a_setting_or_path_the_one_of_imageio_ffmpeg_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = find_ffmpeg()
    assert found.path == imageio_ffmpeg.get_ffmpeg_exe()
    assert found.version_line.startswith("ffmpeg version ")


def test_the_one_on_path_comes_before_the_one_of_imageio_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_ffmpeg().path == str(tmp_path / "ffmpeg")


@pytest.mark.parametrize("script", [None, "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n"])
def test_a_setting_that_is_not_an_ffmpeg_is_never_passed_over(tmp_path: Path, script: str | None) -> None:
    path = tmp_path / "ffmpeg"
    if script:
        path.write_text(script)
        path.chmod(0o755)
    with pytest.raises(FfmpegMissing, match=re.escape(str(path))):
        find_ffmpeg(path)


def test_where_there_is_none_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(FfmpegMissing, match="pip install imageio-ffmpeg"):
        find_ffmpeg()


def test_an_encoder_that_stops_early_fails_with_its_own_words(
    fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    fake = fake_ffmpeg("head -c 1000 >/dev/null; echo 'the tape is torn' >&2; exit 7")
    with pytest.raises(EncoderFailed, match=r"status 7 .*the tape is torn"):
        encode(a_minute(), {FLAC: tmp_path / "a.flac"}, fake)


def test_an_encoder_that_stops_early_with_status_0_fails_too(
    fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    with pytest.raises(EncoderFailed, match="stopped early"):
        encode(a_minute(), {FLAC: tmp_path / "a.flac"}, fake_ffmpeg("head -c 1000 >/dev/null"))


def test_an_encoder_that_is_killed_is_named_so(fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path) -> None:
    fake = fake_ffmpeg("head -c 1000 >/dev/null; kill -9 $$")
    with pytest.raises(EncoderFailed, match="killed by signal 9"):
        encode(a_minute(), {FLAC: tmp_path / "a.flac"}, fake)


@pytest.mark.parametrize(
    ("script", "what"),
    [("", "took no data"), ("cat >/dev/null;", "did not end")],
)
def test_an_encoder_that_hangs_is_killed_with_all_that_it_started(
    fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path, script: str, what: str
) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    lives = os.open(started, os.O_RDONLY | os.O_NONBLOCK)
    fake = fake_ffmpeg(f"exec 3>{started}; echo >&3; {script} sleep 1000", stall_limit_s=0.5)
    with pytest.raises(EncoderFailed, match=what):
        encode(a_minute(), {FLAC: tmp_path / "a.flac"}, fake)
    os.set_blocking(lives, True)
    assert os.read(lives, 10) == b"\n"
    assert os.read(lives, 10) == b"", "the end is read once nobody holds the pipe any more"
    os.close(lives)


def test_an_encoder_is_gone_when_the_sound_cannot_be_had(
    fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path
) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield np.zeros(10, np.float32)
        while not (tmp_path / "pid").exists():
            yield np.zeros(1, np.float32)
        raise KeyError("no such segment")

    with pytest.raises(KeyError):
        encode(broken(), {FLAC: tmp_path / "a.flac"}, fake_ffmpeg(f"echo $$ >{tmp_path}/pid; cat >/dev/null"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("trap", ["", "trap '' XFSZ;"], ids=["by a signal", "by an error"])
def test_a_full_disk_is_named_so(fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path, trap: str) -> None:
    fake = fake_ffmpeg(f'{trap} ulimit -f 64; exec "$real" "$@"')
    with pytest.raises(DiskFull, match=re.escape(str(tmp_path / "a.flac"))):
        encode(a_minute(), {FLAC: tmp_path / "a.flac"}, fake)


@pytest.mark.parametrize("name", ["aac", "m4a", "mp3", "opus", "flac"])
def test_damage_that_decoders_pass_over_with_status_0_is_found(
    name: str, speechlike: Callable[..., Samples], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    codec = CODECS[name]
    sound = speechlike(300)
    path = tmp_path / f"a{codec.suffix}"
    encode([sound], {codec: path}, ffmpeg)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(range(200)) * 2
    path.write_bytes(data)
    try:
        found = listen(path, codec.priming_samples, ffmpeg).samples != len(sound)
    except EncoderFailed:
        found = True
    assert found


def test_a_decoder_that_hangs_is_killed(fake_ffmpeg: Callable[..., Ffmpeg], tmp_path: Path) -> None:
    with pytest.raises(EncoderFailed, match="gave no data"):
        list(decoded(tmp_path / "a.flac", fake_ffmpeg("sleep 1000", stall_limit_s=0.3)))
