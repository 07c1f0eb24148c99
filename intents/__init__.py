"""What people say: utterances, patterns of danger, and the matcher that understands them. Knows neither the bot nor the answers."""

from intents.understanding import Alarm, Candidate, Thresholds, Understanding

__all__ = ["Alarm", "Candidate", "Thresholds", "Understanding"]
