"""Where Telegram is blocked: through a proxy, or by way of another Bot API server."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest
from pydantic import SecretStr

from antcrm_tools.errors import BadInput
from antcrm_tools.sandbox import AN
from antcrm_tools.settings import load_settings
from tests.fakes.proxies import Proxy, below, hanging_up, http_proxy, socks_proxy
from tests.fakes.telegram import TOKEN, TelegramBot, bot_api, soon
from tests.fakes.world import World

Open: TypeAlias = Callable[..., AbstractAsyncContextManager[Proxy]]

KINDS: dict[str, Open] = {"http": http_proxy, "socks5": socks_proxy}
UNREACHABLE = "Telegram cannot be reached through the proxy in ANTCRM_TELEGRAM_PROXY."
NOBODY = "127.0.0.1:9"


@pytest.fixture
def swept() -> Iterator[None]:
    """The socket of a proxy that breaks off is left by httpcore to the garbage collector: it comes here."""
    yield
    gc.collect()


@asynccontextmanager
async def behind(w: World, proxy: str) -> AsyncGenerator[TelegramBot]:
    """A bot that was told of a proxy, as the setting is read."""
    async with bot_api(w.house) as bot:
        read = load_settings(_env_file=None, telegram_proxy=proxy).telegram_proxy
        w.house.settings = w.house.settings.model_copy(update={"telegram_proxy": read})
        yield bot


@pytest.mark.parametrize("login", [{}, {"user": "an", "password": "m%40t"}], ids=["open", "with a password"])
@pytest.mark.parametrize("kind", KINDS)
async def test_everything_goes_through_it(kind: str, login: dict[str, str], w: World) -> None:
    spoken = {name: value.replace("%40", "@") for name, value in login.items()}
    async with KINDS[kind](**spoken) as proxy:
        address = proxy.url.replace("m@t", "m%40t")
        async with behind(w, address) as bot:
            await bot.start()
            phone = bot.phone()
            assert AN.name in await phone.send(f"/find {AN.ref}")
            assert "Created" in (await phone.send("Chị Mới 0977 123 456") and await phone.tap("Save"))
            await bot.leave()
            there = bot.url.removeprefix("http://")
            assert proxy.asked
            assert all(there in asked for asked in proxy.asked)
            calls = len(bot.api.calls)
            if kind == "http":
                assert len(proxy.asked) == calls, "one line for each call"
            passed = proxy.seen.count(b"POST ")
            assert passed == calls, "and none around it"


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_one_that_is_dead_is_said(scheme: str, w: World) -> None:
    async with behind(w, f"{scheme}://an:s3cret@{NOBODY}") as bot:
        bot.begin()
        await soon(lambda: bot.reports)
        (said,) = [report.render("en") for report in bot.reports]
        assert said.startswith(UNREACHABLE)
        assert "s3cret" not in said
        await bot.leave()
        assert bot.hello is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_password_is_said(kind: str, w: World) -> None:
    async with (
        KINDS[kind](user="an", password="right") as proxy,
        behind(w, proxy.url.replace("right", "wr0ng")) as bot,
    ):
        bot.begin()
        await soon(lambda: bot.reports)
        (said,) = [report.render("en") for report in bot.reports]
        assert said.startswith(UNREACHABLE)
        await bot.leave()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("swept")
async def test_one_that_hangs_up_is_said(w: World) -> None:
    async with hanging_up() as proxy, behind(w, proxy.url) as bot:
        bot.begin()
        await soon(lambda: bot.reports)
        assert bot.reports[0].render("en").startswith(UNREACHABLE)
        await bot.leave()
        assert len(proxy.asked) > 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("swept")
async def test_of_https_a_proxy_sees_the_name_and_not_the_token(w: World) -> None:
    async with http_proxy() as proxy, behind(w, proxy.url) as bot:
        w.house.settings = w.house.settings.model_copy(update={"telegram_api_url": f"https://{NOBODY}"})
        bot.begin()
        await soon(lambda: bot.reports)
        await bot.leave()
        assert {asked.split()[0] for asked in proxy.asked} == {"CONNECT"}
        assert TOKEN.encode() not in proxy.seen


async def test_another_server_may_be_below_a_path(w: World) -> None:
    async with bot_api(w.house) as bot, below("/telegram/v1", bot.url) as there:
        read = load_settings(_env_file=None, telegram_api_url=there.url + "/").telegram_api_url
        w.house.settings = w.house.settings.model_copy(update={"telegram_api_url": read})
        await bot.start()
        assert AN.name in await bot.phone().send(f"/find {AN.ref}")
        await bot.leave()
        assert len(there.asked) == len(bot.api.calls)


async def test_a_path_where_there_is_none_is_no_wrong_token(w: World) -> None:
    async with bot_api(w.house) as bot, below("/telegram", bot.url) as there:
        w.house.settings = w.house.settings.model_copy(update={"telegram_api_url": f"{there.url}-typo"})
        bot.begin()
        await soon(lambda: bot.reports)
        assert bot.reports[0].render("en").startswith("Telegram cannot be reached.")
        await bot.leave()


async def test_a_bot_api_server_that_knows_no_such_bot(w: World) -> None:
    async with bot_api(w.house) as bot:
        bot.api.faults.fail("getMe", 404, description="Not Found")
        with pytest.raises(BadInput, match="ANTCRM_TELEGRAM_TOKEN"):
            await bot.start()


def test_a_proxy_is_a_secret() -> None:
    read = load_settings(_env_file=None, telegram_proxy="http://an:s3cret@proxy.example:3128")
    assert isinstance(read.telegram_proxy, SecretStr)
    assert "s3cret" not in repr(read)
