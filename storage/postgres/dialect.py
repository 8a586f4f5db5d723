"""Translates SQLite's SQL to PostgreSQL: four rules for the schema, three for statements.

A statement is valid SQLite as it stands. On PostgreSQL `:name` becomes a numbered parameter, and
what stands in a `/*pg ... */` comment is spoken aloud. In the schema a BLOB is a BYTEA, an INTEGER
has 64 bits, and a TEXT is compared byte by byte as SQLite does: ids are no words of any language.
"""

import functools
import re

import msgspec

_QUOTED = r"'(?:[^']|'')*'"
_COMMENT = r"--[^\n]*"
_TOKEN = re.compile(rf"{_QUOTED}|{_COMMENT}|::|/\*pg (.*?)\*/|:([a-z_]\w*)", re.DOTALL)
_TYPE = re.compile(rf"{_QUOTED}|{_COMMENT}|/\*pg (.*?)\*/|\b(BLOB|INTEGER|TEXT)\b", re.DOTALL)
_WRITES = ("INSERT", "UPDATE", "DELETE")
_TYPES = {"BLOB": "BYTEA", "INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"'}


class Statement(msgspec.Struct, frozen=True):
    text: str
    names: tuple[str, ...]
    """Whose values stand for $1, $2, ..."""
    answers: bool
    """With rows. What only writes need not be waited for."""


@functools.cache
def spoken(sql: str) -> Statement:
    """A statement of `queries.sql` as PostgreSQL hears it."""
    names: list[str] = []

    def aloud(text: str) -> str:
        return _TOKEN.sub(one, text)

    def one(found: "re.Match[str]") -> str:
        if found[1] is not None:
            return aloud(found[1])
        if found[2] is None:
            return "" if found[0].startswith("--") else found[0]
        if found[2] not in names:
            names.append(found[2])
        return f"${names.index(found[2]) + 1}"

    text = aloud(sql).strip().rstrip(";").strip()
    return Statement(text, tuple(names), _answers(text))


def _answers(text: str) -> bool:
    words = re.sub(_QUOTED, "", text).upper().split()
    return words[0] not in _WRITES or "RETURNING" in words


def built(sql: str) -> str:
    """A statement of a migration as PostgreSQL hears it; empty where it is SQLite's alone, as one
    is that begins with `/*lite*/`."""
    if sql.lstrip().startswith("/*lite*/"):
        return ""

    def one(found: "re.Match[str]") -> str:
        if found[1] is not None:
            return found[1]
        if found[2] is not None:
            return _TYPES[found[2]]
        return "" if found[0].startswith("--") else found[0]

    return _TYPE.sub(one, sql).strip().rstrip(";").strip()
