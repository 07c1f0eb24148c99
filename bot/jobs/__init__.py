"""What wakes the turns: in one process beside SQLite, or through the database on many machines."""

from bot.jobs.embedded import EmbeddedJobs
from bot.jobs.postgres import PostgresJobs, SharedHub

__all__ = ["EmbeddedJobs", "PostgresJobs", "SharedHub"]
