"""`lotsenbot doctor` finds what is wrong and says what to do."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.telegram import FakeTelegram
from tests.fakes.whatsapp import FakeWhatsApp
from tests.postgres import postgres
from tests.server import Server


def rows(server: Server) -> tuple[int, dict[str, str]]:
    """The exit code, and what is said of each thing by its first words."""
    done = server.run("doctor")
    assert not done.stderr, done.stderr
    return done.returncode, {line[6:]: line[:5].strip() for line in done.stdout.splitlines()}


def about(found: dict[str, str], words: str) -> str:
    """The state of the one line with these words."""
    matching = [state for line, state in found.items() if words in line]
    assert len(matching) == 1, (words, found)
    return matching[0]


def test_a_fresh_installation_has_notes_and_nothing_wrong(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.run("db", "upgrade")
    code, found = rows(server)
    assert code == 0
    assert about(found, "104 topics") == "ok"
    assert about(found, "understanding works") in ("ok", "note")
    assert about(found, "no message waits") == "ok"
    for words in ("PUBLIC_URL is not set", "Telegram is off", "WhatsApp is off"):
        assert about(found, words) == "note"


def test_a_wrong_webhook_a_refused_token_and_an_open_address_are_found(tmp_path: Path) -> None:
    with FakeTelegram() as telegram, FakeWhatsApp() as whatsapp:
        settings = {
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.api_url,
            "TELEGRAM_WEBHOOK_SECRET": "Secret",
            "PUBLIC_URL": "http://127.0.0.1:9",
            **whatsapp.settings,
        }
        server = Server(tmp_path, settings)
        server.run("db", "upgrade")
        code, found = rows(server)
        assert code == 1
        assert about(found, "is not https") == "WRONG"
        assert about(found, "does not answer") == "WRONG"
        assert about(found, "webhook is not set") == "WRONG"
        assert about(found, "knows the bot as @") == "ok"
        assert about(found, "WhatsApp takes the token") == "ok"
        assert about(found, "templates not approved") == "note"
        assert telegram.token not in str(found)
        assert whatsapp.token not in str(found)
        wrong = Server(tmp_path, {**settings, "TELEGRAM_TOKEN": "1:nobody", "WHATSAPP_TOKEN": "nobody"})
        code, found = rows(wrong)
        assert code == 1
        assert about(found, "Telegram refuses the token") == "WRONG"
        assert about(found, "WhatsApp: ") == "WRONG"


def test_on_postgresql_it_looks_at_tables_clock_and_workers(tmp_path: Path) -> None:
    with postgres() as url:
        server = Server(tmp_path, {"DATABASE_URL": url})
        assert about(rows(server)[1], "not up to date") == "WRONG"
        server.run("db", "upgrade")
        code, found = rows(server)
    assert code == 0
    assert about(found, "the clock agrees with that of the database") == "ok"
    assert about(found, "no worker is alive") == "note"
    assert about(rows(Server(tmp_path, {"DATABASE_URL": url}))[1], "cannot be opened") == "WRONG"
