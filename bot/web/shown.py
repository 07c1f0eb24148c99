"""Rows and cards as the pages get them: JSON-ready, in the words of the contract."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.compose import emergency_numbers, rule_sentence
from bot.decision import Decision
from bot.links import Link
from bot.message import Button, Reply
from bot.store import CaseRow, Progress, Said
from bot.web.reasons import why_not
from faq import Catalogue, open_today, phone_words
from locales import Phrases, languages, phrases

WORTH_SHOWING = 5


def said(
    row: Said, catalogue: Catalogue, now: datetime, come: Progress | None = None, locale: str = "de"
) -> dict[str, Any]:
    """One message for the chat page, for the desk also how far it has come; what is open today is that of ``now``."""
    shown: dict[str, Any] = {
        "id": row.id,
        "from": row.sender,
        "text": row.text,
        "buttons": row.extra.get("buttons", []),
        "at": row.at.isoformat(),
        "lang": row.locale,
    }
    if row.sender == "newcomer":
        shown["client_id"] = (row.client_id or "").partition(":")[2].rpartition(":")[2]
    if row.name:
        shown["name"] = row.name
    for key in ("decision", "topics"):
        if key in row.extra:
            shown[key] = row.extra[key]
    if come:
        shown["delivery"] = delivery(come, locale)
    if raw := row.extra.get("card"):
        shown["card"] = card(raw, row.locale, catalogue, now, emergency=row.extra.get("decision") == "emergency")
    return shown


def delivery(come: Progress, locale: str) -> dict[str, str]:
    """How far a reply has come, and why it did not arrive."""
    failed = {"reason": why_not(come.why, phrases(locale))} if come.state == "failed" else {}
    return {"state": come.state, **failed}


def opened(link: Link, decision: Decision, reply: Reply, catalogue: Catalogue, now: datetime) -> dict[str, Any]:
    """The answer a link opens the chat page at: shown without any request, so nothing is stored."""
    message: dict[str, Any] = {
        "id": "opened",
        "from": "bot",
        "text": reply.text,
        "buttons": [button(one) for one in reply.buttons],
        "lang": reply.locale,
        "decision": decision.outcome,
        "topics": [link.topic],
    }
    if reply.card:
        emergency = decision.outcome == "emergency"
        message["card"] = card(asdict(reply.card), reply.locale, catalogue, now, emergency=emergency)
    return {
        "topic": link.topic,
        "button": link.button,
        "title": catalogue.title(link.topic, reply.locale),
        "message": message,
    }


def card(raw: dict[str, Any], locale: str, catalogue: Catalogue, now: datetime, *, emergency: bool) -> dict[str, Any]:
    """A card in parts as ``card.js`` shows it."""
    return _emergency_card(raw, locale, catalogue) if emergency else _card(raw, now, catalogue)


def card_words(say: Phrases) -> dict[str, str]:
    """What ``card.js`` itself says on a card, in the language of the page or of a preview."""
    return {
        "bring": say("Bring with you"),
        "map": say("Show on the map"),
        "steps": say("What to do"),
        "more": say("More about this"),
        "please_check": say("Please check this first"),
        "source": say("Source: {source}"),
        "checked": say("Last checked: {date}"),
        "or_call": say("Or call:"),
    }


def _card(raw: dict[str, Any], now: datetime, catalogue: Catalogue) -> dict[str, Any]:
    say, land = phrases(raw["locale"]), catalogue.city.land
    contacts = [
        contact | {"today": open_today(contact["opening_hours"], now, say, land)}
        if contact.get("opening_hours")
        else contact
        for contact in raw.get("contacts", ())
    ]
    return raw | {
        "contacts": contacts,
        "facts": [{"label": label, "value": value} for label, value in raw["headline"]],
        "lead": raw["lead"]["text"],
        "lead_doubt": raw["lead"]["doubt"],
        "lang": raw["locale"],
    }


def _emergency_card(raw: dict[str, Any], locale: str, catalogue: Catalogue) -> dict[str, Any]:
    main = catalogue.contacts[catalogue.topics[raw["topic"]].contacts[0]]
    labels = {
        "".join(filter(str.isdigit, number)): (number, label)
        for number, label in emergency_numbers(catalogue, phrases(locale))
    }
    others = [{"number": number, "label": label} for digits, (number, label) in labels.items() if digits != main.phone]
    return {
        "emergency": True, "title": raw["title"], "number": phone_words(main.phone), "dial": main.phone,
        "number_label": labels[main.phone][1] if main.phone in labels else main.name,
        "lines": [raw["lead"]["text"], *(line["text"] for line in raw["steps"])], "other": others, "lang": raw["locale"],
    }  # fmt: skip


def newcomer_view(row: Said) -> bool:
    """Whether the newcomer sees a row; a tap without words shows nothing."""
    return row.sender != "newcomer" or bool(row.text)


def case(row: CaseRow, lotse_id: int, locale: str = "de") -> dict[str, Any]:
    """One row of the queue. ``door`` says until when the newcomer's channel takes free text, if it closes at all."""
    language = languages().get(row.locale)
    return {
        "id": row.id,
        "state": row.state,
        "channel": row.channel,
        "locale": row.locale,
        "locale_name": language.name if language else row.locale,
        "direction": language.direction if language else "ltr",
        "waiting_since": row.waiting_since.isoformat(),
        "claimed_by": row.claimed_by,
        "mine": row.claimed_by_id == lotse_id,
        "question": row.question,
        "urgent": row.urgent,
        "unread": row.unread,
        "unreachable": row.unreachable_since is not None,
        "door": _door(row, locale),
    }


def _door(row: CaseRow, locale: str) -> dict[str, str | None] | None:
    if row.open_until is None:
        return None
    return {
        "open_until": row.open_until.isoformat(),
        "knocked_at": row.knocked_at.isoformat() if row.knocked_at else None,
        "not_knocked": why_not(row.knock_failed, phrases(locale)) if row.knock_failed else None,
    }


def understood(row: CaseRow, catalogue: Catalogue, locale: str) -> dict[str, Any]:
    """What the bot made of the question, with titles the Lotse can read."""
    candidates = [
        item | {"title": catalogue.title(item["id"], locale)}
        for item in row.understood.get("candidates", [])
        if item["id"] in catalogue.topics and item["confidence"] >= WORTH_SHOWING
    ]
    reason = rule_sentence(row.understood.get("rule", ""), phrases(locale))
    return row.understood | {"candidates": candidates, "reason": reason}


def button(one: Button) -> dict[str, str]:
    """A button for the pages."""
    return {"id": one.id, "label": one.label}
