"""The directory's file: opened, watched over, and made anew where it is broken or somebody has taken it away.

A file is worked on in threads of our own, so that a search through a million customers holds nobody up.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TypeVar

from antcrm_tools.directory import rows
from antcrm_tools.directory.at_once import AtOnce
from antcrm_tools.directory.facts import fact, set_fact
from antcrm_tools.directory.freshness import ERASED, REBUILT
from antcrm_tools.directory.schema import SCHEMA, VERSION
from antcrm_tools.directory.unusable import CopyUnusable
from antcrm_tools.models import Customer
from antcrm_tools.refs import Ref

T = TypeVar("T")
Work = Callable[[sqlite3.Connection, rows.Labels], T]

_BUSY_SECONDS = 5.0
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",  # what a power cut takes is read from AntCRM again
    "cache_size=-16384",  # KiB
    "secure_delete=ON",
    "trusted_schema=OFF",
    "temp_store=MEMORY",
)
_SHY = 10.0
"""Seconds for which nothing is written after it failed: whoever reads AntCRM would wait for the same again."""

_TIDIED_AT_ONCE = 200
"""Pages of the file, which take some hundredths of a second."""

_OWNER = 0o600
_ENDS = ("", "-wal", "-shm", "-journal")
_KEEP_GONE = 3600.0
"""Seconds for which a customer who is gone is remembered: longer than any read takes that began before."""

_log = logging.getLogger(__name__)


class Store:
    """One AntCRM's copy. `path` None: in memory, for an AntCRM that is in memory itself.

    `clock` is the wall clock, which the processes that share the file have in common.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        region: str = "VN",
        instead_of: Sequence[Path] = (),
    ) -> None:
        """Nothing is opened before the first use. `instead_of`: older copies, which a new one takes the place of."""
        self.path = path
        self.zone = zone
        self.region = region
        self.clock = clock
        self._writing: Executor = AtOnce() if path is None else ThreadPoolExecutor(1, "directory-write")
        self._reading: Executor = self._writing if path is None else ThreadPoolExecutor(1, "directory-read")
        self._open: dict[Executor, _Opened] = {}
        self._instead_of = instead_of
        self._because: str | None = None
        self.lost = 0
        """Reads that could not be taken over, for whoever counts on them."""
        self._shy_until = 0.0

    # --- what has been read of AntCRM ---

    def begin(self) -> float:
        """The moment a read begins."""
        return self.clock().timestamp()

    async def seen(self, customers: Sequence[Customer], begun: float) -> None:
        """Take over what a read has shown."""
        if customers:
            await self._noted(lambda db, labels: self._put(db, labels, customers, begun))

    async def missing(self, ref: Ref, begun: float) -> None:
        """Take out a customer who is not there: asked for by its number, AntCRM has none."""
        await self._noted(lambda db, _: self._forget(db, str(ref), begun))

    async def _noted(self, what: Work[object]) -> None:
        """A copy that cannot be written must not spoil a read of AntCRM, nor hold it up for long."""
        if self._loop_time() < self._shy_until:
            self.lost += 1
            return
        try:
            await self.write(what)
        except CopyUnusable as error:
            if not self.lost:
                _log.error("the local copy cannot be written: %s", error.why)
            self.lost += 1
            self._shy_until = self._loop_time() + _SHY

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    def _forget(self, db: sqlite3.Connection, ref: str, begun: float) -> None:
        now = self.begin()
        db.execute("DELETE FROM gone WHERE read_at < ?", (now - _KEEP_GONE,)).close()
        rows.forget(db, ref, begun, now)

    def _put(self, db: sqlite3.Connection, labels: rows.Labels, customers: Sequence[Customer], begun: float) -> int:
        labels.keep_up(fact(db, ERASED))
        return rows.put(db, labels, customers, begun, self.begin(), region=self.region, zone=self.zone)

    # --- transactions ---

    async def write(self, what: Work[T]) -> T:
        """Do something in a transaction that may write.

        Raises:
            CopyUnusable: it could not be written; nothing was.
        """
        return await self._in_thread(self._writing, "BEGIN IMMEDIATE", what)

    async def read(self, what: Work[T]) -> T:
        """Do something that only reads, on one state of the file.

        Raises:
            CopyUnusable: it cannot be read.
        """
        return await self._in_thread(self._reading, "BEGIN", what)

    async def tidy(self) -> None:
        """Put the index's parts together, a piece at a time: others may write in between. Then questions are quicker.

        Raises:
            CopyUnusable: it could not be written.
        """
        pages = -_TIDIED_AT_ONCE
        while await self.write(lambda db, _, pages=pages: rows.put_together(db, pages)):
            pages = _TIDIED_AT_ONCE

    async def fold_away(self) -> None:
        """Write what is new into the file itself, so that nothing that was taken out lies beside it.

        Raises:
            CopyUnusable: something may lie there still.
        """

        def fold_away() -> None:
            self._opened(self._writing).db.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

        await self._in(self._writing, fold_away)

    async def aclose(self) -> None:
        """Close the file, once what is under way is done."""
        for pool in dict.fromkeys((self._writing, self._reading)):
            with suppress(CopyUnusable):  # it was closed before
                await self._in(pool, partial(self._close, pool))
            pool.shutdown(wait=False)

    async def _in_thread(self, pool: Executor, begin: str, what: Work[T]) -> T:
        return await self._in(pool, lambda: self._with_care(pool, begin, what))

    async def _in(self, pool: Executor, what: Callable[[], T]) -> T:
        try:
            working = asyncio.get_running_loop().run_in_executor(pool, what)
        except RuntimeError:
            raise CopyUnusable("closed") from None
        try:
            return await working
        except (sqlite3.Error, OSError) as error:
            raise CopyUnusable(type(error).__name__) from None

    def _with_care(self, pool: Executor, begin: str, what: Work[T]) -> T:
        try:
            return self._transaction(pool, begin, what)
        except sqlite3.DatabaseError as error:
            if self.path is None or not _is_broken(error):
                raise
            _log.warning("the directory's file is damaged; it is made anew and filled again")
            self._make_anew(pool, self.path)
            return self._transaction(pool, begin, what)

    def _transaction(self, pool: Executor, begin: str, what: Work[T]) -> T:
        opened = self._opened(pool)
        opened.db.execute(begin).close()
        try:
            result = what(opened.db, opened.labels)
            opened.db.execute("COMMIT").close()
        except BaseException:
            opened.labels.forget()
            with suppress(sqlite3.Error):
                opened.db.execute("ROLLBACK").close()
            raise
        return result

    # --- the file ---

    def _opened(self, pool: Executor) -> _Opened:
        opened = self._open.get(pool)
        if opened is not None and self.path is not None and _inode(self.path) != opened.inode:
            self._close(pool)  # somebody has made it anew, or taken it away
            opened = None
        if opened is None:
            opened = self._open[pool] = self._connect()
        return opened

    def _connect(self) -> _Opened:
        if self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                # Never one that is there: closing it would drop all locks this process holds on it, and another
                # program's SQLite would take away the file beside it that we are writing to.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER))
            if os.name == "posix" and stat.S_IMODE(self.path.stat().st_mode) != _OWNER:
                self.path.chmod(_OWNER)
        db = sqlite3.connect(
            self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
        )
        try:
            for pragma in _PRAGMAS:
                db.execute(f"PRAGMA {pragma}").close()
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return _Opened(db, rows.Labels(), None if self.path is None else _inode(self.path))

    def _prepare(self, db: sqlite3.Connection) -> None:
        if _version(db) == VERSION:
            return
        db.execute("BEGIN IMMEDIATE").close()
        version = _version(db)  # another process may have been at it
        if version == 0:
            for statement in SCHEMA.split(";\n"):
                if statement.strip():
                    db.execute(statement).close()
            for older in self._instead_of:
                _throw_away(older)
                self._because = self.clock().isoformat()
            if self._because is not None:
                set_fact(db, REBUILT, self._because)
            db.execute(f"PRAGMA user_version = {VERSION}").close()
        elif version != VERSION:
            raise _OtherVersionError
        db.execute("COMMIT").close()

    def _make_anew(self, pool: Executor, path: Path) -> None:
        """Take the broken file away. What others have open of it they give up when they see that it is gone."""
        opened = self._open.get(pool)
        ours = opened is None or opened.inode == _inode(path)
        self._close(pool)
        if ours:
            self._because = self.clock().isoformat()
            _throw_away(path)

    def _close(self, pool: Executor) -> None:
        opened = self._open.pop(pool, None)
        if opened is not None:
            opened.db.close()


@dataclass(frozen=True, slots=True)
class _Opened:
    db: sqlite3.Connection
    labels: rows.Labels
    inode: tuple[int, int] | None


class _OtherVersionError(sqlite3.DatabaseError):
    """A file under our name that holds other tables."""


def _throw_away(path: Path) -> None:
    for end in _ENDS:
        path.with_name(path.name + end).unlink(missing_ok=True)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    if isinstance(error, _OtherVersionError):
        return True
    code = getattr(error, "sqlite_errorcode", None)  # our own have none
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
