"""Stand-ins for platforms we do not own: written by hand, strict where the real one is strict."""
