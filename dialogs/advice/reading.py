"""Shows a set of the catalogue in pages, and shelves of sets to choose from."""

from __future__ import annotations

from content.model import Both, Item, Set, Source

from dialogs.model.cards import (
    Bullets,
    Button,
    Count,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Several,
    Small,
    buttons,
    card,
    text,
)
from dialogs.model.events import Look
from dialogs.model.facts import Known

SCREEN = 1500  # characters of one page, which needs little scrolling on a phone
SHELF = 8
LABEL = 75
ADDRESSED = ("team", "trio")  # kinds that say whom a question is for, instead of grouping items


def said(both: Both) -> Said:
    return Said(both.da, both.en)


def label(title: Both) -> Said:
    """Return a title for a button: only the part before a colon if it is too long."""
    da, en = (one if len(one) <= LABEL else one.partition(":")[0] for one in (title.da, title.en))
    return Said(da, en)


# --- a set --------------------------------------------------------------------------------


def reading(
    known: Known, id: str, start: int, project: str, exercise: tuple[Button[Line], ...] = ()
) -> NeutralCard:
    """Return one page of a set, starting with an item. `exercise`: the buttons of its exercise."""
    found = known.catalogue.sets.get(id)
    if found is None:
        return card(Paragraph(text("reading.gone")))
    start = start if 0 <= start < len(found.items) else 0
    end = _end(found, start)
    parts: list[Part[Line] | None] = [Heading(said(found.title))]
    if start == 0:
        parts.append(None if found.intro is None else Paragraph(said(found.intro)))
        parts += lists(found.lists())
    group = _group(known, found, found.items[start - 1]) if start else None
    for number, item in enumerate(found.items[start:end], start + 1):
        before, group = group, _group(known, found, item)
        if group is not None and group != before:
            parts.append(Paragraph(text("reading.group", name=group)))
        parts += _item(known, found, item, number)
    further = len(found.items) - end
    return card(
        *parts,
        buttons(
            Button(
                text("reading.further", n=Count(_end(found, end) - end)),
                Look("reading", project=project, ref=id, words=str(end)),
                "main",
            )
            if further
            else None,
            Button(text("reading.again"), Look("reading", project=project, ref=id))
            if start and not further
            else None,
            *exercise,
            Button(text("button.source"), Look("source", project=project, ref=id)),
        ),
    )


def _end(found: Set, start: int) -> int:
    """Return the index of the first item after the page."""
    size = _size(found.lists()) if start == 0 else 0
    for number, item in enumerate(found.items[start:], start):
        size += max(len(item.text.da), len(item.text.en)) + 40
        size += sum(max(len(note.da), len(note.en)) for note in item.more) + _size(item.parts)
        if size > SCREEN and number > start:
            return number
    return len(found.items)


def _size(parts: dict[str, tuple[Both, ...]]) -> int:
    return sum(max(len(one.da), len(one.en)) for some in parts.values() for one in some)


def _item(known: Known, found: Set, item: Item, number: int) -> list[Part[Line]]:
    lines: list[Line] = [text("reading.item", number=Count(number), line=line_of(item))]
    if item.minutes:
        lines.append(text("reading.minutes", n=Count(item.minutes)))
    if item.kind in ADDRESSED:
        lines.append(text("reading.aside", aside=text(f"kind.{item.kind}")))
    shown: list[Part[Line]] = [Paragraph(Several(tuple(lines)))]
    if item.more:
        shown.append(Bullets(tuple(said(note) for note in item.more)))
    return shown + lists(item.parts)


def line_of(item: Item) -> Line:
    """Return an item in one line, with its name in front if it has one."""
    if item.name is None:
        return said(item.text)
    ends = item.name.da.endswith((".", "?", ":"))
    key = "reading.asked" if ends else "reading.named"
    return text(key, name=said(item.name), text=said(item.text))


def lists(parts: dict[str, tuple[Both, ...]]) -> list[Part[Line]]:
    """Return the named lists of an item or a set, each below its name."""
    shown: list[Part[Line]] = []
    for name, texts in parts.items():
        shown.append(Paragraph(text("reading.part", name=text(f"part.{name}"))))
        shown.append(Bullets(tuple(said(one) for one in texts)))
    return shown


def _group(known: Known, found: Set, item: Item) -> Line | None:
    """Return the group that an item belongs to, if the items of the set are grouped."""
    if item.kind in ADDRESSED:
        return None
    if f"kind.{item.kind}" in known.catalogue.phrases:
        return text(f"kind.{item.kind}")
    for theme in known.catalogue.themes:
        if theme.id == item.kind:
            return said(theme.name)
    if found.id == "phase-questions":
        return said(known.catalogue.phase(item.phase[0]).name)
    return None


def sources(known: Known, found: Set) -> NeutralCard:
    """Return the places of a set in the publications, without duplicates."""
    places = tuple(dict.fromkeys(item.source for item in found.items))
    return card(
        Heading(said(found.title)),
        Bullets(tuple(source_line(known, place) for place in places)),
        Small(text("help.own_words")),
    )


def source_line(known: Known, source: Source) -> Line:
    title = said(known.catalogue.publication(source.publication).title)
    if source.page:
        page = Said(f"s. {source.page}", f"p. {source.page}")
        return text("help.source_page", title=title, section=said(source.section), page=page)
    return text("help.source", title=title, section=said(source.section))


# --- a shelf ------------------------------------------------------------------------------


def shelf(
    known: Known,
    ids: tuple[str, ...],
    project: str,
    *above: Part[Line] | None,
    further: Look | None = None,
    start: int = 0,
    below: tuple[Button[Line], ...] = (),
) -> NeutralCard:
    """Return buttons with the titles of sets to choose from."""
    there = tuple(id for id in ids if id in known.catalogue.sets)
    start = start if 0 <= start < len(there) else 0
    shown = there[start : start + SHELF] if further is not None else there
    left = len(there) - start - len(shown)
    return card(
        *above,
        buttons(*(read(known, id, project) for id in shown)),
        buttons(
            Button(text("reading.more_sets", n=Count(min(SHELF, left))), further)
            if left and further is not None
            else None,
            *below,
        ),
    )


def read(known: Known, id: str, project: str) -> Button[Line]:
    return Button(label(known.catalogue.set(id).title), Look("reading", project=project, ref=id))
