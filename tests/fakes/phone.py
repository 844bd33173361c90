"""A person with a phone: writes to the bot, taps what stands on the screen, and reads what comes.

phone = Phone(api, user_id=42, first_name="Lan", language_code="vi")
await phone.send("tìm 0912345678")
await phone.tap("Lưu")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antcrm_tools.identity.names import fold
from antcrm_tools.sandbox.telegram import BotApi, Button, ChatLog, Message, QueryAnswer, User

_SECONDS = 20.0
"""A bot that has not taken an update by then never will."""

_FILE = {"file_id": "AgACAgUAAxkBAAIB", "file_unique_id": "AQADAgAT"}
_SIZE = {"width": 512, "height": 512}


class Phone:
    """One person in the private chat with the bot.

    Everything a person does waits until the bot has confirmed it, and returns what is new on the screen.
    """

    def __init__(
        self,
        api: BotApi,
        *,
        user_id: int = 42,
        first_name: str = "Lan",
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "vi",
    ) -> None:
        self.api = api
        self.user = User(user_id, first_name, last_name, username, language_code)
        self.clipboard = ""
        """What the last button for copying copied."""
        self._seen = 0
        self._query = ""

    # What a person does.

    async def send(self, words: str, *, reply_to: int | None = None) -> str:
        """Write a message; to a question that asks for an answer it is one, as the app makes it."""
        return await self._done(self.send_later(words, reply_to=reply_to))

    def send_later(self, words: str, *, reply_to: int | None = None) -> int:
        """Write a message and wait for nothing; the id of the update."""
        self._look_away()
        return self.api.push_message(self.user, reply_to=reply_to or self._asked(), text=words)

    async def edit(self, words: str) -> str:
        """Change the last message of one's own that has text."""
        return await self._done(self.edit_later(words))

    def edit_later(self, words: str) -> int:
        """Change it and wait for nothing; the id of the update."""
        mine = [message for message in self._shown() if not message.by_bot and "text" in message.raw]
        assert mine, f"there is nothing of one's own to edit on:\n{self.screen()}"
        self._look_away()
        return self.api.push_edited(self.user, mine[-1].message_id, text=words)

    async def forward(self, words: str, *, sender: str = "Anh Nam") -> str:
        """Send on what somebody else wrote, whose account does not say who that is."""
        date = int(self.log.messages[-1].raw["date"]) if self.log.messages else 1_700_000_000
        origin = {"type": "hidden_user", "date": date, "sender_user_name": sender}
        return await self._send(text=words, forward_origin=origin)

    async def share_contact(
        self,
        first_name: str,
        phone_number: str,
        *,
        last_name: str = "",
        vcard: str | None = None,
        user_id: int | None = None,
    ) -> str:
        """Send a card out of the phone's contacts; ``user_id`` where the contact is on Telegram."""
        given = {"last_name": last_name or None, "vcard": vcard, "user_id": user_id}
        more = {name: value for name, value in given.items() if value is not None}
        return await self._send(contact={"phone_number": phone_number, "first_name": first_name, **more})

    async def send_anything(self, **fields: Any) -> str:
        """Send a message of any other kind: its fields as Telegram names them."""
        return await self._send(**fields)

    async def send_sticker(self) -> str:
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "👋"}
        return await self._send(sticker={**_FILE, **_SIZE, **kind})

    async def send_voice(self) -> str:
        return await self._send(voice={**_FILE, "duration": 3, "mime_type": "audio/ogg"})

    async def send_photo(self, caption: str = "") -> str:
        return await self._send(photo=[{**_FILE, **_SIZE}], **({"caption": caption} if caption else {}))

    async def tap(self, label: str) -> str:
        """Tap the newest button whose label contains these words, case and marks aside."""
        message, button = self._find(label)
        if button.copy is not None:
            self.clipboard = button.copy
            return ""
        assert button.data is not None, f"“{button.text}” sends nothing to the bot"
        return await self.press(button.data, message.message_id)

    async def press(self, data: str, message_id: int | None = None) -> str:
        """Tap a button that may be long gone, under that message or under the bot's last."""
        self._look_away()
        return await self._done(self._press(data, message_id)[0])

    def data(self, label: str) -> str:
        """What the newest button of that name sends to the bot."""
        data = self._find(label)[1].data
        assert data is not None, f"“{label}” sends nothing to the bot"
        return data

    def press_later(self, data: str, message_id: int | None = None) -> int:
        """Tap it and wait for nothing; the id of the update."""
        self._look_away()
        return self._press(data, message_id)[0]

    async def taps_at_once(self, label: str, n: int) -> list[QueryAnswer]:
        """Tap so often before the bot sees any of it; what each tap was answered with, and each must be."""
        message, button = self._find(label)
        assert button.data is not None, f"“{button.text}” sends nothing to the bot"
        self._look_away()
        taps = [self._press(button.data, message.message_id) for _ in range(n)]
        for update_id, _ in taps:
            await self.api.confirmed(update_id, _SECONDS)
        queries = {query_id for _, query_id in taps}
        await self._until(lambda: queries <= self.api.query_answers.keys(), f"an answer to each of {n} taps")
        return [self.api.query_answers[query_id] for _, query_id in taps]

    async def sees(self, words: str) -> str:
        """Wait until these words, case and marks aside, are in what is new: a bot may confirm first and then act."""
        await self._until(lambda: fold(words) in fold(self.latest), words)
        return self.latest

    # What a person reads.

    @property
    def log(self) -> ChatLog:
        return self.api.chat(self.user.id)

    @property
    def latest(self) -> str:
        """What the bot wrote or edited since the last action, as it stands now."""
        return "\n\n".join(_drawn(one) for one in self._shown() if one.by_bot and one.changed > self._seen)

    def screen(self, last: int | None = None) -> str:
        """The chat, or its last messages; one's own begin with ``›``, and end with the bot's reaction."""
        shown = self._shown()
        return "\n\n".join(_drawn(message) for message in (shown if last is None else shown[-last:]))

    @property
    def pictures(self) -> list[Message]:
        """The pictures the bot sent."""
        return [message for message in self._shown() if message.by_bot and message.photo]

    @property
    def alert(self) -> QueryAnswer | None:
        """What the last tap was answered with, if that was the last thing done and it was answered."""
        return self.api.query_answers.get(self._query)

    @property
    def buttons(self) -> list[str]:
        """The labels under the newest message that has any."""
        with_buttons = [message for message in self._shown() if message.buttons]
        return [button.text for row in with_buttons[-1].buttons for button in row] if with_buttons else []

    def _shown(self) -> list[Message]:
        return [message for message in self.log.messages if not message.deleted]

    def _find(self, label: str) -> tuple[Message, Button]:
        for message in reversed(self._shown()):
            for row in message.buttons:
                for button in row:
                    if fold(label) in fold(button.text):
                        return message, button
        raise AssertionError(f"there is no button “{label}” on:\n{self.screen()}")

    def _asked(self) -> int | None:
        """The bot's question at the bottom, where it asks the app to have it answered."""
        last = self._shown()[-1:]
        return last[0].message_id if last and last[0].forces_reply else None

    def _look_away(self) -> None:
        self._seen = max((message.changed for message in self.log.messages), default=0)
        self._query = ""

    def _press(self, data: str, message_id: int | None) -> tuple[int, str]:
        if message_id is None:
            message_id = max((m.message_id for m in self.log.messages if m.by_bot), default=1)
        update_id, self._query = self.api.push_tap(self.user, message_id, data)
        return update_id, self._query

    async def _send(self, **fields: Any) -> str:
        self._look_away()
        return await self._done(self.api.push_message(self.user, **fields))

    async def _done(self, update_id: int) -> str:
        await self.api.confirmed(update_id, _SECONDS)
        return self.latest

    async def _until(self, happened: Callable[[], bool], what: str) -> None:
        try:
            await self.api.until(happened, _SECONDS)
        except TimeoutError:
            raise AssertionError(f"“{what}” never came to:\n{self.screen()}") from None


def _drawn(message: Message) -> str:
    if not message.by_bot:
        return " ".join(["›", _said(message), *message.reactions])
    rows = [" ".join(f"[{button.text}]" for button in row) for row in message.buttons]
    text = " ".join(part for part in ("(photo)" if message.photo else "", message.text) if part)
    return "\n".join([text, *rows])


def _said(message: Message) -> str:
    """A message of one's own in a line or more."""
    raw = message.raw
    if message.contact is not None:
        card = message.contact
        return " ".join(
            ["☎", *(str(card[part]) for part in ("first_name", "last_name", "phone_number") if part in card)]
        )
    kind = next((mark for name, mark in _MARKS.items() if name in raw), "")
    return " ".join(part for part in (kind, message.text) if part)


_MARKS = {"sticker": "(sticker)", "voice": "(voice)", "photo": "(photo)", "forward_origin": "↪"}
