"""The console script keeps the contract: outputs, exit codes, one clear line instead of a traceback."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from bot.ask import ask, explain, fresh
from faq import Catalogue
from tests.server import Server, free_port


@pytest.fixture
def box(tmp_path: Path) -> Server:
    """A place to run commands that need no running server."""
    return Server(tmp_path)


def test_a_batch_answers_every_line_in_order(box: Server) -> None:
    rows = [
        {"id": "a", "text": "wo melde ich meinen wohnsitz an"},
        {"id": 2, "text": "how do i get child benefit", "lang": "en"},
        {"id": "c", "text": ""},
        {"id": "d", "text": "mein mann atmet nicht"},
    ]
    file = box.folder / "in.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = box.run("ask", "--batch", str(file))
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [row["id"] for row in out] == ["a", 2, "c", "d"]
    assert all(row.keys() == {"id", "locale", "decision", "topics", "micros"} for row in out)
    assert out[1]["locale"] == "en"
    assert out[3]["decision"] == "emergency"


def test_a_broken_batch_names_the_line(box: Server) -> None:
    file = box.folder / "in.jsonl"
    file.write_text('{"id": 1, "text": "hallo"}\nnonsense\n', encoding="utf-8")
    done = box.run("ask", "--batch", str(file))
    assert (done.returncode, "in.jsonl:2" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_explain_shows_candidates_thresholds_and_the_rule(catalogue: Catalogue) -> None:
    text = explain(ask("wo melde ich meinen wohnsitz an", catalogue, fresh()))
    for word in ("candidate", "register-address", "thresholds", "rule", "language"):
        assert word in text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PORT": "99999"}, "PORT"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////proc/nowhere/x.sqlite3"}, "DATABASE_URL"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"TELEGRAM_TOKEN": "1:a", "PUBLIC_URL": "https://x.example"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"WHATSAPP_TOKEN": "x", "WHATSAPP_PHONE_NUMBER_ID": "1"}, "WHATSAPP_APP_SECRET"),
        ({"WHATSAPP_API_URL": "graph.facebook.com"}, "WHATSAPP_API_URL"),
        ({"CITY": "nirgendwo"}, "nirgendwo"),
        ({"UNANSWERED_MINIMUM": "2"}, "UNANSWERED_MINIMUM"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "SECRET_KEY": ""}, "SECRET_KEY"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    done = Server(tmp_path, settings | ({} if "PORT" in settings else {"PORT": str(free_port())})).run("run")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 6


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = Server(tmp_path, port=other.getsockname()[1]).run("run")
    assert done.returncode == 2
    assert "PORT" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_no_database_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "test.sqlite3").write_bytes(b"this is no database at all" * 100)
    done = Server(tmp_path).run("run")
    assert (done.returncode, "DATABASE_URL" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_accounts_are_made_once_and_tokens_are_printed_alone(box: Server) -> None:
    link = box.run("lotse", "add", "Amira", "--languages", "ar,de")
    assert "/desk/setup/" in link.stdout
    again = box.run("lotse", "add", "Amira")
    assert (again.returncode, "Amira" in again.stderr) == (1, True)
    token = box.run("lotse", "token", "Amira")
    assert len(token.stdout.split()) == 1
    assert box.run("lotse", "token", "Nobody").returncode == 1
    assert box.run("lotse", "add", "B", "--languages", "xx").returncode == 2
    assert box.run("lotse", "add", "B", "--password-stdin", text="short\n").returncode == 2


def test_roles_are_given_listed_and_changed(box: Server) -> None:
    assert box.run("lotse", "add", "Rita", "--role", "editor", "--role", "lotse").returncode == 0
    assert box.run("lotse", "add", "Amira").returncode == 0
    rows = [line.split() for line in box.run("lotse", "list").stdout.splitlines()]
    assert [(row[0], row[2]) for row in rows] == [("Amira", "lotse"), ("Rita", "editor,lotse")]
    assert box.run("lotse", "roles", "Amira", "--role", "editor").stdout == "Amira: editor\n"
    assert "editor" in box.run("lotse", "list").stdout.splitlines()[0]
    assert box.run("lotse", "roles", "Nobody", "--role", "editor").returncode == 1
    assert box.run("lotse", "add", "B", "--role", "king").returncode == 2


def test_the_report_hides_small_numbers(box: Server) -> None:
    done = box.run("report")
    assert (done.returncode, "<5" in done.stdout) == (0, True)
    assert box.run("db", "upgrade").returncode == 0
