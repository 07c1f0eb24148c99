"""People on WhatsApp: what they do becomes notifications as Meta builds them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.whatsapp import FakeWhatsApp, Sent

MEDIA = {"id": "1003383421387256", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="}


class Newcomer:
    """One phone. The nouns build notifications, the verbs also bring them to the product."""

    def __init__(self, whatsapp: FakeWhatsApp, phone: str, user: str, name: str, hidden: bool) -> None:
        self.whatsapp, self.phone, self.user, self.name, self.hidden = whatsapp, phone, user, name, hidden
        self.shows_user = hidden
        for address in (phone, user):
            whatsapp.inbox_of.setdefault(address, [])

    @property
    def address(self) -> str:
        """Where the product writes to."""
        return self.user if self.hidden else self.phone

    # ---- what the person sees

    @property
    def got(self) -> list[Sent]:
        """Everything that arrived, in order."""
        return sorted((*self.whatsapp.inbox_of[self.phone], *self.whatsapp.inbox_of[self.user]), key=lambda s: s.at)

    @property
    def texts(self) -> list[str]:
        """The words alone."""
        return [sent.text for sent in self.got]

    def reads(self, number: int, seconds: float = 20.0) -> list[Sent]:
        """Wait until so many messages have arrived altogether."""
        self.whatsapp.wait(lambda: len(self.got) >= number, seconds)
        return self.got

    # ---- what the person does

    def says(self, text: str, seconds: float = 20.0) -> Sent:
        """Write and wait for the next message of the product."""
        return self.does(self.message(text), seconds)

    def taps(self, id_: str) -> Sent:
        """Tap a button and wait for the next message of the product."""
        return self.does(self.tap(id_))

    def does(self, body: dict[str, Any], seconds: float = 20.0) -> Sent:
        """Anything, and the next message of the product."""
        before = len(self.got)
        self.brings(body)
        return self.reads(before + 1, seconds)[before]

    def brings(self, body: dict[str, Any]) -> None:
        """Anything, without waiting."""
        answer = self.whatsapp.delivers(body)
        assert answer.status_code == 200, answer.text

    def writes(self, text: str) -> None:
        """Write and do not wait."""
        self.brings(self.message(text))

    def goes_away(self, hours: float) -> None:
        """So long nothing was heard of this person, by Meta's clock."""
        for address in (self.phone, self.user):
            if address in self.whatsapp.last_wrote:
                self.whatsapp.last_wrote[address] -= hours * 3600

    # ---- notifications

    def content(self, type_: str, hours_ago: float = 0.0, **fields: Any) -> dict[str, Any]:
        """One message with its contact."""
        written = time.time() - hours_ago * 3600
        for address in (self.phone, self.user):
            self.whatsapp.last_wrote[address] = max(written, self.whatsapp.last_wrote.get(address, 0))
        contact: dict[str, Any] = {"profile": {"name": self.name}}
        message: dict[str, Any] = {"id": self.whatsapp.wamid(self.phone), "timestamp": str(int(written)), "type": type_}
        if not self.hidden:
            contact, message = contact | {"wa_id": self.phone}, message | {"from": self.phone}
        if self.shows_user:
            contact, message = contact | {"user_id": self.user}, message | {"from_user_id": self.user}
        return self.whatsapp.value(contacts=[contact], messages=[message | fields])

    def message(self, text: str, hours_ago: float = 0.0) -> dict[str, Any]:
        """A text."""
        return self.content("text", hours_ago, text={"body": text})

    def tap(self, id_: str, title: str = "a button") -> dict[str, Any]:
        """A tap on a button under a message of the product."""
        return self.content(
            "interactive", interactive={"type": "button_reply", "button_reply": {"id": id_, "title": title}}
        )

    def pick(self, id_: str, title: str = "a row") -> dict[str, Any]:
        """A row chosen from a list."""
        return self.content(
            "interactive", interactive={"type": "list_reply", "list_reply": {"id": id_, "title": title}}
        )

    def opens_the_door(self) -> dict[str, Any]:
        """The tap on the button of the last template."""
        template = [sent for sent in self.got if sent.type == "template"][-1]
        payload = template.content["components"][0]["parameters"][0]["payload"]
        context = {"from": "495413230000", "id": template.id}
        return self.content("button", button={"payload": payload, "text": "Antwort lesen"}, context=context)

    def media(self, type_: str, caption: str = "") -> dict[str, Any]:
        """A picture, film, voice note, file or sticker."""
        mime = {"image": "image/jpeg", "audio": "audio/ogg; codecs=opus", "document": "application/pdf"}.get(
            type_, "x/y"
        )
        return self.content(type_, **{type_: MEDIA | {"mime_type": mime} | ({"caption": caption} if caption else {})})

    def location(self) -> dict[str, Any]:
        """Where the person is."""
        return self.content("location", location={"latitude": 52.2799, "longitude": 8.0472})

    def contacts(self) -> dict[str, Any]:
        """Somebody's card."""
        return self.content("contacts", contacts=[{"name": {"formatted_name": "X"}, "phones": [{"phone": "+491"}]}])

    def unsupported(self) -> dict[str, Any]:
        """A kind Meta does not pass on."""
        errors = [{"code": 131051, "title": "Message type unknown", "message": "Message type unknown"}]
        return self.content("unsupported", errors=errors)

    def reaction(self) -> dict[str, Any]:
        """A thumb under a message of the product."""
        return self.content("reaction", reaction={"message_id": self.whatsapp.wamid(), "emoji": "👍"})

    def changes_number(self, phone: str) -> dict[str, Any]:
        """The same person has a new number from now on."""
        system = {"body": f"User A changed from {self.phone} to {phone}", "wa_id": phone, "type": "user_changed_number"}
        body = self.whatsapp.value(
            messages=[
                {"from": self.phone, "id": self.whatsapp.wamid(), "timestamp": str(int(time.time())), "type": "system"}
                | {"system": system}
            ]
        )
        self.phone = phone
        self.whatsapp.inbox_of.setdefault(phone, [])
        return body
