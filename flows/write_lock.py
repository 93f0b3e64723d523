"""Prefect's server into one whose transactions on SQLite wait for the write lock, where they would fail.

Prefect begins most of them as DEFERRED. Such a one reads first; where another wrote meanwhile, SQLite refuses
its own write at once ("database is locked"), however long it was told to wait. The server then answers 503,
and its client tries again after two seconds or more: twenty short documents, three at a time, took 16 s
instead of 8. IMMEDIATE takes the lock at the beginning, and for that SQLite does wait.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from flows.child import end_with_parent


def wait_for_the_write_lock() -> None:
    """Let all transactions on SQLite that this process begins from now on wait for it."""
    event.listen(Engine, "before_cursor_execute", _begun_at_once, retval=True)


def _begun_at_once(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    return ("BEGIN IMMEDIATE" if statement == "BEGIN DEFERRED" else statement), parameters


if __name__ == "__main__":  # python -m flows.write_lock MODULE ARGUMENT...: as `flows.child` runs it
    end_with_parent(lambda: None, grace_s=0)
    wait_for_the_write_lock()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
