"""Shows advice, examples, checklists and sources: one item at a time, or a whole set to read.

A project remembers the items it was shown, in messages and on request: unseen items come first,
then those seen longest ago.
"""

from __future__ import annotations

from msgspec.structs import replace

from dialogs.advice import shelves
from dialogs.advice.reading import (
    SHELF,
    label,
    line_of,
    lists,
    read,
    reading,
    said,
    shelf,
    source_line,
    sources,
)
from dialogs.advice.states import (
    KINDS,
    LEADER_NOTES,
    Advice,
    _first,
    advice_shelf,
    exercise_buttons,
    fitting,
    item_of,
    next_of,
    trio_notes,
)
from dialogs.concern.states import HELPERS
from dialogs.keepsake.states import lessons_here, lessons_needs
from dialogs.model import events as e
from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Quote,
    Said,
    Small,
    buttons,
    card,
    text,
)
from dialogs.model.conversation import (
    Conversation,
    Facts,
    Responses,
    Sight,
    Step,
    nothing,
    opens,
    the_only,
)
from dialogs.model.effects import Show
from dialogs.model.events import Look, Person, SignedEvent
from dialogs.model.facts import About, Known, Project, Viewer
from dialogs.walk.states import Planned, spoken

OPEN_LIST = 10
RULE_WORDS = ("duties", "involvement-levels")  # the sets that explain words of laws and agreements


# --- what fits ----------------------------------------------------------------------------


def met(state: Advice, *ids: str) -> Advice:
    return replace(state, seen=(*(id for id in state.seen if id not in ids), *dict.fromkeys(ids)))


def for_one(known: Known, kind: str, *, leads: bool) -> tuple[str, ...]:
    project = known.project
    if kind == "example":
        return fitting(known.catalogue, shelves.examples(project.workplace), project.phase)
    names = advice_shelf(project.workplace, leads=leads)
    return fitting(known.catalogue, names, project.phase, first=_first(known))


# --- a note to a leader or to the trio ----------------------------------------------------


# --- turns --------------------------------------------------------------------------------


def needs(state: Advice | None, event: SignedEvent) -> Facts:
    return (About(), *HELPERS) if isinstance(event, e.AdviceAsked) else ()


def decide(state: Advice | None, event: SignedEvent, known: Known) -> Step:
    state = state or Advice()
    match event:
        case e.AdviceAsked(kind=kind):
            leads = _leads(known, event.by)
            id = next_of(for_one(known, kind, leads=leads), state.seen)
            if id is None:
                return state, (Show(card(Paragraph(text("advice.none")))),)
            role = leads or event.by in known.holders("tr", "amr")
            return met(state, id), (Show(_one(known, kind, id, known.project, role=role)),)
        case e.AdviceGiven(ids=ids):
            return met(state, *ids), ()
        case _:
            raise AssertionError(event)


def _leads(known: Known, person: Person) -> bool:
    leaders = known.holders("leader", "deputy")
    return person in leaders or (not leaders and person == known.project.starter)


def _one(
    known: Known, kind: str, id: str, project: Project | None, *, role: bool = False, n: int = 0
) -> NeutralCard:
    """Return one item with its details, and a button to the next."""
    name = id.partition("/")[0]
    item = item_of(known.catalogue, id)
    p = project.id if project else ""
    more = Button[Line](
        text("help.more_advice" if kind == "advice" else "help.more_examples"),
        e.AdviceAsked(project=p, kind="advice" if kind == "advice" else "example")
        if project
        else Look("advice" if kind == "advice" else "example", ref=str(n + 1)),
        "main",
    )
    parts: list[Part[Line] | None] = [
        Heading(said(item.name) if item.name else text(f"advice.{KINDS.get(name, 'advice')}")),
        Paragraph(said(item.text)),
    ]
    if item.more:
        parts.append(Bullets(tuple(said(line) for line in item.more)))
    return card(
        *parts,
        *lists(item.parts),
        Small(source_line(known, item.source)),
        buttons(more, Button(text("advice.whole_set"), Look("reading", project=p, ref=name))),
        buttons(
            Button(text("advice.checklist"), Look("checklist", project=p)) if project else None,
            Button(text("advice.for_role"), Look("notes", project=p)) if role else None,
            Button(text("advice.lessons"), Look("lessons", project=p)),
        ),
    )


# --- looks --------------------------------------------------------------------------------


def _about(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


def _n(words: str) -> int:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 9 else -1


def _turning(look: Look, viewer: Viewer, known: Known, names: tuple[str, ...]) -> Responses:
    """Without a project nothing is remembered, so the first item depends on the day."""
    project = known(About())
    found = fitting(known.catalogue, names, project.phase if project else 1)
    n = _n(look.ref)
    n = n if n >= 0 else viewer.at.date().toordinal()
    return (Show(_one(known, look.view, found[n % len(found)], project, n=n)),)


def _workplace(known: Known) -> str:
    project = known(About())
    return project.workplace if project else ""


def _advice(look: Look, viewer: Viewer, known: Known) -> Responses:
    return _turning(look, viewer, known, advice_shelf(_workplace(known)))


def _example(look: Look, viewer: Viewer, known: Known) -> Responses:
    return _turning(look, viewer, known, shelves.examples(_workplace(known)))


def _reading(look: Look, viewer: Viewer, known: Known) -> Responses:
    exercise = exercise_buttons(look.ref, viewer, known)
    return (Show(reading(known, look.ref, _n(look.words), look.project, exercise)),)


def _lessons(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the lessons of other projects here, and what the publications tell of others."""
    p = look.project
    press = e.AdviceAsked(project=p, kind="example") if p else Look("example")
    return (
        Show(
            shelf(
                known,
                shelves.LESSONS,
                p,
                *lessons_here(known, viewer),
                Heading(text("advice.lessons")),
                Paragraph(text("advice.lessons_intro")),
                below=(Button(text("help.example"), press),),
            )
        ),
    )


def _checklist(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the checklist of a phase: the first set open, the others behind buttons with their
    titles."""
    project = known.project
    phase = _n(look.ref) if any(look.ref == str(p.number) for p in known.catalogue.phases) else 0
    phase = phase or project.phase
    first, *rest = shelves.checklist(phase, project.workplace)
    start = max(_n(look.words), 0)
    name = known.catalogue.phase(phase).name
    return (
        Show(
            shelf(
                known,
                tuple(rest),
                project.id,
                Heading(text("advice.checklist_for", number=Count(phase), name=said(name))),
                *(() if start else _opened(known, first, project)),
                Paragraph(text("advice.also")),
                further=Look(
                    "checklist", project=project.id, ref=str(phase), words=str(start + SHELF)
                ),
                start=start,
            )
        ),
    )


def _opened(known: Known, name: str, project: Project) -> tuple[Part[Line] | None, ...]:
    """Return the open set of a checklist; if it is long, the rest is behind a button."""
    found = known.catalogue.set(name)
    whole = len(found.items) <= OPEN_LIST and not any(i.more or i.parts for i in found.items)
    return (
        Small(text("advice.checklist_intro")),
        Paragraph(text("reading.part", name=said(found.title))),
        Bullets(tuple(line_of(item) for item in found.items[:OPEN_LIST])),
        buttons(
            None
            if whole
            else Button(text("button.read_more"), Look("reading", project=project.id, ref=name)),
            Button(text("button.source"), Look("source", project=project.id, ref=name)),
        ),
    )


def _notes(look: Look, viewer: Viewer, known: Known) -> Responses:
    """List what is worth reading for leaders or for elected representatives."""
    project = known.project
    leads = viewer.may("leader", "deputy")
    names = LEADER_NOTES if leads else trio_notes(project.workplace)
    heading = text("advice.for_leader" if leads else "advice.for_elected")
    return (Show(shelf(known, names, project.id, Heading(heading))),)


def _source(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show the source of a question, of a set, or of everything; below a publication are its
    sets."""
    catalogue = known.catalogue
    question = spoken(Planned(look.ref, 0), catalogue)
    if question is not None and question.source is not None:
        return (
            Show(
                card(
                    Quote(said(question.text)),
                    Paragraph(source_line(known, question.source)),
                    Small(text("help.own_words")),
                )
            ),
        )
    if look.ref in catalogue.sets:
        return (Show(sources(known, catalogue.set(look.ref))),)
    if look.ref in catalogue.publications:
        return (Show(_publication(look, known)),)
    rows = tuple(
        text("help.publication", title=said(one.title), publisher=said(one.publisher))
        for one in catalogue.publications.values()
    )
    own = text("help.own_question") if look.ref else text("help.sources")
    return (
        Show(
            card(
                Paragraph(own),
                Bullets(rows),
                Small(text("help.own_words")),
                buttons(
                    *(
                        Button[Line](
                            label(one.title), Look("source", project=look.project, ref=one.key)
                        )
                        for one in catalogue.publications.values()
                    )
                ),
                Paragraph(text("help.rule_words")),
                buttons(*(read(known, id, look.project) for id in RULE_WORDS)),
            )
        ),
    )


def _publication(look: Look, known: Known) -> NeutralCard:
    """List the sets from a publication, a few at a time."""
    found = known.catalogue.publication(look.ref)
    address = Said(found.address, found.address)
    start = max(_n(look.words), 0)
    names = tuple(
        one.id
        for one in known.catalogue.sets.values()
        if any(item.source.publication == look.ref for item in one.items)
    )
    return shelf(
        known,
        names,
        look.project,
        Heading(said(found.title)),
        Small(said(found.publisher)),
        None if not found.address else Small(text("help.read_at", address=address)),
        Paragraph(text("advice.from_here", n=Count(len(names)))),
        further=replace(look, words=str(start + SHELF)),
        start=start,
    )


CONVERSATION = Conversation(
    name="advice",
    state=Advice,
    events=the_only("advice", e.AdviceAsked, e.AdviceGiven),
    needs=needs,
    decide=decide,
    sights={
        "advice": Sight(_about, _advice),
        "example": Sight(_about, _example),
        "lessons": Sight(lessons_needs, _lessons),
        "source": Sight(nothing, _source),
        "reading": Sight(_about, _reading),
        "checklist": Sight(_about, _checklist),
        "notes": Sight(_about, _notes),
    },
    commands={
        "advice": lambda typed: e.AdviceAsked(kind="advice"),
        "example": lambda typed: e.AdviceAsked(kind="example"),
        "lessons": opens("lessons"),
        "source": opens("source"),
    },
)
