"""The alarm that a platform lets our account send nothing at the moment."""

from __future__ import annotations

from prometheus_client import Gauge

STOPPED = Gauge("lotsenbot_channel_stopped", "1 while the platform lets our account send nothing", ["channel"])
