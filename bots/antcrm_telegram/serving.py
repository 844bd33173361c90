"""A bot from its start to its end: connecting, fetching, watching over the fetching, and leaving nothing half done."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr
from telegram import LinkPreviewOptions
from telegram.error import InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, Defaults
from telegram.request import HTTPXRequest

from antcrm_chat.chat import Chat
from antcrm_telegram.courier import Courier
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.face import Face
from antcrm_telegram.fetching import FIRST_PAUSE, LONGEST_PAUSE, Bot, Fetcher, wait_of, withdrawn
from antcrm_telegram.gate import Gate
from antcrm_telegram.joining import Joining
from antcrm_telegram.mailbox import Mailbox, Receipts
from antcrm_telegram.news import Herald
from antcrm_telegram.profile import introduce
from antcrm_telegram.turns import Turns
from antcrm_tools.errors import BadInput, LedgerBroken
from antcrm_tools.house import House
from antcrm_tools.ledger.inbox import Inbox
from antcrm_tools.settings import Settings
from antcrm_tools.text import Text, clean, msg

T = TypeVar("T")

_CONNECTIONS, _POLLING_CONNECTIONS = 16, 4
_CONNECT, _ANSWER = 10.0, 20.0

_FINISH = 60.0
"""Seconds that what is under way gets to end. Who stops a service mostly kills it some time after that."""

_NOTHING_STARTED = msg("Nothing was started.")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the bot is connected as."""

    username: str
    name: str


class TelegramFace:
    """The chat on Telegram, over a house."""

    def __init__(
        self,
        house: House,
        token: SecretStr,
        *,
        announce: Callable[[Hello], object] = lambda _: None,
        report: Callable[[Text], object] = lambda _: None,
        sleep: Callable[[float], Awaitable[object]] | None = None,
        rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`announce` is called once it is connected; `report` gets what the admin should know meanwhile.

        `sleep` waits some seconds between two tries, `rest` between two looks at what there is to tell people. To be
        made in the event loop it runs in.
        """
        settings = house.settings
        self._house = house
        self._settings = settings
        self._announce = announce
        self._report = report
        self._sleep = sleep or asyncio.sleep
        self._unreachable = _unreachable(settings)
        self._bot = new_bot(settings, token)
        mailbox = Mailbox()
        inbox = Inbox(house.store(), bot=_whose_numbers(settings, token), clock=house.clock)
        receipts = Receipts(inbox, report=report)
        self._fetcher = Fetcher(
            self._bot, mailbox, receipts, sleep=self._sleep, report=report, unreachable=self._unreachable
        )
        self._turns = Turns(mailbox, receipts)
        # Who tries the made-up one must not take a 👍 for a customer that is kept.
        footer = msg("⚠ A made-up AntCRM, for trying: nothing is kept.") if settings.sandbox else None
        self._delivery = Delivery(self._bot, sleep=sleep, footer=footer)
        chat = Chat(
            house.desk,
            face="telegram",
            clock=house.clock,
            zone=settings.zone,
            region=settings.region,
            host=platform.node(),
            pictures=True,
            account=_whose_numbers(settings, token),
        )
        staff = house.staff()
        joining = Joining(staff, lambda: house.ledger().members, clock=house.clock)
        gate = Gate(staff, joining, settings.language)
        self._herald = Herald(chat, gate, self._delivery, rest=rest)
        self._courier = Courier(
            house.desk,
            gate,
            self._delivery,
            bot=_whose_numbers(settings, token),
            zone=settings.zone,
            rest=rest,
            sleep=self._sleep,
        )
        self._app: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder().bot(self._bot).updater(None).concurrent_updates(self._turns).job_queue(None).build()
        )
        Face(chat, gate, self._delivery, settings.region).attach(self._app)

    async def run(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set; False if something had to be broken off, which was said.

        Raises:
            BadInput: Telegram does not accept the token.
            CrmError: it had to end: the token was withdrawn, or somebody else fetches this bot's messages.
        """
        try:
            hello = await _unless(stop, self._connect())
            if hello is None:
                return True
            await self._app.start()
            try:
                await self._serve(stop, hello)
            finally:
                finished = await self._leave()
            return finished
        finally:
            await self._bot.shutdown()

    async def _serve(self, stop: asyncio.Event, hello: Hello) -> None:
        try:
            await _unless(stop, self._patiently(self._bot.delete_webhook))
        except InvalidToken:
            raise withdrawn() from None
        if stop.is_set():
            return
        with suppress(LedgerBroken):
            await self._house.staff().look()
        self._announce(hello)
        self._house.tend()
        # Beside the rest: nobody who writes to the bot waits for a menu, for news or for somebody else's question.
        beside = [
            asyncio.create_task(introduce(self._bot, self._settings.language)),
            asyncio.create_task(self._herald.run()),
            asyncio.create_task(self._courier.run()),
        ]
        try:
            await _unless(stop, self._fetcher.run(self._app.update_queue))
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await self._courier.leave()

    async def _leave(self) -> bool:
        """End what is under way and tell Telegram; False if it had to be broken off."""
        try:
            self._report(msg("Finishing what is under way…"))
        except Exception:  # whoever reads it has left; a second Ctrl-C in this moment is heard all the same
            await self._finish()
            raise
        finished = await self._finish()
        if not finished:
            self._report(
                msg("Something takes too long and is broken off. It is dealt with again after the next start.")
            )
        return finished

    async def _finish(self) -> bool:
        self._turns.leave()
        self._delivery.hurry()
        stopping = asyncio.create_task(self._app.stop())
        try:
            await asyncio.wait((stopping,), timeout=_FINISH)
            finished = stopping.done()
        finally:
            self._turns.break_off()
            await stopping
        await self._fetcher.confirm()
        return finished

    async def _connect(self) -> Hello:
        """Raises BadInput if the token is not accepted."""
        try:
            await self._patiently(self._app.initialize)
        except InvalidToken:
            raise BadInput(
                msg("Telegram does not accept ANTCRM_TELEGRAM_TOKEN."),
                done=_NOTHING_STARTED,
                then=msg("Get the token from @BotFather and put it there, whole."),
            ) from None
        me = self._bot.bot
        return Hello(clean(me.username or ""), clean(me.full_name))

    async def _patiently(self, call: Callable[[], Awaitable[object]]) -> None:
        """Try until Telegram can be reached: at the start the office's line may still be down.

        Raises:
            InvalidToken: Telegram does not accept the token.
        """
        pause, said = FIRST_PAUSE, False
        while True:
            try:
                await call()
            except InvalidToken:
                raise
            except RetryAfter as error:
                await self._sleep(wait_of(error))
            except TelegramError:
                if not said:
                    self._report(self._unreachable)
                    said = True
                await self._sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                return


async def bot_name(settings: Settings) -> str | None:
    """The bot's name on Telegram, without the @; None if there is no bot, or it cannot be asked now.

    Raises:
        BadInput: Telegram does not accept the token.
    """
    if settings.telegram_token is None:
        return None
    try:
        async with asyncio.timeout(_ANSWER), new_bot(settings, settings.telegram_token) as bot:
            return bot.username
    except InvalidToken:
        raise BadInput(
            msg("Telegram does not accept ANTCRM_TELEGRAM_TOKEN."),
            then=msg("Get the token from @BotFather and put it there, whole."),
        ) from None
    except (TelegramError, TimeoutError):
        return None


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None if `stop` came first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _unreachable(settings: Settings) -> Text:
    if settings.telegram_proxy is None:
        return msg("Telegram cannot be reached. It is tried again until you press Ctrl-C.")
    return msg(
        "Telegram cannot be reached through the proxy in {variable}. It is tried again until you press Ctrl-C.",
        variable="ANTCRM_TELEGRAM_PROXY",
    )


def _whose_numbers(settings: Settings, token: SecretStr) -> str:
    """The bot and the server it is on: another server's updates have the same numbers and are others."""
    bot = token.get_secret_value().partition(":")[0]
    return f"{bot}@{urlsplit(settings.telegram_api_url).netloc}"[:40]


def new_bot(settings: Settings, token: SecretStr) -> Bot:
    """The bot as the settings say it is reached. Nothing is sent yet."""
    proxy = None if settings.telegram_proxy is None else settings.telegram_proxy.get_secret_value()

    def request(connections: int) -> HTTPXRequest:
        return HTTPXRequest(
            connection_pool_size=connections,
            connect_timeout=_CONNECT,
            read_timeout=_ANSWER,
            write_timeout=_ANSWER,
            pool_timeout=_ANSWER,
            proxy=proxy,
        )

    return Bot(
        token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request(_CONNECTIONS),
        get_updates_request=request(_POLLING_CONNECTIONS),
        # Nothing more: the library would send the other defaults with calls that do not know them.
        defaults=Defaults(tzinfo=settings.zone, link_preview_options=LinkPreviewOptions(is_disabled=True)),
    )
