"""Meta's Cloud API on 127.0.0.1: takes what Meta takes, refuses what it refuses, fails when told to, remembers every request.

``with FakeWhatsApp() as whatsapp`` starts it in a thread; ``whatsapp.settings`` is what the product needs to know. The rules are
those of https://developers.facebook.com/documentation/business-messaging/whatsapp as far as the product can meet them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fakes.newcomers import Newcomer
from tests.fakes.platform import Answer, Fault, Platform, Request

DAY = 24 * 3600
SIGNATURE = "X-Hub-Signature-256"


def error(code: int, status: int = 400, text: str = "An error", **headers: str) -> Answer:
    """A refusal as the Graph API words it."""
    body = {"message": f"(#{code}) {text}", "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEf"}
    details = {"error_data": {"messaging_product": "whatsapp", "details": text}}
    return Answer(status, {"error": body | details}, headers)


BUSY = error(130429, 429, "Rate limit hit")
TOO_FAST = error(131056, 400, "Pair rate limit hit")
UNKNOWN = error(131000, 500, "Something went wrong")
UNREACHABLE = error(131026, 400, "Message undeliverable")
TOO_LATE = error(131047, 400, "Re-engagement message")
WRONG_TOKEN = error(190, 401, "Invalid OAuth access token")
INVALID = error(100, 400, "Invalid parameter")
NO_TEMPLATE = error(132001, 404, "Template name does not exist in the translation")
BAD_GATEWAY = Answer(502, {})


@dataclass(frozen=True)
class Sent:
    """A message that arrived at somebody's phone."""

    id: str
    to: str
    type: str
    content: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """The words of a text or above the choices."""
        return str(self.content["body"] if self.type == "text" else self.content.get("body", {}).get("text", ""))

    @property
    def kind(self) -> str:
        """text, button, list or template."""
        return str(self.content["type"]) if self.type == "interactive" else self.type

    @property
    def choices(self) -> dict[str, str]:
        """Title and id of buttons or rows, in order."""
        action = self.content.get("action", {})
        buttons = [one["reply"] for one in action.get("buttons", ())]
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return {one["title"]: one["id"] for one in (*buttons, *rows)}


class FakeWhatsApp(Platform):
    """One number of a business, and the phones it knows."""

    token, app_secret, verify_token = "EAAG-token-never-in-a-log", "app-secret-0123456789", "verify-me-42"
    number, account = "106540352242922", "102290129340398"

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.inbox_of: dict[str, list[Sent]] = {}
        self.last_wrote: dict[str, float] = {}
        self.shown: list[tuple[str, bool]] = []
        self.templates: dict[tuple[str, str], dict[str, Any]] = {}
        self.on_sent: Callable[[Sent], None] | None = None
        self._received: set[str] = set()
        self._numbers = itertools.count(1)
        self._phones = itertools.count(4_915_110_000_001)
        self._http = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    def __enter__(self) -> FakeWhatsApp:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._http.close()

    @property
    def settings(self) -> dict[str, str]:
        """What the product gets from its environment."""
        return {
            "WHATSAPP_TOKEN": self.token,
            "WHATSAPP_PHONE_NUMBER_ID": self.number,
            "WHATSAPP_APP_SECRET": self.app_secret,
            "WHATSAPP_VERIFY_TOKEN": self.verify_token,
            "WHATSAPP_API_URL": f"http://127.0.0.1:{self.port}",
        }

    # ---- people and what they send

    def person(self, name: str = "Amina", *, hidden: bool = False) -> Newcomer:
        """Somebody new; ``hidden`` keeps the phone number to herself, so only the business-scoped id is seen."""
        phone = next(self._phones)
        return Newcomer(self, str(phone), f"DE.{phone}7", name, hidden)

    def wamid(self, phone: str = "") -> str:
        """A message id as Meta makes them, with the phone number inside."""
        inside = f"\x1d\x08{phone}\x15\x02\x00\x11\x18\x12{next(self._numbers):020d}\x00"
        return "wamid." + base64.b64encode(inside.encode()).decode()

    def posts(self, body: Any, *, signature: str | None = None) -> httpx.Response:
        """One request to the webhook; ``signature`` replaces the right one, an empty one leaves the header out."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        right = "sha256=" + hmac.new(self.app_secret.encode(), content, hashlib.sha256).hexdigest()
        sent: dict[str, str | bytes] = {"Content-Type": "application/json"}
        if signature != "":
            sent[SIGNATURE] = (right if signature is None else signature).encode()
        return self._http.post(f"{self.url}/whatsapp/webhook", content=content, headers=sent)  # type: ignore[arg-type]

    def delivers(self, *bodies: dict[str, Any]) -> httpx.Response:
        """One attempt to hand over what people did, all in one request."""
        changes = [change for body in bodies for change in body["changes"]]
        for change in changes:
            self._received.update(message["id"] for message in change["value"].get("messages", ()))
        entry = {"id": self.account, "changes": changes}
        return self.posts({"object": "whatsapp_business_account", "entry": [entry]})

    def insists(self, body: dict[str, Any], within: float = 60.0) -> int:
        """Hand something over again and again until it is taken, as Meta does. Returns the number of attempts."""
        deadline = time.monotonic() + within
        for attempt in itertools.count(1):
            try:
                if self.delivers(body).status_code == 200:
                    return attempt
            except httpx.HTTPError:
                pass  # nobody there, or gone in the middle of it
            assert time.monotonic() < deadline, "the webhook never took it"
            time.sleep(0.1)
        raise AssertionError

    def value(self, **content: Any) -> dict[str, Any]:
        """A change of the field ``messages`` for our number."""
        metadata = {"display_phone_number": "495413230000", "phone_number_id": self.number}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
        return {"changes": [{"field": "messages", "value": value}]}

    def status(self, sent: Sent, state: str, code: int = 0, title: str = "An error") -> dict[str, Any]:
        """A report on a message of the product."""
        errors = [{"code": code, "title": title, "message": title, "error_data": {"details": title}}] if code else []
        report: dict[str, Any] = {
            "id": sent.id,
            "status": state,
            "timestamp": str(int(time.time())),
            "recipient_id": sent.to,
            "pricing": {"billable": False, "pricing_model": "PMP", "category": "service"},
        }
        return self.value(statuses=[report | ({"errors": errors} if errors else {})])

    # ---- looking on

    def sends(self, to: str = "") -> list[Request]:
        """All requests to send a message, also those that failed."""
        with self.change:
            return [
                r for r in self.requests if "type" in r.body and to in ("", r.body.get("to") or r.body.get("recipient"))
            ]

    def fails(self, fault: Fault, *, to: str = "", type_: str = "", times: int = 1, skip: int = 0) -> None:
        """The next messages (to somebody, of a type) go wrong."""

        def applies(request: Request) -> bool:
            whom, kind = request.body.get("to") or request.body.get("recipient"), request.body.get("type")
            return kind is not None and to in ("", whom) and type_ in ("", kind)

        self.fails_when(applies, fault, times=times, skip=skip)

    # ---- what Meta answers

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return WRONG_TOKEN
        version, _, path = request.path.lstrip("/").partition("/")
        if not re.fullmatch(r"v\d+\.\d", version):
            return error(2500, 400, "Unknown path components")
        try:
            match request.method, path:
                case "POST", _ if path == f"{self.number}/messages":
                    return self._message(request.body)
                case "GET", _ if path == f"{self.account}/message_templates":
                    return Answer(200, {"data": list(self.templates.values()), "paging": {"cursors": {"after": "x"}}})
                case "POST", _ if path == f"{self.account}/message_templates":
                    return self._new_template(request.body)
                case "GET", "debug_token":
                    scopes = [{"scope": "whatsapp_business_management", "target_ids": [self.account]}]
                    return Answer(200, {"data": {"is_valid": True, "granular_scopes": scopes}})
        except _Refused as refused:
            return refused.answer
        return error(100, 400, "Unsupported request")

    def _message(self, body: dict[str, Any]) -> Answer:
        _demand(body.get("messaging_product") == "whatsapp", "messaging_product")
        if "status" in body:
            return self._acknowledged(body)
        to, user = body.get("to"), body.get("recipient")
        whom = to or user
        _demand(isinstance(whom, str) and body.get("recipient_type") == "individual", "to")
        _demand(bool(re.fullmatch(r"\d{6,15}", to) if to else re.fullmatch(r"[A-Z]{2}\.\w+", str(user))), "recipient")
        type_ = str(body.get("type"))
        content = body.get(type_)
        _demand(isinstance(content, dict) and type_ in _CHECKS, "type")
        assert isinstance(whom, str)
        assert isinstance(content, dict)
        _CHECKS[type_](self, content)
        if whom not in self.inbox_of:
            return UNREACHABLE
        if type_ != "template" and time.time() - self.last_wrote.get(whom, 0) >= DAY:
            return TOO_LATE
        sent = Sent(self.wamid(whom), whom, type_, content, time.monotonic())
        if self.on_sent:
            self.on_sent(sent)
        self.inbox_of[whom].append(sent)
        contact = {"input": whom, "wa_id": whom} if to else {"input": whom, "user_id": whom}
        return Answer(200, {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sent.id}]})

    def _acknowledged(self, body: dict[str, Any]) -> Answer:
        _demand(body["status"] == "read" and body.get("message_id") in self._received, "message_id")
        _demand(body.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "typing_indicator")
        self.shown.append((body["message_id"], "typing_indicator" in body))
        return Answer(200, {"success": True})

    def _new_template(self, body: dict[str, Any]) -> Answer:
        _demand(body.get("category") in ("UTILITY", "MARKETING", "AUTHENTICATION"), "category")
        _demand(bool(re.fullmatch(r"[a-z0-9_]{1,512}", str(body.get("name")))), "name")
        for part in body["components"]:
            _demand(part["type"] != "BODY" or 0 < len(part["text"]) <= 1024, "body")
            _demand(all(0 < len(button["text"]) <= 25 for button in part.get("buttons", ())), "button")
        self.templates[body["name"], body["language"]] = {"id": "1", "status": "PENDING", **body}
        return Answer(200, {"id": "1", "status": "PENDING", "category": body["category"]})

    def approves(self, template: dict[str, Any]) -> None:
        """A template of the account that may be sent."""
        with self.change:
            self.templates[template["name"], template["language"]] = {"id": "1", "status": "APPROVED", **template}

    # ---- the rules for content

    def _check_text(self, content: dict[str, Any]) -> None:
        _demand(isinstance(content.get("body"), str) and _units(content["body"].strip()) > 0, "text.body")
        _demand(_units(content["body"]) <= 4096, "text.body is too long")

    def _check_interactive(self, content: dict[str, Any]) -> None:
        body = content.get("body", {}).get("text", "")
        _demand(_units(body.strip()) > 0 and _units(body) <= 1024, "interactive.body")
        action = content["action"]
        if content["type"] == "button":
            replies = [button["reply"] for button in action["buttons"] if button["type"] == "reply"]
            _demand(1 <= len(action["buttons"]) <= 3 and len(replies) == len(action["buttons"]), "buttons")
            _demand(all(_units(r["title"].strip()) > 0 and _units(r["title"]) <= 20 for r in replies), "button title")
            _demand(all(len(r["id"].strip()) > 0 and len(r["id"]) <= 256 for r in replies), "button id")
            _demand(len({r["title"] for r in replies}) == len(replies), "button titles are not unique")
            _demand(len({r["id"] for r in replies}) == len(replies), "button ids are not unique")
            return
        _demand(content["type"] == "list" and 0 < _units(action["button"]) <= 20, "list button")
        sections = action["sections"]
        rows = [row for section in sections for row in section["rows"]]
        _demand(1 <= len(rows) <= 10 and len(sections) <= 10, "number of rows")
        _demand(len(sections) == 1 or all(0 < _units(s["title"]) <= 24 for s in sections), "section title")
        _demand(all(_units(row["title"].strip()) > 0 and _units(row["title"]) <= 24 for row in rows), "row title")
        _demand(all(_units(row.get("description", "")) <= 72 for row in rows), "row description")
        _demand(all(0 < len(row["id"].strip()) <= 200 for row in rows), "row id")
        _demand(len({row["id"] for row in rows}) == len(rows), "row ids are not unique")

    def _check_template(self, content: dict[str, Any]) -> None:
        known = self.templates.get((content["name"], content["language"]["code"]))
        if known is None or known["status"] != "APPROVED":
            raise _Refused(NO_TEMPLATE)
        buttons = [button for part in known["components"] for button in part.get("buttons", ())]
        for part in content.get("components", ()):
            if part["type"] == "button":
                _demand(part["sub_type"] == "quick_reply" and int(part["index"]) < len(buttons), "template button")
                _demand(part["parameters"][0]["type"] == "payload", "template button payload")


_CHECKS: dict[str, Callable[[FakeWhatsApp, dict[str, Any]], None]] = {
    "text": FakeWhatsApp._check_text,
    "interactive": FakeWhatsApp._check_interactive,
    "template": FakeWhatsApp._check_template,
}


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise _Refused(error(100, 400, f"Invalid parameter: {what}"))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
