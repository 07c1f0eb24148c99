"""Questions nobody answers: what many newcomers wrote in vain, as words they have in common, never as anybody's sentence.

Nothing is kept for this but a mark on a message, which goes with its conversation. A group counts people (conversations), is
shown from a minimum on, and of the wording it shows only what so many of them wrote. Before that, numbers, addresses, links,
names after "my name is" and very long words are taken out.

``python -m bot.unanswered`` is the same behind a pipe: grouping needs libraries that the server should not carry all day.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import RetryLater
from intents.catalogue import utterances
from intents.normalise import gentle

if TYPE_CHECKING:
    from bot.store import Unanswered

LONGEST, LONGEST_WORD, SHORTEST_PIECE = 200, 30, 4
FARTHEST = 0.85  # cosine distance of letters, average in a group; measured on examples of topics taken out: 8 of 10 belong together
TOPICS = 3
SECONDS = 60.0
GAP = "…"
_NO_WORDS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|@\S+|\S+\.(?:de|com|org|net|eu|info)\b\S*|\S*\d\S*")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NAMES = (
    "ich heiße", "ich heisse", "mein name ist", "my name is", "i am called", "je m'appelle", "je m’appelle", "mon nom est",
    "me llamo", "mi nombre es", "mă numesc", "numele meu este", "nazywam się", "mam na imię", "казвам се", "името ми е",
    "меня зовут", "моё имя", "мое имя", "мене звати", "моє ім'я", "моє ім’я", "benim adım", "adım", "navê min", "emri im është",
    "quhem", "magacaygu waa", "magacaygu", "اسمي", "إسمي", "اسم من", "نام من", "ስመይ", "ስሜ",
)  # fmt: skip
_NAMED = re.compile(
    r"(?<!\w)("
    + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
    + r")((?:[\s:,]+[^\W\d_][\w'’-]*){1,2})"
)


@dataclass(frozen=True, kw_only=True)
class Missed:
    """One message that found no answer: a number for its conversation, and words without anything personal we can recognise."""

    person: int
    locale: str
    text: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """What ``people`` wrote alike: the wording they have in common, with gaps, and the topics the bot thought of."""

    locale: str
    people: int
    words: str
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The groups, largest first, and how many people asked something that belongs to none."""

    groups: tuple[Group, ...] = ()
    others: int = 0


def scrubbed(text: str) -> str:
    """The words of a message without links, addresses, numbers, names that are announced, and words too long to be one."""
    plain = _NO_WORDS.sub(f" {GAP} ", gentle(text))
    plain = _NAMED.sub(rf"\1 {GAP}", plain)
    words = [GAP if len(word) > LONGEST_WORD else word for word in plain.split()]
    return " ".join(words)[:LONGEST]


def missed(rows: Iterable[Unanswered]) -> list[Missed]:
    """What leaves the store for grouping: scrubbed, and without the ids of conversations."""
    people: dict[str, int] = {}
    return [
        Missed(
            person=people.setdefault(row.conversation, len(people)),
            locale=row.locale,
            text=scrubbed(row.text),
            topics=row.topics,
        )
        for row in rows
    ]


def group(messages: Sequence[Missed], minimum: int) -> Questions:
    """The groups of at least ``minimum`` people in one language; none with a minimum of 0."""
    found: list[Group] = []
    grouped: set[int] = set()
    by_language: dict[str, list[Missed]] = defaultdict(list)
    for message in messages if minimum else ():
        by_language[message.locale].append(message)
    for locale, spoken in by_language.items():
        if len({message.person for message in spoken}) < minimum:
            continue
        for alike in _alike(spoken, locale):
            people = {message.person for message in alike}
            words = _in_common(alike, minimum) if len(people) >= minimum else ""
            if words:
                grouped |= people
                found.append(Group(locale=locale, people=len(people), words=words, topics=_topics(alike)))
    others = len({message.person for message in messages} - grouped)
    return Questions(groups=tuple(sorted(found, key=lambda one: (-one.people, one.locale, one.words))), others=others)


def _alike(messages: Sequence[Missed], locale: str) -> list[list[Missed]]:
    """Messages by the letters they share; what everybody writes ("where can I") counts little, as in the known examples."""
    import numpy as np
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [message.text.replace(GAP, " ") for message in messages]
    known = [gentle(utterance.text) for utterance in utterances(language=locale)]
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    letters.fit([*known, *texts, "empty"])
    vectors = letters.transform(texts)
    distances = np.clip(1 - (vectors @ vectors.T).toarray(), 0, 1)
    if len(texts) == 1:
        return [list(messages)]
    tree = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=FARTHEST
    )
    by_label: dict[int, list[Missed]] = defaultdict(list)
    for label, message in zip(tree.fit_predict(distances), messages, strict=True):
        by_label[int(label)].append(message)
    return list(by_label.values())


def _in_common(messages: Sequence[Missed], minimum: int) -> str:
    """The message that holds most of what ``minimum`` people wrote, with gaps where it says anything else."""
    by_person: dict[int, set[str]] = defaultdict(set)
    for message in messages:
        for word in _WORD.findall(message.text):
            by_person[message.person] |= _pieces(word)
    counts = Counter(piece for pieces in by_person.values() for piece in pieces)
    common = {piece for piece, people in counts.items() if people >= minimum}
    shown = [_with_gaps(message.text, common) for message in messages]
    return max(shown, key=lambda text: (_letters(text), -text.count(GAP), text))


def _pieces(word: str) -> set[str]:
    """The word, and every run of its letters that is long enough to mean something: endings differ from person to person."""
    cuts = range(len(word) - SHORTEST_PIECE + 1)
    return {word, *(word[start:end] for start in cuts for end in range(start + SHORTEST_PIECE, len(word) + 1))}


def _with_gaps(text: str, common: set[str]) -> str:
    parts: list[str] = []
    for token in _WORD.findall(text):
        longest = max(_pieces(token) & common, key=lambda piece: (len(piece), piece), default="")
        before, _, after = token.partition(longest) if longest else ("", "", "")
        parts.append(f"{GAP if before else ''}{longest}{GAP if after else ''}" if longest else GAP)
    joined = re.sub(rf"(?:{GAP}\s*)+{GAP}", GAP, " ".join(parts))
    return joined if _letters(joined) else ""


def _letters(text: str) -> int:
    return sum(len(word) for word in set(_WORD.findall(text)))


def _topics(messages: Sequence[Missed]) -> tuple[str, ...]:
    counts = Counter(topic for message in messages for topic in message.topics)
    return tuple(topic for topic, _ in counts.most_common(TOPICS))


class Grouping:
    """Groups in a process of its own; the last result stays as long as the marked messages are the same."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last: tuple[tuple[int, ...], Questions] = ((), Questions())

    async def of(self, rows: Sequence[Unanswered], minimum: int) -> Questions:
        """The groups of these messages.

        Raises:
            RetryLater: if the process failed or took too long.
        """
        ids = tuple(row.id for row in rows)
        async with self._lock:
            if self._last[0] != ids:
                people = len({row.conversation for row in rows})
                questions = await _apart(missed(rows), minimum) if people >= minimum > 0 else Questions(others=people)
                self._last = (ids, questions)
            return self._last[1]


async def _apart(messages: Sequence[Missed], minimum: int) -> Questions:
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.unanswered",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise RetryLater("the questions could not be grouped") from error
    work = json.dumps({"minimum": minimum, "messages": [asdict(message) for message in messages]}).encode()
    try:
        out, _ = await asyncio.wait_for(child.communicate(work), SECONDS)
        raw: dict[str, Any] = json.loads(out)
    except (TimeoutError, ValueError) as error:
        raise RetryLater("the questions could not be grouped") from error
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    groups = tuple(Group(**one | {"topics": tuple(one["topics"])}) for one in raw["groups"])
    return Questions(groups=groups, others=raw["others"])


def serve() -> None:
    """Messages in on standard input, groups out; newcomers' turns go first."""
    os.nice(10)
    work = json.load(sys.stdin)
    messages = [Missed(**one | {"topics": tuple(one["topics"])}) for one in work["messages"]]
    print(json.dumps(asdict(group(messages, work["minimum"]))))


if __name__ == "__main__":
    serve()
