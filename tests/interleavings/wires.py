"""Lines to a Postgres, which can be cut in the moment of a commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

from tests.fakes.ledgers import BOUND, new_database
from tests.interleavings.breaking import Office, office
from tests.interleavings.leads import changes

PASSWORD = "s3cr/et@p"

When: TypeAlias = Literal["before it arrives", "when it is done"]


@dataclass
class Wire:
    """A line to a Postgres that can be cut, also in the moment of a commit."""

    socket: Path
    database: str
    port: int = 0
    _serving: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _at: tuple[bytes, When] | None = None

    @property
    def url(self) -> str:
        secret = PASSWORD.replace("/", "%2F").replace("@", "%40")
        where = f"127.0.0.1:{self.port}{self.database}"
        return f"postgresql://postgres:{secret}@{where}?sslmode=disable&gssencmode=disable"

    async def mend(self) -> None:
        if self._serving is None:
            self._serving = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._serving.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.close()
        for each in list(self._open):
            each.close()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    def cut_at_commit(self, statement: str, when: When) -> None:
        """Of the next transaction that holds this statement."""
        self._at = statement.encode(), when

    async def aclose(self) -> None:
        await self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=BOUND)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(self.socket)
        self._open |= {writer, there_writer}
        answers = asyncio.create_task(self._answers(there_reader, writer))
        here = asyncio.current_task()
        assert here is not None
        self._tasks |= {answers, here}
        began = False
        with suppress(OSError, asyncio.CancelledError):
            while sent := await reader.read(65536):
                began = began or (self._at is not None and self._at[0] in sent)
                if began and self._at is not None and b"COMMIT" in sent:
                    (_, when), self._at = self._at, None
                    answers.cancel()
                    await asyncio.wait((answers,))
                    if when == "when it is done":
                        there_writer.write(sent)
                        await there_reader.read(65536)
                    await self.cut()
                    break
                there_writer.write(sent)
        for each in (there_writer, writer):
            each.close()
            self._open.discard(each)
        answers.cancel()
        await asyncio.wait((answers,))
        self._tasks -= {answers, here}

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while came := await reader.read(65536):
                writer.write(came)


def socket_of(server: str) -> Path:
    [folder] = parse_qs(urlsplit(server).query)["host"]
    [found] = [each for each in Path(folder).glob(".s.PGSQL.*") if each.suffix != ".lock"]
    return found


@asynccontextmanager
async def far_office(server: str) -> AsyncGenerator[tuple[Office, Wire]]:
    """An office whose process reaches the ledger over a wire; the one that looks has a way of its own."""
    url = new_database(server)
    wire = Wire(socket_of(url), urlsplit(url).path)
    await wire.mend()
    try:
        async with asyncio.timeout(BOUND), office(url, ours=wire.url) as o:
            await changes(o.w)
            yield o, wire
    finally:
        await wire.aclose()
