"""An AntCRM on this machine."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from antcrm_tools.guest_server import GuestServer, listen
from antcrm_tools.sandbox.app import Endpoints, build_app
from antcrm_tools.sandbox.faults import Faults
from antcrm_tools.sandbox.log import LoggedRequest
from antcrm_tools.sandbox.people import people as made_up_people
from antcrm_tools.sandbox.store import Store
from antcrm_tools.sandbox.switches import Switches

# What is still being answered when the server stops gets this long.
_STOP_SECONDS = 1


def _now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """An AntCRM on this machine: its customer API over a SQLite store, with made-up people in it."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self.app: Starlette = build_app(endpoints)

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        api_key: str = "sandbox",
        people: int = 500,
        switches: Switches | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Self:
        """Open the store at ``path`` (in memory without one) and fill it with ``people`` if it is new.

        ``clock`` must give aware times; the people's dates count back from its first.
        """
        clock = clock or _now
        store = Store(path)
        if store.is_new:
            with store.transaction():
                for row in made_up_people(people, clock()):
                    store.save(row)
        return cls(Endpoints(store, switches or Switches(), clock, api_key))

    @property
    def api_key(self) -> str:
        return self._endpoints.api_key

    @property
    def store(self) -> Store:
        return self._endpoints.store

    @property
    def faults(self) -> Faults:
        return self._endpoints.faults

    @property
    def switches(self) -> Switches:
        """May be changed, or replaced, at any time."""
        return self._endpoints.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._endpoints.switches = switches

    @property
    def requests(self) -> list[LoggedRequest]:
        """The last 10,000 requests, oldest first."""
        return list(self._endpoints.log)

    def destroying(self) -> list[LoggedRequest]:
        """DELETEs, and PUTs that empty a field or drop an element of an array, judged by the record before them."""
        return [request for request in self._endpoints.log if request.destroys]

    def clear_log(self) -> None:
        self._endpoints.log.clear()

    async def act_pending(self) -> int:
        """Carry out the writes that `Faults.act_late` held back; how many changed something."""
        return self._endpoints.act_pending()

    def close(self) -> None:
        self._endpoints.stop()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


async def serve(
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Serve until interrupted; ``announce`` gets the base URL once the port is bound (0 takes a free one).

    Raises:
        OSError: The port is taken.
    """
    listening, base_url = listen(host, port)
    if announce is not None:
        announce(base_url)
    with listening:  # an interrupt may come before the server has taken it over
        await uvicorn.Server(_config(sandbox)).serve(sockets=[listening])


@asynccontextmanager
async def serving(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
    """Serve beside the caller; yields the base URL, answers until the block ends."""
    listening, base_url = listen(host, port)
    async with GuestServer(_config(sandbox)).beside(listening):
        yield base_url
