"""The schemas with which editors' programs complete and check while typing agree with the content that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

TOP = Path(__file__).resolve().parent.parent
KINDS = {
    "topics": ["faq/topics.yaml"],
    "facts": ["faq/facts/*.yaml", "faq/cities/*/facts.yaml"],
    "contacts": ["faq/contacts/*.yaml", "faq/cities/*/contacts.yaml"],
    "city": ["faq/cities/*/city.yaml"],
    "texts": ["faq/cities/*/texts/*.yaml"],
    "answers": ["faq/de/*.yaml", "faq/en/*.yaml", "faq/ar/*.yaml"],
    "utterances": ["intents/de/[!_]*.yaml", "intents/de/_common.yaml", "intents/ar/[!_]*.yaml"],
}


def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((TOP / "docs" / "schemas" / f"{kind}.schema.json").read_text("utf-8")))


@pytest.mark.parametrize("kind", KINDS)
def test_all_content_fits_its_schema(kind: str) -> None:
    files = [path for pattern in KINDS[kind] for path in sorted(TOP.glob(pattern))]
    assert files
    for path in files:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [f"{path.name}: {error.message[:200]}" for error in validator(kind).iter_errors(content)] == []


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("answers", {"tax-id": {"title": "x"}}),
        ("answers", {"tax-id": {"title": "x", "lead": "y", "price": "z"}}),
        ("topics", {"tax-id": {"chapter": "first-steps"}}),
        ("facts", {"tax-id/fee": {"statement": "x", "source": "y", "as_of": 2026, "confidence": "sure", "owner": "z"}}),
        ("contacts", {"bzst": {"confidence": "verified"}}),
        ("utterances", {"tax-id": [{"say": "x"}]}),
        ("city", {"name": {"de": "x"}, "land": "XX"}),
        ("texts", {"library": {"price": "z"}}),
    ],
)
def test_a_mistake_is_noticed_while_typing(kind: str, broken: object) -> None:
    assert list(validator(kind).iter_errors(broken))
