"""Children that are kept going, and that never outlive who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from flows import supervise as supervising
from flows.errors import CannotStart
from flows.served import Addresses, addresses_in, forget_runs, noted, only_one, runs_noted, told
from flows.supervise import MOST_DEATHS, Supervised, supervise

ROOT = Path(__file__).parents[2]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[[str], Supervised]]:
    """A child that runs some Python; its module lies in a folder of its own."""
    children: list[Supervised] = []

    def make(code: str) -> Supervised:
        (tmp_path / "busy.py").write_text(code)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
        children.append(
            Supervised("the busy one", "flows.child", ["busy"], environment, tmp_path / "busy.log", 2.0)
        )
        return children[-1]

    yield make
    for one in children:
        one.end()


DYING = """
import os, sys
from pathlib import Path
from flows.served import noted
with noted(Path(sys.argv[1]), sys.argv[2], 3):
    os._exit(1)
"""


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_a_child_that_dies_is_started_again_and_all_end_together(
    child: Callable[[str], Supervised],
) -> None:
    one = child("import time; print('here', flush=True); time.sleep(600)")
    ended = threading.Event()
    looks: list[int] = []
    first = one.start()
    keeping = threading.Thread(target=supervise, args=([one], ended, lambda: looks.append(1), 0.0))
    keeping.start()
    until(lambda: "here" in one.log.read_text())
    first.kill()
    until(lambda: one.process is not first)
    assert one.process is not None
    assert one.restarts == 1
    second = one.process
    ended.set()
    keeping.join(20)
    one.end()
    assert second.poll() is not None
    assert looks
    assert one.log.read_text().count("here") >= 1


def test_a_child_that_keeps_dying_is_one_error_with_its_last_words(
    child: Callable[[str], Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "_LONGEST_BACKOFF_S", 0.0)
    monkeypatch.setattr(supervising, "_LOOK_S", 0.01)
    one = child("raise SystemExit('there is no card')")
    one.start()
    with pytest.raises(CannotStart, match=f"the busy one ended {MOST_DEATHS} times: .*there is no card"):
        supervise([one], threading.Event(), lambda: None, 100.0)


PARENT = """
import os, subprocess, sys, time
from flows.child import start_child
child = start_child("flows.child", ["busy"], os.environ, subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text("import time; time.sleep(600)")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(1)
    assert not gone(pid)
    parent.kill()
    parent.communicate()
    until(lambda: gone(pid))


HOLDER = """
import sys, time
from pathlib import Path
from flows.served import only_one
with only_one(Path(sys.argv[1])) as lock:
    print(lock, flush=True)
    time.sleep(600)
"""
RUN = """
import sys, time
from pathlib import Path
from flows.served import end_with_serve
end_with_serve(Path(sys.argv[1]))
print("runs", flush=True)
time.sleep(600)
"""


def test_one_home_has_one_serve_and_its_runs_end_with_it_however_it_ends(tmp_path: Path) -> None:
    def start(code: str, argument: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, argument], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )

    serve = start(HOLDER, str(tmp_path))
    assert serve.stdout is not None
    lock = serve.stdout.readline().strip()
    run = start(RUN, lock)
    assert run.stdout is not None
    assert run.stdout.readline() == "runs\n"
    with pytest.raises(CannotStart, match="runs already"), only_one(tmp_path):
        pass
    assert run.poll() is None
    serve.send_signal(signal.SIGKILL)
    serve.communicate()
    assert run.wait(20) == 1
    run.communicate()
    with only_one(tmp_path):
        pass


def test_only_a_run_whose_process_died_leaves_a_note(tmp_path: Path) -> None:
    lock = tmp_path / "serve.lock"
    died, failed, done = (str(uuid4()) for _ in range(3))
    with noted(lock, done, 1):
        assert len(list((tmp_path / "runs").iterdir())) == 1
    with pytest.raises(ZeroDivisionError), noted(lock, failed, 1):
        raise ZeroDivisionError
    subprocess.run([sys.executable, "-c", DYING, str(lock), died], cwd=ROOT, check=False, timeout=60)
    (tmp_path / "runs" / "something else").touch()
    assert runs_noted(tmp_path) == {UUID(died): 3}
    forget_runs(tmp_path, runs_noted(tmp_path))
    assert runs_noted(tmp_path) == {}
    with noted(None, done, 1):
        pass
    assert runs_noted(tmp_path) == {}, "a run of nobody's leaves none"


def test_the_addresses_are_told_only_while_it_runs(tmp_path: Path) -> None:
    addresses = Addresses("http://127.0.0.1:1/api", "/tmp/socket")  # noqa: S108
    assert addresses_in(tmp_path / "nowhere") is None
    with only_one(tmp_path):
        assert addresses_in(tmp_path) is None
        with told(tmp_path, addresses):
            assert addresses_in(tmp_path) == addresses
    assert addresses_in(tmp_path) is None
    with told(tmp_path, addresses):  # left behind by one that was killed
        assert addresses_in(tmp_path) is None
