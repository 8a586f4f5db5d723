"""The page for those without a chat: who opens it, gives it a new address, and closes it."""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.model import events as e
from dialogs.model.cards import (
    Button,
    Heading,
    Line,
    LinkAddress,
    NeutralCard,
    Paragraph,
    Small,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    LookResults,
    Responses,
    Sight,
    Step,
    opens,
    the_only,
)
from dialogs.model.effects import Hand, MakeLink, Redraw, Show, WithdrawLink
from dialogs.model.events import Look, SignedEvent
from dialogs.model.facts import About, Known, Viewer
from dialogs.model.posters import poster
from dialogs.page.states import PAGE, PublicPage, page_address
from dialogs.page.visit import visit, visit_needs


def _needs(state: PublicPage | None, event: SignedEvent) -> Facts:
    return (About(),)


def _decide(state: PublicPage | None, event: SignedEvent, known: Known) -> Step:
    before = state or PublicPage()
    match event:
        case e.PageOpened(instead_of=link) | e.PageClosed(link=link) if link != before.link:
            # A button of an earlier time must not end the link on the posters of today.
            return state, (Show(_card(known, before, _said(before)), instead=True),)
        case e.PageOpened(id=id):
            if not known.project.open:
                return state, (Show(card(Paragraph(text("page.ended")))),)
            said = "page.renewed" if before.link else "page.opened"
            after = replace(before, link=id)
            shown = _card(known, after, said)
            return after, (
                *_ended(before),
                MakeLink("page", id),
                _redrawn(),
                Show(shown, instead=True),
            )
        case e.PageClosed():
            shown = card(Paragraph(text("page.closed_now")))
            return replace(before, link=""), (
                *_ended(before),
                _redrawn(),
                Show(shown, instead=True),
            )
        case _:
            return state, ()


def _said(state: PublicPage) -> str:
    return "page.opened" if state.link else "page.for_whom"


def _ended(state: PublicPage) -> tuple[WithdrawLink, ...]:
    return (WithdrawLink("page", state.link),) if state.link else ()


def _redrawn() -> Redraw:
    """The welcome in the channel says where the page is."""
    return Redraw("welcome", dialog="project", of="project")


def _card(known: Known, state: PublicPage, said: str) -> NeutralCard:
    project = known.project.id
    opening = e.PageOpened(project=project, instead_of=state.link)
    if not state.link:
        ways: tuple[Button[Line], ...] = (Button(text("page.open_it"), opening, "main"),)
    else:
        wanted = e.FileWanted(project=project, view="poster_file")
        show_poster: Button[Line] = Button(text("page.poster"), wanted, "main")
        renew: Button[Line] = Button(
            text("page.new_link"), opening, confirm=text("page.new_link_sure")
        )
        close: Button[Line] = Button(
            text("page.close"),
            e.PageClosed(project=project, link=state.link),
            "danger",
            confirm=text("page.close_sure"),
        )
        ways = (show_poster, renew, close) if known.project.open else (close,)
    address = LinkAddress("page", state.link) if state.link else None
    return card(
        Heading(text("page.heading")),
        Paragraph(text(said)),
        None if address is None else Paragraph(text("page.is_at", address=address)),
        Small(text("page.who_holds")),
        buttons(*ways),
    )


def _look_needs(look: Look, viewer: Viewer) -> Facts:
    return (About(), PAGE)


def _look(look: Look, viewer: Viewer, known: Known) -> Responses:
    if not known.operator.has_address:
        return (
            Show(card(Paragraph(text("page.for_whom")), Paragraph(text("page.needs_address")))),
        )
    state = known.state("page", "page", PublicPage) or PublicPage()
    return (Show(_card(known, state, _said(state))),)


def _poster_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the poster with the code of the page as it is now."""
    address = page_address(known)
    if address is None or not known.project.open:
        return (Show(card(Paragraph(text("page.closed_now")))),)
    return (Hand(poster(known.project.name, address)),)


CONVERSATION = Conversation(
    name="page",
    state=PublicPage,
    events=the_only("page", e.PageOpened, e.PageClosed),
    needs=_needs,
    decide=_decide,
    sights={
        "page": Sight(visit_needs, visit),
        "qr": Sight(_look_needs, _look),
        "poster_file": Sight(_look_needs, _poster_file),
    },
    commands={"qr": opens("qr")},
)
