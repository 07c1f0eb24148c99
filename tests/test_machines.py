"""Many processes on one PostgreSQL: pages here, turns there, and a killed machine whose conversations go on elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.postgres import postgres
from tests.server import Server, free_port
from tests.talk import Chat

TAKEN_OVER_WITHIN = 15.0
CHATS = 6


class Worker(Server):
    """A process without pages: ready when it says so."""

    def start(self) -> Worker:
        self.spawn()
        deadline = time.monotonic() + 60
        while "worker is ready" not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)
        return self


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL server."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def web(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The web process, on a database that `release` has prepared."""
    server = Server(tmp_path_factory.mktemp("web"), {"DATABASE_URL": database}, free_port(), "web")
    refused = server.run("web")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "lotsenbot db upgrade" in refused.stderr
    assert server.run("db", "upgrade").returncode == 0
    server.start()
    yield server
    assert server.stop() == 0


def worker(folder: Path, database: str) -> Worker:
    folder.mkdir()
    return Worker(folder, {"DATABASE_URL": database}, verb="worker")


def open_rows(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select (select count(*) from inbox where done_at is null)"
            " + (select count(*) from outbox where state = 'waiting')"
        ).fetchone()
    assert row
    return int(row[0])


def test_web_and_worker_need_postgresql(tmp_path: Path) -> None:
    for verb in ("web", "worker"):
        refused = Server(tmp_path).run(verb)
        assert refused.returncode == 2
        assert "PostgreSQL" in refused.stderr


def test_a_question_waits_for_a_worker_and_the_answer_comes_by_itself(
    web: Server, database: str, tmp_path: Path
) -> None:
    chat = Chat(web.url)
    assert chat.post(text="Wie bekomme ich Kindergeld?").status_code == 202
    time.sleep(0.5)
    assert open_rows(database) == 1
    one = worker(tmp_path / "one", database).start()
    chat.wait(lambda: any(m["from"] == "bot" for m in chat.seen))
    assert chat.last["topics"] == ["child-benefit"]
    assert one.stop() == 0


def test_a_killed_workers_conversations_go_on_elsewhere_in_order_and_once(
    web: Server, database: str, tmp_path: Path
) -> None:
    questions = ["Wie bekomme ich Kindergeld?", "Wie finde ich einen Arzt?", "Wo melde ich meine Wohnung an?"]
    topics = [["child-benefit"], ["find-doctor"], ["register-address"]]
    with ExitStack() as stack:
        workers = [worker(tmp_path / name, database).start() for name in ("one", "two")]
        stack.callback(lambda: [each.stop() for each in workers])
        chats = [Chat(web.url) for _ in range(CHATS)]
        for number, question in enumerate(questions):
            for chat in chats:
                assert chat.post(text=question).status_code == 202
            if number == 1:
                workers[0].kill()
        killed = time.monotonic()
        while open_rows(database):
            assert time.monotonic() - killed < TAKEN_OVER_WITHIN
            time.sleep(0.1)
        for chat in chats:
            chat.read(seconds=1.5)
            assert [m["topics"] for m in chat.seen if m["from"] == "bot" and "topics" in m] == topics


def test_several_processes_may_bring_the_tables_up_to_date_at_once(tmp_path: Path) -> None:
    with postgres() as url, ThreadPoolExecutor() as pool:
        server = Server(tmp_path, {"DATABASE_URL": url})
        assert [done.returncode for done in pool.map(lambda _: server.run("db", "upgrade"), range(3))] == [0, 0, 0]
