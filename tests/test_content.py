"""What editors can get wrong, and what they read then: file, line, what and how to mend."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

import faq.check
import intents.check
from bot.check import check
from bot.knowledge import LiveKnowledge
from faq import ROOT, Catalogue, ContentError, card_text, load, make_card
from faq.placeholders import FactUse, uses
from intents.catalogue import ROOT as INTENTS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def faq_copy(tmp_path: Path) -> Path:
    """The FAQ's files, to be broken."""
    shutil.copytree(ROOT, tmp_path / "faq", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return tmp_path / "faq"


@pytest.fixture
def intents_copy(tmp_path: Path) -> Path:
    """The utterances' files, to be broken."""
    shutil.copytree(INTENTS, tmp_path / "intents", ignore=shutil.ignore_patterns("__pycache__", "*.py", "*.npz"))
    return tmp_path / "intents"


def edit(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; the line it stands in."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    return text[: text.index(old)].count("\n") + 1


def test_the_content_that_ships_is_in_order() -> None:
    assert [str(defect) for defect in check("osnabrueck")] == []


def test_every_topic_is_answered_in_german_and_english_with_source_and_date(catalogue: Catalogue) -> None:
    for locale in ("de", "en"):
        for topic in catalogue.topics:
            card = make_card(catalogue, topic, locale, NOW)
            assert card.locale == locale
            assert card.source, topic
            assert card.checked, topic


def test_titles_on_buttons_hold_no_placeholder(catalogue: Catalogue) -> None:
    for locale in ("de", "en", "ar"):
        assert [title for topic in catalogue.topics if "{" in (title := catalogue.title(topic, locale))] == []


def test_doubtful_facts_are_never_stated_as_certain(catalogue: Catalogue) -> None:
    for topic, entry in catalogue.entries["de"].items():
        card = make_card(catalogue, topic, "de", NOW)
        for written, shown in zip(entry.steps.splitlines(), card.steps, strict=True):
            facts = [catalogue.facts[use.id] for use in uses(written, topic) if isinstance(use, FactUse)]
            assert shown.doubt == any(not fact.is_sure for fact in facts)
        if card.doubtful:
            assert card.doubts
            assert "(bitte prüfen)" in card_text(card, with_more=True)


TITLE = "  title: Wohnung anmelden"
BREAKS = [
    ("de/first-steps.yaml", "  lead:", "\tlead:", "tab"),
    ("de/first-steps.yaml", "  title: Wohnung anmelden", "  title Wohnung anmelden", "first-steps.yaml"),
    ("de/first-steps.yaml", "  title: Wohnung anmelden", '  title: "Wohnung anmelden', "quotation mark"),
    ("de/first-steps.yaml", "  title: Wohnung anmelden", "   title: Wohnung anmelden", "indented"),
    ("de/first-steps.yaml", "  title: Wohnung anmelden", "  title: Wohnung: anmelden", "second colon"),
    (
        "de/first-steps.yaml",
        "  title: Wohnung anmelden",
        "  title: Wohnung anmelden\n  title: noch einmal",
        "second time",
    ),
    ("de/first-steps.yaml", "  title: Wohnung anmelden", "  titel: Wohnung anmelden", "no title"),
    ("de/first-steps.yaml", "{deadline}", "{dedline}", "no fact “register-address/dedline”"),
    ("de/first-steps.yaml", "{deadline}", "14 Tagen", "number “14”"),
    ("de/first-steps.yaml", "{deadline}", "zwei Wochen", "number “zwei Wochen”"),
    ("en/first-steps.yaml", "{deadline}", "time", "the German text uses"),
    ("facts/germany.yaml", "value: 2 weeks", "value: 2 Wochen", "no unit"),
    ("facts/germany.yaml", "confidence: verified", "confidence: sicher", "none of the four words"),
    ("facts/germany.yaml", "owner: buergeramt", "owner: niemand", "no contact “niemand”"),
    ("topics.yaml", "related: [change-address", "related: [chnge-address", "no topic “chnge-address”"),
    ("topics.yaml", "related: [change-address", "related [change-address", "no colon after its name"),
    ("de/first-steps.yaml", "register-address:", "register-address", "“register-address” has no colon"),
    ("de/first-steps.yaml", "  steps: |", "  steps |", "“steps |” has no colon"),
    ("de/first-steps.yaml", "  steps: |", "  steps:", "would run together"),
    ("de/first-steps.yaml", "  steps: |\n    ", "  steps:\n    - ", "begins with a list mark"),
    ("de/first-steps.yaml", TITLE, "title: Wohnung anmelden", "at the beginning of the line"),
    ("de/first-steps.yaml", TITLE, "  title:Wohnung anmelden", "no blank after the colon"),
    ("de/first-steps.yaml", TITLE, "  title:\u00a0Wohnung anmelden", "special blank"),
    ("de/first-steps.yaml", TITLE, "\u00a0 title: Wohnung anmelden", "special blank"),
    ("de/first-steps.yaml", TITLE, "  title: „Wohnung anmelden“", "quotation marks of a word processor („)"),
    ("de/first-steps.yaml", TITLE, "  title: “Wohnung: anmelden”", "“title: “Wohnung: anmelden”” has a second colon"),
    ("de/first-steps.yaml", TITLE, "  title: 'Wie geht's'", "apostrophe inside single quotation marks"),
    ("de/first-steps.yaml", TITLE, "  title: @Wohnung", "cannot begin with @"),
    ("de/first-steps.yaml", TITLE, "  title: [Wohnung] anmelden", "must end with its partner"),
    ("de/first-steps.yaml", TITLE, "  title: Wohnung #anmelden", "“#anmelden” would be read as a note"),
    ("de/first-steps.yaml", "  lead: ", "  lead: {deadline} ", "cannot begin with {"),
    ("de/first-steps.yaml", TITLE, f"<<<<<<< HEAD\n{TITLE}\n=======\n  title: X\n>>>>>>> b", "both sides of a change"),
    ("de/first-steps.yaml", TITLE, "  title: <b>Wohnung</b> anmelden", "mark of a web page"),
    ("de/first-steps.yaml", "{deadline}", "{deadline", "curly bracket has no partner"),
    ("de/first-steps.yaml", "{deadline}", "(deadline)", "wrong brackets"),
    ("de/first-steps.yaml", "lead: Melden Sie Ihre", "lead: Melde deine", "“deine” is the familiar form"),
    (
        "contacts/osnabrueck.yaml",
        'opening_hours: "Mo',
        'opening_hours: "Montag',
        "cannot be read as opening hours",
    ),
    ("contacts/osnabrueck.yaml", '"+495413150"', "0541 3150", "“0541 3150” has signs a phone cannot dial"),
    ("contacts/osnabrueck.yaml", '"+495413150"', '"+0541"', "cannot be a phone number"),
]


@pytest.mark.parametrize(("file", "old", "new", "words"), BREAKS)
def test_a_broken_file_is_named_with_line_and_remedy(faq_copy: Path, file: str, old: str, new: str, words: str) -> None:
    line = edit(faq_copy / file, old, new)
    found = [defect for defect in faq.check.check("osnabrueck", root=faq_copy) if words in str(defect)]
    assert found
    assert found[0].file == file
    assert abs(found[0].line - line) <= 3
    assert found[0].mend


@pytest.mark.parametrize(("file", "old", "new", "words"), BREAKS)
def test_editors_read_the_same_in_german(faq_copy: Path, file: str, old: str, new: str, words: str) -> None:
    edit(faq_copy / file, old, new)
    for defect in faq.check.check("osnabrueck", root=faq_copy):
        german = defect.in_("de")
        assert (german.file, german.line) == (defect.file, defect.line)
        assert german.what != defect.what
        assert not re.search(r" (the|is|has|of|and|write|with) ", f"{german.what} {german.mend}")


def test_a_number_typed_into_the_german_text_is_reported_there_and_nowhere_else(faq_copy: Path) -> None:
    edit(faq_copy / "de" / "first-steps.yaml", "{deadline}", "14 Tagen")
    assert {defect.file for defect in faq.check.check("osnabrueck", root=faq_copy)} == {"de/first-steps.yaml"}


def test_a_file_that_nobody_reads_is_named(faq_copy: Path) -> None:
    (faq_copy / "de" / "work.yaml").rename(faq_copy / "de" / "work.yml")
    assert "de/work.yml:1: this file is not read" in "\n".join(map(str, faq.check.check("osnabrueck", root=faq_copy)))


def test_windows_line_ends_and_a_byte_order_mark_are_no_problem(faq_copy: Path) -> None:
    path = faq_copy / "de" / "work.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert faq.check.check("osnabrueck", root=faq_copy) == []


def test_another_encoding_is_named(faq_copy: Path) -> None:
    path = faq_copy / "de" / "work.yaml"
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1", "replace"))
    assert "UTF-8" in str(faq.check.check("osnabrueck", root=faq_copy)[0])


def test_a_missing_answer_and_the_wrong_script_are_found(faq_copy: Path) -> None:
    text = (faq_copy / "en" / "work.yaml").read_text(encoding="utf-8")
    start, end = text.index("find-job:"), text.index("\n\n", text.index("find-job:")) if "\n\n" in text else len(text)
    (faq_copy / "en" / "work.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    edit(
        faq_copy / "en" / "first-steps.yaml",
        "lead: Register your address",
        "lead: Регистрируйте ваш новый адрес сразу после переезда сюда, пожалуйста",
    )
    words = " ".join(str(defect) for defect in faq.check.check("osnabrueck", root=faq_copy))
    assert "“find-job” is missing" in words
    assert "not in Latin letters" in words


def test_the_running_bot_keeps_its_last_good_content_and_says_what_is_wrong(faq_copy: Path) -> None:
    live = LiveKnowledge("osnabrueck", faq_copy)
    edit(faq_copy / "de" / "first-steps.yaml", "  title: Wohnung anmelden", "  title: Anmelden")
    live.refresh()
    assert (live.catalogue.title("register-address", "de"), live.broken) == ("Anmelden", ())
    edit(faq_copy / "de" / "first-steps.yaml", "  title: Anmelden", '  title: "Anmelden')
    live.refresh()
    assert live.catalogue.title("register-address", "de") == "Anmelden"
    assert "de/first-steps.yaml" in live.broken[0]
    edit(faq_copy / "de" / "first-steps.yaml", '  title: "Anmelden', "  title: Anmelden")
    live.refresh()
    assert live.broken == ()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("de/first-steps.yaml", "{deadline}", "{dedline}"),
        ("de/first-steps.yaml", "{deadline}", "{Dead line!}"),
        ("topics.yaml", "contacts: [buergeramt", "contacts: [buergerampt"),
        ("topics.yaml", "headline: {deadline: deadline", "headline: [deadline, {a: b"),
        ("topics.yaml", "contacts: [buergeramt, auslaenderbehoerde, exil]", "contacts: true"),
        ("de/first-steps.yaml", "register-address:", "a: &x {b: *x}\nregister-address:"),
        ("de/first-steps.yaml", "register-address:", "? [a, b]\n: c\nregister-address:"),
    ],
)
def test_whatever_an_editor_breaks_the_running_bot_keeps_its_last_good_content(
    faq_copy: Path, file: str, old: str, new: str
) -> None:
    live = LiveKnowledge("osnabrueck", faq_copy)
    before = live.catalogue
    text = (faq_copy / file).read_text(encoding="utf-8")
    if old not in text:
        old = next(
            row for row in text.splitlines() if row.strip().startswith(old.split(":", maxsplit=1)[0].strip() + ":")
        ).strip()
    edit(faq_copy / file, old, new)
    live.refresh()
    assert live.catalogue is before
    assert file in live.broken[0]


def test_the_start_with_broken_content_stops_with_file_and_line(faq_copy: Path) -> None:
    edit(faq_copy / "de" / "first-steps.yaml", "  lead:", "\tlead:")
    with pytest.raises(ContentError, match=r"de/first-steps.yaml:\d+: begins with a tab"):
        load("osnabrueck", faq_copy)


def test_utterances_said_twice_or_for_two_topics_are_found(intents_copy: Path) -> None:
    path = intents_copy / "de" / "first-steps.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(row for row in text.splitlines() if row.startswith("  - "))
    path.write_text(text.replace("tax-id:\n", f"tax-id:\n{line}\n", 1), encoding="utf-8")
    found = [str(finding) for finding in intents.check.check(root=intents_copy)]
    assert any("stands already in" in finding for finding in found)
    assert any("model was made from other utterances" in finding for finding in found)


def test_the_same_words_in_another_order_for_another_topic_over_match(intents_copy: Path) -> None:
    path = intents_copy / "de" / "first-steps.yaml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("register-address:\n", "register-address:\n  - einhorn futter kaufen\n", 1).replace(
        "tax-id:\n", "tax-id:\n  - futter kaufen einhorn\n", 1
    )
    path.write_text(changed, encoding="utf-8")
    assert any("over-matched" in finding.what for finding in intents.check.check(root=intents_copy))
