"""`antcrm mcp --http`: the MCP server on a port of this machine."""

from __future__ import annotations

from antcrm_cli.running import settings_for
from antcrm_cli.terminal import new_screen
from antcrm_mcp.http import serve_http
from antcrm_tools.house import House
from antcrm_tools.text import msg


async def run_http(lang: str | None, *, port: int, sandbox: bool) -> None:
    """Until it is interrupted.

    Raises:
        BadInput: a setting is wrong, there is no key, or the port is taken.
    """
    settings = settings_for(lang, sandbox=sandbox)
    screen = new_screen()

    def announce(url: str) -> None:
        screen.say(msg("The MCP server answers at {url}, until Ctrl-C.", url=url).render(settings.language))

    async with House(settings) as house:
        await serve_http(house, port=port, announce=announce)
