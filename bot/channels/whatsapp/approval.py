"""Our templates beside those of the account: what is approved, what differs, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from locales.templates import CATEGORY, Template, templates


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One template of ours and what the account has in its place."""

    template: Template
    state: Literal["approved", "waiting", "missing", "different", "refused"]
    detail: str = ""


def compare(theirs: Iterable[dict[str, Any]]) -> list[Compared]:
    """All our templates, in the order of our languages."""
    by_name = {(one.get("name"), one.get("language")): one for one in theirs}
    return [_compare(template, by_name.get((template.name, template.meta))) for template in templates().values()]


def _compare(template: Template, theirs: dict[str, Any] | None) -> Compared:
    if theirs is None:
        return Compared(template=template, state="missing")
    body, buttons = _words(theirs)
    for name, ours, there in (
        ("category", CATEGORY, str(theirs.get("category"))),
        ("body", template.body, body),
        ("button", template.button, " | ".join(buttons)),
    ):
        if ours != there:
            return Compared(template=template, state="different", detail=f"{name} there: {there or '(none)'}")
    status = str(theirs.get("status"))
    if status == "APPROVED":
        return Compared(template=template, state="approved")
    waits = status in ("PENDING", "IN_APPEAL", "PENDING_REVIEW")
    return Compared(template=template, state="waiting" if waits else "refused", detail=status)


def _words(theirs: dict[str, Any]) -> tuple[str, list[str]]:
    components = [one for one in theirs.get("components", ()) if isinstance(one, dict)]
    body = "".join(str(one.get("text", "")) for one in components if one.get("type") == "BODY")
    buttons = [str(button.get("text", "")) for one in components for button in one.get("buttons", ())]
    return body, buttons
