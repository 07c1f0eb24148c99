"""`lotsenbot bench channels`: messages over Telegram's webhook at steady rates, beside two echo bots in the same run.

Echo: python-telegram-bot without persistence. Committing echo: the same, each update and each answer on the disk first.
Time: from sending the update to the first message of its answer. CPU: of the server's processes, for each message; of
Lotsenbot also without its understanding. Everybody writes once, and hardly any words come
twice. Everything runs on one machine, so driver and fake take their share of it.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import httpx

from benchmarks.wire import Client, FakeBotApi, at_rate
from intents.catalogue import utterances

RATES = (10, 30, 60, 100)
READY_WITHIN, ANSWERED_WITHIN = 60.0, 60.0
SECRET = "bench"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One server at one rate. Times in milliseconds, ``turns`` answered a second, ``cpu`` milliseconds a message."""

    rate: int
    sent: int
    lost: int
    p50: float
    p95: float
    p99: float
    turns: float
    cpu: float
    understanding: float


@asynccontextmanager
async def processes(
    commands: Sequence[Sequence[str]], environment: dict[str, str], ready: str, folder: Path
) -> AsyncIterator[list[int]]:
    """Start servers, wait until the address answers, and stop them at the end. Gives their process ids."""
    with (folder / "log").open("ab") as log, ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(command, env=os.environ | environment, cwd=folder, stdout=log, stderr=log)
            )
            for command in commands
        ]
        try:
            deadline = time.monotonic() + READY_WITHIN
            while not await _answers(ready):
                if time.monotonic() > deadline or any(process.poll() is not None for process in started):
                    raise RuntimeError((folder / "log").read_text()[-1000:])
                await asyncio.sleep(0.1)
            yield [process.pid for process in started]
        finally:
            for process in started:
                process.terminate()


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(url, timeout=2)).status_code == 200
    except httpx.HTTPError:
        return False


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time used by processes and their children so far (Linux)."""
    return sum(stat[1] for pid in pids if (stat := _stat(pid))) + encoder_seconds(pids)


def encoder_seconds(pids: Sequence[int]) -> float:
    """CPU time of the children alone: the native encoder's process."""
    stats = [_stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return sum(stat[1] for stat in stats if stat and stat[0] in pids)


def _stat(pid: int) -> tuple[int, float] | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@cache
def _questions() -> list[str]:
    """The examples of all languages and topics, mixed; each run takes a stretch of them, so hardly any comes twice."""
    texts = [line.text for line in utterances()]
    random.Random(4833).shuffle(texts)
    return texts


async def measure(
    api: FakeBotApi, port: int, pids: Sequence[int], rate: int, seconds: float, understood: Callable[[], float]
) -> Run:
    """Send at one rate and wait for every answer."""
    client = Client(port, "/telegram/webhook", {"X-Telegram-Bot-Api-Secret-Token": SECRET})
    number, first = int(rate * seconds), secrets.randbelow(10**8) * 10**4
    sent: dict[int, float] = {}
    api.answered.clear()
    start = secrets.randbelow(len(_questions()))
    questions = [_questions()[(start + turn) % len(_questions())] for turn in range(number)]
    cpu, thinking, began = cpu_seconds(pids), understood() + encoder_seconds(pids), time.perf_counter()

    async def one(turn: int) -> None:
        chat = first + turn  # everybody writes once
        sent[chat] = time.perf_counter()
        for _ in range(3):  # as Telegram does, until it is taken
            if await client.post(update(first + turn, chat, questions[turn])) == 200:
                return
            await asyncio.sleep(0.5)

    await at_rate(number, rate, one)
    await _all_answered(api, sent)
    took = time.perf_counter() - began
    waits = sorted(1000 * (api.answered[chat][0] - asked) for chat, asked in sent.items() if chat in api.answered)

    def pick(share: float) -> float:
        return waits[min(int(len(waits) * share), len(waits) - 1)] if waits else 0.0

    return Run(
        rate=rate, sent=number, lost=number - len(waits), p50=pick(0.5), p95=pick(0.95), p99=pick(0.99), turns=len(waits) / took,
        cpu=1000 * (cpu_seconds(pids) - cpu) / number, understanding=1000 * (understood() + encoder_seconds(pids) - thinking) / number,
    )  # fmt: skip


async def _all_answered(api: FakeBotApi, sent: Collection[int]) -> None:
    deadline = time.monotonic() + ANSWERED_WITHIN
    while time.monotonic() < deadline and not all(chat in api.answered for chat in sent):
        await asyncio.sleep(0.05)


def update(number: int, chat: int, text: str) -> dict[str, object]:
    """An update as Telegram sends it."""
    person = {"id": chat, "is_bot": False, "first_name": "N", "language_code": "de"}
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private"},
        "from": person,
        "text": text,
    }
    return {"update_id": number, "message": message}


def _metric(port: int, name: str) -> float:
    """The value of a counter of a server; 0 where it has none."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.HTTPError:
        return 0.0
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


async def bench(rates: Sequence[int], seconds: float, database: str, workers: int, say: Callable[[str], None]) -> None:
    """Measure the three, one after the other, at every rate, and print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        api = await FakeBotApi().start()
        ports = {server: _free_port() for server in ("echo", "committing echo", "Lotsenbot")}
        echo = [sys.executable, "-m", "benchmarks.echo"]
        ours = Path(sys.executable).parent / "lotsenbot"
        home = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        port = ports["Lotsenbot"]
        settings = {
            "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEGRAM_TOKEN": "4833:bench", "TELEGRAM_API_URL": api.url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET, "SECRET_KEY": secrets.token_urlsafe(40), "LOG_LEVEL": "ERROR",
            "DATABASE_URL": database or f"sqlite:///{folder}/lotsenbot.sqlite3",
        }  # fmt: skip
        if database:
            subprocess.run([ours, "db", "upgrade"], env=os.environ | settings, check=True, stdout=subprocess.DEVNULL)
        commands: dict[str, tuple[list[list[str]], dict[str, str]]] = {
            "echo": ([[*echo, str(ports["echo"]), api.url]], home),
            "committing echo": ([[*echo, str(ports["committing echo"]), api.url, str(folder / "echo.sqlite3")]], home),
            "Lotsenbot": (
                [[str(ours), "web"], *[[str(ours), "worker"]] * workers] if database else [[str(ours), "run"]],
                settings,
            ),
        }
        say(
            f"{'':16} {'a second':>8} {'lost':>5} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'turns/s':>8} {'CPU ms':>7} {'of it understanding':>20}"
        )
        for server, (command, environment) in commands.items():
            async with processes(command, environment, f"http://127.0.0.1:{ports[server]}/readyz", folder) as pids:
                if database and server == "Lotsenbot":
                    await asyncio.sleep(5)  # the workers load their models
                understood = partial(_metric, ports[server], "lotsenbot_understanding_cpu_seconds_total")
                await measure(api, ports[server], pids, 10, 2, understood)  # the first ones warm up
                for rate in rates:
                    found = await measure(api, ports[server], pids, rate, seconds, understood)
                    say(
                        f"{server:16} {found.rate:8} {found.lost:5} {found.p50:7.0f} {found.p95:7.0f} {found.p99:7.0f} {found.turns:8.1f} "
                        f"{found.cpu:7.1f} {found.understanding:20.1f}"
                    )
        await api.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
