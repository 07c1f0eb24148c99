"""`lotsenbot faq check`: answers, utterances and phrases together, and that they speak of the same topics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import faq.check
import intents.check
import locales.check
from bot.ports import utc_now
from faq import ContentError, Defect, load
from faq.portraits import check_portraits, day_in_the_city
from intents.catalogue import registry
from locales.defects import sentence


def check(city: str, language: str = "") -> list[Defect]:
    """Every defect of the content, with paths from the top of the repository."""
    found = [replace(d, file=f"faq/{d.file}") for d in faq.check.check(city, language)]
    if not language:
        found += [replace(d, file=f"faq/{d.file}") for d in check_portraits(city, day_in_the_city(utc_now()))]
    found += [replace(d, file=f"intents/{d.file}") for d in intents.check.check(language)]
    found += [replace(d, file=f"locales/{d.file}") for d in locales.check.check(language)]
    return [*found, *_same_topics(city)]


def printed(defects: Sequence[Defect], format_: str, language: str) -> str:
    """The defects in the editors' language, for people (``text``), as GitHub workflow commands or as a GitLab code quality report.

    Forms: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
    https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
    """
    defects = [defect.in_(language) for defect in defects]
    if format_ == "github":
        return "\n".join(
            f"::error file={_escaped(d.file, ':,')},line={d.line}::{_escaped(f'{d.what} → {d.mend}')}" for d in defects
        )
    if format_ == "gitlab":
        return json.dumps(
            [
                {
                    "description": f"{d.what} → {d.mend}",
                    "check_name": "content",
                    "fingerprint": hashlib.sha256(f"{d.file}\0{d.what}".encode()).hexdigest(),
                    "severity": "major",
                    "location": {"path": d.file, "lines": {"begin": d.line}},
                }
                for d in defects
            ],
            ensure_ascii=False,
        )
    return "\n".join(map(str, defects))


def _escaped(text: str, also: str = "") -> str:
    for sign in "%\r\n" + also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _same_topics(city: str) -> list[Defect]:
    try:
        answered = set(load(city).topics)
    except ContentError:
        return []
    asked = set(registry())
    return [
        Defect(
            "intents/intents.yaml",
            1,
            sentence("“{topic}” is in faq/topics.yaml and not here", topic=topic),
            sentence("add it here with chapter, kind and scope"),
        )
        for topic in sorted(answered - asked)
    ] + [
        Defect(
            "faq/topics.yaml",
            1,
            sentence("“{topic}” is in intents/intents.yaml and not here", topic=topic),
            sentence("add it here, or take it out there"),
        )
        for topic in sorted(asked - answered)
    ]
