"""`antcrm demo`: a made-up AntCRM, the MCP server and the chat in one process, over the same customers."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

from antcrm_cli.conversation import talk_over
from antcrm_cli.running import PROGRAM
from antcrm_cli.screen import Screen
from antcrm_cli.terminal import new_screen
from antcrm_mcp.http import PORT, http_server
from antcrm_tools import logs
from antcrm_tools.errors import BadInput
from antcrm_tools.house import House
from antcrm_tools.settings import Settings, load_settings
from antcrm_tools.text import Text, msg

# Each works as it stands in the made-up AntCRM, in the reader's language.
_TRY: tuple[tuple[Text, Text], ...] = (
    (msg("find 0912345678"), msg("two customers share this phone")),
    (msg("add lead Trần Bình 0977123456 asks for a quote"), msg("a new lead")),
    (msg("move L9002 to Đã gửi báo giá"), msg("another stage")),
    (msg("tag L9002 Ưu tiên"), msg("one more tag")),
    (msg("note L9002 call back on Monday"), msg("a dated line in the note")),
    (msg("delete L9005"), msg("asks you first; 1 keeps, 2 deletes")),
)


async def run_demo(lang: str | None, port: int | None) -> None:
    """Until the person leaves or the input ends.

    Raises:
        BadInput: the port that was asked for is taken.
    """
    settings = demo_settings(lang)
    logs.set_up(PROGRAM, secrets=settings.secrets())
    screen = new_screen()
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(House(settings))
        url = await _serve(stack, house, port)
        _introduce(screen, settings, url)
        await talk_over(house, screen)
        screen.say(msg("Goodbye. The made-up customers are gone with it.").render(settings.language))


def demo_settings(lang: str | None) -> Settings:
    """Settings that reach no real AntCRM and may do everything, whatever a `.env` here says."""
    mine: dict[str, object] = {
        "sandbox": True,
        "scopes": "read,write,delete",
        "confirm": "destroying",
        "actor": "local",
        "ledger_url": None,
    }
    if lang is not None:
        mine["language"] = lang
    return load_settings(_env_file=None, **mine)


async def _serve(stack: AsyncExitStack, house: House, port: int | None) -> str:
    if port is not None:
        return await stack.enter_async_context(http_server(house, port))
    try:
        return await stack.enter_async_context(http_server(house, PORT))
    except BadInput:
        return await stack.enter_async_context(http_server(house, 0))


def _introduce(screen: Screen, settings: Settings, url: str) -> None:
    def say(text: Text) -> None:
        screen.say(text.render(settings.language))

    say(msg("This is a made-up AntCRM with 500 customers. Nothing leaves this machine."))
    screen.say("")
    say(msg("To let your AI assistant work on it, paste one of these into another terminal:"))
    vs_code = json.dumps({"name": "antcrm", "type": "http", "url": url}, separators=(",", ":"))
    for name, command in (
        ("Claude Code", f"claude mcp add --transport http antcrm {url}"),
        ("VS Code", f"code --add-mcp '{vs_code}'"),
        ("Inspector", f"npx @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list"),
    ):
        screen.say(f"{name}:")
        screen.copyable(f"  {command}")
    screen.say("")
    say(msg("Or try it here; write one of these lines:"))
    examples = [(example.render(settings.language), does.render(settings.language)) for example, does in _TRY]
    width = max(len(example) for example, _ in examples)
    for example, does in examples:
        screen.say(f"  {example:<{width}}  {does}")
    say(msg("A line that is only a number picks a button of the last answer. /help shows everything, “exit” leaves."))
    screen.say("")
