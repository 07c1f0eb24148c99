"""WhatsApp, from the newcomer's thumb to the answer and back: a real process, a real database, and a strict Cloud API that fails on demand."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from faq import Catalogue
from tests.fakes.newcomers import Newcomer
from tests.fakes.whatsapp import FakeWhatsApp
from tests.server import Server


@pytest.fixture(scope="module")
def whatsapp() -> Iterator[FakeWhatsApp]:
    """Meta, as far as it can be had on this machine."""
    with FakeWhatsApp() as fake:
        yield fake


@pytest.fixture(scope="module")
def server(whatsapp: FakeWhatsApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product with a number on WhatsApp."""
    running = Server(tmp_path_factory.mktemp("whatsapp"), whatsapp.settings).start()
    whatsapp.url = running.url
    yield running
    assert running.stop() == 0


@pytest.fixture
def newcomer(server: Server, whatsapp: FakeWhatsApp) -> Iterator[Newcomer]:
    """Somebody with a phone number; after the test nothing goes wrong any more."""
    yield whatsapp.person()
    whatsapp.recovers()


@pytest.fixture
def title(catalogue: Catalogue) -> Callable[..., str]:
    """The title of an entry: typed, it is answered for certain."""
    return lambda topic, language="de": catalogue.title(topic, language)


def rows(server: Server, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look into the database file."""
    with closing(sqlite3.connect(server.folder / "test.sqlite3", timeout=10)) as database:
        return database.execute(query, values).fetchall()


def test_a_question_gets_the_answer_with_its_source(newcomer: Newcomer, title: Callable[..., str]) -> None:
    answer = newcomer.says(title("child-benefit"))
    print(newcomer.got)
    assert answer.text.startswith(title("child-benefit"))
