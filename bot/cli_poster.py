"""`lotsenbot links` and `lotsenbot poster`: addresses that open the chat at a topic in a language, alone or on a page to print."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_common import checked_language, stop
from bot.links import Link, Places, addresses
from bot.settings import Settings, load_settings
from faq import Catalogue
from faq import load_usable as load
from locales import known, offered

MISSING = {
    "web": "the web page is left out: PUBLIC_URL is not set",
    "telegram": "Telegram is left out: TELEGRAM_NAME is not set",
    "whatsapp": "WhatsApp is left out: WHATSAPP_NUMBER is not set",
}

Topic = Annotated[str, typer.Option(help="Where it leads, for example register-address; without it, to the greeting.")]
Tongues = Annotated[
    list[str] | None,
    typer.Option("--language", help="For example uk; several as --language uk --language ar, or uk,ar."),
]


def links(topic: Topic = "", language: Tongues = None) -> None:
    """The links that open the chat at a topic in a language, one a line: language, channel, address."""
    settings = load_settings()
    _check_topic(topic, load(settings.city))
    places = _places(settings)
    for tag in _tags(language) or [""]:
        for address in addresses(Link(topic=topic, language=tag), places):
            print(f"{tag or 'any'}\t{address.channel}\t{address.url}")


def poster(
    topic: Topic = "",
    language: Tongues = None,
    into: Annotated[Path, typer.Option(help="The folder for the two files.")] = Path(),
) -> None:
    """A page to print, A4, as PDF and SVG: one to six languages, a QR code for each channel."""
    from bot.poster import make_poster

    settings = load_settings()
    catalogue = load(settings.city)
    _check_topic(topic, catalogue)
    tags = _tags(language) or ["de"]
    made = make_poster(catalogue, topic, tags, _places(settings), catalogue.city.names["de"])
    name = "-".join(["poster", *([topic] if topic else []), *tags])
    for ending, content in (("pdf", made.pdf), ("svg", made.svg)):
        print(_write(into / f"{name}.{ending}", content))


def _places(settings: Settings) -> Places:
    """Where the public finds us; says on stderr what is left out and why."""
    places = Places(web=settings.public_url, telegram=settings.telegram_name, whatsapp=settings.whatsapp_number)
    there = {address.channel for address in addresses(Link(), places)}
    for channel, sentence in MISSING.items():
        if channel not in there:
            print(f"lotsenbot: {sentence}", file=sys.stderr)
    return places


def _check_topic(topic: str, catalogue: Catalogue) -> None:
    if topic and topic not in catalogue.topics:
        near = get_close_matches(topic, catalogue.topics, n=3, cutoff=0.5)
        stop(f"there is no topic {topic}" + (f"; did you mean {', '.join(near)}?" if near else ""), 2)


def _tags(given: list[str] | None) -> list[str]:
    """The languages, each once; those the bot cannot speak are refused."""
    tags = [tag.strip() for item in given or [] for tag in item.split(",") if tag.strip()]
    for tag in tags:
        if checked_language(tag) != known(tag):
            stop(f"the bot does not speak {tag} yet; use one of {', '.join(each.tag for each in offered())}", 2)
    return list(dict.fromkeys(tags))


def _write(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        stop(f"{path} cannot be written: {error.strerror}", 2)
    return path
