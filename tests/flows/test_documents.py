from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from flows import documents
from flows.documents import narrate_each
from flows.lanes import AT_ONCE
from flows.narrate import NarrationOptions
from flows.report import Narrated
from inputs.errors import EmptyDocument
from tasks.failures import Fault
from tasks.progress import ChapterFinished, tell


class Runs:
    """Stands in for the flow: what ran, and how much of it at once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.together = threading.Barrier(2, timeout=20)

    def __call__(
        self, document: str, options: NarrationOptions, kept_at: str | None, *, return_state: bool
    ) -> Any:
        with self.lock:
            self.names.append(document)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        tell(ChapterFinished(1, document, 1.0))
        if document.startswith("pair"):
            self.together.wait()
        with self.lock:
            self.at_once -= 1
        result = EmptyDocument(Path(document), "empty", "hint")
        made = Narrated(document, "", (), None, 1.0, 1.0, 1.0, "draft", "af_heart", 1, 0, ())
        return SimpleNamespace(
            result=lambda raise_on_failure: result if "bad" in document else made,
            state_details=SimpleNamespace(flow_run_id=document),
        )


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(documents, "narrate_book", runs)
    return runs


def test_each_document_is_narrated_once_and_a_bad_one_keeps_nobody_back(runs: Runs) -> None:
    names = ["a", "bad", "b", "a", "c"]
    outcomes = {outcome.document: outcome for outcome in narrate_each(names, NarrationOptions())}
    assert sorted(runs.names) == ["a", "b", "bad", "c"]
    assert outcomes["bad"].failure is not None
    assert outcomes["bad"].as_json()["error"]["code"] == outcomes["bad"].failure.code
    assert all(outcomes[name].narrated is not None for name in "abc")


def test_a_server_that_goes_away_under_a_document_ends_no_other(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrate(document: str, *how: Any, **more: Any) -> Any:
        if document == "b":
            raise httpx.ConnectError("connection refused")
        return runs(document, *how, **more)

    monkeypatch.setattr(documents, "narrate_book", narrate)
    outcomes = {outcome.document: outcome for outcome in narrate_each(["a", "b", "c"], NarrationOptions())}
    assert outcomes["b"].failure is not None
    assert outcomes["b"].failure.fault is Fault.PASSING
    assert all(outcomes[name].narrated is not None for name in "ac")


def test_a_path_that_is_no_unicode_is_refused_in_words_that_can_be_printed(runs: Runs) -> None:
    odd = os.fsdecode(b"caf\xe9.txt")
    outcomes = {outcome.document: outcome for outcome in narrate_each([odd, "a"], NarrationOptions())}
    failure = outcomes["caf\ufffd.txt"].failure
    assert failure is not None
    assert (failure.message, failure.code) == ("its path is no Unicode", "no-such-file")
    json.dumps(outcomes["caf\ufffd.txt"].as_json(), ensure_ascii=False).encode()
    assert runs.names == ["a"]


def test_documents_are_under_way_side_by_side_but_only_a_few(runs: Runs) -> None:
    list(narrate_each([f"pair {number}" for number in range(8)], NarrationOptions()))
    assert 2 <= runs.most_at_once <= AT_ONCE


def test_each_document_has_its_own_listener(runs: Runs) -> None:
    heard: dict[str, list[str]] = {}

    @contextmanager
    def watching(document: str) -> Iterator[Any]:
        heard[document] = []
        yield lambda event: heard[document].append(event.title)

    list(narrate_each(["a", "b", "c"], NarrationOptions(), watching))
    assert heard == {"a": ["a"], "b": ["b"], "c": ["c"]}
