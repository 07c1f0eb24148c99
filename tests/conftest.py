"""What the tests share: one real server for the whole run, newcomers and Lotsen who talk to it, and the real content."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faq import Catalogue, load
from tests.server import Server
from tests.talk import Chat, Desk, hang_up


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Lotsenbot that lives as long as the test run."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    """Every conversation of a test ends with it."""
    yield
    hang_up()


@pytest.fixture
def chat(server: Server) -> Chat:
    """A newcomer whose page is German."""
    return Chat(server.url)


@pytest.fixture
def new_lotse(server: Server) -> Callable[[], Desk]:
    """Makes Lotsen with accounts of their own."""

    def make() -> Desk:
        name = f"Lotse {uuid.uuid4().hex[:8]}"
        assert (
            server.run(
                "lotse", "add", name, "--languages", "de,ar", "--password-stdin", text="a long password\n"
            ).returncode
            == 0
        )
        return Desk(server.url, server.run("lotse", "token", name).stdout.strip())

    return make


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The content that ships."""
    return load("osnabrueck")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, without settings of the machine."""
    for name in ("DATABASE_URL", "SECRET_KEY", "PORT", "TELEGRAM_TOKEN", "WHATSAPP_TOKEN", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
