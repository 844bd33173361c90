"""Settings of the Telegram bot: a token and a proxy nobody sees, and addresses the token may go to."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from antcrm_tools.errors import BadInput
from antcrm_tools.settings import load_settings

TOKEN = "123456789:AA-made-up_token-of-a-bot-000000000"


pytestmark = pytest.mark.usefixtures("no_settings")


def wrong(**overrides: object) -> str:
    with pytest.raises(BadInput) as caught:
        load_settings(**overrides)
    said = caught.value.render("en")
    shown = said + "".join(traceback.format_exception(caught.value))
    assert not any(secret in shown for secret in (TOKEN, "s3cret"))
    return said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_TOKEN", "s3cret"),
        ("TELEGRAM_TOKEN", TOKEN.replace(":", "")),
        ("TELEGRAM_TOKEN", f"{TOKEN} s3cret"),
        ("TELEGRAM_TOKEN", f"bot{TOKEN}"),
        ("TELEGRAM_TOKEN", TOKEN[:39]),
        ("TELEGRAM_MEMBERS", "s3cret"),
        ("TELEGRAM_MEMBERS", "7:s3cret:sales"),
        ("TELEGRAM_MEMBERS", "7:lan@antcrm.example:s3cret"),
        ("TELEGRAM_API_URL", "s3cret"),
        ("TELEGRAM_API_URL", "http://s3cret.example"),
        ("TELEGRAM_API_URL", "https://s3cret:word@api.example"),
        ("TELEGRAM_API_URL", "https://api.example/#s3cret"),
        ("TELEGRAM_PROXY", "s3cret"),
        ("TELEGRAM_PROXY", "ftp://an:s3cret@proxy.example:21"),
        ("TELEGRAM_PROXY", "socks5://an:s3cret@proxy.example"),
        ("TELEGRAM_PROXY", "socks5://an:s3cret@:1080"),
        ("TELEGRAM_PROXY", "socks5://an:s3cret@proxy.example:port"),
        ("TELEGRAM_PROXY", "socks5://an:s3/cret@proxy.example:1080"),
        ("TELEGRAM_PROXY", "socks5://an:s3cret@proxy.example:1080/path"),
        ("TELEGRAM_PROXY", "socks4://an:s3cret@proxy.example:1080"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    said = wrong(**{name.lower(): value})
    assert f"ANTCRM_{name}" in said
    assert "pydantic" not in said


@pytest.mark.parametrize("typed", [None, "", "  "])
def test_without_a_token_it_says_where_there_are_some(typed: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(telegram_token=typed).require_telegram_token()
    said = caught.value.render("en")
    assert said.startswith("ANTCRM_TELEGRAM_TOKEN is not set. Nothing was started.")
    assert "@BotFather" in said


@pytest.mark.parametrize("typed", [f"{TOKEN}\n", f"  {TOKEN}\r\n"])
def test_space_around_a_token_is_not_part_of_it(typed: str) -> None:
    assert load_settings(telegram_token=typed).require_telegram_token() == SecretStr(TOKEN)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.example:3128",
        "https://proxy.example:3128/",
        "socks5://127.0.0.1:1080",
        "socks5h://an:w%23rd@[::1]:1080",
        " http://an:word@proxy.example:3128\n",
    ],
)
def test_a_proxy_may_be_any_of_four_kinds(proxy: str) -> None:
    assert load_settings(telegram_proxy=proxy).telegram_proxy == SecretStr(proxy.strip())


def test_blank_is_no_proxy() -> None:
    assert load_settings(telegram_proxy="  ").telegram_proxy is None


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "http://api.example",
            "ANTCRM_TELEGRAM_API_URL must begin with https://, as the token would travel in the open.",
        ),
        (
            "https://an:pass@api.example",
            "ANTCRM_TELEGRAM_API_URL must not hold a user or password; put the token into ANTCRM_TELEGRAM_TOKEN.",
        ),
        ("https://api.example?a=1", "ANTCRM_TELEGRAM_API_URL must end before any “?” or “#”."),
        ("api.example", "ANTCRM_TELEGRAM_API_URL is not a web address. It looks like https://api.telegram.org."),
    ],
)
def test_an_address_the_token_must_not_go_to(url: str, sentence: str) -> None:
    assert wrong(telegram_api_url=url).startswith(sentence)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://api.example/", "https://api.example"),
        (" https://api.example/telegram/ ", "https://api.example/telegram"),
        ("http://localhost:8081", "http://localhost:8081"),
    ],
)
def test_another_bot_api_server(typed: str, url: str) -> None:
    assert load_settings(telegram_api_url=typed).telegram_api_url == url


def test_members_on_two_lines_are_not_half_of_them(tmp_path: Path) -> None:
    entries = "42:lan@antcrm.example:admin,\n43:minh@antcrm.example:sales"
    (tmp_path / ".env").write_text(f"ANTCRM_TELEGRAM_MEMBERS={entries}\n", "utf-8")
    assert "Line 2 of .env is not of the form NAME=value." in wrong()
