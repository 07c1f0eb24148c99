"""Another city needs one folder and no code: it never shows the home city's facts, and says honestly what nobody has checked."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import faq.check
from bot.ask import ask, fresh
from bot.cities import new_city, slug, state, to_do
from bot.compose import compose
from bot.conversation import Conversation, Mode
from bot.decision import Action, Decision, Emergency, Smalltalk, Welcome
from bot.errors import Refused, WrongSettings
from bot.knowledge import LiveKnowledge
from bot.settings import load_settings
from faq import (
    HOME,
    ROOT,
    Catalogue,
    ContentError,
    card_text,
    cities,
    load,
    load_usable,
    make_card,
    more_text,
    phone_words,
)
from faq.cities import only_home
from locales import languages, phrases
from tests.server import ROOT as TOP
from tests.server import Server

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
DANGERS = ("emergency-police", "emergency-medical-fire", "emergency-crisis", "emergency-poison")


@pytest.fixture(scope="module")
def home() -> Catalogue:
    """The city the shared texts were written for."""
    return load_usable(HOME)


@pytest.fixture(scope="module")
def muenster() -> Catalogue:
    """The small second pack that ships."""
    return load_usable("muenster")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A city of which nothing is known but its town hall."""
    folder = bare_city(copied(tmp_path_factory.mktemp("empty")))
    return load_usable(folder.name, folder.parent.parent)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The FAQ's files, for new cities."""
    return copied(tmp_path)


@pytest.fixture
def bare(root: Path) -> Path:
    """A folder as `lotsenbot city new` makes it, with nothing filled in but what must be."""
    return bare_city(root)


def copied(to: Path) -> Path:
    shutil.copytree(ROOT, to / "faq", ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return to / "faq"


def bare_city(root: Path) -> Path:
    folder = new_city("Bad Musterstadt", root)
    fill(folder / "city.yaml", "land:", "land: HE")
    fill(folder / "city.yaml", "home_page:", "home_page: www.musterstadt.example")
    fill(folder / "contacts.yaml", "  phone:", '  phone: "+496912345678"')
    return folder


def fill(file: Path, begins: str, line: str) -> None:
    rows = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line if row.startswith(begins) else row for row in rows) + "\n", encoding="utf-8")


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def whole(catalogue: Catalogue, topic: str, locale: str) -> str:
    """Everything a newcomer can see of an answer, on every channel."""
    card = make_card(catalogue, topic, locale, NOW)
    contacts = [f"{one.name} {one.address} {one.phone} {one.phone_text} {one.web}" for one in card.contacts]
    return "\n".join(
        [catalogue.title(topic, locale), card_text(card, with_more=True), more_text(card), card.source, *contacts]
    )


@pytest.fixture(scope="module")
def only_at_home() -> tuple[str, ...]:
    """Numbers, addresses, pages and names of the home city's contacts that no national contact or source has too."""
    home, ours = load(HOME), only_home()
    national = [contact for id_, contact in home.contacts.items() if id_ not in ours.contacts]
    shared = {value for one in national for value in (one.phone, one.web, one.address, one.name)}
    sources = " ".join(fact.source for fact in home.facts.values())
    local = [home.contacts[id_] for id_ in ours.contacts]
    numbers = {one.phone for one in local if one.phone not in shared}
    others = {value for one in local for value in (one.address, one.name) if value not in shared}
    webs = {one.web for one in local if one.web not in shared and one.web not in sources}
    return tuple(value for value in (*numbers, *map(phone_words, filter(None, numbers)), *others, *webs) if value)


@pytest.mark.parametrize("locale", languages())
def test_no_answer_of_another_city_shows_a_number_address_page_or_name_of_the_home_city(
    muenster: Catalogue, only_at_home: tuple[str, ...], locale: str
) -> None:
    words = only_home().words
    for topic in muenster.topics:
        text = whole(muenster, topic, locale)
        assert "{" not in text
        assert [value for value in only_at_home if value in text] == [], topic
        named = {match[0] for match in words.finditer(text)} - {"Stadthaus"}  # Münster has houses of this name too
        assert named == set(), topic


def test_a_city_without_any_fact_shows_nothing_of_the_home_city_either(
    empty: Catalogue, only_at_home: tuple[str, ...]
) -> None:
    words = only_home().words
    for locale in ("de", "en", "ar", "ru", "fr"):
        for topic in empty.topics:
            text = whole(empty, topic, locale)
            assert [value for value in only_at_home if value in text] == []
            assert words.search(text) is None, (topic, text)


def test_what_is_true_in_all_of_germany_stays(home: Catalogue, muenster: Catalogue) -> None:
    for topic in ("tax-id", "jobseeker-benefit", "child-benefit", "workers-rights", "tenancy-rights"):
        there, here = make_card(home, topic, "de", NOW), make_card(muenster, topic, "de", NOW)
        assert here.lead.text
        assert (here.lead, here.bring) == (there.lead, there.bring)


@pytest.mark.parametrize("locale", ["de", "en", "ar", "uk", "ti"])
def test_an_answer_about_the_home_city_only_becomes_a_short_honest_card_with_the_town_hall(
    muenster: Catalogue, locale: str
) -> None:
    card, say = make_card(muenster, "starter-pack", locale, NOW), phrases(locale)
    assert card.locale == locale
    assert card.lead.text == say("We have no checked answer for this city yet. Please ask the town hall.")
    assert (card.bring, card.steps, card.more, card.source) == ((), (), (), "")
    assert [contact.phone for contact in card.contacts] == ["+492514920"]
    assert "0251 4920" in card_text(card)


def test_a_lost_step_is_said_and_the_town_hall_is_named(muenster: Catalogue) -> None:
    card = make_card(muenster, "find-doctor", "en", NOW)
    assert card.gaps == phrases("en")(
        "Something that differs from city to city is missing here. Please ask the town hall about it."
    )
    assert card.gaps in card_text(card)
    assert muenster.town_hall.name in [contact.name for contact in card.contacts[:2]]


@pytest.mark.parametrize("locale", [tag for tag, language in languages().items() if language.phrases])
@pytest.mark.parametrize("topic", DANGERS)
def test_in_danger_every_city_answers_with_numbers_and_never_with_the_town_hall(
    empty: Catalogue, topic: str, locale: str
) -> None:
    text = said(Emergency(topic=topic), empty, locale)
    assert "110" in text
    assert "112" in text
    assert empty.town_hall.name not in text
    assert empty.contacts[empty.topics[topic].contacts[0]].phone  # what the big button of the page dials


def test_a_city_names_its_own_poison_centre(muenster: Catalogue) -> None:
    for locale in ("de", "ar", "ti"):
        assert "0228 19240" in said(Emergency(topic="emergency-poison"), muenster, locale)
    assert "0551 19240" not in whole(muenster, "pharmacy", "de")


def test_a_citys_own_words_replace_only_the_parts_it_gives(home: Catalogue, muenster: Catalogue) -> None:
    card = make_card(muenster, "library", "en", NOW)
    assert card.title == "Use the city library"
    assert "Stadtbücherei" in card.lead.text
    assert card.steps == make_card(home, "library", "en", NOW).steps
    assert "Münster-Pass" in whole(muenster, "city-discount-pass", "ar")


def test_unverified_facts_of_a_city_are_marked(muenster: Catalogue) -> None:
    card = make_card(muenster, "bulky-waste", "en", NOW)
    assert card.lead.doubt
    assert "please check" in card_text(card)


@pytest.mark.parametrize("locale", [tag for tag, language in languages().items() if language.phrases])
def test_greeting_and_welcome_name_the_city(home: Catalogue, muenster: Catalogue, locale: str) -> None:
    for action in (Welcome(), Smalltalk(kind="greeting"), Smalltalk(kind="goodbye")):
        for catalogue in (home, muenster):
            assert catalogue.city.name(locale) in said(action, catalogue, locale)


def said(action: Action, catalogue: Catalogue, locale: str) -> str:
    conversation = Conversation(id="c", channel="web", address="c", locale=locale, mode=Mode.BOT)
    decision = Decision(action=action, rule="test", why="test", conversation=conversation)
    return "\n".join(reply.text for reply in compose(decision, catalogue, NOW))


@pytest.mark.parametrize(
    ("text", "topic"),
    [("wie melde ich mich in münster an", "register-address"), ("прописка в Мюнстере", "register-address")],
)
def test_ones_own_city_is_no_other_town(home: Catalogue, muenster: Catalogue, text: str, topic: str) -> None:
    asked = ask(text, muenster, fresh(), compose_it=False)
    assert (asked.decision.outcome, asked.decision.topics[0][0]) == ("answer", topic)
    assert ask(text, home, fresh(), compose_it=False).decision.outcome != "answer"


def test_the_home_city_is_another_town_elsewhere(home: Catalogue, muenster: Catalogue) -> None:
    text = "wie melde ich mich in osnabrück an"
    assert ask(text, home, fresh(), compose_it=False).decision.outcome == "answer"
    assert ask(text, muenster, fresh(), compose_it=False).decision.outcome != "answer"


def test_the_page_welcomes_to_the_city_it_runs_for(tmp_path: Path) -> None:
    server = Server(tmp_path, {"CITY": "muenster", "PYTHONPATH": str(TOP)}).start()
    try:
        for tag, words in (("de", "Willkommen in Münster."), ("ar", "مونستر"), ("ru", "Мюнстер")):
            page = httpx.get(f"{server.url}/?lang={tag}").text
            assert words in page
            assert "Osnabrück" not in page
        assert "0251 4920" in httpx.get(f"{server.url}/?lang=de").text
    finally:
        server.stop()


def test_a_city_that_is_not_there_stops_the_start_and_names_those_that_are(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY", "atlantis")
    with pytest.raises(WrongSettings, match=r"CITY: there is no city “atlantis”; there are muenster, osnabrueck"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "folder"), [("Münster", "muenster"), ("Bad Münder am Deister", "bad-muender-am-deister")]
)
def test_a_folders_name_has_plain_letters(name: str, folder: str) -> None:
    assert slug(name) == folder


def test_a_new_folder_says_line_by_line_what_must_be_filled_in(root: Path) -> None:
    folder = new_city("Bad Musterstadt", root)
    assert folder.name in cities(root)
    found = [str(defect) for defect in faq.check.check(folder.name, root=root)]
    assert len(found) == 3
    assert all(line.startswith("cities/bad-musterstadt/city.yaml:") for line in found)
    for words in ("“land” is missing", "“home_page” is missing", "has no phone"):
        assert any(words in line for line in found)
    with pytest.raises(ContentError):
        load_usable(folder.name, root)


def test_a_folder_that_is_there_is_never_changed(bare: Path) -> None:
    before = {path: path.read_bytes() for path in bare.rglob("*.yaml")}
    with pytest.raises(Refused, match="is there already"):
        new_city("Bad Musterstadt", bare.parent.parent)
    assert before == {path: path.read_bytes() for path in bare.rglob("*.yaml")}
    with pytest.raises(Refused, match="needs letters"):
        new_city("!!", bare.parent.parent)


def test_the_list_of_what_to_fill_in_begins_with_names_then_danger_then_contacts(bare: Path) -> None:
    steps = to_do(bare.name, bare.parent.parent)
    kinds = [
        "name" if "the name in" in step else "danger" if "emergency-" in step else step.split(".")[0] for step in steps
    ]
    assert list(dict.fromkeys(kinds))[:3] == ["name", "danger", "contacts"]
    assert state(bare.name, bare.parent.parent).startswith("104 answers: ")


def test_a_fact_brings_the_shared_sentence_back_in_every_language(bare: Path) -> None:
    root = bare.parent.parent
    before = make_card(load_usable(bare.name, root), "register-address", "ar", NOW)
    add(
        bare / "facts.yaml",
        "register-address/cost:\n  statement: Die Anmeldung ist kostenlos.\n  value: 0 EUR\n  source: Satzung\n"
        "  as_of: undated\n  confidence: verified\n  owner: town-hall\n",
    )
    after = make_card(load_usable(bare.name, root), "register-address", "ar", NOW)
    assert before.lead != after.lead
    assert after.lead == make_card(load_usable(HOME, root), "register-address", "ar", NOW).lead


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("facts.yaml", "nonsense/fee: {statement: x, source: y, as_of: undated, confidence: verified, owner: town-hall}\n", "no topic “nonsense”"),
        ("facts.yaml", "pets/fee: {statement: x, source: y, as_of: undated, confidence: verified, owner: nobody}\n", "no contact “nobody”"),
        ("texts/de.yaml", "library:\n  lead: Das kostet {price}.\n", "no fact “library/price”"),
        ("texts/de.yaml", "library:\n  lead: Das kostet 5 Euro.\n", "the number “5”"),
        ("texts/de.yaml", "libary:\n  lead: Guten Tag.\n", "no topic “libary”"),
        ("texts/de.yaml", "library:\n  led: Guten Tag.\n", "“led” is no part of an answer"),
        ("contacts.yaml", "buergeramt: {name: Bürgeramt, confidence: sicher}\n", "none of the four words"),
        ("city.yaml", "mayor: somebody\n", "“mayor” says nothing"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_citys_folder_is_named_by_file_and_line(bare: Path, file: str, text: str, words: str) -> None:
    add(bare / file, text)
    found = [defect for defect in faq.check.check(bare.name, root=bare.parent.parent) if words in str(defect)]
    assert [defect.file for defect in found] == [f"cities/{bare.name}/{file}"]
    assert found[0].mend


def test_a_running_bot_takes_a_new_fact_and_keeps_its_last_good_content(bare: Path) -> None:
    live = LiveKnowledge(bare.name, bare.parent.parent)
    add(bare / "contacts.yaml", "buergeramt: {name: Bürgerbüro, confidence: verified}\n")
    live.refresh()
    assert live.catalogue.contacts["buergeramt"].name == "Bürgerbüro"
    add(bare / "contacts.yaml", "\tbroken")
    live.refresh()
    assert live.catalogue.contacts["buergeramt"].name == "Bürgerbüro"
    assert "contacts.yaml" in live.broken[0]


def test_a_translation_that_names_the_city_in_its_title_alone_is_found(root: Path) -> None:
    file = root / "en" / "family-and-school.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("title: Studying here", "title: Studying in Osnabrück"))
    assert any("the title names the city" in str(defect) for defect in faq.check.check(HOME, root=root))
