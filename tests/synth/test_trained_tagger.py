from __future__ import annotations

import base64
import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy

from synth.errors import TaggerMissing
from synth.phonemes import phonemizer
from synth.tagging import COMPONENT
from synth.trained_tagger import (
    RELEASE,
    TAGGER,
    WHEEL,
    damaged_files,
    english_pipeline,
    fetch_tagger,
    find_tagger,
)


@pytest.fixture(autouse=True)
def own_hub_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the hub with nothing in it, on a machine where the tagger is not installed."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "hub home"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("spacy.util.is_package", lambda _: False)
    return tmp_path / "hub home"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A wheel as spaCy publishes them, with a pipeline of our own inside, where a mirror would have it."""
    made = tmp_path / "made"
    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT, name="tagger")
    pipeline.to_disk(made)
    wheel = tmp_path / "mirror" / RELEASE / WHEEL
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        record = []
        for path in sorted(made.rglob("*")):
            if path.is_file():
                name = f"{TAGGER}/{RELEASE}/{path.relative_to(made).as_posix()}"
                archive.write(path, name)
                digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
                record.append(f"{name},sha256={digest.rstrip('=')},{path.stat().st_size}")
        archive.writestr(f"{TAGGER}/__init__.py", "")
        archive.writestr(f"{RELEASE}.dist-info/LICENSE", "MIT")
        archive.writestr(f"{RELEASE}.dist-info/METADATA", "")
        archive.writestr(f"{RELEASE}.dist-info/RECORD", "\n".join(record))
    return wheel


@pytest.fixture
def mirror(tmp_path: Path, release: Path) -> Iterator[str]:
    """The URL of a server that has the release."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "mirror"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

        def end_headers(self) -> None:
            if "cut-short" in self.path:
                self.send_header("Content-Length", "1000000")
            super().end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_fetched_tagger_is_found_and_tags(release: Path, mirror: str, own_hub_home: Path) -> None:
    assert find_tagger() is None
    fetch_tagger(mirror, _checksum(release))
    found = find_tagger()
    assert found == str(own_hub_home / "audiobindery" / RELEASE)
    assert [token.tag_ for token in english_pipeline(found)("It was late.")] == ["PRP", "VBD", "JJ", "."]
    assert phonemizer("en-us", found)("It was late.").phonemes == "ˌɪt wʌz lˈAt."
    assert [path.name for path in own_hub_home.rglob("LICENSE")] == ["LICENSE"]


def test_what_is_there_is_not_fetched_again(release: Path, mirror: str) -> None:
    fetch_tagger(mirror, _checksum(release))
    fetch_tagger("http://127.0.0.1:9/nobody-listens-here")


def test_an_installed_tagger_wins(release: Path, mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_tagger(mirror, _checksum(release))
    monkeypatch.setattr("spacy.util.is_package", lambda name: name == TAGGER)
    assert find_tagger() == TAGGER


def test_a_folder_of_weights_may_carry_the_tagger(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    spacy.blank("en").to_disk(tmp_path / "weights" / RELEASE)
    assert find_tagger(tmp_path / "weights") == str(tmp_path / "weights" / RELEASE)
    assert find_tagger(tmp_path) is None


def test_bytes_that_were_not_published_are_refused(mirror: str, own_hub_home: Path) -> None:
    with pytest.raises(TaggerMissing, match=rf"{WHEEL} gave \d+ bytes that are not the published ones"):
        fetch_tagger(mirror)
    assert find_tagger() is None
    assert _files_below(own_hub_home) == []


def test_a_download_that_breaks_off_leaves_nothing_behind(
    release: Path, mirror: str, tmp_path: Path, own_hub_home: Path
) -> None:
    broken = tmp_path / "mirror" / "cut-short" / RELEASE / WHEEL
    broken.parent.mkdir(parents=True)
    broken.write_bytes(release.read_bytes()[:1000])
    with pytest.raises(TaggerMissing, match="did not give the tagger"):
        fetch_tagger(f"{mirror}/cut-short", _checksum(release))
    assert find_tagger() is None
    assert _files_below(own_hub_home) == []


@pytest.mark.parametrize(
    ("path", "what"), [("/elsewhere", "was answered with 404"), ("://nowhere", "did not give the tagger")]
)
def test_a_mirror_that_has_no_tagger_is_named(mirror: str, path: str, what: str) -> None:
    with pytest.raises(TaggerMissing, match=rf"{RELEASE}.*{what}.*BINDERY_TAGGER_URL"):
        fetch_tagger(mirror + path)


def test_without_a_network_the_address_and_a_way_out_are_named() -> None:
    with pytest.raises(TaggerMissing, match=rf"127\.0\.0\.1:9/{RELEASE}.*did not give.*--weights"):
        fetch_tagger("http://127.0.0.1:9")


def test_offline_nobody_is_asked(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(TaggerMissing, match="was not asked"):
        fetch_tagger(mirror)


def test_a_home_that_cannot_be_written_to_is_named(release: Path, mirror: str, own_hub_home: Path) -> None:
    own_hub_home.write_text("a file")
    with pytest.raises(TaggerMissing, match="cannot be written"):
        fetch_tagger(mirror, _checksum(release))


def test_a_damaged_file_is_told_from_those_that_are_as_published(release: Path, mirror: str) -> None:
    fetch_tagger(mirror, _checksum(release))
    folder = Path(find_tagger() or "")
    assert damaged_files(folder) == []
    (folder / "meta.json").write_text("{}")
    (folder / "tokenizer").unlink()
    assert damaged_files(folder) == ["meta.json", "tokenizer"]
    (folder / "RECORD").unlink()
    assert damaged_files(folder) is None


def test_a_tagger_that_spacy_cannot_load_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 'xx'")
    with pytest.raises(TaggerMissing, match=rf"cannot load the tagger at {tmp_path}.*models fetch"):
        english_pipeline(str(tmp_path))
