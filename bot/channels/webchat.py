"""The web page as a channel: what the API accepted is parsed here; replies are read by the page itself, so delivery is a hint."""

from __future__ import annotations

from typing import Any

from bot.hub import Hub
from bot.message import Kind, Message, clean_text
from bot.ports import Delivery


class WebChat:
    """Replies wait in the store until the page reads them."""

    name = "web"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def parse(self, raw: dict[str, Any]) -> Message:
        """A body the API checked: either ``text`` or ``button``."""
        if raw.get("button"):
            return Message(kind=Kind.BUTTON, button=clean_text(str(raw["button"])))
        return Message(text=clean_text(str(raw.get("text", ""))))

    async def deliver(self, delivery: Delivery) -> None:
        """Tell open pages that there is something new."""
        self._hub.tell(delivery.conversation)
