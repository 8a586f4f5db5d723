"""Recognises a receipt code in a line, so that each platform can make it easy to copy."""

from __future__ import annotations

import re

from dialogs.model import cards as c

_CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]")


def is_receipt_code(span: c.Span) -> bool:
    """Return whether a span is a code and nothing else, as Digi writes it."""
    return isinstance(span, c.Strong | c.Quoted) and _CODE.fullmatch(span.text) is not None
