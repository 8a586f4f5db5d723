"""*Udskriv kort*: cards to deal, one for each person and the whole run, and the sheets of them.

Who deals cards may keep some and use them. So the leader and the deputies deal none, what is sent
with cards is counted apart from what is sent in the chat (short_rounds.py), and a new set withdraws
the old one. While a round is open there can be no second set: whoever got two cards would be
counted twice in it.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.exercise.cards import may_lead
from dialogs.exercise.forms import not_leading
from dialogs.exercise.parts import CardSet
from dialogs.exercise.progress import marks_of
from dialogs.exercise.rounds import room_for
from dialogs.exercise.states import ExerciseRun, is_over, open_round, run_of, title_of
from dialogs.model import events as e
from dialogs.model.boards_to_print import cards_to_print
from dialogs.model.cards import (
    Button,
    Count,
    Form,
    Heading,
    Line,
    Note,
    Paragraph,
    Small,
    TextField,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import LookResults, Responses, Step
from dialogs.model.effects import (
    CloseRound,
    Effects,
    FieldError,
    Hand,
    MakeLink,
    Open,
    Show,
    WithdrawLink,
)
from dialogs.model.events import FileWanted, Look
from dialogs.model.facts import Known, Viewer

MOST_CARDS = 120


def deal(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Udskriv kort*: the form, or what can be done with the cards there are."""
    run = run_of(known, look.ref)
    no = _refused(run, viewer, known)
    if run is None or no:
        return no
    if not run.cards.count:
        return _form(run, known)
    new = Look("new_cards", project=known.project.id, ref=run.id)
    return (
        Show(
            card(
                Heading(text("exercise.cards_heading", title=title_of(run))),
                Paragraph(text("exercise.cards_there", n=Count(run.cards.count))),
                Small(text("exercise.cards_how")),
                buttons(_fetch(run, known), Button(text("exercise.cards_new"), new)),
            )
        ),
    )


def deal_anew(look: Look, viewer: Viewer, known: Known) -> Responses:
    """*Lav nye kort*."""
    run = run_of(known, look.ref)
    no = _refused(run, viewer, known)
    if run is None or no:
        return no
    if run.cards.count and open_round(run) is not None:
        return (Show(card(Paragraph(text("exercise.cards_wait")))),)
    return _form(run, known)


def _refused(run: ExerciseRun | None, viewer: Viewer, known: Known) -> Responses:
    if run is None or not may_lead(run, viewer):
        return not_leading(run)
    if is_over(run):
        return _said(text("exercise.is_over", title=title_of(run)))
    if run.on_paper:
        return _said(text("exercise.on_paper"))
    if not viewer.may("facilitator", "representative"):
        return _said(text("exercise.who_deals"))
    if not known.operator.has_address:
        return _said(text("exercise.cards_need_address"))
    return ()


def _said(line: Line) -> Responses:
    return (Show(card(Paragraph(line))),)


def _form(run: ExerciseRun, known: Known) -> Responses:
    fields = (
        Note[Line](text("exercise.cards_what")),
        Note[Line](text("exercise.cards_old")) if run.cards.count else None,
        TextField[Line](
            "count",
            text("exercise.field_cards"),
            hint=text("exercise.field_cards_hint", n=Count(MOST_CARDS)),
            limit=5,
        ),
    )
    there = tuple(field for field in fields if field is not None)
    fixed = {"run": run.id, "project": known.project.id, "instead_of": run.cards.id}
    make = text("exercise.cards_make")
    return (Open(Form(text("exercise.print_cards"), there, make, "cards_dealt", fixed)),)


def _fetch(run: ExerciseRun, known: Known) -> Button[Line]:
    wanted = FileWanted(project=known.project.id, view="cards_file", ref=run.id)
    return Button(text("exercise.cards_fetch"), wanted, "main")


def dealt(run: ExerciseRun, event: e.CardsDealt, known: Known) -> Step:
    """Make a new set of cards; the old one is dead from now on."""
    if is_over(run):
        return run, (FieldError("", text("exercise.is_over_short")),)
    if event.by not in known.holders("facilitator", "tr", "amr"):
        return run, (FieldError("", text("exercise.who_deals")),)
    if event.instead_of != run.cards.id:
        return run, (FieldError("", text("exercise.cards_made_meanwhile")),)
    count = int(event.count) if event.count.isascii() and event.count.isdigit() else 0
    if not 1 <= count <= MOST_CARDS:
        return run, (FieldError("count", text("exercise.cards_number", n=Count(MOST_CARDS))),)
    found = open_round(run)
    if run.cards.count and found is not None:
        return run, (FieldError("", text("exercise.cards_wait")),)
    after, gone = withdrawn(run)
    after = replace(after, cards=CardSet(event.id, count))
    look = Look("exercise_card", project=event.project, ref=run.id)
    made: Effects = tuple(MakeLink("card", id, look=look) for id in after.cards.links)
    room = room_for(after, found, known) if found is not None else ()
    shown = card(
        Paragraph(text("exercise.cards_made", n=Count(count))),
        Small(text("exercise.cards_how")),
        buttons(_fetch(after, known)),
    )
    return after, (*gone, *made, *room, Show(shown))


def withdrawn(run: ExerciseRun) -> tuple[ExerciseRun, Effects]:
    """Take the cards out of use. Short rounds before and after share no marks any more: with an old
    and a new card, one person would count twice."""
    if not run.cards.count:
        return run, ()
    ended: Effects = tuple(WithdrawLink("card", id) for id in run.cards.links)
    after = replace(run, cards=CardSet(), shown_rounds=run.shown_rounds + 1)
    return after, (*ended, CloseRound(marks_of(run)))


def cards_file(look: Look, viewer: Viewer, known: Known) -> LookResults:
    """Hand over the cards that are in use now."""
    run = run_of(known, look.ref)
    no = _refused(run, viewer, known)
    if run is None or no:
        return no
    if not run.cards.count:
        return _said(text("exercise.cards_none"))
    printed = cards_to_print(title=title_of(run), project=known.project.name, cards=run.cards.links)
    return (Hand(printed),)
