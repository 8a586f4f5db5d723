"""A pretended Teams for tests: a local connector with keys and tokens of its own, and people."""
