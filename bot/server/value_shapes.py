"""Recognises kinds of setting values: secrets, PostgreSQL addresses, loopback hosts."""

import base64
import ipaddress
import re

_TOKEN = re.compile(r"xox[a-z]-|xapp-", re.IGNORECASE)
_CREDENTIALS = re.compile(r":.*@|://[^/]*@|\bpassword\s*=", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_CONNINFO = re.compile(r"\b(host|hostaddr|user|dbname|service)\s*=", re.IGNORECASE)
_KEY_LETTERS = 44  # the length of a key file's content


def looks_secret(text: str) -> bool:
    """Return whether the text looks like an address with a password, a platform's token or a
    key."""
    if _TOKEN.match(text) or _CREDENTIALS.search(text):
        return True
    try:
        return len(text) == _KEY_LETTERS and len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False


_HOST = r"(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]"
_POSTGRES = re.compile(
    r"postgres(?:ql)?://"
    r"(?:[^\s:/?@]*(?::[^\s/?@]*)?@)?"
    rf"(?:{_HOST})(?::\d*)?(?:,(?:{_HOST})(?::\d*)?)*"
    r"(?:/[^\s/?@]*)?"
    r"(?:\?[a-z_]+=[^\s&]*(?:&[a-z_]+=[^\s&]*)*)?"
)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
ADDRESS = (
    "postgresql://user:password@host:5432/name, where the password's own signs are encoded:"
    " @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25"
)


def is_postgres_address(text: str) -> bool:
    """Return whether the text is unambiguously a PostgreSQL address.

    With an unescaped character in the password, a part of it would be parsed as the host or
    database name, and be printed in an error message.
    """
    return _POSTGRES.fullmatch(text) is not None and _PERCENT.search(text) is None


def looks_like_an_address(text: str) -> bool:
    """Return whether the text looks like a server's address, complete or not; a file's path never
    does."""
    return _SCHEME.search(text) is not None or _CONNINFO.search(text) is not None


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
