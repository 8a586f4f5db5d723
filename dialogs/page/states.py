"""The page of a project, and what other conversations may say of it."""

from __future__ import annotations

from msgspec import Struct

from dialogs.model import facts as f
from dialogs.model.cards import Line, LinkAddress, Part, Small, Text, text
from dialogs.model.facts import Known


class PublicPage(Struct, frozen=True, kw_only=True, tag="page"):
    link: str = ""  # the id of the page's link; "" while the page is closed


PAGE = f.StateOf("page", "page")
WITHOUT_CHAT = "page.without_chat"


def page_address(known: Known) -> LinkAddress | None:
    """Return where the page is; None where there is none. Needs `PAGE`."""
    state = known.state("page", "page", PublicPage)
    return LinkAddress("page", state.link) if state is not None and state.link else None


def where_the_page_is(known: Known) -> Part[Line] | None:
    """Return the line that says so; None where there is no page. Needs `PAGE`."""
    address = page_address(known)
    return None if address is None else Small(text(WITHOUT_CHAT, address=address))


def says_where_the_page_is(part: Part[Line]) -> bool:
    return isinstance(part, Small) and isinstance(part.text, Text) and part.text.key == WITHOUT_CHAT
