"""A person's own settings for all projects: hours, language, a pause."""

from __future__ import annotations

from datetime import date

from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.calendar import Calendar, Hours, local
from dialogs.model.cards import (
    Button,
    Card,
    Choice,
    DateField,
    Form,
    Line,
    Note,
    Option,
    card,
    text,
)
from dialogs.model.conversation import Conversation, Facts, Responses, Sight, Step, the_only
from dialogs.model.effects import FieldError, Keep, Open, SetMembers, Show, Tell
from dialogs.model.events import Look
from dialogs.model.facts import (
    ChannelProject,
    Known,
    MyProjects,
    Prefs,
    PrefsOf,
    Viewer,
    hours_for,
    on_break,
)

LAST_HOUR = 24


def needs(state: None, event: e.SignedEvent) -> Facts:
    match event:
        case e.PersonSettings(by=by):
            return _theirs(by)
        case e.MembersSeen(channel=channel):
            return (ChannelProject(channel),)
        case _:
            return ()


def _theirs(person: str) -> Facts:
    return (PrefsOf(person), MyProjects(person))


def decide(state: None, event: e.SignedEvent, known: Known) -> Step:
    match event:
        case e.PersonPaused(by=by, until=until, at=at):
            if until is not None and until <= local(Calendar(), at).date():
                return state, (FieldError("until", text("person.past_date")),)
            return state, (Keep(by, paused=True, paused_until=until), Show(_paused(until)))
        case e.PersonResumed(by=by):
            said = card(c.Paragraph(text("person.resumed")))
            return state, (Keep(by, paused=False), Show(said))
        case e.PersonSettings(by=by, start=start, end=end, language=language, soon=soon):
            if start == end:
                return state, (FieldError("end", text("person.same_hours")),)
            said = card(c.Paragraph(text("person.saved", start=c.Count(start), end=c.Count(end))))
            prefs, projects = known(PrefsOf(by)), known(MyProjects(by))
            same = prefs.hours is None and hours_for(prefs, projects) == (start, end)
            own = None if same else (start, end)
            return state, (Keep(by, hours=own, language=language, soon=soon), Show(said))
        case e.Greeted(by=by):
            return state, (Keep(by, greeted=True),)
        case e.MembersSeen(channel=channel, people=people, unknown=unknown):
            project = known(ChannelProject(channel))
            told = () if project is None else (Tell(e.PresenceChanged(project=project.id)),)
            return state, (SetMembers(channel, people, unknown), *told)
        case _:
            return state, ()


def _paused(until: date | None) -> Card[Line]:
    said = text("person.paused") if until is None else text("person.paused_until", day=c.Day(until))
    return card(
        c.Paragraph(said),
        c.buttons(Button(text("person.resume"), e.PersonResumed())),
    )


def _option(hour: int) -> Option[Line]:
    return Option(str(hour), text("person.hour", hour=c.Count(hour)))


# --- looks --------------------------------------------------------------------------------


def _me_needs(look: Look, viewer: Viewer) -> Facts:
    return _theirs(viewer.person)


def _me(look: Look, viewer: Viewer, known: Known) -> Responses:
    prefs = known(PrefsOf(viewer.person))
    hours = hours_for(prefs, known(MyProjects(viewer.person)))
    match look.ref:
        case "settings":
            return (Open(_settings_form(prefs, hours)),)
        case "pause":
            return (Open(_pause_form(prefs)),)
        case _:
            return (Show(_overview(prefs, hours, viewer)),)


def _overview(prefs: Prefs, hours: Hours, viewer: Viewer) -> Card[Line]:
    start, end = hours
    paused = on_break(prefs, local(Calendar(), viewer.at).date())
    language = prefs.language if prefs.language in ("da", "en") else "platform"
    pause: Line | None = None
    if paused:
        until = prefs.paused_until
        pause = (
            text("person.is_paused")
            if until is None
            else text("person.is_paused_until", day=c.Day(until))
        )
    return card(
        c.Heading(text("person.title")),
        c.Paragraph(text("person.hours", start=c.Count(start), end=c.Count(end))),
        c.Small(text("person.hours_common")) if prefs.hours is None else None,
        c.Paragraph(text(f"person.language_{language}")),
        None if pause is None else c.Paragraph(pause),
        c.Small(text("person.two_a_week")),
        c.Small(text("person.tells_soon" if prefs.soon else "person.tells_later")),
        c.buttons(
            Button(text("person.change"), Look("me", ref="settings")),
            Button(text("person.resume"), e.PersonResumed())
            if paused
            else Button(text("person.pause"), Look("me", ref="pause")),
        ),
    )


def _settings_form(prefs: Prefs, hours: Hours) -> Form[Line]:
    start, end = hours
    return Form(
        title=text("person.form_title"),
        fields=(
            Choice(
                "start",
                text("person.start"),
                tuple(_option(hour) for hour in range(LAST_HOUR)),
                value=str(start),
            ),
            Choice(
                "end",
                text("person.end"),
                tuple(_option(hour) for hour in range(1, LAST_HOUR + 1)),
                value=str(end),
                hint=text("person.night_hint"),
            ),
            Choice(
                "language",
                text("person.language"),
                (
                    Option("da", text("person.danish")),
                    Option("en", text("person.english")),
                ),
                value=prefs.language if prefs.language in ("da", "en") else "",
                hint=text("person.language_hint"),
                required=False,
            ),
            Choice(
                "soon",
                text("person.soon"),
                (
                    Option("true", text("person.soon_yes")),
                    Option("false", text("person.soon_no")),
                ),
                value="true" if prefs.soon else "false",
                hint=text("person.soon_hint"),
            ),
        ),
        submit=text("button.save"),
        into="person_settings",
    )


def _pause_form(prefs: Prefs) -> Form[Line]:
    return Form(
        title=text("person.pause_title"),
        fields=(
            Note(text("person.pause_note")),
            DateField("until", text("person.until"), prefs.paused_until),
        ),
        submit=text("person.pause"),
        into="person_paused",
    )


CONVERSATION = Conversation(
    name="person",
    state=type(None),  # no state: the settings are stored with the person's name
    events=the_only(
        "person", e.PersonPaused, e.PersonResumed, e.PersonSettings, e.Greeted, e.MembersSeen
    ),
    needs=needs,
    decide=decide,
    sights={"me": Sight(_me_needs, _me)},
)
