"""Server-Sent Events by https://html.spec.whatwg.org/multipage/server-sent-events.html: format, and a loop that never loses a row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

HEARTBEAT = 15.0


def event(name: str, body: dict[str, Any], id_: int | None = None) -> str:
    """One event."""
    head = f"id: {id_}\n" if id_ is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"


async def next_hint(queue: asyncio.Queue[str]) -> str:
    """The next hint, or an empty one after the time of a heartbeat."""
    try:
        return await asyncio.wait_for(queue.get(), HEARTBEAT)
    except TimeoutError:
        return ""


def last_event_id(header: str | None) -> int:
    """Where to resume; 0 from the beginning, also for nonsense."""
    return int(header) if header and header.isascii() and header.isdecimal() and len(header) < 19 else 0


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    """The response; proxies must not buffer it."""
    return StreamingResponse(
        events, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
