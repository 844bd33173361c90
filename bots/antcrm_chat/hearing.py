"""What people hear without having asked at that moment: what became of a change that was not known, or kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from antcrm_chat.cards import Card, Person
from antcrm_chat.dialogue import Choice, Dialogues
from antcrm_chat.steps import Open
from antcrm_tools.text import msg

if TYPE_CHECKING:
    from antcrm_tools.changes import News
    from antcrm_tools.desk import Desk
    from antcrm_tools.outcomes import Actor

Show: TypeAlias = Callable[[Person, Card], Awaitable[bool]]
"""Shows a card to somebody; False where it did not arrive."""

_MOST_SHOWN = 4


class Hearing:
    """Tells news, each once."""

    def __init__(self, dialogues: Dialogues) -> None:
        """Whoever hears news can tap what they speak of."""
        self._dialogues = dialogues
        self._arrived: dict[tuple[int, str], None] = {}
        """News that arrived, and of which the ledger does not know it yet."""

    async def tell(self, desk: Desk, actor: Actor, accounts: Sequence[Person], show: Show) -> None:
        """Tell one member of staff all there is, and note what has arrived.

        Raises:
            LedgerBroken: it cannot be read or noted. It is told another time, but not twice while this process lives.
        """
        for news in await desk.news(actor):
            name = (news.id, news.ticket)
            if name not in self._arrived:
                arrived = [await show(person, self._card(person, news)) for person in accounts]
                if not any(arrived):
                    return
                self._arrived[name] = None
            await desk.told([news])
            del self._arrived[name]

    def _card(self, person: Person, news: News) -> Card:
        dialogue = self._dialogues.of(person.id)
        refs = [str(ref) for ref in news.refs[:_MOST_SHOWN]]
        shows = [Choice(msg("Show {ref}", ref=ref), Open(ref)) for ref in refs]
        card = dialogue.card(None, [news.text], [shows])
        return replace(card, about=dialogue.message_of(news.change))
