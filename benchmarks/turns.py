"""`python -m benchmarks.turns [NUMBER]`: newcomers ask a real server over HTTP; prints time to the answer, memory and start.

The bare line is the same server's `/healthz`, so that the machine's own share can be seen.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.server import Server
from tests.talk import Chat

QUESTIONS = (
    "wie beantrage ich kindergeld",
    "how do i register my address",
    "danke",
    "wo finde ich einen hausarzt",
    "ich brauche einen wbs",
)


def percentiles(seconds: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return " ".join(
        f"p{p} {1000 * ordered[min(len(ordered) * p // 100, len(ordered) - 1)]:6.0f} ms" for p in (50, 95, 99)
    )


def timed(call: Callable[[], object]) -> float:
    """Seconds a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def memory(server: Server) -> str:
    """Resident memory of the server now and at its highest, where the system tells."""
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        return "not told by this system"
    rows = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return f"{int(rows['VmRSS'].split()[0]) // 1024} MB now, {int(rows['VmHWM'].split()[0]) // 1024} MB at most"


def main() -> None:
    """Print the figures."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        print(f"start to ready      {timed(server.start):.1f} s")
        try:
            with httpx.Client(base_url=server.url) as client:
                print(
                    f"bare /healthz       {percentiles([timed(lambda: client.get('/healthz')) for _ in range(number)])}"
                )
            answers = []
            for turn in range(number):
                chat = Chat(server.url)
                answers.append(timed(lambda chat=chat, turn=turn: chat.says(QUESTIONS[turn % len(QUESTIONS)])))  # type: ignore[misc]
            print(f"question to answer  {percentiles(answers)}  ({number} newcomers, one after the other)")
            print(f"memory              {memory(server)}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
