from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import event
from sqlalchemy.engine import Engine

from flows import write_lock
from flows.write_lock import wait_for_the_write_lock


@pytest.fixture
def waiting() -> Iterator[None]:
    wait_for_the_write_lock()
    yield
    event.remove(Engine, "before_cursor_execute", write_lock._begun_at_once)


async def somebody_writes_between_reading_and_writing(path: Path) -> bool:
    """Whether another connection gets to write while a transaction of Prefect's has only read so far."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{path}")
    engine = await configuration.engine()
    session = await configuration.session(engine)
    async with session, configuration.begin_transaction(session):
        await session.execute(sqlalchemy.text("select count(*) from runs"))
        try:
            with sqlite3.connect(path, timeout=0) as other:
                other.execute("insert into runs values ('other')")
        except sqlite3.OperationalError:
            other_wrote = False
        else:
            other_wrote = True
        finally:
            other.close()
        await session.execute(sqlalchemy.text("insert into runs values ('ours')"))
    await engine.dispose()
    return other_wrote


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "prefect.db"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table runs (name text)")
    connection.close()
    return path


@pytest.mark.usefixtures("waiting")
def test_a_transaction_of_prefects_holds_the_write_lock_from_its_beginning(database: Path) -> None:
    assert not asyncio.run(somebody_writes_between_reading_and_writing(database))


def test_without_that_another_writer_makes_it_fail(database: Path) -> None:
    with pytest.raises(sqlalchemy.exc.OperationalError, match="database is locked"):
        asyncio.run(somebody_writes_between_reading_and_writing(database))
