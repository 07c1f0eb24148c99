"""One WhatsApp number of the city: sends replies and templates, shows that it reads and types, sorts Meta's errors by remedy.

Of pywa this uses the layer that makes the requests and names the errors; see DECISIONS.md for why its client is not used.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import structlog
from pywa_async.api import GraphAPIAsync
from pywa_async.errors import WhatsAppError

from bot.channels.stopped import STOPPED
from bot.channels.text import signed
from bot.channels.whatsapp.incoming import key_of
from bot.channels.whatsapp.outgoing import Outgoing, render
from bot.channels.whatsapp.remedies import TEMPLATE_MISSING, TOKEN_REFUSED, Remedy, remedy
from bot.errors import DoorClosed, OurFault, RetryLater, Stop
from bot.message import Kind, Message
from bot.ports import Clock, Delivery, Knock, utc_now
from bot.settings import Settings
from locales import phrases
from locales.templates import Template, templates_for

log = structlog.get_logger(__name__)
logging.getLogger("pywa").setLevel(logging.ERROR)  # it gives advice on timeouts, which are expected and handled here

API_VERSION = "26.0"
OPEN_THE_DOOR = "door"
TEMPLATE_FIELDS = ("name", "language", "status", "category", "components")
ACKNOWLEDGE_WITHIN, TYPING_FIRST, TYPING_LASTS = 5.0, 0.3, 20.0
MOST_ACKNOWLEDGEMENTS = 32
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?\w+")


class WhatsApp:
    """The number behind one phone number id. ``trouble`` says why the account may not send at the moment, if it may not."""

    name = "whatsapp"

    def __init__(self, *, token: str, phone_number_id: str, api_url: str, clock: Clock) -> None:
        self._session = httpx.AsyncClient(
            timeout=httpx.Timeout(15, connect=10, pool=30),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=50),
        )
        self._api = _GraphApi(token=token, session=self._session, api_version=float(API_VERSION))
        self._session.base_url = f"{api_url.rstrip('/')}/v{API_VERSION}"  # pywa has put Meta's own address there
        self._number, self._clock = phone_number_id, clock
        self._acknowledging: dict[str, asyncio.Task[None]] = {}
        self._typed: dict[str, float] = {}
        self._quiet_until, self._pause = 0.0, FIRST_PAUSE
        self.trouble = ""
        STOPPED.labels(self.name).set(0)

    @classmethod
    def of(cls, settings: Settings, clock: Clock = utc_now) -> WhatsApp:
        """The number these settings name."""
        return cls(
            token=settings.whatsapp_token.get_secret_value(),
            phone_number_id=settings.whatsapp_phone_number_id,
            api_url=settings.whatsapp_api_url,
            clock=clock,
        )

    # ---- in

    def parse(self, raw: dict[str, Any]) -> Message:
        """The neutral message in what ``read_webhook`` kept."""
        return Message(
            kind=Kind(raw.get("kind", Kind.OTHER)), text=str(raw.get("text", "")), button=str(raw.get("button", ""))
        )

    def acknowledge_soon(self, conversation: str, wamid: str, *, typing: bool) -> None:
        """Show that a message is read and, if an answer comes at once, that we type. Holds nobody up; losing one does no harm."""
        if not wamid or self.trouble or len(self._acknowledging) >= MOST_ACKNOWLEDGEMENTS:
            return
        task = asyncio.create_task(self._acknowledge(wamid, typing))
        self._acknowledging[conversation] = task
        task.add_done_callback(lambda done: self._acknowledged(conversation, done))

    def person_acknowledges(self, conversation: str, wamid: str, *, typing: bool) -> None:
        """The same when a Lotse reads or types; her typing is passed on at most every twenty seconds."""
        now = time.monotonic()
        if typing and now - self._typed.get(conversation, -TYPING_LASTS) < TYPING_LASTS:
            return
        if typing:
            self._typed = {key: at for key, at in self._typed.items() if now - at < TYPING_LASTS} | {conversation: now}
        self.acknowledge_soon(conversation, wamid, typing=typing)

    def _acknowledged(self, conversation: str, done: asyncio.Task[None]) -> None:
        if self._acknowledging.get(conversation) is done:
            del self._acknowledging[conversation]

    async def _acknowledge(self, wamid: str, typing: bool) -> None:
        shown = (
            self._api.set_indicator(self._number, wamid, "text")
            if typing
            else self._api.mark_message_as_read(self._number, wamid)
        )
        try:
            async with asyncio.timeout(ACKNOWLEDGE_WITHIN):
                await shown
        except Exception as error:  # whatever it is, the answer matters and this does not
            log.info("not acknowledged", error=type(error).__name__)

    # ---- out

    async def deliver(self, delivery: Delivery) -> tuple[str, ...]:
        """Send a reply in as many messages as it needs. Returns the keys of their receipts."""
        if delivery.open_until and delivery.open_until <= self._clock():
            raise DoorClosed("more than 24 hours since the newcomer wrote")
        if typing := self._acknowledging.get(delivery.conversation):
            await asyncio.wait([typing], timeout=TYPING_FIRST)  # or "typing …" would appear after the answer
        say = phrases(delivery.reply.locale)
        parts = render(signed(delivery.reply.text, delivery.sender, say), delivery.reply.buttons, say)
        keys: list[str] = []
        for part in parts[delivery.parts_sent :]:
            try:
                keys.append(await self._send(delivery.address, part))
            except (RetryLater, DoorClosed) as error:
                error.sent, error.receipts = delivery.parts_sent + len(keys), tuple(keys)
                raise
        return tuple(keys)

    async def knock(self, knock: Knock) -> str:
        """Send the template that something waits, in the newcomer's language or the nearest that is approved."""
        *others, last = templates_for(knock.locale)
        for template in others:
            try:
                return await self._send(knock.address, _knocking(template))
            except OurFault as error:
                if error.code not in TEMPLATE_MISSING:
                    raise
                log.error("template cannot be used", language=template.meta, code=error.code)
        return await self._send(knock.address, _knocking(last))

    async def account(self) -> str:
        """The id of the WhatsApp Business account the token is for, or nothing if it does not tell."""
        answer = await self._asked(self._api.debug_token)
        scopes = answer.get("data", {}).get("granular_scopes", [])
        ids = [
            id_ for s in scopes if s.get("scope") == "whatsapp_business_management" for id_ in s.get("target_ids", [])
        ]
        return str(ids[0]) if len(ids) == 1 else ""

    async def templates(self, account: str) -> list[dict[str, Any]]:
        """All templates of a WhatsApp Business account, as Meta shows them."""
        found: list[dict[str, Any]] = []
        page: dict[str, str] | None = {"limit": "100"}
        while page:
            answer = await self._asked(partial(self._api.get_templates, account, TEMPLATE_FIELDS, pagination=page))
            found += answer.get("data", [])
            paging = answer.get("paging", {})
            page = {"limit": "100", "after": paging["cursors"]["after"]} if paging.get("next") else None
        return found

    async def submit(self, account: str, template: dict[str, Any]) -> str:
        """Hand a template in for approval. Returns Meta's state for it."""
        answer = await self._asked(lambda: self._api.create_template(account, template))
        return str(answer.get("status", "PENDING"))

    async def stop(self) -> None:
        """Close the connections."""
        for task in list(self._acknowledging.values()):
            task.cancel()
        await self._session.aclose()

    async def _send(self, address: str, message: Outgoing) -> str:
        """One message; the key of its receipt."""
        by_user_id = bool(_USER_ID.fullmatch(address))
        answer = await self._asked(
            lambda: self._api.send_message(
                sender=self._number,
                to=None if by_user_id else address,
                recipient=address if by_user_id else None,
                recipient_type="individual",
                typ=message.type,
                msg=message.content,
            )
        )
        messages = answer.get("messages")
        wamid = messages[0].get("id") if isinstance(messages, list) and messages else ""
        return key_of(wamid) if wamid else ""

    # ---- errors

    async def _asked(self, request: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        """Meta's answer; its errors sorted by what can be done."""
        if (wait := self._quiet_until - time.monotonic()) > 0:
            raise RetryLater(self.trouble, seconds=wait)
        try:
            answer = await request()
        except WhatsAppError as error:
            raise self._sorted(error) from error
        except httpx.HTTPError as error:
            raise RetryLater(type(error).__name__) from error
        except ValueError as error:  # a broken proxy: whether Meta took it is unknown
            raise RetryLater("an unreadable answer") from error
        if self.trouble:
            log.info("whatsapp may send again")
            self.trouble, self._pause = "", FIRST_PAUSE
            STOPPED.labels(self.name).set(0)
        return answer if isinstance(answer, dict) else {}

    def _sorted(self, error: WhatsAppError) -> Exception:
        match remedy(error.code, error.status_code or 400):
            case Remedy.LATER:
                return RetryLater("Meta is busy or away", seconds=_asked_to_wait(error.raw_response))
            case Remedy.DOOR:
                return DoorClosed("more than 24 hours since the newcomer wrote")
            case Remedy.STOP:
                return Stop("the newcomer cannot be reached", code=error.code)
            case Remedy.ACCOUNT:
                return self._stopped(error.code)
        return OurFault("Meta refused the request", code=error.code)

    def _stopped(self, code: int) -> RetryLater:
        """Nothing goes out until the account is in order; a try now and then finds out. All that waits is kept."""
        if (wait := self._quiet_until - time.monotonic()) > 0:
            return RetryLater(self.trouble, seconds=wait)  # another request that was under way has found out already
        self.trouble = "WHATSAPP_TOKEN is refused" if code == TOKEN_REFUSED else "the account may not send"
        log.error("whatsapp stopped", code=code, why=self.trouble, try_again_in=self._pause)
        STOPPED.labels(self.name).set(1)
        wait, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        self._quiet_until = time.monotonic() + wait
        return RetryLater(self.trouble, seconds=wait)


class _GraphApi(GraphAPIAsync):
    """pywa's requests and one it lacks, with an error that always has a code."""

    async def debug_token(self) -> dict[str, Any]:
        """What Meta knows about our token."""
        token = self._session.headers["Authorization"].removeprefix("Bearer ")
        return await self._request("GET", "/debug_token", params={"input_token": token})

    @staticmethod
    def _extract_error(res: httpx.Response) -> dict[str, Any]:
        found = GraphAPIAsync._extract_error(res)
        error = found if isinstance(found, dict) else {}
        code = error.get("code")
        return error | {
            "code": code if isinstance(code, int) else res.status_code,
            "message": str(error.get("message")),
        }


def _knocking(template: Template) -> Outgoing:
    """The template with its button, whose tap comes back as ``door``."""
    payload = {"type": "payload", "payload": OPEN_THE_DOOR}
    button = {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [payload]}
    return Outgoing(
        type="template",
        content={"name": template.name, "language": {"code": template.meta}, "components": [button]},
    )


def _asked_to_wait(response: httpx.Response | None) -> float | None:
    wanted = response.headers.get("retry-after", "") if response is not None else ""
    return float(wanted) if wanted.isascii() and wanted.isdigit() and int(wanted) <= LONGEST_PAUSE else None
