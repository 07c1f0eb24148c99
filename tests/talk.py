"""Talk to a running server as the chat page and the desk do."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

ANSWER_WITHIN = 30.0
_open: list[httpx.Client] = []


def http_client(url: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """A client that ``hang_up`` closes at the end of the test."""
    _open.append(httpx.Client(base_url=url, timeout=30, headers=headers))
    return _open[-1]


def hang_up() -> None:
    """Close what the test opened."""
    while _open:
        _open.pop().close()


class Chat:
    """A newcomer on the web page."""

    def __init__(self, url: str, locale: str = "de") -> None:
        self.http = http_client(url)
        opened = self.http.post("/api/v1/chats", json={"locale": locale})
        assert opened.status_code == 201, opened.text
        self.id, self.key = opened.json()["chat_id"], {"Authorization": f"Bearer {opened.json()['token']}"}
        self.seen: list[dict[str, Any]] = []
        self.status: dict[str, Any] = {}

    def post(self, client_id: str | None = None, **body: Any) -> httpx.Response:
        """Send something, whatever comes of it."""
        return self.http.post(
            f"/api/v1/chats/{self.id}/messages",
            json={"client_id": client_id or str(uuid.uuid4()), **body},
            headers=self.key,
        )

    def says(self, text: str) -> dict[str, Any]:
        """Write and wait for the bot's last word on it."""
        return self._asks(text=text)

    def taps(self, button: str) -> dict[str, Any]:
        """Tap a button and wait for what follows."""
        return self._asks(button=button)

    def _asks(self, **body: str) -> dict[str, Any]:
        before = self.last_id
        assert self.post(**body).status_code == 202
        self.wait(lambda: any(m["id"] > before and m["from"] != "newcomer" for m in self.seen))
        return self.last

    def wait(self, until: Callable[[], bool], seconds: float = ANSWER_WITHIN) -> None:
        """Follow the events until something holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(until)
            if until():
                return
        raise AssertionError(f"nothing came within {seconds} s; last: {self.seen[-1:]}")

    def read(self, until: Callable[[], bool] = lambda: False, seconds: float = 1.0) -> list[dict[str, Any]]:
        """Read events for a moment, resuming after the last one seen."""
        headers = self.key | {"Last-Event-ID": str(self.last_id)}
        name, end = "", time.monotonic() + seconds
        try:
            with self.http.stream(
                "GET", f"/api/v1/chats/{self.id}/events", headers=headers, timeout=seconds
            ) as response:
                for line in response.iter_lines():
                    if line.startswith("event:"):
                        name = line[6:].strip()
                    elif line.startswith("data:"):
                        self._take(name, json.loads(line[5:]))
                        if until() or time.monotonic() > end:
                            break
        except httpx.ReadTimeout:
            pass  # nothing more came in this moment
        return self.seen

    def _take(self, name: str, body: dict[str, Any]) -> None:
        if name == "message":
            self.seen.append(body)
        elif name == "status":
            self.status = body

    @property
    def last_id(self) -> int:
        """Where to resume."""
        return self.seen[-1]["id"] if self.seen else 0

    @property
    def last(self) -> dict[str, Any]:
        """The last message that is not the newcomer's own."""
        return [message for message in self.seen if message["from"] != "newcomer"][-1]


class Desk:
    """A Lotse with a bearer token."""

    def __init__(self, url: str, token: str) -> None:
        self.http = http_client(f"{url}/api/v1", {"Authorization": f"Bearer {token}"})

    def cases(self, state: str = "open") -> list[dict[str, Any]]:
        """The queue."""
        found: list[dict[str, Any]] = self.http.get("/cases", params={"state": state}).json()["cases"]
        return found

    def card(self, case: str) -> dict[str, Any]:
        """One case with its conversation."""
        found: dict[str, Any] = self.http.get(f"/cases/{case}").json()
        return found

    def does(self, case: str, step: str, **body: Any) -> httpx.Response:
        """Claim, release, close, forward."""
        return self.http.post(f"/cases/{case}/{step}", json=body)

    def writes(self, case: str, client_id: str | None = None, **body: Any) -> httpx.Response:
        """Write or send an entry."""
        return self.http.post(f"/cases/{case}/messages", json={"client_id": client_id or str(uuid.uuid4()), **body})
