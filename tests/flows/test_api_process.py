from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows import api_process
from flows.api_process import prefect_api


def test_two_that_begin_together_make_their_database_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2)

    def make_database(_child: object, _port: int) -> None:
        with pytest.raises(threading.BrokenBarrierError):
            together.wait(1)

    def begin() -> str:
        with prefect_api(lambda: None) as url:
            return url

    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "new"))
    monkeypatch.setattr(api_process, "start_child", lambda *_: None)
    monkeypatch.setattr(api_process, "end_child", lambda *_: None)
    monkeypatch.setattr(api_process, "wait_for_api", make_database)
    with ThreadPoolExecutor(2) as pool:
        urls = [pool.submit(begin), pool.submit(begin)]
        assert all(url.result(20).startswith("http://127.0.0.1:") for url in urls)
