"""What a message means: layers that each add evidence, fused into calibrated candidates, with notes for whoever asks why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from intents import catalogue
from intents.alarm import Detector, make_detector
from intents.contained import EncoderFailed
from intents.elsewhere import Elsewhere, Renaming, make_elsewhere, make_renaming
from intents.encoders import Encoder
from intents.lexical import familiar
from intents.model import Fusion, Model
from intents.normalise import folded, gentle
from intents.prepare import Prepared, prepare
from intents.understanding import Alarm, Candidate, SmalltalkKind, Thresholds, Understanding
from intents.vocabulary import Vocabulary, make_vocabulary

Floats = NDArray[np.float32]
SHOWN = 5
SURE_OF_LANGUAGE = 0.4
CLEAR, NO_DANGER = 0.95, 0.0005
POSSIBLE_LANGUAGE = 0.02
SHORTEST_PART, MOST_PARTS = 4, 4
PLAUSIBLE, PLAUSIBLE_TOGETHER = 0.001, 0.4
WORDS_PLAUSIBLE, WORDS_SURE = 0.05, 0.10
SHORT_IS_EXACT = 92
PERSON = "talk-to-a-human"
_SMALLTALK: Mapping[str, SmalltalkKind] = {
    "greeting": "greeting",
    "thanks": "thanks",
    "goodbye": "goodbye",
    "insult": "insult",
}
_AND = re.compile(
    r"[?!.;,+&\n]|(?<=\s)(?:und|and|also|sowie|außerdem|ausserdem|plus|y|et|ve|i|si|și|dhe|û|и|та|і|й|و|እና|iyo)(?=\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """All layers with what they were made from. Safe to use from several threads if the encoders are."""

    model: Model
    encoders: Sequence[Encoder]
    detector: Detector
    commands: Mapping[str, str]
    language_names: Mapping[str, str]
    elsewhere: Elsewhere
    vocabulary: Vocabulary
    renaming: Renaming | None = None

    def understand(self, text: str, language: str = "", *, hurried: bool = False) -> Understanding:
        """Understand one message; ``language`` is what the newcomer chose, if she did.

        ``hurried``: many wait. A message without any word of danger that is clear already is not read by the slowest encoder.
        """
        text = self.renaming.at_home(text) if self.renaming else text
        typed, language = folded(text), language.partition("-x-")[0]  # Simple German is typed as German
        if not typed:
            command, named = self._command(text, typed)
            note = "no letters" if gentle(text) else "nothing to read"
            return Understanding(text="", thresholds=self._stricter(), vague=True, command=command, notes=(note,))
        command, named = self._command(text, typed)
        read = self.read(text)
        plain = folded(read.text)
        known = typed in self.model.short  # a person has labelled these very words: letters are enough
        calm = hurried and not self._words_of_danger(read)
        shares, fusion, notes = self._shares(read.text, read.spoken, language, () if known else self.encoders, calm)
        locale, language_note = self._language(read.spoken)
        found = self._understood(plain, shares, fusion, language or locale)
        found = replace(found, alarm=self._alarm(read, shares, fusion), elsewhere=self.elsewhere.named_in(text))
        exact = self._exact(typed) or self._exact(plain)
        if exact:
            found = _exactly(found, exact)
            if known and not exact.startswith("emergency-"):
                found = replace(found, alarm=None)  # a person labelled these very words as no danger
        both = (
            self._both(read, language, shares, calm)
            if not found.exact and found.alarm is None and not found.elsewhere
            else ()
        )
        return replace(
            found,
            locale=locale,
            both=both,
            command=command,
            language_named=named,
            notes=(
                *read.notes,
                language_note,
                *notes,
                *found.notes,
                *((f"about another town: {found.elsewhere}",) if found.elsewhere else ()),
                *((f"two topics: {both[0]}, {both[1]}",) if both else ()),
            ),
        )

    def read(self, text: str) -> Prepared:
        """What the layers read of a message, and its languages."""
        return prepare(
            text,
            self.vocabulary,
            self.model.languages,
            familiar=lambda words: familiar(words, self.model.column),
            shares=self.model.language_shares,
        )

    # ---- layers

    def _command(self, text: str, plain: str) -> tuple[str, str]:
        written = gentle(text).strip(" .!?")
        return self.commands.get(written, self.commands.get(plain, "")), self.language_names.get(plain, "")

    def _stricter(self) -> Thresholds:
        return next(iter(self.model.fusions.values())).limits("")

    def _exact(self, plain: str) -> str:
        """The meaning of a short message that is, but for a typo, one of the known short ones."""
        if plain in self.model.short:
            return self.model.short[plain]
        if len(plain) < 6 or len(plain.split()) > 3:
            return ""
        near = process.extractOne(plain, self.model.short.keys(), scorer=fuzz.ratio, score_cutoff=SHORT_IS_EXACT)
        return self.model.short[near[0]] if near else ""

    def _shares(
        self, text: str, spoken: Floats, language: str, encoders: Sequence[Encoder], clear_is_enough: bool
    ) -> tuple[Floats, Fusion, tuple[str, ...]]:
        parts = {"lex": self.model.lexical(text)}
        centre = spoken
        if language in self.model.languages:
            centre = np.zeros_like(spoken)
            centre[self.model.languages.index(language)] = 1
            centre = 0.5 * centre + 0.5 * spoken
        failed: list[str] = []
        for encoder in encoders:
            if clear_is_enough and len(parts) > 1 and self._is_clear(parts, centre):
                break
            try:
                parts |= self.model.encoded(encoder.name, encoder.encode([text])[0], centre)
            except EncoderFailed as error:
                failed.append(f"{encoder.name}: {error}")
        shares, fusion = self.model.fuse(parts, centre)
        notes = (f"{name}: {_top(self.model.classes, np.exp(part))}" for name, part in parts.items())
        return shares, fusion, (*failed, *notes)

    def _is_clear(self, parts: Mapping[str, Floats], spoken: Floats) -> bool:
        """One topic is all but certain and danger is out of the question."""
        shares, _ = self.model.fuse(parts, spoken)
        best = self.model.classes[int(shares.argmax())]
        danger = sum(
            float(s) for name, s in zip(self.model.classes, shares, strict=True) if name.startswith("emergency-")
        )
        return float(shares.max()) >= CLEAR and danger < NO_DANGER and best not in catalogue.COMMON

    def _words_of_danger(self, read: Prepared) -> tuple[str, str] | None:
        possible = [self.model.languages[i] for i in np.argsort(-read.spoken) if read.spoken[i] >= POSSIBLE_LANGUAGE]
        return self.detector.find(read.typed, possible) or self.detector.find(read.text, possible)

    def _language(self, spoken: Floats) -> tuple[str, str]:
        best = int(spoken.argmax())
        sure = float(spoken[best]) >= SURE_OF_LANGUAGE
        note = f"language: {self.model.languages[best]} {float(spoken[best]):.2f}{'' if sure else ', unsure'}"
        return (self.model.languages[best] if sure else ""), note

    def _understood(self, plain: str, shares: Floats, fusion: Fusion, language: str) -> Understanding:
        by_name = dict(zip(self.model.classes, (float(s) for s in shares), strict=True))
        quiet = {name: by_name.get(name, 0.0) for name in catalogue.COMMON}
        ranked = sorted((name for name in by_name if name not in quiet), key=lambda name: -by_name[name])
        candidates = tuple(Candidate(id=name, confidence=round(100 * by_name[name])) for name in ranked[:SHOWN])
        loudest = max(quiet, key=lambda name: quiet[name])
        speaks_up = quiet[loudest] > by_name[ranked[0]]
        smalltalk = _SMALLTALK.get(loudest) if speaks_up and quiet[loudest] >= 0.4 else None
        return Understanding(
            text=plain,
            candidates=candidates,
            thresholds=fusion.limits(language),
            smalltalk=smalltalk,
            vague=speaks_up and loudest == "vague" and quiet["vague"] >= 0.3,
            outside=round(100 * quiet["outside"]),
            wants_person=round(100 * by_name[PERSON]) >= fusion.person and not speaks_up,
            notes=(f"fused: {_top(self.model.classes, shares)}",),
        )

    def _alarm(self, read: Prepared, shares: Floats, fusion: Fusion) -> Alarm | None:
        """The classifier alone if it is loud; the words of danger if the classifier does not find them absurd; else a question."""
        dangers = {
            name: float(share)
            for name, share in zip(self.model.classes, shares, strict=True)
            if name.startswith("emergency-")
        }
        together, likely = sum(dangers.values()), max(dangers, key=lambda name: dangers[name])
        pattern = self._words_of_danger(read)
        if together >= fusion.alarm:
            return Alarm(topic=likely, sure=True, why=f"danger {together:.2f} of at least {fusion.alarm:.2f}")
        if pattern and together >= WORDS_PLAUSIBLE:
            topic = likely if dangers[likely] > dangers[pattern[0]] else pattern[0]
            return Alarm(
                topic=topic, sure=together >= WORDS_SURE, why=f"the words “{pattern[1]}” and danger {together:.2f}"
            )
        if together >= fusion.alarm_ask:
            return Alarm(topic=likely, sure=False, why=f"danger {together:.2f} of at least {fusion.alarm_ask:.2f}")
        return None

    def _both(self, read: Prepared, language: str, shares: Floats, calm: bool) -> tuple[str, ...]:
        """Two different topics, each clear in its own part and neither absurd for the whole."""
        pieces = [piece for piece in map(folded, _AND.split(read.text)) if len(piece) >= SHORTEST_PART]
        if not 2 <= len(pieces) <= MOST_PARTS:
            return ()
        whole = dict(zip(self.model.classes, map(float, shares), strict=True))
        sure: dict[str, int] = {}
        for piece in pieces:
            in_part, fusion, _ = self._shares(piece, read.spoken, language, self.encoders, calm)
            part = self._understood(piece, in_part, fusion, language or self._language(read.spoken)[0])
            if (
                part.best
                and part.is_sure
                and whole[part.best.id] >= PLAUSIBLE
                and not part.smalltalk
                and part.outside < part.best.confidence
            ):
                sure[part.best.id] = max(sure.get(part.best.id, 0), part.best.confidence)
        together = sum(whole[topic] for topic in sure)
        return (
            tuple(sorted(sure, key=lambda topic: -whole[topic]))
            if len(sure) == 2 and together >= PLAUSIBLE_TOGETHER
            else ()
        )


def _exactly(found: Understanding, meaning: str) -> Understanding:
    if meaning in _SMALLTALK:
        return replace(found, smalltalk=_SMALLTALK[meaning], alarm=None)
    if meaning == "vague":
        return replace(found, vague=True, smalltalk=None)
    if meaning == "outside":
        return replace(found, outside=100)
    if meaning == PERSON:
        return replace(found, wants_person=True)
    others = tuple(candidate for candidate in found.candidates if candidate.id != meaning)
    alarm = (
        Alarm(topic=meaning, sure=True, why="the words of an emergency")
        if meaning.startswith("emergency-")
        else found.alarm
    )
    return replace(
        found,
        candidates=(Candidate(id=meaning, confidence=100), *others),
        exact=True,
        smalltalk=None,
        vague=False,
        alarm=alarm,
    )


def _top(classes: Sequence[str], shares: Floats) -> str:
    return ", ".join(f"{classes[i]} {float(shares[i]):.2f}" for i in np.argsort(-shares)[:3])


def make_matcher(
    model: Model,
    encoders: Sequence[Encoder],
    language_names: Mapping[str, str],
    root: Path = catalogue.ROOT,
    city: Sequence[str] = (),
) -> Matcher:
    """Put the layers together.

    ``language_names``: written name to tag; ``root``: where patterns and word lists are; ``city``: the names of the city this
    is for, if it is not the one the examples were written in.
    """
    detector = make_detector((alarms.language, alarms.patterns, alarms.unless) for alarms in catalogue.alarms(root))
    return Matcher(
        model=model,
        encoders=encoders,
        detector=detector,
        commands={gentle(word): button for word, button in catalogue.commands(root).items()},
        elsewhere=make_elsewhere(catalogue.places(root)),
        renaming=make_renaming(catalogue.places(root), city) if city else None,
        vocabulary=make_vocabulary(catalogue.vocabulary(root)),
        language_names={folded(name): tag for name, tag in language_names.items()},
    )
