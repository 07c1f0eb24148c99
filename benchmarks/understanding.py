"""`lotsenbot bench understanding`: the matcher beside its peers on the same held-out messages, in one run.

Every peer sees the same utterances and the same messages of ``tests/utterances``. Columns:

- *recall at 99 % precision*: the share of the messages with a topic that is answered rightly when confidence is cut so
  that 99 of 100 answers are right;
- *false accepts*: the share of the messages no topic covers that would get an answer at that cut;
- *first*: the expected topic is the most likely one;
- *a message*: the time for one, on one core.

Below it the time for one message when there are many more utterances: the utterances are repeated with their words in
another order until there are that many.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.evaluate import Labelled, read_labelled
from bot.understand import load_matcher
from faq import load_usable
from intents import catalogue
from intents.catalogue import Utterance
from intents.normalise import gentle

MESSAGES = Path(__file__).resolve().parent.parent / "tests" / "utterances"
PRECISION = 0.99
FEWEST_ANSWERS = 20
MESSAGES_AT_MOST = 400
SIZES = (20_000, 200_000, 1_000_000)
Guess = tuple[str, float]
Peer = Callable[[str], Guess]


def rapidfuzz_nearest(examples: Sequence[Utterance], scorer: Callable[..., float]) -> Peer:
    """The nearest utterance by one rapidfuzz score."""
    texts, intents = [gentle(example.text) for example in examples], [example.intent for example in examples]

    def guess(text: str) -> Guess:
        found = process.extractOne(gentle(text), texts, scorer=scorer)
        return (intents[found[2]], found[1]) if found else ("outside", 0.0)

    return guess


def tfidf_nearest(examples: Sequence[Utterance]) -> Peer:
    """The nearest utterance by cosine of character n-grams."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
    matrix = vectors.fit_transform(gentle(example.text) for example in examples)
    intents = [example.intent for example in examples]

    def guess(text: str) -> Guess:
        scores = (matrix @ vectors.transform([gentle(text)]).T).toarray().ravel()
        best = int(scores.argmax())
        return intents[best], float(scores[best])

    return guess


def nebulento(examples: Sequence[Utterance]) -> Peer:
    """The intent parser nebulento with its own default strategy."""
    from nebulento import IntentContainer

    container = IntentContainer()
    by_intent: dict[str, list[str]] = {}
    for example in examples:
        by_intent.setdefault(example.intent, []).append(_plain(example.text))
    for intent, lines in by_intent.items():
        container.add_intent(intent, lines)

    def guess(text: str) -> Guess:
        found = container.calc_intent(_plain(text))
        return found["name"] or "outside", float(found["conf"])

    return guess


def full_text() -> Peer:
    """SQLite's full-text search (FTS5, BM25) over the titles and answers, any word may match."""
    index = sqlite3.connect(":memory:")
    index.execute(
        "create virtual table answers using fts5(topic unindexed, text, tokenize='unicode61 remove_diacritics 2')"
    )
    for entries in load_usable("osnabrueck").entries.values():
        for topic, entry in entries.items():
            text = " ".join((entry.title, entry.lead, entry.bring, entry.steps, entry.more))
            index.execute("insert into answers values (?, ?)", (topic, text))

    def guess(text: str) -> Guess:
        words = [word for word in _plain(text).split() if word.isalnum()]
        if not words:
            return "outside", 0.0
        query = " OR ".join(f'"{word}"' for word in words)
        found = index.execute(
            "select topic, bm25(answers) from answers where answers match ? order by 2 limit 1", (query,)
        )
        row = found.fetchone()
        return (row[0], -row[1]) if row else ("outside", 0.0)

    return guess


def letters_alone() -> Peer:
    """Our own head over letters and words without the encoders."""
    matcher = load_matcher()

    def guess(text: str) -> Guess:
        read = matcher.read(text)
        shares, _ = matcher.model.fuse({"lex": matcher.model.lexical(read.text)}, read.spoken)
        best = int(shares.argmax())
        return matcher.model.classes[best], float(shares[best])

    return guess


def lotsenbot() -> Peer:
    """All layers."""

    def guess(text: str) -> Guess:
        understood = load_matcher().understand(text)
        best = understood.best
        quiet = (
            understood.smalltalk
            or understood.vague
            or understood.elsewhere
            or (best and understood.outside > best.confidence)
        )
        return ("outside", 0.0) if quiet or best is None else (best.id, best.confidence)

    return guess


def measure(name: str, peer: Peer, messages: Sequence[Labelled]) -> str:
    """One row of the table."""
    began = time.perf_counter()
    guesses = [peer(message.text) for message in messages]
    each = (time.perf_counter() - began) / len(messages)
    topics = np.array([guess[0] not in catalogue.COMMON for guess in guesses])
    right = np.array([guess[0] in message.expect for guess, message in zip(guesses, messages, strict=True)])
    in_scope = np.array([message.kind == "in-scope" for message in messages])
    outside = np.array([message.kind == "out-of-scope" for message in messages])
    confidence = np.array([guess[1] for guess in guesses])
    recall, accepts = 0.0, 0.0
    for limit in np.unique(confidence):
        answered = topics & (confidence >= limit)
        if answered.sum() >= FEWEST_ANSWERS and right[answered].mean() >= PRECISION:
            recall = float((answered & right & in_scope).sum() / in_scope.sum())
            accepts = float(answered[outside].mean())
            break
    return f"{name:34} {100 * recall:15.1f} % {100 * accepts:13.1f} % {100 * right[in_scope].mean():8.1f} % {1000 * each:9.1f} ms"


def growth(examples: Sequence[Utterance], messages: Sequence[Labelled]) -> list[str]:
    """The time for one message at each of ``SIZES`` utterances."""
    asked = [message.text for message in messages[:: max(len(messages) // 20, 1)]]
    rows = [f"{'milliseconds a message with':34} " + "".join(f"{size:>12,}" for size in SIZES)]
    makers: dict[str, Callable[[Sequence[Utterance]], Peer]] = {
        "rapidfuzz WRatio": lambda many: rapidfuzz_nearest(many, fuzz.WRatio),
        "character TF-IDF, nearest": tfidf_nearest,
    }
    for name, make in makers.items():
        rows.append(f"{name:34} " + "".join(f"{_time(make(_many(examples, size)), asked):12.1f}" for size in SIZES))
    ours = lotsenbot()
    rows.append(f"{'Lotsenbot, all layers':34} " + "".join(f"{_time(ours, asked):12.1f}" for _ in SIZES))
    return [
        *rows,
        "(Lotsenbot: heads and typical examples have a fixed size, however many utterances they are made from)",
    ]


def _many(examples: Sequence[Utterance], size: int) -> list[Utterance]:
    shuffle = random.Random(size)
    many = list(examples[:size])
    while len(many) < size:
        example = examples[len(many) % len(examples)]
        words = example.text.split()
        shuffle.shuffle(words)
        many.append(Utterance(language=example.language, intent=example.intent, text=" ".join(words)))
    return many


def _time(peer: Peer, texts: Sequence[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        peer(text)
    return 1000 * (time.perf_counter() - began) / len(texts)


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() else " " for c in gentle(text)).strip() or "?"


def main(*, with_growth: bool = True) -> None:
    """Print both tables."""
    examples = catalogue.utterances()
    labelled = read_labelled(sorted(MESSAGES.glob("*.jsonl")))
    messages = [message for message in labelled if message.kind in ("in-scope", "out-of-scope")]
    messages = messages[:: max(len(messages) // MESSAGES_AT_MOST, 1)]  # some peers take half a second for one
    languages = sorted({message.language for message in messages})
    print(f"{len(messages)} held-out messages in {', '.join(languages)}; {len(examples)} examples")
    print(f"{'':34} {'recall at 99 %':>17} {'false accepts':>15} {'first':>10} {'a message':>12}")
    peers: dict[str, Callable[[], Peer]] = {
        "full-text search over the answers": full_text,
        "rapidfuzz WRatio": lambda: rapidfuzz_nearest(examples, fuzz.WRatio),
        "rapidfuzz token_set_ratio": lambda: rapidfuzz_nearest(examples, fuzz.token_set_ratio),
        "nebulento": lambda: nebulento(examples),
        "character TF-IDF, nearest": lambda: tfidf_nearest(examples),
        "our letters and words alone": letters_alone,
        "Lotsenbot, all layers": lotsenbot,
    }
    for name, make in peers.items():
        print(measure(name, make(), messages), flush=True)
    if with_growth:
        print()
        print("\n".join(growth(examples, messages)))
