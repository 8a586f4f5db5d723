"""The page of a project, and what other conversations may say of it."""

from __future__ import annotations

from msgspec import Struct

from dialogs.model import facts as f
from dialogs.model.cards import LinkAddress
from dialogs.model.facts import Known


class PublicPage(Struct, frozen=True, kw_only=True, tag="page"):
    link: str = ""  # the id of the page's link; "" while the page is closed


PAGE = f.StateOf("page", "page")


def page_address(known: Known) -> LinkAddress | None:
    """Return where the page is; None where there is none. Needs `PAGE`."""
    state = known.state("page", "page", PublicPage)
    return LinkAddress("page", state.link) if state is not None and state.link else None
