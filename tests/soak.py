"""`make soak`: newcomers write on Telegram and WhatsApp while the product is killed again and again and the platforms misbehave.

Prints what was lost, doubled and out of order, and how long the answers took. `python -m tests.soak --help` for the numbers.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.fakes.platform import Answer
from tests.fakes.telegram import RESET_BEFORE, FakeTelegram, Slow, too_many
from tests.fakes.whatsapp import FakeWhatsApp
from tests.fakes.whatsapp import error as whatsapp_error
from tests.postgres import postgres
from tests.server import Server, free_port

QUESTIONS = ("Wie bekomme ich Kindergeld?", "Wie finde ich einen Arzt?", "Wie finde ich einen Integrationskurs?")
EACH = 15  # messages a newcomer, below the 20 a minute at which the bot asks to slow down
SECRET = "Secret-of-the-soak"
ACCEPTED_WITHIN, SETTLED_WITHIN = 300.0, 600.0


@dataclass(frozen=True)
class Line:
    """One newcomer: how to write, what arrived and when, and how each answer to a question begins."""

    name: str
    say: Callable[[str], None]
    arrived: Callable[[], list[tuple[float, str]]]


@dataclass(frozen=True)
class Outcome:
    """What became of one newcomer's messages."""

    lost: int
    doubled: int
    disordered: int
    seconds: tuple[float, ...]


class Product:
    """The processes under test: one with SQLite, or web and two workers with PostgreSQL. One at a time is killed."""

    def __init__(self, servers: Sequence[Server], database: str) -> None:
        self.servers, self.database = list(servers), database

    def kill_one(self, dice: random.Random) -> None:
        """SIGKILL a process and start it again."""
        server = dice.choice(self.servers)
        server.kill()
        time.sleep(dice.uniform(0, 1))
        server.spawn()

    def open_rows(self) -> int:
        """Messages and replies that are still under way."""
        query = "select (select count(*) from inbox where done_at is null) + (select count(*) from outbox where state = 'waiting')"
        engine = sa.create_engine(self.database)
        with engine.connect() as connection:
            number = int(connection.execute(sa.text(query)).scalar_one())
        engine.dispose()
        return number


@contextmanager
def product(folder: Path, settings: dict[str, str], port: int, *, on_postgres: bool) -> Iterator[Product]:
    """Start everything, and stop it at the end."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres()) if on_postgres else f"sqlite:///{folder / 'soak.sqlite3'}"
        verbs = ["web", "worker", "worker"] if on_postgres else ["run"]
        servers = []
        for number, verb in enumerate(verbs):
            home = folder / f"{verb}-{number}"
            home.mkdir()
            servers.append(Server(home, settings | {"DATABASE_URL": url}, port, verb))
        if on_postgres:
            assert servers[0].run("db", "upgrade").returncode == 0
        for server in servers[1:]:
            server.spawn()
        servers[0].start()
        for server in servers:
            stack.callback(server.stop)
        plain = url.replace("postgresql://", "postgresql+psycopg://")
        yield Product(servers, plain)


def lines(telegram: FakeTelegram, whatsapp: FakeWhatsApp, number: int) -> list[Line]:
    """Newcomers on both channels, half and half; every third update is delivered three times."""
    found = []
    for one in range(number):
        again = itertools.cycle((1, 1, 3))
        if one % 2:
            person = telegram.person()

            def say(text: str, person=person, again=again) -> None:  # type: ignore[no-untyped-def]
                update = person.message(text)
                for _ in range(next(again)):
                    telegram.insists(update, ACCEPTED_WITHIN)

            found.append(Line("Telegram", say, lambda person=person: [(s.at, s.text) for s in person.got]))  # type: ignore[misc]
        else:
            phone = whatsapp.person()

            def write(text: str, phone=phone, again=again) -> None:  # type: ignore[no-untyped-def]
                body = phone.message(text)
                for _ in range(next(again)):
                    whatsapp.insists(body, ACCEPTED_WITHIN)

            found.append(Line("WhatsApp", write, lambda phone=phone: [(s.at, s.text) for s in phone.got]))  # type: ignore[misc]
    return found


def misbehave(telegram: FakeTelegram, whatsapp: FakeWhatsApp, dice: random.Random) -> None:
    """One trouble of one platform."""
    if dice.random() < 0.5:
        fault = dice.choice([too_many(1), RESET_BEFORE, Slow(1.5), RESET_BEFORE])
        telegram.fails("sendMessage", fault, times=dice.randint(1, 5))
    else:
        fault = dice.choice([whatsapp_error(130429, 429), Answer(503, {}), RESET_BEFORE, Slow(1.5)])
        whatsapp.fails(fault, times=dice.randint(1, 5))


def judge(line: Line, asked: dict[int, float], opening: dict[str, str]) -> Outcome:
    """Compare what arrived with what was asked; each answer shows which question it belongs to by how it begins."""
    answers = [(at, kind) for at, text in line.arrived() for kind, start in opening.items() if text.startswith(start)]
    expected = [QUESTIONS[number % len(QUESTIONS)] for number in sorted(asked)]
    once = [(at, kind) for number, (at, kind) in enumerate(answers) if number == 0 or answers[number - 1][1] != kind]
    kinds = [kind for _, kind in once]
    disordered = sum(1 for got, wanted in zip(kinds, expected, strict=False) if got != wanted)
    seconds = [at - asked[number] for number, (at, _) in zip(sorted(asked), once, strict=False)]
    return Outcome(max(0, len(expected) - len(once)), len(answers) - len(once), disordered, tuple(seconds))


def soak(messages: int, kills: int, rate: float, *, on_postgres: bool, seed: int) -> bool:
    """Run it and print what came of it; true if nothing was lost or out of order and a kill doubled at most one reply."""
    dice, number = random.Random(seed), max(2, messages // EACH)
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeTelegram() as telegram,
        FakeWhatsApp() as whatsapp,
        product(
            Path(folder),
            {
                "TELEGRAM_TOKEN": telegram.token,
                "TELEGRAM_API_URL": telegram.api_url,
                "TELEGRAM_WEBHOOK_SECRET": SECRET,
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
                **whatsapp.settings,
            },
            port,
            on_postgres=on_postgres,
        ) as running,
    ):
        whatsapp.url = f"http://127.0.0.1:{port}"
        telegram.wait(lambda: telegram.webhook, 60)
        newcomers = lines(telegram, whatsapp, number)
        opening = learn(lines(telegram, whatsapp, 2)[1], running)
        asked: list[dict[int, float]] = [{} for _ in newcomers]
        began, over = time.monotonic(), threading.Event()

        def write(which: int) -> None:
            own = random.Random(seed + which)
            time.sleep(own.uniform(0, number * EACH / rate / 2))
            for turn in range(EACH):
                asked[which][turn] = time.monotonic()
                newcomers[which].say(QUESTIONS[turn % len(QUESTIONS)])
                time.sleep(own.uniform(0.5, 1.5) * max(3.2, number / rate))

        def trouble() -> None:
            while not over.wait(dice.uniform(3, 8)):
                misbehave(telegram, whatsapp, dice)

        with ThreadPoolExecutor(number + 2) as pool:
            writing = [pool.submit(write, which) for which in range(number)]
            pool.submit(trouble)
            length = number * EACH / rate
            for kill in range(kills):
                time.sleep(max(0.5, length / kills * dice.uniform(0.5, 1.2)))
                running.kill_one(dice)
                print(f"  {time.monotonic() - began:5.0f} s: kill {kill + 1} of {kills}", flush=True)
            for future in writing:
                future.result()
            over.set()
        telegram.recovers()
        whatsapp.recovers()
        settle(running)
        outcomes = [judge(line, times, opening) for line, times in zip(newcomers, asked, strict=True)]
    return report(outcomes, messages=number * EACH, kills=kills, took=time.monotonic() - began)


def learn(line: Line, running: Product) -> dict[str, str]:
    """How the answer to each question begins, from a newcomer who is then forgotten."""
    found: dict[str, str] = {}
    for question in QUESTIONS:
        line.say(question)
        settle(running)
        found[question] = line.arrived()[-1][1][:30]
    assert len(set(found.values())) == len(QUESTIONS), found
    return found


def settle(running: Product) -> None:
    """Until nothing is under way any more."""
    deadline = time.monotonic() + SETTLED_WITHIN
    while True:
        try:
            if not running.open_rows():
                return
        except (sa.exc.DBAPIError, psycopg.Error):
            pass  # the file is locked for a moment, or a process has just begun
        assert time.monotonic() < deadline, "something never came to an end"
        time.sleep(0.2)


def report(outcomes: Sequence[Outcome], *, messages: int, kills: int, took: float) -> bool:
    """Print the sums."""
    lost, doubled = sum(one.lost for one in outcomes), sum(one.doubled for one in outcomes)
    disordered = sum(one.disordered for one in outcomes)
    seconds = sorted(one for outcome in outcomes for one in outcome.seconds)
    p50, p95, p99 = (seconds[min(int(len(seconds) * share), len(seconds) - 1)] for share in (0.5, 0.95, 0.99))
    print(f"messages      {messages} by {len(outcomes)} newcomers in {took:.0f} s, {kills} kills")
    print(f"lost          {lost}")
    print(f"doubled       {doubled}")
    print(f"out of order  {disordered}")
    print(f"answer after  p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s (kills, faults and restarts included)")
    return not lost and not disordered and doubled <= kills


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rate", type=float, default=15.0, help="messages a second")
    parser.add_argument("--postgres", action="store_true", help="one web process and two workers on PostgreSQL")
    parser.add_argument("--seed", type=int, default=4833)
    chosen = parser.parse_args()
    good = soak(chosen.messages, chosen.kills, chosen.rate, on_postgres=chosen.postgres, seed=chosen.seed)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
