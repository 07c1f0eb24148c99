"""`python -m benchmarks.matching`: the matcher beside its peers on the same held-out messages, in one run.

Every peer sees the same utterances (German and English) and the same messages of ``tests/utterances``. "first": the
expected topic is the most likely one; "at 3 % wrong": the share answered rightly if confidence is cut so that at most
3 of 100 messages get a wrong answer, messages that no topic covers included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.evaluate import Labelled, read_labelled
from bot.understand import load_matcher
from intents import catalogue
from intents.catalogue import Utterance
from intents.normalise import gentle

LANGUAGES = ("de", "en")
UTTERANCES = Path(__file__).resolve().parent.parent / "tests" / "utterances"
WRONG = 0.03
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
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    matrix, intents = (
        vectors.fit_transform(gentle(example.text) for example in examples),
        [example.intent for example in examples],
    )

    def guess(text: str) -> Guess:
        scores = (matrix @ vectors.transform([gentle(text)]).T).toarray().ravel()
        best = int(scores.argmax())
        return intents[best], float(scores[best])

    return guess


def letters_alone() -> Peer:
    """Our own head over letters and words without the encoders."""
    model = load_matcher().model

    def guess(text: str) -> Guess:
        shares, _ = model.fuse({"lex": model.lexical(text)})
        best = int(shares.argmax())
        return model.classes[best], float(shares[best])

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
    confidence = np.array([guess[1] for guess in guesses])
    best = 0.0
    for limit in np.unique(confidence):
        answered = topics & (confidence >= limit)
        if (answered & ~right).mean() <= WRONG:
            best = float((answered & right & in_scope).sum() / in_scope.sum())
            break
    outside = np.array([message.kind == "out-of-scope" for message in messages])
    kept = float((~topics)[outside].mean())
    return f"{name:32} {100 * right[in_scope].mean():6.1f} % {100 * best:10.1f} % {100 * kept:12.1f} % {1000 * each:9.1f} ms"


def main() -> None:
    """Print the table."""
    examples = [example for example in catalogue.utterances() if example.language in LANGUAGES]
    labelled = read_labelled(UTTERANCES / f"{language}.jsonl" for language in LANGUAGES)
    messages = [message for message in labelled if message.kind in ("in-scope", "out-of-scope")]
    print(f"{len(messages)} held-out messages, {len(examples)} examples in German and English")
    print(f"{'':32} {'first':>8} {'at 3 % wrong':>12} {'outside seen':>14} {'a message':>12}")
    peers = {
        "rapidfuzz WRatio": rapidfuzz_nearest(examples, fuzz.WRatio),
        "rapidfuzz token_set_ratio": rapidfuzz_nearest(examples, fuzz.token_set_ratio),
        "character TF-IDF, nearest": tfidf_nearest(examples),
        "our letters and words alone": letters_alone(),
        "Lotsenbot, all layers": lotsenbot(),
    }
    for name, peer in peers.items():
        print(measure(name, peer, messages), flush=True)


if __name__ == "__main__":
    main()
