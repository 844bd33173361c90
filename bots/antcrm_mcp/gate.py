"""The gate: how a person says yes through an assistant, in both eras of the protocol.

From 2026-07-28 on, a tool returns its question and is called again with the answer and a sealed state, which holds
the ticket's id. Before, the server asks while the call waits. The ticket, not the seal, is what can be used only once.
"""

from __future__ import annotations

import asyncio
import platform
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolRequestParams, ElicitRequest, InputRequiredResult
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from antcrm_mcp.form import NO, Answer, form, read
from antcrm_tools.carrying import cannot_ask, dropped
from antcrm_tools.errors import CrmError
from antcrm_tools.house import House
from antcrm_tools.outcomes import Actor, Ask, Done, Dropped, Queued, Unsure, Waiting
from antcrm_tools.progress import Progress
from antcrm_tools.registry import Call
from antcrm_tools.text import Text, clean

QUESTION = "confirm"
"""The key of our question among a call's input requests."""

_WATCHER_SECONDS = 1.0
_NAME = 30
_NOT_A_NAME = re.compile(r"[^\w .+-]")

Context = ServerRequestContext[Any, Any]
Ended: TypeAlias = Done | Waiting | Queued | Unsure | Dropped


@dataclass(frozen=True, slots=True)
class Gate:
    """Runs calls on a House's Desk and puts its questions to the person behind the assistant."""

    house: House
    elicit_timeout: float
    """Seconds to wait for an answer in the old era. Hosts give up on a call after 60."""
    wait: float
    """Seconds a call waits for a write that takes long, or for an answer from elsewhere."""

    async def run(self, ctx: Context, params: CallToolRequestParams, call: Call) -> Ended | InputRequiredResult:
        """Run a call, or return the question that has to be answered first.

        Raises:
            CannotAsk: a person would have to confirm, and nobody can be shown the question.
            CrmError: saying what was and was not done.
        """
        actor, progress = self.actor(ctx), _progress(ctx)
        modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        if modern and params.request_state is not None:
            # Only a state we sealed says that somebody was asked. Answers alone say nothing: a model can write them.
            return await self._answered(params.request_state, params, call, actor, progress)
        desk = self.house.desk()
        outcome = await desk.submit(
            call, actor, progress=progress, within=self.wait, asks_here=_can_ask(ctx, modern=modern)
        )
        if not isinstance(outcome, Ask):
            return outcome
        if modern:
            question = ElicitRequest(params=form(outcome.preview, self.house.settings.language))
            return InputRequiredResult(input_requests={QUESTION: question}, request_state=outcome.ticket)
        return await self._ask_now(ctx, call, outcome, actor, progress)

    async def _answered(
        self, ticket_id: str, params: CallToolRequestParams, call: Call, actor: Actor, progress: Progress
    ) -> Ended:
        desk = self.house.desk()
        ticket = await desk.question(ticket_id)
        if ticket is None or (ticket.call.tool.name, ticket.call.canonical) != (call.tool.name, call.canonical):
            # The seal is bound to tool and arguments as well; what destroys is worth two locks.
            return dropped("unknown_ticket")
        given = (params.input_responses or {}).get(QUESTION)
        answer = read(given, ticket.preview, self.house.settings.language)
        return await desk.answer(
            ticket_id, actor, yes=answer.yes, count=answer.count, progress=progress, within=self.wait
        )

    async def _ask_now(self, ctx: Context, call: Call, ask: Ask, actor: Actor, progress: Progress) -> Ended:
        desk = self.house.desk()
        try:
            async with asyncio.timeout(self.elicit_timeout):
                answer = await self._elicit(ctx, ask)
        except TimeoutError:
            return await desk.unanswered(ask.ticket, actor)
        except MCPError:
            # It declared that it can ask, and then could not.
            became = await desk.unanswered(ask.ticket, actor)
            if isinstance(became, Dropped) and became.reason == "expired":
                raise cannot_ask(call) from None
            return became
        return await desk.answer(
            ask.ticket, actor, yes=answer.yes, count=answer.count, progress=progress, within=self.wait
        )

    async def _elicit(self, ctx: Context, ask: Ask) -> Answer:
        language = self.house.settings.language
        asked = form(ask.preview, language)
        try:
            given = await ctx.session.elicit_form(asked.message, asked.requested_schema, ctx.request_id)
        except ValidationError:
            return NO  # an answer that is none
        return read(given, ask.preview, language)

    async def news(self, actor: Actor) -> list[Text]:
        """What the person has not heard yet of earlier calls, once the ledger is open anyway; each is told once."""
        if not self.house.has_ledger:
            return []
        try:
            desk = self.house.desk()
            news = await desk.news(actor)
            if news:
                await desk.told(news)
        except CrmError:
            return []  # it is kept, and told with another answer
        return [each.text for each in news]

    def actor(self, ctx: Context) -> Actor:
        """On whose behalf a call is made."""
        client = ctx.session.client_params
        machine = platform.node()
        host = machine if client is None else f"{machine}: “{_plain(client.client_info.name)}”"
        return Actor(who=self.house.settings.actor, face="mcp", host=host)


def _plain(name: str) -> str:
    """What an assistant calls itself, so that it cannot write sentences onto a card."""
    return _NOT_A_NAME.sub("", clean(name, _NAME))[:_NAME].strip()


def _can_ask(ctx: Context, *, modern: bool) -> bool:
    """Whether this client can show a form. In the new era a server never sends requests, so there it needs no way."""
    capabilities = ctx.session.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False  # `{}` means forms; only a client that names its ways and leaves forms out has none
    return modern or ctx.session.can_send_request


def _progress(ctx: Context) -> Progress:
    """Tells whoever asked for it how far a call is; an assistant that does not listen holds nothing up."""

    async def report(done: int, total: int) -> None:
        try:
            async with asyncio.timeout(_WATCHER_SECONDS):
                await ctx.session.report_progress(done, total)
        except TimeoutError:
            pass

    return report
