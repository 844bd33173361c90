"""A bot from its start to its end: connecting, fetching, watching over the fetching, and leaving nothing half done."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from telegram import LinkPreviewOptions
from telegram.constants import UpdateType
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, Defaults
from telegram.request import HTTPXRequest

from antcrm_chat.chat import Chat
from antcrm_telegram.delivery import Delivery
from antcrm_telegram.face import Face
from antcrm_telegram.fetching import Bot
from antcrm_telegram.gate import Gate
from antcrm_telegram.mailbox import Mailbox
from antcrm_telegram.profile import introduce
from antcrm_telegram.turns import Turns
from antcrm_tools.errors import BadInput, CrmError
from antcrm_tools.house import House
from antcrm_tools.text import Text, clean, msg

UPDATES = (
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.MY_CHAT_MEMBER,
)
"""What is asked for. Everything else Telegram keeps to itself."""

_CONNECTIONS, _POLLING_CONNECTIONS = 16, 4
_CONNECT, _ANSWER = 10.0, 20.0
_POLL = timedelta(seconds=25)

_QUIET = 180.0
"""Seconds without a look at Telegram after which the library's loop is taken for dead."""
_WATCH = 15.0

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

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
    ) -> None:
        """`announce` is called once it is connected; `report` gets what the admin should know meanwhile.

        `sleep` waits some seconds between two tries. To be made in the event loop it runs in.
        """
        settings = house.settings
        self._settings = settings
        self._announce = announce
        self._report = report
        self._sleep = sleep or asyncio.sleep
        mailbox = Mailbox()
        self._bot = _bot(house, token, mailbox)
        self._delivery = Delivery(self._bot, sleep=sleep)
        chat = Chat(
            house.desk,
            face="telegram",
            clock=house.clock,
            zone=settings.zone,
            region=settings.region,
            host=platform.node(),
        )
        gate = Gate(settings.telegram_members, settings.language)
        self._app: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder().bot(self._bot).concurrent_updates(Turns(mailbox)).job_queue(None).build()
        )
        Face(chat, gate, self._delivery, settings.region).attach(self._app)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set.

        Raises:
            BadInput: Telegram does not accept the token.
            CrmError: it had to end: the token was withdrawn, or somebody else fetches this bot's messages.
        """
        connected = await self._unless(stop, self._connect())
        if connected is None:
            return
        try:
            await self._app.start()
            try:
                await self._serve(stop, connected)
            finally:
                await self._app.stop()
                with suppress(TelegramError):
                    await self._bot.confirm()
        finally:
            await self._app.shutdown()

    async def _serve(self, stop: asyncio.Event, hello: Hello) -> None:
        updater = self._app.updater
        if updater is None:
            raise LookupError("the application was built without an updater")
        await self._unless(stop, introduce(self._bot, self._settings.language))
        await self._unless(stop, self._patiently(self._bot.delete_webhook))
        try:
            if not stop.is_set():
                await updater.start_polling(
                    timeout=_POLL, bootstrap_retries=-1, allowed_updates=UPDATES, error_callback=self._note_failure
                )
                self._announce(hello)
                await self._unless(stop, self._watch())
        finally:
            self._report(msg("Finishing what is under way…"))
            self._delivery.hurry()
            if updater.running:
                await updater.stop()

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
        """Try until Telegram can be reached: at the start the office's line may still be down."""
        pause, said = _FIRST_PAUSE, False
        while True:
            try:
                await call()
            except (BadRequest, Forbidden, InvalidToken):
                raise
            except RetryAfter as error:
                after = error.retry_after
                seconds = float(after if isinstance(after, int | float) else after.total_seconds())
            except NetworkError:
                seconds, pause = pause, min(_LONGEST_PAUSE, pause * 2)
                if not said:
                    self._report(msg("Telegram cannot be reached. It is tried again until you press Ctrl-C."))
                    said = True
            else:
                return
            await self._sleep(seconds)

    async def _watch(self) -> None:
        """Until no update will come any more; raises what to tell the admin."""
        while True:
            done, _ = await asyncio.wait((self._bot.over,), timeout=_WATCH)
            if done:
                raise self._bot.over.result()
            if self._bot.quiet > _QUIET:
                raise CrmError(
                    msg("Messages are not fetched from Telegram any more, for a reason nobody foresaw."),
                    done=msg("Telegram keeps what people write for a day, so nothing of it is lost."),
                    then=msg("Start the program again."),
                )

    def _note_failure(self, error: TelegramError) -> None:
        """The library goes on by itself; what has to be said of it was said by the bot."""

    async def _unless(self, stop: asyncio.Event, work: Any) -> Any:
        """The result of `work`, or None if `stop` came first."""
        working, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            return None
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)


def _bot(house: House, token: SecretStr, mailbox: Mailbox) -> Bot:
    settings = house.settings
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
        mailbox,
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request(_CONNECTIONS),
        get_updates_request=request(_POLLING_CONNECTIONS),
        # Nothing more: the library would send the other defaults with calls that do not know them.
        defaults=Defaults(tzinfo=settings.zone, link_preview_options=LinkPreviewOptions(is_disabled=True)),
    )
