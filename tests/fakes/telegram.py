"""Telegram's Bot API on 127.0.0.1: takes what Telegram takes, refuses what it refuses, fails when told to, remembers every call.

``with FakeTelegram() as telegram`` starts it in a thread; give ``telegram.api_url`` to the product. The rules are those of
https://core.telegram.org/bots/api as far as the product can meet them. Plain asyncio, because a web framework cannot tear a
connection down half-way through an answer.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx

from locales import offered
from tests.fakes.people import Person

LONGEST_TEXT = 4096
CALLBACK_BYTES = 64
MOST_BUTTONS = 100
PATIENCE = 20.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
TAGS = {
    "" if language.tag == "en" else language.tag for language in offered() if len(language.tag) == 2
}  # English is for everybody else; Telegram knows languages of two letters only
DEFAULT_UPDATES = frozenset({"message", "edited_message", "channel_post", "callback_query", "my_chat_member", "poll"})


# ---- what can go wrong


@dataclass(frozen=True)
class Refusal:
    """An answer that says no."""

    status: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reset:
    """The connection is torn down, before or after the call has had its effect."""

    after_effect: bool


@dataclass(frozen=True)
class Slow:
    """The effect comes at once, the answer late."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The answer is status 200, but the end of its JSON is missing, as from a broken proxy."""


Fault = Refusal | Reset | Slow | Cut


def too_many(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


SERVER_ERROR = Refusal(500, "Internal Server Error")
BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")
CHAT_GONE = Refusal(400, "Bad Request: chat not found")
WRONG_TOKEN = Refusal(401, "Unauthorized")
OTHER_POLLER = Refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one runs")
RESET_BEFORE = Reset(after_effect=False)
RESET_AFTER = Reset(after_effect=True)


def moved_to(chat: int) -> Refusal:
    return Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat})


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal


def _bad(description: str) -> _Refused:
    return _Refused(Refusal(400, f"Bad Request: {description}"))


@dataclass
class _Rule:
    method: str
    fault: Fault
    chat: int | None
    times: int
    skip: int


# ---- what is remembered


@dataclass(frozen=True)
class Call:
    """One request of the bot, whatever came of it."""

    method: str
    params: dict[str, Any]
    at: float
    fault: Fault | None


@dataclass(frozen=True)
class Sent:
    """A message that arrived in a chat."""

    id: int
    chat: int
    text: str
    rows: tuple[tuple[dict[str, Any], ...], ...]
    parse_mode: str | None
    at: float
    to: int | None = None

    @property
    def links(self) -> dict[str, str]:
        """Label and address of the buttons that lead somewhere."""
        return {button["text"]: button["url"] for row in self.rows for button in row if "url" in button}

    @property
    def buttons(self) -> dict[str, str]:
        """Label and callback data, in the order of reading."""
        return {button["text"]: button.get("callback_data", "") for row in self.rows for button in row}


@dataclass(frozen=True)
class Webhook:
    """Where updates go."""

    url: str
    secret: str
    allowed: tuple[str, ...]


class FakeTelegram:
    """One bot account and the chats it knows. Thread-safe for the tests that look on."""

    def __init__(self, token: str = "7654321:test-token-AAF_never-in-a-log") -> None:
        self.token, self.username, self.bot_id = token, "lotsenbot_test_bot", int(token.split(":", maxsplit=1)[0])
        self.calls: list[Call] = []
        self.inbox_of: dict[int, list[Sent]] = {}
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.menu_button = ""
        self.acknowledged: list[str] = []
        self.webhook: Webhook | None = None
        self.confirmed = 0
        self.latency = 0.0
        self.watches_limits = False
        self._queue: list[dict[str, Any]] = []
        self._allowed: frozenset[str] = DEFAULT_UPDATES
        self._queries: set[str] = set()
        self._rules: list[_Rule] = []
        self._numbers = itertools.count(1)
        self._update_ids = itertools.count(500_000_001)
        self._people = itertools.count(900_000_001)
        self._poller = 0
        self._change = threading.Condition()
        self._ready = threading.Event()
        self._http = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    # ---- life

    def __enter__(self) -> FakeTelegram:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="fake telegram")
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._http.close()

    @property
    def api_url(self) -> str:
        """What ``TELEGRAM_API_URL`` wants."""
        return f"http://127.0.0.1:{self.port}/bot"

    async def _live(self) -> None:
        self._loop, self._stop, self._news = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        self._news.set()
        await asyncio.sleep(0.05)

    # ---- faults

    def fails(self, method: str, fault: Fault, *, chat: int | None = None, times: int = 1, skip: int = 0) -> None:
        """The next ``times`` calls of ``method`` (to ``chat``) go wrong, after ``skip`` that do not."""
        with self._change:
            self._rules.append(_Rule(method, fault, chat, times, skip))

    def recovers(self) -> None:
        """Nothing goes wrong any more."""
        with self._change:
            self._rules.clear()

    @property
    def faults_left(self) -> int:
        """How many planned faults have not happened yet."""
        return sum(rule.times for rule in self._rules)

    def _fault(self, method: str, chat: int | None) -> Fault | None:
        for rule in self._rules:
            if rule.method == method and rule.times and rule.chat in (None, chat):
                if rule.skip:
                    rule.skip -= 1
                    return None
                rule.times -= 1
                return rule.fault
        return None

    # ---- people and their updates

    def person(self, language: str = "de", name: str = "Amina") -> Person:
        """Somebody new who has a private chat with the bot."""
        return Person(self, next(self._people), language, name)

    def knows(self, chat: int) -> None:
        """The bot may write there from now on."""
        self.inbox_of.setdefault(chat, [])

    def update(self, **content: Any) -> dict[str, Any]:
        """An update with the next number."""
        if query := content.get("callback_query"):
            self._queries.add(query["id"])
        return {"update_id": next(self._update_ids), **content}

    def number(self) -> int:
        """A fresh number for messages and taps."""
        return next(self._numbers)

    def queues(self, update: dict[str, Any]) -> None:
        """Keep an update for getUpdates, if the bot wants its kind."""
        kind = next((name for name in update if name != "update_id"), "")
        if kind not in self._allowed:
            return
        with self._change:
            self._queue.append(update)
        self._loop.call_soon_threadsafe(self._news.set)

    def posts(self, body: Any, *, secret: str | None = None, **headers: str) -> httpx.Response:
        """One request to the webhook; ``secret`` replaces the right one, an empty one leaves the header out."""
        assert self.webhook
        secret = self.webhook.secret if secret is None else secret
        sent: dict[str, str | bytes] = {"Content-Type": "application/json", **headers}
        if secret:
            sent[SECRET_HEADER] = secret.encode()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._http.post(self.webhook.url, content=content, headers=sent)  # type: ignore[arg-type]

    def delivers(self, update: dict[str, Any]) -> httpx.Response:
        """One attempt to hand an update to the webhook."""
        return self.posts(update)

    def insists(self, update: dict[str, Any], within: float = 60.0) -> int:
        """Hand an update over again and again until it is taken, as Telegram does. Returns the number of attempts."""
        deadline = time.monotonic() + within
        for attempt in itertools.count(1):
            try:
                if self.delivers(update).status_code == 200:
                    return attempt
            except httpx.HTTPError:
                pass  # nobody there, or gone in the middle of it
            assert time.monotonic() < deadline, "the webhook never took the update"
            time.sleep(0.1)
        raise AssertionError

    def brings(self, update: dict[str, Any]) -> None:
        """The way the bot has chosen: webhook, or the queue for polling."""
        if self.webhook:
            answer = self.delivers(update)
            assert answer.status_code == 200, answer.text
        else:
            self.queues(update)

    # ---- looking on

    def wait(self, until: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Until something holds; checked at every call of the bot."""
        with self._change:
            assert self._change.wait_for(until, seconds), f"not within {seconds} s; last: {self.calls[-3:]}"

    def calls_of(self, method: str, chat: int | None = None) -> list[Call]:
        """All requests of one kind, also those that failed."""
        with self._change:
            return [c for c in self.calls if c.method == method and chat in (None, c.params.get("chat_id"))]

    # ---- HTTP

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the product hung up or was killed
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in head.split("\r\n")[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = head.split(" ")[1]
        method = path.rpartition("/")[2]
        params = _params(body, headers.get("content-type", ""))
        with self._change:
            fault = self._fault(method, params.get("chat_id"))
            self.calls.append(Call(method, params, time.monotonic(), fault))
            self._change.notify_all()
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault == RESET_BEFORE:
            return _reset(writer)
        answer = fault if isinstance(fault, Refusal) else await self._answer(path, method, params)
        with self._change:
            self._change.notify_all()
        if fault == RESET_AFTER:
            return _reset(writer)
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        await _write(writer, answer, cut=isinstance(fault, Cut))
        return True

    async def _answer(self, path: str, method: str, params: dict[str, Any]) -> Any:
        if path != f"/bot{self.token}/{method}":
            return WRONG_TOKEN
        try:
            if method == "getUpdates":
                return await self._get_updates(params)
            with self._change:
                return _METHODS[method](self, params) if method in _METHODS else Refusal(404, "Not Found")
        except _Refused as refused:
            return refused.refusal

    # ---- the methods

    async def _get_updates(self, params: dict[str, Any]) -> list[dict[str, Any]] | Refusal:
        if self.webhook:
            raise _Refused(Refusal(409, "Conflict: can't use getUpdates method while webhook is active"))
        self._poller += 1
        mine, offset = self._poller, int(params.get("offset", 0))
        self._news.set()
        if "allowed_updates" in params:
            self._allowed = frozenset(params["allowed_updates"]) or DEFAULT_UPDATES
        with self._change:
            self._queue = [update for update in self._queue if update["update_id"] >= offset]
            self.confirmed = max(self.confirmed, offset - 1)
            self._change.notify_all()
        deadline = time.monotonic() + min(int(params.get("timeout", 0)), 50)
        while not self._queue and time.monotonic() < deadline and not self._stop.is_set():
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), deadline - time.monotonic())
            except TimeoutError:
                break
            if self._poller != mine:
                return OTHER_POLLER
        return self._queue[: int(params.get("limit", 100))]

    def _get_me(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "Lotsenbot",
            "username": self.username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def _set_webhook(self, params: dict[str, Any]) -> bool:
        url, secret = str(params.get("url", "")), str(params.get("secret_token", ""))
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise _bad("secret token contains unallowed characters")
        self.webhook = Webhook(url, secret, tuple(params.get("allowed_updates", ()))) if url else None
        self._allowed = frozenset(params.get("allowed_updates", ())) or DEFAULT_UPDATES
        return True

    def _delete_webhook(self, params: dict[str, Any]) -> bool:
        self.webhook = None
        if params.get("drop_pending_updates"):
            self._queue.clear()
        return True

    def _set_my_commands(self, params: dict[str, Any]) -> bool:
        language, commands = params.get("language_code", ""), params.get("commands", [])
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise _bad("invalid language code specified")
        if len(commands) > 100:
            raise _bad("too many commands")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise _bad("BOT_COMMAND_INVALID")
            if not 1 <= _units(command["description"]) <= 256:
                raise _bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[language] = commands
        return True

    def _get_my_commands(self, params: dict[str, Any]) -> list[dict[str, str]]:
        return self.commands.get(str(params.get("language_code", "")), [])

    def _get_webhook_info(self, _: dict[str, Any]) -> dict[str, Any]:
        url = self.webhook.url if self.webhook else ""
        return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self._queue)}

    def _set_my_description(self, params: dict[str, Any]) -> bool:
        return self._describe(self.descriptions, params, str(params.get("description", "")), 512)

    def _set_my_short_description(self, params: dict[str, Any]) -> bool:
        return self._describe(self.short_descriptions, params, str(params.get("short_description", "")), 120)

    @staticmethod
    def _describe(kept: dict[str, str], params: dict[str, Any], text: str, longest: int) -> bool:
        language = str(params.get("language_code", ""))
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise _bad("invalid language code specified")
        if _units(text) > longest:
            raise _bad("description is too long")
        kept[language] = text
        return True

    def _set_chat_menu_button(self, params: dict[str, Any]) -> bool:
        if params.get("menu_button", {}).get("type") not in ("commands", "web_app", "default"):
            raise _bad("wrong menu button type")
        self.menu_button = str(params["menu_button"]["type"])
        return True

    def _send_message(self, params: dict[str, Any]) -> dict[str, Any]:
        chat, text = params.get("chat_id"), str(params.get("text", ""))
        if not isinstance(chat, int) or chat not in self.inbox_of:
            raise _Refused(CHAT_GONE)
        if not text.strip():
            raise _bad("message text is empty")
        if _units(text) > LONGEST_TEXT:
            raise _bad("message is too long")
        rows = _checked_rows(params.get("reply_markup"))
        if wait := self._over_the_limit(chat):
            raise _Refused(too_many(wait))
        to = params.get("reply_parameters", {}).get("message_id")
        sent = Sent(self.number(), chat, text, rows, params.get("parse_mode"), time.monotonic(), to)
        self.inbox_of[chat].append(sent)
        return {
            "message_id": sent.id,
            "from": self._get_me({}),
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "date": int(time.time()),
            "text": text,
        }

    def _over_the_limit(self, chat: int) -> int:
        """Seconds to wait, if the limits are watched and this message breaks one of them."""
        now = time.monotonic()
        if not self.watches_limits:
            return 0
        here = [sent.at for sent in self.inbox_of[chat]]
        everywhere = sorted(sent.at for chat_ in self.inbox_of.values() for sent in chat_[-40:])
        if here and now - here[-1] < 1:
            return 1
        if chat < 0 and len(here) >= 20 and now - here[-20] < 60:
            return 60
        return 1 if len(everywhere) >= 30 and now - everywhere[-30] < 1 else 0

    def _answer_callback_query(self, params: dict[str, Any]) -> bool:
        query = str(params.get("callback_query_id"))
        if query not in self._queries:
            raise _bad("query is too old and response timeout expired or query ID is invalid")
        self._queries.discard(query)
        self.acknowledged.append(query)
        return True


_METHODS: dict[str, Callable[[FakeTelegram, dict[str, Any]], Any]] = {
    "getMe": FakeTelegram._get_me,
    "setWebhook": FakeTelegram._set_webhook,
    "deleteWebhook": FakeTelegram._delete_webhook,
    "getWebhookInfo": FakeTelegram._get_webhook_info,
    "setMyCommands": FakeTelegram._set_my_commands,
    "getMyCommands": FakeTelegram._get_my_commands,
    "setMyDescription": FakeTelegram._set_my_description,
    "setMyShortDescription": FakeTelegram._set_my_short_description,
    "setChatMenuButton": FakeTelegram._set_chat_menu_button,
    "sendMessage": FakeTelegram._send_message,
    "answerCallbackQuery": FakeTelegram._answer_callback_query,
}
_WORDS = (
    "text",
    "parse_mode",
    "callback_query_id",
    "secret_token",
    "url",
    "language_code",
    "description",
    "short_description",
)


def _params(body: bytes, content_type: str) -> dict[str, Any]:
    """The parameters of a call; in a form, everything that is not a plain word is JSON."""
    if "json" in content_type:
        return dict(json.loads(body or b"{}"))
    pairs = parse_qsl(body.decode(), keep_blank_values=True)
    return {name: value if name in _WORDS else json.loads(value) for name, value in pairs}


def _checked_rows(markup: Any) -> tuple[tuple[dict[str, Any], ...], ...]:
    rows = tuple(tuple(row) for row in (markup or {}).get("inline_keyboard", ()))
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise _bad("reply markup is too long")
    for button in buttons:
        if not str(button.get("text", "")).strip():
            raise _bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if not {"url", "callback_data"} & button.keys():
            raise _bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= CALLBACK_BYTES:
            raise _bad("BUTTON_DATA_INVALID")
    return rows


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


async def _write(writer: asyncio.StreamWriter, answer: Any, *, cut: bool) -> None:
    status, body = 200, {"ok": True, "result": answer}
    if isinstance(answer, Refusal):
        status = answer.status
        body = {"ok": False, "error_code": status, "description": answer.description}
        if answer.parameters:
            body["parameters"] = answer.parameters
    content = json.dumps(body).encode()
    content = content[: -len(content) // 4] if cut else content
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close with RST, so that the other side sees an error and not an end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
