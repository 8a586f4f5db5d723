"""A simulated Teams for tests: a local connector service with its own keys and tokens, and
users."""
