"""The house: everything one process needs, put together in one place and built when first used."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from antcrm_tools.desk import Desk, Policy
from antcrm_tools.ledger.tickets import MemoryTickets, Tickets
from antcrm_tools.records import Records
from antcrm_tools.settings import SANDBOX_KEY, Settings

if TYPE_CHECKING:
    from antcrm_tools.api import AntCrmApi
    from antcrm_tools.sandbox import Sandbox

_SANDBOX_RPS = 1000.0
"""An AntCRM inside this process needs no sparing."""


def now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def new_code() -> str:
    """Our own code for a new customer (`customerIdApiRing`): random, so it says nothing and never repeats."""
    return f"at-{secrets.token_hex(12)}"


class House:
    """One process's AntCRM, tickets and Desk. `async with House(settings) as house:`."""

    def __init__(
        self,
        settings: Settings,
        *,
        api: AntCrmApi | None = None,
        tickets: Tickets | None = None,
        clock: Callable[[], datetime] = now,
        code: Callable[[], str] = new_code,
    ) -> None:
        """`api`, `tickets`, `clock` and `code` are seams; left out, they are made from the settings."""
        self.settings = settings
        self.clock = clock
        self.sandbox: Sandbox | None = None
        self._api = api
        self._tickets = tickets or MemoryTickets(clock)
        self._code = code
        self._desk: Desk | None = None

    @property
    def policy(self) -> Policy:
        """What this process may do, and when it asks."""
        return Policy(self.settings.scopes, self.settings.confirm)

    def desk(self) -> Desk:
        """The Desk, made on first use: reaching AntCRM needs libraries that a start must not wait for.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        if self._desk is None:
            records = Records(self.api(), code=self._code, clock=self.clock, region=self.settings.region)
            self._desk = Desk(records, self._tickets, policy=self.policy, clock=self.clock, zone=self.settings.zone)
        return self._desk

    def api(self) -> AntCrmApi:
        """The one connection to AntCRM, made on first use.

        Raises:
            BadInput: ANTCRM_API_KEY is not set.
        """
        self._api = self._api or self._make_api()
        return self._api

    def open_sandbox(self) -> Sandbox:
        """The embedded AntCRM of `ANTCRM_SANDBOX=1`: in memory, filled from a fixed seed, no port."""
        if self.sandbox is None:
            from antcrm_tools.sandbox import Sandbox  # noqa: PLC0415  only this mode needs it

            self.sandbox = Sandbox.open(api_key=SANDBOX_KEY, clock=self.clock)
        return self.sandbox

    async def aclose(self) -> None:
        """Let writes under way finish, then close connections."""
        if self._desk is not None:
            await self._desk.aclose()
        if self._api is not None:
            await self._api.aclose()
        if self.sandbox is not None:
            self.sandbox.close()

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    def _make_api(self) -> AntCrmApi:
        from antcrm_tools.api import AntCrmApi  # noqa: PLC0415  brings httpx
        from antcrm_tools.pace import Pace  # noqa: PLC0415  goes with it

        settings = self.settings
        key = settings.require_key()
        app = self.open_sandbox().app if settings.sandbox else None
        pace = Pace(_SANDBOX_RPS if settings.sandbox else settings.max_rps)
        return AntCrmApi(settings.base_url, key, pace=pace, region=settings.region, timezone=settings.zone, app=app)
