from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks import hooks
from tasks.hooks import Hooks, News, tell_of

DONE = News(
    True, Path("/in/done/emma.epub"), "Emma; rm -rf $HOME `id`", {"audio_s": 12.5, "chapters": [1, 2]}
)
FAILED = News(False, Path("/in/failed/scan.pdf"), "scan.pdf", {"code": "no-text", "message": "pictures"})


@pytest.fixture(autouse=True)
def events(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, Any]]:
    """What Prefect would have been told."""
    told: list[tuple[str, Any, Any]] = []

    def emit(event: str, resource: Any, payload: Any) -> None:
        told.append((event, resource, payload))

    monkeypatch.setattr(hooks, "emit_event", emit)
    return told


def python(code: str) -> str:
    return f'{sys.executable} -c "{code}"'


def test_a_command_gets_the_facts_as_variables_and_as_json(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    code = f"import os,sys,json; json.dump([dict(os.environ), json.load(sys.stdin)], open('{out}', 'w'))"
    assert tell_of(DONE, Hooks(on_done=python(code))) == ()
    variables, facts = json.loads(out.read_text())
    assert variables["BOOK_TITLE"] == DONE.title, "nothing of a title is run"
    assert variables["BOOK_DOCUMENT"] == "/in/done/emma.epub"
    assert variables["BOOK_AUDIO_S"] == "12.5"
    assert "BOOK_CHAPTERS" not in variables
    assert facts == DONE.as_json()
    assert facts["event"] == "audiobindery.book.done"


def test_only_the_command_for_what_happened_is_run(tmp_path: Path) -> None:
    hooks = Hooks(
        on_done=python(f"open('{tmp_path / 'done'}', 'w')"),
        on_failed=python(f"import os; open('{tmp_path}/' + os.environ['BOOK_CODE'], 'w')"),
    )
    assert tell_of(FAILED, hooks) == ()
    assert [path.name for path in tmp_path.iterdir()] == ["no-text"]


@pytest.mark.parametrize(
    ("command", "warning"),
    [
        ("/nowhere/to/be-found now", "/nowhere/to/be-found could not be run (No such file or directory)"),
        (
            python("import sys; sys.exit('no room on the shelf')"),
            "failed with status 1: no room on the shelf",
        ),
        (python("import time; time.sleep(60)"), "did not end within 0.5 s and was killed"),
    ],
)
def test_what_goes_wrong_with_a_command_is_told(command: str, warning: str, events: list[Any]) -> None:
    (told,) = tell_of(DONE, Hooks(on_done=command, timeout_s=0.5 if "sleep" in command else 30))
    assert warning in told
    assert len(events) == 1, "the others are told all the same"


def test_a_command_that_leaves_somebody_behind_does_not_keep_us(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    code += "; import time; time.sleep(60)"
    (told,) = tell_of(DONE, Hooks(on_done=python(code), timeout_s=1))
    assert "was killed" in told


class Listener:
    """A webhook that answers as it is told, and notes what it hears."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[Any] = []
        outer = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.answers.pop(0))
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://user:secret@127.0.0.1:{self.server.server_port}/hook?token=secret"


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever)
    thread.start()
    yield listener
    listener.server.shutdown()
    thread.join()
    listener.server.server_close()


@pytest.mark.parametrize(
    ("answers", "warning"),
    [([200], None), ([503, 204], None), ([503, 500], "it answered 500"), ([404], "it answered 404")],
)
def test_a_webhook_is_told_and_once_more_if_its_server_has_trouble(
    listener: Listener, answers: list[int], warning: str | None
) -> None:
    listener.answers = list(answers)
    told = tell_of(FAILED, Hooks(webhook=listener.url))
    assert listener.heard == [FAILED.as_json()] * len(answers)
    assert [one for one in told if warning and warning in one] == list(told)
    assert bool(told) is bool(warning)
    assert "secret" not in "".join(told)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/hook", "not a url", "ftp://host/x", "http://[::1"])
def test_a_webhook_that_is_not_there_or_no_webhook_is_a_warning(url: str) -> None:
    (told,) = tell_of(FAILED, Hooks(webhook=url))
    assert "was not told" in told


def test_prefect_is_told_so_that_automations_can_follow(events: list[Any]) -> None:
    tell_of(DONE, Hooks())
    ((event, resource, payload),) = events
    assert event == "audiobindery.book.done"
    assert resource == {
        "prefect.resource.id": "audiobindery.book.emma-rm-rf-home-id",
        "prefect.resource.name": DONE.title,
    }
    assert payload == DONE.as_json()
