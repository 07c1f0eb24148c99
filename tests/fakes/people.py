"""People on Telegram: what they do becomes updates as Telegram builds them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.telegram import FakeTelegram, Sent

SIZE = {"file_size": 1253, "width": 90, "height": 67}


class Person:
    """One account with a private chat. The nouns build updates, the verbs also bring them to the bot."""

    def __init__(self, telegram: FakeTelegram, chat: int, language: str, name: str) -> None:
        self.telegram, self.chat, self.language, self.name = telegram, chat, language, name
        self.telegram.knows(chat)

    # ---- what the person sees

    @property
    def got(self) -> list[Sent]:
        """Everything the bot has sent, in order."""
        return list(self.telegram.inbox_of[self.chat])

    @property
    def texts(self) -> list[str]:
        """The words alone."""
        return [sent.text for sent in self.got]

    def reads(self, number: int, seconds: float = 20.0) -> list[Sent]:
        """Wait until so many messages have arrived altogether."""
        self.telegram.wait(lambda: len(self.got) >= number, seconds)
        return self.got

    # ---- what the person does

    def says(self, text: str, seconds: float = 20.0) -> Sent:
        """Write and wait for the next message of the bot."""
        return self.does(self.message(text), seconds)

    def taps(self, data: str) -> Sent:
        """Tap an inline button and wait for the next message of the bot."""
        return self.does(self.tap(data))

    def does(self, update: dict[str, Any], seconds: float = 20.0) -> Sent:
        """Anything, and the next message of the bot."""
        before = len(self.got)
        self.telegram.brings(update)
        return self.reads(before + 1, seconds)[before]

    def writes(self, text: str) -> None:
        """Write and do not wait."""
        self.telegram.brings(self.message(text))

    # ---- updates

    @property
    def account(self) -> dict[str, Any]:
        """The ``User`` object."""
        return {
            "id": self.chat,
            "is_bot": False,
            "first_name": self.name,
            "last_name": "Nachname",
            "username": f"user_{self.chat}",
            "language_code": self.language,
        }

    @property
    def private_chat(self) -> dict[str, Any]:
        """The ``Chat`` object."""
        return {"id": self.chat, "first_name": self.name, "username": f"user_{self.chat}", "type": "private"}

    def content(self, **fields: Any) -> dict[str, Any]:
        """A ``Message`` object in the private chat."""
        return {
            "message_id": self.telegram.number(),
            "from": self.account,
            "chat": self.private_chat,
            "date": int(time.time()),
            **fields,
        }

    def message(self, text: str) -> dict[str, Any]:
        """A text; a command is marked as one."""
        command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
        entities = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
        return self.telegram.update(message=self.content(text=text, **({"entities": entities} if entities else {})))

    def tap(self, data: str, chat: dict[str, Any] | None = None) -> dict[str, Any]:
        """A tap on an inline button under a message of the bot, in the private chat or in another one."""
        me = self.telegram
        under = {
            "message_id": self.got[-1].id if self.got and not chat else me.number(),
            "from": self.bot,
            "chat": chat or self.private_chat,
            "date": int(time.time()),
            "text": "the message with the buttons",
        }
        query = {"id": str(10**17 + me.number()), "from": self.account, "message": under, "chat_instance": "-77"}
        return me.update(callback_query=query | {"data": data})

    def tap_on_an_old_message(self, data: str) -> dict[str, Any]:
        """A tap on a button under a message Telegram itself no longer shows to bots."""
        tap = self.tap(data)
        under = tap["callback_query"]["message"]
        tap["callback_query"]["message"] = {key: under[key] for key in ("message_id", "chat")} | {"date": 0}
        return tap

    def edits(self, update: dict[str, Any], text: str | None = None) -> dict[str, Any]:
        """A correction of a message; without a text Telegram reports a change that bots do not see."""
        message = update["message"] | {"edit_date": int(time.time())}
        return self.telegram.update(edited_message=message if text is None else message | {"text": text})

    @property
    def bot(self) -> dict[str, Any]:
        """The ``User`` object of the bot."""
        me = self.telegram
        return {"id": me.bot_id, "is_bot": True, "first_name": "Lotsenbot", "username": me.username}

    def voice(self) -> dict[str, Any]:
        """A voice note."""
        file = {"file_id": "AwACAgIAAx", "file_unique_id": "AgADvoice", "file_size": 9876}
        return self.telegram.update(
            message=self.content(voice={"duration": 4, "mime_type": "audio/ogg", **file}),
        )

    def photo(self, caption: str = "") -> dict[str, Any]:
        """A picture, with or without words."""
        sizes = [{"file_id": "AgACAgIAAx", "file_unique_id": "AQADphoto", **SIZE}]
        return self.telegram.update(message=self.content(photo=sizes, **({"caption": caption} if caption else {})))

    def sticker(self) -> dict[str, Any]:
        """A sticker."""
        sticker = {"file_id": "CAACAgIAAx", "file_unique_id": "AgADsticker", "type": "regular", "emoji": "🙂"}
        flags = {"width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self.telegram.update(message=self.content(sticker=sticker | flags))

    def location(self) -> dict[str, Any]:
        """Where the person is."""
        return self.telegram.update(message=self.content(location={"latitude": 52.2799, "longitude": 8.0472}))

    def document(self) -> dict[str, Any]:
        """A file."""
        file = {"file_id": "BQACAgIAAx", "file_unique_id": "AgADfile", "file_name": "brief.pdf"}
        return self.telegram.update(message=self.content(document=file | {"mime_type": "application/pdf"}))

    def in_group(self, text: str, group: int, **fields: Any) -> dict[str, Any]:
        """A text in a group the bot was added to."""
        return self.telegram.update(message=self.content(text=text, **fields) | {"chat": self.group_chat(group)})

    def answers_the_bot(self, text: str, group: int, **answered: Any) -> dict[str, Any]:
        """A text in a group that replies to a message of the bot."""
        before = {"message_id": 1, "from": self.bot, "chat": self.group_chat(group), "date": 1} | answered
        return self.in_group(text, group, reply_to_message=before)

    @staticmethod
    def group_chat(group: int) -> dict[str, Any]:
        """The ``Chat`` object of a group."""
        return {"id": group, "title": "Nachbarn", "type": "supergroup"}

    def blocks_the_bot(self) -> dict[str, Any]:
        """``my_chat_member``: the person stopped the bot."""
        return self._membership(self.private_chat, "member", "kicked")

    def unblocks_the_bot(self) -> dict[str, Any]:
        """``my_chat_member``: the person lets the bot write again."""
        return self._membership(self.private_chat, "kicked", "member")

    def removes_the_bot(self, group: int) -> dict[str, Any]:
        """``my_chat_member``: somebody removed the bot from a group."""
        return self._membership(self.group_chat(group), "member", "left")

    def _membership(self, chat: dict[str, Any], before: str, after: str) -> dict[str, Any]:
        change = {
            "chat": chat,
            "from": self.account,
            "date": int(time.time()),
            "old_chat_member": {"user": self.bot, "status": before},
            "new_chat_member": {"user": self.bot, "status": after},
        }
        return self.telegram.update(my_chat_member=change)

    def upgrades(self, group: int, new: int) -> list[dict[str, Any]]:
        """The two service messages when a group becomes a supergroup."""
        old = {"chat": self.group_chat(group) | {"type": "group"}, "migrate_to_chat_id": new}
        born = {"chat": self.group_chat(new), "migrate_from_chat_id": group}
        return [self.telegram.update(message=self.content() | part) for part in (old, born)]

    def reacts(self) -> dict[str, Any]:
        """A kind of update the bot never asked for."""
        reaction = {
            "chat": self.private_chat,
            "message_id": self.telegram.number(),
            "user": self.account,
            "date": int(time.time()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }
        return self.telegram.update(message_reaction=reaction)
