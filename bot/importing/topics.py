"""Which of our topics somebody else's text is about: the matcher of the chat and the titles of the answers, with what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.understand import load_matcher
from faq import Catalogue
from locales.defects import sentence

SAME_TITLE = 92
NEAR = 30  # below this confidence an editor is not even asked whether it is that topic
READ = 300  # the first words say what a text is about; the matcher was made for messages


@dataclass(frozen=True, kw_only=True)
class Found:
    """``topic`` is none if no topic is near; ``sure`` only if nothing speaks against it. ``doubt`` says what does."""

    topic: str | None = None
    confidence: int = 0
    sure: bool = False
    doubt: str = ""


class TopicFinder:
    """Finds topics for texts in one language about one city."""

    def __init__(self, catalogue: Catalogue, language: str, city: str) -> None:
        self._catalogue, self._language = catalogue, language
        self._matcher = load_matcher(city=(city,) if city else ())
        self._titles = {catalogue.title(topic, language): topic for topic in catalogue.topics}

    def find(self, title: str, text: str) -> Found:
        """The topic of a text with a title."""
        same = process.extractOne(
            title, self._titles, scorer=fuzz.token_sort_ratio, processor=str.casefold, score_cutoff=SAME_TITLE
        )
        by_title = self._matched(title)
        if same:
            return Found(topic=self._titles[same[0]], confidence=round(same[1]), sure=True)
        by_text = self._matched(f"{title}. {text}"[:READ])
        if by_title.sure and by_text.sure and by_title.topic != by_text.topic:
            return Found(
                topic=by_text.topic,
                confidence=by_text.confidence,
                doubt=sentence(
                    "the title is about {topic}, the text about {other}", topic=by_title.topic, other=by_text.topic
                ),
            )
        best = max((by_title, by_text), key=lambda found: (found.sure, found.confidence))
        if best.sure or best.topic is None:
            return best
        return Found(
            topic=best.topic,
            confidence=best.confidence,
            doubt=sentence(
                "only perhaps about {topic} ({confidence} of 100)", topic=best.topic, confidence=best.confidence
            ),
        )

    def _matched(self, text: str) -> Found:
        understood = self._matcher.understand(text, self._language)
        known = [one for one in understood.candidates if one.id in self._catalogue.topics]
        if not known or known[0].confidence < max(NEAR, understood.thresholds.ask):
            return Found()
        first = known[0]
        return Found(topic=first.id, confidence=first.confidence, sure=first.confidence >= understood.thresholds.answer)
