"""The ways to reach newcomers. Each turns its raw updates into ``Message`` and sends ``Reply``; nothing else knows its library."""
