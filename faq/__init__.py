"""What we answer: topics, texts by language, facts and contacts. Knows neither the bot nor the intents."""

from faq.card import Card, ContactCard, Line, card_text, make_card, more_text
from faq.catalogue import ROOT, SOURCE_LANGUAGE, TEXT_KEYS, Catalogue, Topic, content_files, load
from faq.check import load_usable
from faq.cities import HOME, City, cities, no_such_city
from faq.facts import Contact, Fact
from faq.hours import today as open_today
from faq.portraits import Portrait, Series
from faq.source import ContentError
from faq.values import phone_words
from locales.defects import Defect

__all__ = [
    "HOME",
    "ROOT",
    "SOURCE_LANGUAGE",
    "TEXT_KEYS",
    "Card",
    "Catalogue",
    "City",
    "Contact",
    "ContactCard",
    "ContentError",
    "Defect",
    "Fact",
    "Line",
    "Portrait",
    "Series",
    "Topic",
    "card_text",
    "cities",
    "content_files",
    "load",
    "load_usable",
    "make_card",
    "more_text",
    "no_such_city",
    "open_today",
    "phone_words",
]
