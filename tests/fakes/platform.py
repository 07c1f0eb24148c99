"""An HTTP server that can answer late, half, or not at all: what the fakes of the platforms stand on.

Plain asyncio in a thread of its own, because a web framework cannot tear a connection down half-way through an answer.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.telegram import RESET_AFTER, RESET_BEFORE, Cut, Reset, Slow

PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    """A status with JSON, and headers beside the usual ones."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


Fault = Answer | Reset | Slow | Cut


@dataclass(frozen=True)
class Request:
    """One request of the product, whatever came of it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    fault: Fault | None = None


@dataclass
class _Rule:
    applies: Callable[[Request], bool]
    fault: Fault
    times: int
    skip: int


class Platform:
    """Remembers every request, fails when told to. Thread-safe for the tests that look on."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.latency = 0.0
        self.change = threading.Condition()
        self._rules: list[_Rule] = []
        self._ready = threading.Event()

    def start(self) -> None:
        """Listen on a free port."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="fake platform")
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """Hang up."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def answer(self, request: Request) -> Answer:
        """What the platform says; called with ``change`` held."""
        raise NotImplementedError

    # ---- faults

    def fails_when(self, applies: Callable[[Request], bool], fault: Fault, *, times: int = 1, skip: int = 0) -> None:
        """The next requests like this go wrong, after ``skip`` that do not."""
        with self.change:
            self._rules.append(_Rule(applies, fault, times, skip))

    def recovers(self) -> None:
        """Nothing goes wrong any more."""
        with self.change:
            self._rules.clear()

    @property
    def faults_left(self) -> int:
        """How many planned faults have not happened yet."""
        return sum(rule.times for rule in self._rules)

    def _fault(self, request: Request) -> Fault | None:
        for rule in self._rules:
            if rule.times and rule.applies(request):
                if rule.skip:
                    rule.skip -= 1
                    return None
                rule.times -= 1
                return rule.fault
        return None

    def wait(self, until: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Until something holds; checked at every request of the product."""
        with self.change:
            assert self.change.wait_for(until, seconds), f"not within {seconds} s; last: {self.requests[-3:]}"

    # ---- HTTP

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        await asyncio.sleep(0.05)

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
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = head[0].split(" ")
        url, body = urlsplit(target), json.loads(content or b"{}")
        request = Request(method, url.path, dict(parse_qsl(url.query)), headers, body, time.monotonic())
        with self.change:
            fault = self._fault(request)
            self.requests.append(Request(**{**vars(request), "fault": fault}))
            self.change.notify_all()
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault == RESET_BEFORE:
            return _reset(writer)
        if isinstance(fault, Answer):
            answer = fault
        else:
            with self.change:
                answer = self.answer(request)
                self.change.notify_all()
        if fault == RESET_AFTER:
            return _reset(writer)
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        await _write(writer, answer, cut=isinstance(fault, Cut))
        return True


async def _write(writer: asyncio.StreamWriter, answer: Answer, *, cut: bool) -> None:
    content = json.dumps(answer.body).encode()
    content = content[: -len(content) // 4] if cut else content
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} x", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + content)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close with RST, so that the other side sees an error and not an end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
