"""A reply as WhatsApp can show it: texts, at most three buttons, lists of at most ten rows, as many messages as it takes.

Nothing is lost: a label that is too long for its button is shortened at a word and stands in full in the row's description or
below the text. Limits: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from bot.channels.text import shorten, split_end, split_text, utf16_length
from bot.message import Button
from locales import Phrases

LONGEST_TEXT = 4096
LONGEST_BODY = 1024
BUTTONS, BUTTON_TITLE, BUTTON_ID = 3, 20, 256
ROWS, ROW_TITLE, ROW_DESCRIPTION, ROW_ID = 10, 24, 72, 200
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_ADDRESS = re.compile(r"(https?://\S*[^\s*_~`]|[\w.+-]+@[\w.-]*\w)")


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message: its type and the object of that name in the request."""

    type: str
    content: dict[str, Any]


def render(text: str, buttons: Sequence[Button], say: Phrases) -> list[Outgoing]:
    """The messages of one reply, in order; the choices stand under the last words."""
    if not buttons:
        return _before(plain(text))
    if len(buttons) <= BUTTONS:
        return _with_buttons(text, buttons)
    return [message for page in _pages(text, buttons, say) for message in _with_list(*page, say)]


def plain(text: str) -> str:
    """The same words without anything WhatsApp would read as bold, italic, struck or code.

    A mark that has no partner in its line formats nothing and stays, as do marks inside words, links and addresses; the
    others get a look-alike.
    """
    return "\n".join(_plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    pieces = _ADDRESS.split(line)  # every second one is an address
    for mark, lookalike in _LOOKALIKES.items():
        formats = re.compile(rf"(?<![^\W_]){re.escape(mark)}|{re.escape(mark)}(?![^\W_])")
        if sum(len(formats.findall(piece)) for piece in pieces[::2]) >= 2:
            pieces[::2] = [formats.sub(lookalike, piece) for piece in pieces[::2]]
    return "".join(pieces)


# ---- buttons


def _with_buttons(text: str, buttons: Sequence[Button]) -> list[Outgoing]:
    labels = _labels(buttons, BUTTON_TITLE)
    before, body = split_end(_with_legend(text, labels, BUTTON_TITLE), LONGEST_BODY)
    choices = [
        {"type": "reply", "reply": {"id": button.id[:BUTTON_ID], "title": shorten(label, BUTTON_TITLE)}}
        for button, label in zip(buttons, labels, strict=True)
    ]
    return [*_before(before), _interactive("button", body, {"buttons": choices})]


# ---- lists


def _pages(text: str, buttons: Sequence[Button], say: Phrases) -> Iterator[tuple[str, Sequence[Button]]]:
    """More than ten choices come on several lists of about the same length."""
    number = ceil(len(buttons) / ROWS)
    size = ceil(len(buttons) / number)
    more = say("More choices")
    for page, start in enumerate(range(0, len(buttons), size), 1):
        yield text if page == 1 else f"{more} ({page}/{number})", buttons[start : start + size]


def _with_list(text: str, buttons: Sequence[Button], say: Phrases) -> list[Outgoing]:
    labels = _labels(buttons, ROW_TITLE)
    before, body = split_end(_with_legend(text, labels, ROW_DESCRIPTION), LONGEST_BODY)
    rows = [_row(button.id, label) for button, label in zip(buttons, labels, strict=True)]
    action = {"button": shorten(say("Choose"), BUTTON_TITLE), "sections": [{"rows": rows}]}
    return [*_before(before), _interactive("list", body, action)]


def _row(id_: str, label: str) -> dict[str, str]:
    row = {"id": id_[:ROW_ID], "title": shorten(label, ROW_TITLE)}
    if row["title"] != label:
        row["description"] = shorten(label, ROW_DESCRIPTION)
    return row


# ---- what both share


def _labels(buttons: Sequence[Button], limit: int) -> list[str]:
    """The labels, each in one line; numbered where two would look the same once shortened, which Meta refuses."""
    labels = [" ".join(button.label.split()) or "…" for button in buttons]
    if len({shorten(label, limit).casefold() for label in labels}) == len(labels):
        return labels
    return [f"{number}. {label}" for number, label in enumerate(labels, 1)]


def _with_legend(text: str, labels: Sequence[str], limit: int) -> str:
    """The text, and below it in full what does not fit its button."""
    long = [f"• {label}" for label in labels if utf16_length(label) > limit]
    return plain("\n\n".join([text, "\n".join(long)]) if long else text)


def _before(text: str) -> list[Outgoing]:
    return [_text(part) for part in split_text(text, LONGEST_TEXT)]


def _text(body: str) -> Outgoing:
    return Outgoing(type="text", content={"preview_url": False, "body": body})


def _interactive(type_: str, body: str, action: dict[str, Any]) -> Outgoing:
    return Outgoing(type="interactive", content={"type": type_, "body": {"text": body or "…"}, "action": action})
