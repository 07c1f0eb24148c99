"""The words and codes of a poster, and the sheet itself as PDF and SVG: laid out by Typst (``poster.typ``) with the fonts beside it.

Nothing is invented here: sentences are the bot's phrases, the topic's title is the FAQ's, addresses come from the settings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno
import typst

from bot.errors import Refused
from bot.links import Address, Link, Places, addresses
from faq import Catalogue
from locales import Phrases, languages, phrases

HERE = Path(__file__).parent
MOST_LANGUAGES = 6
TALL_SCRIPTS = ("Arabic", "Ethiopic")


@dataclass(frozen=True, kw_only=True)
class Poster:
    """The same page twice: ``pdf`` with fonts, links and tags for screen readers, ``svg`` with all letters as paths."""

    pdf: bytes
    svg: bytes


def make_poster(catalogue: Catalogue, topic: str, spoken: Sequence[str], places: Places, city: str) -> Poster:
    """One A4 page that leads to a topic, or with none to the greeting, in one to six languages.

    Raises:
        WrongSettings: if there is no channel to lead to.
        Refused: if the page cannot hold all of it, or the fonts lack a letter.
    """
    home = addresses(Link(), places)
    if not 1 <= len(spoken) <= MOST_LANGUAGES:
        raise Refused(f"A page holds one to {MOST_LANGUAGES} languages, not {len(spoken)}")
    say = phrases(spoken[0])
    sheet = {
        "title": f"{catalogue.title(topic, spoken[0]) if topic else _title(say)} ({city})",
        "service": f"{say('Welcome chat')} · {city}",
        "panels": [_panel(catalogue, topic, tag, places) for tag in spoken],
        "addresses": [_labelled(address, say) for address in home],
    }
    return Poster(
        pdf=_printed(sheet | {"clickable": True}, format="pdf", pdf_standards="ua-1"),
        svg=_printed(sheet | {"clickable": False}, format="svg"),  # Typst leaves a bare & in the links of an SVG
    )


def _panel(catalogue: Catalogue, topic: str, tag: str, places: Places) -> dict[str, Any]:
    """One language of the page."""
    say = phrases(tag)
    # Translators: on a printed poster, beside the QR codes. One sentence.
    sentence = say("Scan and write: a chatbot answers, and a person helps if it does not know.")
    return {
        "manner": _manner(tag),
        "title": _title(say),
        "topic": _topic(catalogue, topic, tag) if topic else None,
        "sentence": sentence,
        "free": say(
            "Free of charge, without registration. Nobody asks for your name, your origin or your residence status."
        ),
        "codes": [
            _labelled(address, say) | {"url": address.url, "rows": _modules(address.url)}
            for address in addresses(Link(topic=topic, language=tag), places)
        ],
    }


def _title(say: Phrases) -> str:
    # Translators: the headline of a printed poster. Keep it short.
    return say("New here? Ask in your language.")


def _topic(catalogue: Catalogue, topic: str, tag: str) -> dict[str, Any]:
    """The topic's title; in German, and marked as such, where the language has none."""
    language = tag if catalogue.entry(topic, tag) else "de"
    return {"manner": _manner(language), "words": catalogue.title(topic, language)}


def _labelled(address: Address, say: Phrases) -> dict[str, Any]:
    # Translators: the label of the web page's address on a poster, beside "Telegram" and "WhatsApp". One short word.
    label = {"web": say("Internet"), "telegram": "Telegram", "whatsapp": "WhatsApp"}[address.channel]
    return {"label": label, "shown": address.shown}


def _manner(tag: str) -> dict[str, Any]:
    """How a language is set."""
    language = languages()[tag]
    return {
        "lang": tag.partition("-")[0],
        "rtl": language.direction == "rtl",
        "tall": language.script in TALL_SCRIPTS,
    }


def _modules(url: str) -> list[str]:
    """A QR code as rows of 0 and 1, its error correction at least M and better where that costs no room."""
    return ["".join(map(str, row)) for row in segno.make_qr(url, error="m").matrix]


def _printed(sheet: dict[str, Any], **how: Any) -> bytes:
    """Typeset the page; without the fonts of the machine it looks the same everywhere."""
    try:
        done = typst.compile(
            HERE / "poster.typ",
            font_paths=[HERE / "fonts"],
            ignore_system_fonts=True,
            sys_inputs={"sheet": json.dumps(sheet, ensure_ascii=False)},
            **how,
        )
    except typst.TypstError as error:
        if "TOO FULL" in error.message:
            raise Refused("The page cannot hold all of it. Print fewer languages on one page") from error
        if "could not be displayed with font" in error.message:  # PDF/UA is strict about letters that would be boxes
            raise Refused(f"The fonts in {HERE / 'fonts'} lack a letter: {error.message}") from error
        raise
    assert isinstance(done, bytes)
    return done
