"""Help for a role and the project's state, information about Digi, and unknown commands."""

from __future__ import annotations

import msgspec

from dialogs.model.cards import (
    Bullets,
    Button,
    Buttons,
    Chat,
    Count,
    FactRows,
    Heading,
    Line,
    NeutralCard,
    Paragraph,
    Part,
    Several,
    Small,
    Typed,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.commands import COMMANDS
from dialogs.model.conversation import Conversation, Facts, Responses, Sight, opens
from dialogs.model.effects import Show
from dialogs.model.events import Look, Press
from dialogs.model.facts import About, Known, MyProjects, Operator, Project, Viewer

OF_MINE = 8

# --- help ---------------------------------------------------------------------------------


def _needs_help(look: Look, viewer: Viewer) -> Facts:
    return (About(), MyProjects(viewer.person))


def _help(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show what the person can do now, in this role, in this project."""
    project = known(About())
    if project is None:
        return (Show(_help_without(look, viewer, known)),)
    if viewer.roles == {"reader"}:
        return (Show(_help_reader(look, project)),)
    commands = _commands(project, viewer)
    # Commands for unsigned texts are not offered for typing where others in the channel could see
    # them.
    shown = [one for one in commands if viewer.private or one not in ("say", "code")]
    rows = tuple((Typed(one), text(f"command.{one}")) for one in (*shown, "about"))
    hidden = "code" in commands and "code" not in shown
    p = project.id
    return (
        Show(
            card(
                *_first(look, say=project.stage in ("running", "paused", "not_now")),
                Heading(text("help.title")),
                Paragraph(text(f"help.stage_{project.stage}", name=Words(project.name))),
                FactRows(rows),
                buttons(
                    *_main_buttons(project),
                    Button(text("button.code"), Look("code", project=p)) if hidden else None,
                    _own(p),
                    _to_all(p),
                ),
                Small(text("help.not_needed")),
            )
        ),
    )


def _commands(project: Project, viewer: Viewer) -> list[str]:
    """Return the commands that make sense now for this person, by their English names."""
    leads = viewer.may("leader", "deputy", "starter")
    match project.stage:
        case "draft":
            return ["start", "roles"]
        case "running":
            found = ["status", "questions", "say", "code", "agreements", "advice", "lessons"]
            if viewer.may("leader", "deputy", "starter", "facilitator"):
                found += ["next", "theme", "meeting", "sheet", "plan"]
            if leads:
                found += ["phase", "digest", "settings"]
            if viewer.may("leader", "deputy", "representative"):
                found.append("trio")
            return found
        case "paused" | "not_now":
            return ["status", "say", "code", *(["resume"] if leads else [])]
        case _:
            return ["status", "agreements", "code", "start"]


def _help_reader(look: Look, project: Project) -> NeutralCard:
    """Show help to a reader for the committee."""
    see: Button[Line] = Button(text("report.open"), Look("report", project=project.id), "main")
    rows = tuple((Typed(one), text(f"command.{one}")) for one in ("report", "about"))
    return card(
        *_first(look),
        Heading(text("help.title")),
        Paragraph(text("project.is_reader", name=Words(project.name))),
        FactRows(rows),
        buttons(see, _own(project.id)),
    )


def _main_buttons(project: Project) -> tuple[Button[Line], ...]:
    p = project.id
    say = Button[Line](text("button.say"), Look("say", project=p), "main")
    match project.stage:
        case "draft":
            return (Button(text("help.draft"), Look("draft", project=p), "main"),)
        case "running":
            return (say, Button(text("button.where_are_we"), Look("status", project=p)))
        case "paused" | "not_now":
            return (say,)
        case _:
            return ()


def _first(look: Look, *, say: bool = False) -> tuple[Part[Line], ...]:
    """Answer text that is no command: say what happened to it."""
    match look.ref:
        case "words" if say:
            return (Paragraph(Several((text("help.not_kept"), text("help.say_there")))),)
        case "words":
            return (Paragraph(text("help.not_kept")),)
        case "unknown":
            return (Paragraph(text("help.unknown")),)
        case _:
            return ()


def _own(project: str = "") -> Button[Line]:
    return Button(text("help.own"), Look("me", project=project))


def _to_all(project: str = "") -> Button[Line]:
    return Button(text("help.all"), Look("help_all", project=project))


def _all(look: Look, viewer: Viewer, known: Known) -> Responses:
    """List every command, including those of no use at the moment."""
    rows = tuple(
        (Typed(command.name), text(f"command.{command.name}"))
        for command in COMMANDS
        if viewer.private or not command.private
    )
    return (Show(card(Heading(text("help.all")), FactRows(rows))),)


def _help_without(look: Look, viewer: Viewer, known: Known) -> NeutralCard:
    """Show help without a single project: in a channel without one, or in a private chat with any
    number."""
    mine = known(MyProjects(viewer.person))
    if viewer.private:
        commands = ("status", "say", "code", "about") if mine else ("code", "about")
    else:
        commands = ("start", "about")
    here: Line = text("help.no_project_here")
    if viewer.private:
        here = text("help.several", n=Count(len(mine))) if mine else text("help.in_none")
    return card(
        *_first(look),
        Heading(text("help.title")),
        Paragraph(text("help.who_i_am")),
        Paragraph(here),
        buttons(
            *(
                Button[Line](Words(project.name), Look("help", project=project.id))
                for project in mine[:OF_MINE]
            )
        ),
        FactRows(tuple((Typed(name), text(f"command.{name}")) for name in commands)),
        buttons(
            None if viewer.private else Button(text("help.begin"), Look("start"), "main"),
            Button(text("button.code"), Look("code")),
            _own(),
            _to_all(),
        ),
        Small(text("help.not_needed")),
    )


# --- words that are no command ------------------------------------------------------------


def _nothing(look: Look, viewer: Viewer) -> Facts:
    return ()


def _unknown(look: Look, viewer: Viewer, known: Known) -> Responses:
    if look.words and look.ref:
        line = text("help.misspelt", word=Words(look.words), nearest=Words(look.ref))
    else:
        line = text("help.misspelt_quiet", nearest=Words(look.ref))
    return (Show(card(Paragraph(line), Small(text("help.try_help", help=Typed("help"))))),)


def _no_project(look: Look, viewer: Viewer, known: Known) -> Responses:
    if viewer.private:
        return (Show(card(Paragraph(text("help.in_none")))),)
    return (
        Show(
            card(
                Paragraph(text("help.no_project")),
                buttons(Button(text("help.begin"), Look("start"), "main")),
            )
        ),
    )


def _needs_mine(look: Look, viewer: Viewer) -> Facts:
    return (MyProjects(viewer.person),)


_press = msgspec.json.Decoder(Press)


def _which_project(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Ask which project is meant, with a button for the same act in each."""
    press = _press.decode(look.words)
    found = tuple(
        Button[Line](Words(project.name), msgspec.structs.replace(press, project=project.id))
        for project in known(MyProjects(viewer.person))[:8]
    )
    return (Show(card(Paragraph(text("help.which_project")), Buttons(found))),)


def _private_words(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Answer text after a private command, typed under the author's name: it was neither stored nor
    repeated."""
    project = known(About())
    p = project.id if project else ""
    target = Look("code") if look.ref == "code" else Look("say", project=p)
    label = "button.code" if look.ref == "code" else "button.say"
    return (
        Show(
            card(
                Paragraph(text("help.private_words")),
                buttons(Button(text(label), target, "main")),
                Small(text("help.try_help", help=Typed("help"))),
            )
        ),
    )


def _needs_about(look: Look, viewer: Viewer) -> Facts:
    return (About(),)


# --- what Digi is -------------------------------------------------------------------------


def _about(look: Look, viewer: Viewer, known: Known) -> Responses:
    project = known(About())
    p = project.id if project else ""
    return (
        Show(
            card(
                Heading(text("about.title")),
                Paragraph(text("about.what")),
                Paragraph(text("about.not")),
                FactRows(_about_rows(project, known)),
                buttons(Button(text("button.read_more"), Look("about_all", project=p))),
            )
        ),
    )


def _about_rows(project: Project | None, known: Known) -> tuple[tuple[Line, Line], ...]:
    """Return the GDPR information: controller, purpose, legal basis, categories, recipients,
    retention; a missing entry is named as missing."""
    operator = known.operator

    def given(value: str) -> Line:
        return Words(value) if value else text("about.not_given")

    rows: list[tuple[Line, Line]] = [
        (text("about.controller"), given(operator.controller)),
        (text("about.contact"), given(operator.contact)),
        (text("about.purpose"), text("about.purpose_is")),
        (text("about.basis"), given(operator.legal_basis)),
        (text("about.categories"), text("about.categories_are")),
        (text("about.recipients"), text("about.recipients_are")),
    ]
    days = project.retention_days if project else 90
    kept = text("about.retention_is", n=Count(days), delete=Typed("delete"))
    rows += [
        (text("about.retention"), kept),
        (text("about.seen"), text("about.seen_is", chat=Chat())),
        (text("about.is_not"), text("about.is_not_is")),
        (text("about.whistleblower"), _elsewhere(operator)),
    ]
    return tuple(rows)


def _elsewhere(operator: Operator) -> Line:
    if operator.whistleblower:
        return text("about.whistleblower_is", where=Words(operator.whistleblower))
    return text("about.whistleblower_missing")


def _about_all(look: Look, viewer: Viewer, known: Known) -> Responses:
    """Show all information that is summarised above an unsigned form."""
    points = [text(f"about.unnamed_{n}", chat=Chat()) for n in range(1, 8)]
    if known.operator.database_keeps_times:
        points.insert(4, text("about.unnamed_times"))
    return (
        Show(
            card(
                Heading(text("about.unnamed_title")),
                Paragraph(text("about.unnamed_kept")),
                Bullets(tuple(points)),
                Paragraph(text("about.unnamed_not")),
                Small(_elsewhere(known.operator)),
                buttons(Button(text("about.title"), Look("about", project=look.project))),
            )
        ),
    )


CONVERSATION = Conversation(
    name="help",
    sights={
        "help": Sight(_needs_help, _help),
        "help_all": Sight(_nothing, _all),
        "unknown": Sight(_nothing, _unknown),
        "no_project": Sight(_nothing, _no_project),
        "which_project": Sight(_needs_mine, _which_project),
        "private_words": Sight(_needs_about, _private_words),
        "about": Sight(_needs_about, _about),
        "about_all": Sight(_nothing, _about_all),
    },
    commands={
        "help": opens("help"),
        "about": opens("about"),
    },
)
