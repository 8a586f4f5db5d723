"""What the pages of a link have in common: their headers, and finished lines as HTML."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from dialogs.model import cards as c


def strict_headers(style: str, script: str = "") -> dict[str, str]:
    """Return headers that allow only this style sheet and this script, by their hashes, and a form
    to Digi itself; nothing is kept, followed by a referrer, found by a search engine, or framed."""
    scripts = f"script-src '{_hash(script)}'; connect-src 'self'; " if script else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src '{_hash(style)}'; {scripts}base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def line_html(spans: c.Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: c.Span) -> str:
    match span:
        case c.Strong(text=text):
            return f"<strong>{escape(text)}</strong>"
        case c.Emph(text=text):
            return f"<em>{escape(text)}</em>"
        case c.Mention(name=text) | c.Quoted(text=text):
            return f"<bdi>{escape(text)}</bdi>"
        case _:
            return escape(span.text)
