"""Stands before every route: refuses oversized, badly encoded, malformed or too deeply nested bodies, and sets the headers browsers need."""

from __future__ import annotations

import json

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import place_of
from bot.web.problems import problem

log = structlog.get_logger(__name__)

LARGEST_BODY = 1_000_000
DEEPEST = 40
FORMS = "/desk"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware; the body is read whole, checked and handed on."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app, self._https = app, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            await problem(404, "There is nothing here.")(scope, receive, send)
            return
        if scope["method"] in ("POST", "PUT", "PATCH", "DELETE"):
            body = await _body(receive)
            if body is None:
                await problem(413, f"The body is larger than {LARGEST_BODY} bytes.")(scope, receive, send)
                return
            if not scope["path"].startswith(FORMS) and (wrong := _wrong_json(body)):
                await problem(400, wrong)(scope, receive, send)
                return
            receive = _again(body, receive)
        await self._answer(scope, receive, self._with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; an unexpected error is logged by kind and place only, for its message may quote a newcomer."""
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            log.error("request failed", error=type(error).__name__, where=place_of(error))
            if not began:
                await problem(500, "Something went wrong on our side. Nothing you sent before is lost.")(
                    scope, receive, send
                )

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._https:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        return sending


async def _body(receive: Receive) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _wrong_json(body: bytes) -> str:
    try:
        found = json.loads(body.decode("utf-8")) if body else None
    except UnicodeDecodeError:
        return "The body is not UTF-8."
    except (ValueError, RecursionError):
        return "The body is not JSON."
    return "The body is nested too deeply." if _depth(found) > DEEPEST else ""


def _depth(found: object) -> int:
    deepest, waiting = 0, [(found, 1)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth <= DEEPEST + 1:
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            waiting += [(item, depth + 1) for item in inner]
    return deepest
