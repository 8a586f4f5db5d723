"""Draws a document as JSON, for other programs and for archives.

`docs/document.schema.json` describes it. It is to be read, not to be imported again: what moves a
project is `app.py backup`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from dialogs.model.documents import Document, FinishedDocument, plain_text

VERSION = 1


class DataFile(Struct, frozen=True):
    """A document of one project with its texts as plain strings. `version` grows when a reader of
    an earlier one could no longer read it."""

    document: Document[str]
    format: Literal["digi-document"] = "digi-document"
    version: Literal[1] = 1


def draw(document: FinishedDocument) -> bytes:
    told = DataFile(plain_text(document))
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of the files, the same from each version of Python."""
    found = msgspec.json.schema(DataFile)
    for one in found["$defs"].values():
        if "description" in one:
            one["description"] = " ".join(one["description"].split())
    plain_json: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **plain_json}
