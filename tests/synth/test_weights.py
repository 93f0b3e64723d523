from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth.checksums import SHA256
from synth.errors import WeightsMissing
from synth.voices import VOICES
from synth.weights import (
    CHECKPOINT,
    CONFIG,
    REVISION,
    fetch_files,
    find_files,
    hub_is_reachable,
    is_as_published,
)


def test_a_folder_that_is_named_is_where_the_files_are_taken_from(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    for name in (CHECKPOINT, "config.json", "voices/af_heart.pt"):
        (tmp_path / name).touch()
    names = [CHECKPOINT, "voices/af_heart.pt"]
    assert find_files(names, tmp_path) == [tmp_path / name for name in names]


def test_a_folder_that_lacks_files_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).touch()
    with pytest.raises(WeightsMissing, match=r"no config.json, af_heart.pt in .*bindery models fetch"):
        find_files([CHECKPOINT, CONFIG, "voices/af_heart.pt"], tmp_path)


def test_without_the_hub_the_cache_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(WeightsMissing, match=rf"{CHECKPOINT} is not in {tmp_path / 'cache'}.*models fetch"):
        find_files([CHECKPOINT], download=False)


def test_every_published_file_has_a_checksum_that_a_changed_file_misses(tmp_path: Path) -> None:
    assert set(SHA256) == {CHECKPOINT, CONFIG, *(f"voices/{voice}.pt" for voice in VOICES)}
    changed = tmp_path / CONFIG
    changed.write_text("{}")
    assert not is_as_published(changed, CONFIG)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What a hub of our own has as config.json, with a cache of our own before it."""
    has = {CONFIG: b"{}"}

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            data = has[CONFIG]
            self.send_response(200)
            self.send_header("ETag", f'"{REVISION}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(has[CONFIG])

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(
            "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
            f"http://127.0.0.1:{server.server_port}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
        )
        monkeypatch.setitem(SHA256, CONFIG, hashlib.sha256(b"{}").hexdigest())
        hub_is_reachable.cache_clear()
        yield has
        server.shutdown()
        thread.join()
    hub_is_reachable.cache_clear()


def test_a_damaged_file_of_the_cache_is_fetched_again(hub: dict[str, bytes]) -> None:
    (path,) = fetch_files([CONFIG])
    path.resolve().write_bytes(b"{")
    assert find_files([CONFIG]) == [path], "the link is there, so nobody else looks"
    assert fetch_files([CONFIG]) == [path]
    assert path.read_bytes() == hub[CONFIG]


def test_a_damaged_file_is_refused_where_the_hub_has_another_or_is_not_asked(
    hub: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = fetch_files([CONFIG])
    hub[CONFIG] = b"[]"
    path.resolve().write_bytes(b"{")
    with pytest.raises(WeightsMissing, match=r"downloaded again and is not as published.*HF_ENDPOINT"):
        fetch_files([CONFIG])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsMissing, match=r"is not as published, and the hub was not asked"):
        fetch_files([CONFIG])


def test_a_hub_whose_address_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://hub:port")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    hub_is_reachable.cache_clear()
    with pytest.raises(WeightsMissing, match=r"http://hub:port cannot be asked.*Write HF_ENDPOINT as"):
        hub_is_reachable()


def test_an_address_that_the_hubs_client_cannot_be_imported_with_is_named() -> None:
    code = """
from pathlib import Path
import spacy.util
from synth import errors, trained_tagger, weights
spacy.util.is_package = lambda _: False
for ask in (lambda: weights.find_files(["config.json"]), lambda: trained_tagger.find_tagger(Path("."))):
    try:
        ask()
    except errors.WeightsMissing as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"HF_ENDPOINT": "http://[bad"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert [line.partition(" (")[0] for line in done.stdout.splitlines()] == [
        "HF_ENDPOINT is not an address"
    ] * 2
