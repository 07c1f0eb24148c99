"""Pages of a city in Integreat become drafts with source, date and doubts; nothing is taken over, nothing overwritten."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from bot.cli import cli
from bot.errors import Refused, RetryLater
from bot.importing.integreat import address, read_pages
from bot.importing.markup import sections
from bot.importing.web import fetch

RECORDED = Path(__file__).parent / "importing" / "integreat-musterstadt-de.json"


class _Api(BaseHTTPRequestHandler):
    """Answers as Integreat does: pages of one city, a long wait, too much, a wrong turn."""

    def do_GET(self) -> None:
        if self.path == "/api/v3/musterstadt/de/pages/":
            return self._send(200, RECORDED.read_bytes())
        if self.path.startswith("/slow"):
            time.sleep(1)
        if self.path.startswith("/large"):
            return self._send(200, b"[" + b" " * 5000 + b"]")
        if self.path.startswith("/away"):
            return self._send(302, b"", Location="http://example.org/pages/")
        if self.path.startswith("/round"):
            return self._send(302, b"", Location="/round")
        return self._send(404, b'{"error": "Not found."}')

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The test's output stays quiet."""


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """A server with the recorded pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["import", "integreat", *words], env={"LANGUAGE": "", "LC_ALL": "C.UTF-8"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_pages_become_drafts_sorted_by_our_topics(here: Path, api: str) -> None:
    code, output = run(f"{api}/api/v3/musterstadt/de/pages/")
    file = here / "drafts" / "integreat-musterstadt" / "de.yaml"
    drafts = YAML(typ="safe").load(file)
    assert code == 0
    assert file.read_text(encoding="utf-8").startswith("# Drafts from http://127.0.0.1")
    assert {id_: draft["topic"] for id_, draft in drafts.items()} == {
        "anmeldung": "register-address",
        "kindergeld": "child-benefit",
        "sternwarte": drafts["sternwarte"]["topic"],
        "gesundheit": "find-doctor",
        "gesundheit-2": "pharmacy",
        "gesundheit-3": "dentist",
        "page-31": None,
    }
    for words in ("Already there (5)", "Doubtful, near are (1)", "New (1)", "without a text of their own: 1"):
        assert words in output
    assert any("only perhaps about" in doubt for doubt in drafts["sternwarte"]["doubts"])


def test_a_draft_holds_text_source_date_contacts_and_that_nobody_has_read_it(here: Path) -> None:
    run(str(RECORDED))
    drafts = YAML(typ="safe").load(here / "drafts" / "integreat-musterstadt" / "de.yaml")
    draft = drafts["anmeldung"]
    assert list(draft) == [
        "topic", "title", "lead", "more", "source", "as_of", "reviewed", "doubts", "contacts",
    ]  # fmt: skip
    assert draft["lead"] == "Wenn Sie nach Musterstadt ziehen, melden Sie Ihre Wohnung im Bürgerbüro an."
    assert draft["more"].splitlines()[:2] == ["Pass oder Personalausweis", "Bestätigung des Vermieters"]
    assert (draft["source"], draft["as_of"], draft["reviewed"]) == (
        "https://integreat.app/musterstadt/de/erste-schritte/anmeldung/",
        "2026-03-12",
        False,
    )
    assert {key for contact in draft["contacts"] for key in contact} == {"name", "web", "phone", "text", "email"}
    assert "+496912345678" in [contact.get("phone") for contact in draft["contacts"]]
    assert "alert" not in json.dumps(drafts)
    assert "internal note" not in json.dumps(drafts)
    assert any("2019-08-12" in doubt for doubt in drafts["kindergeld"]["doubts"])
    assert any("204" in doubt for doubt in drafts["kindergeld"]["doubts"])


def test_drafts_are_never_overwritten(here: Path) -> None:
    assert run(str(RECORDED))[0] == 0
    file = here / "drafts" / "integreat-musterstadt" / "de.yaml"
    file.write_text("an editor's work", encoding="utf-8")
    code, output = run(str(RECORDED), "--words", "de")
    assert code == 1
    assert "gibt es schon und bleibt, wie es ist" in output
    assert file.read_text(encoding="utf-8") == "an editor's work"
    assert run(str(RECORDED), "--out", "another.yaml")[0] == 0
    assert "anmeldung" in YAML(typ="safe").load(here / "another.yaml")


@pytest.mark.parametrize(
    ("source", "language", "wanted"),
    [
        ("https://integreat.app/augsburg/de/willkommen", "", None),
        ("https://integreat.app/augsburg", "", "https://cms.integreat-app.de/api/v3/augsburg/de/pages/"),
        ("https://integreat.app/augsburg/en/", "", "https://cms.integreat-app.de/api/v3/augsburg/en/pages/"),
        ("https://cms.integreat-app.de/api/v3/augsburg/de/pages/", "ar", "https://cms.integreat-app.de/api/v3/augsburg/ar/pages/"),
    ],
)  # fmt: skip
def test_what_an_editor_copies_becomes_the_address_of_the_api(source: str, language: str, wanted: str | None) -> None:
    if wanted is None:
        with pytest.raises(Refused, match="names no city"):
            address(source, language)
    else:
        assert address(source, language) == wanted


def test_the_network_is_asked_by_https_only_with_limits_of_time_and_size(api: str) -> None:
    for url in ("http://example.org/a/de", "ftp://example.org/a", "file:///etc/passwd", f"{api}/away"):
        with pytest.raises(Refused, match="no https:// address"):
            fetch(url)
    with pytest.raises(Refused, match="larger than"):
        fetch(f"{api}/large", largest=1000)
    with pytest.raises(RetryLater, match="longer than"):
        fetch(f"{api}/slow", seconds=0.2)
    with pytest.raises(Refused, match="without end"):
        fetch(f"{api}/round")
    with pytest.raises(Refused, match="answers 404"):
        fetch(f"{api}/api/v3/nowhere/de/pages/")
    with pytest.raises(RetryLater, match="cannot be reached"):
        fetch("https://127.0.0.1:1/a/de")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"id": 1}]', "<html>"])
def test_another_format_is_refused_with_what_is_wrong(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pages.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="no list of Integreat pages"):
        read_pages(str(file))


def test_a_list_without_pages_asks_for_the_city(here: Path) -> None:
    (here / "pages.json").write_text("[]", encoding="utf-8")
    code, output = run("pages.json")
    assert (code, "--city NAME" in output) == (1, True)
    assert run("pages.json", "--city", "Bad Iburg")[0] == 0
    assert (here / "drafts" / "integreat-bad-iburg" / "de.yaml").exists()


def test_markup_becomes_plain_lines_under_headings() -> None:
    found = sections(
        "intro<h2>One</h2><div>a <b>bold</b> word<br/>next</div><table><tr><td>x</td><td>y</td></tr></table>"
        "<style>p{}</style><h3>Two</h3><h3>Three</h3><p>last &amp; least</p>"
    )
    assert [(section.heading, section.lines) for section in found] == [
        ("", ("intro",)),
        ("One", ("a bold word", "next", "x | y |")),
        ("Three", ("last & least",)),
    ]
