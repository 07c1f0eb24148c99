"""The least HTTP a load test needs: a fake Bot API that notes when each chat was answered, and a client with open connections.

Both speak plain HTTP/1.1 by hand, so that most of the machine is left to what is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

ME = {"id": 4833, "is_bot": True, "first_name": "Lotse", "username": "lotsenbot"}


class FakeBotApi:
    """Answers every method of the Bot API at once. ``answered[chat]`` are the times of its messages."""

    def __init__(self) -> None:
        self.answered: dict[int, list[float]] = {}
        self.port = 0
        self._number = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> FakeBotApi:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    @property
    def url(self) -> str:
        """The address to give to a bot."""
        return f"http://127.0.0.1:{self.port}/bot"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (int(row[15:]) for row in head.split("\r\n") if row.lower().startswith("content-length:")), 0
                )
                body = await reader.readexactly(length) if length else b""
                answer = json.dumps(
                    {"ok": True, "result": self._result(head.split(" ", 2)[1].rpartition("/")[2], body)}
                ).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                    + answer
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _result(self, method: str, body: bytes) -> Any:
        if method == "getMe":
            return ME
        if method != "sendMessage":
            return [] if method in ("getUpdates", "getMyCommands") else True
        fields = json.loads(body) if body[:1] == b"{" else {k: v[0] for k, v in parse_qs(body.decode()).items()}
        chat = int(fields["chat_id"])
        self.answered.setdefault(chat, []).append(time.perf_counter())
        self._number += 1
        return {
            "message_id": self._number,
            "date": 1764068400,
            "chat": {"id": chat, "type": "private"},
            "from": ME,
            "text": fields.get("text", ""),
        }


class Client:
    """Posts JSON over connections that stay open."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._port = port
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{lines}Content-Length: "
        )
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: dict[str, Any]) -> int:
        """The status of the response; 0 if the connection broke."""
        data = json.dumps(body).encode()
        try:
            reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(f"{self._head}{len(data)}\r\n\r\n".encode() + data)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next((int(row[15:]) for row in head.split("\r\n") if row.lower().startswith("content-length:")), 0)
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            return 0
        self._idle.append((reader, writer))
        return int(head.split(" ", 2)[1])


async def at_rate(number: int, a_second: float, send: Callable[[int], Awaitable[None]]) -> None:
    """Call ``send`` with 0, 1, 2 … at a steady rate, whatever becomes of the calls; returns when all are through."""
    began, tasks = time.perf_counter(), []
    for turn in range(number):
        if (pause := began + turn / a_second - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.ensure_future(send(turn)))
    await asyncio.gather(*tasks)
