"""Figures, not tests: each module prints a table when run with `python -m benchmarks.<name>`."""
