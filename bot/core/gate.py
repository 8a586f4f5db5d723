"""The gate: who may do what, before anything is done.

It reads what reached an edge, loads the sender's roles from our own store, checks the one table
of event types and roles, keeps the limits, stamps signed events and drops the sender of unsigned
ones. What passes knows no platform.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from bot.clock import Clock
from bot.core.tokens import EVENTS, BadToken, FieldRule, FormToken, NotTheirs, read_form, read_press
from bot.normalize import clean
from bot.platforms.common.ports import (
    AtHome,
    Delivery,
    InChat,
    Members,
    Pressed,
    Sender,
    Submitted,
    ToAgree,
    TypedText,
)
from dialogs.agreement.decide import begun
from dialogs.model import events as e
from dialogs.model.cards import Line, Listing, Paragraph, Typed, Who, Words, card, text
from dialogs.model.commands import parse
from dialogs.model.effects import FieldError, Moment, Show
from dialogs.model.events import Event, Look, Press, Signed, Unsigned
from dialogs.model.facts import Prefs, Project, Role, Viewer
from dialogs.model.roles import held as roles_held
from dialogs.registry import pressed_by_words
from storage.database import Database
from storage.sql import Script
from storage.transactions.rows import may_see, prefs_of
from storage.transactions.store import Scripts
from storage.vault import Vault

ACTS_A_MINUTE = 60
CODES_AN_HOUR = 30
LONGEST = 3000
YEARS = range(2000, 2101)
_ID = re.compile(r"[\w.:@|+-]{1,128}", re.ASCII)

# What each of these roles is, dialogs/model/roles.py says.
ALL = frozenset({"member", "starter", "leader", "deputy", "representative", "facilitator"})
LEADS = frozenset({"leader", "deputy", "starter"})
RUNS = LEADS | {"facilitator"}
AGREES = RUNS | {"representative"}
TRIO = frozenset({"leader", "deputy", "representative"})
ANYONE = frozenset({"anyone"})
WRITERS = frozenset({"writer"})
"""Those who may write without a name."""
OURSELVES: frozenset[str] = frozenset()

# The access table. `anyone` needs no project; `OURSELVES` is never let in from outside.
MAY: Mapping[type[Signed] | type[Unsigned], frozenset[str]] = {
    e.Started: ANYONE,
    e.Drafted: ANYONE,
    e.DraftDetailed: ANYONE,
    e.ShownInChannel: LEADS | {"representative"},
    e.DraftDropped: LEADS,
    e.FrameSet: LEADS,
    e.SettingsChanged: RUNS,
    e.RolesChanged: LEADS,
    e.RoleConfirmed: ANYONE,
    e.RoleDeclined: ANYONE,
    e.Paused: LEADS,
    e.NotNow: LEADS,
    e.StoppedHere: LEADS,
    e.Resumed: LEADS,
    e.Ended: LEADS,
    e.Helped: RUNS,
    e.Deleted: ALL,
    e.SaidDeleted: OURSELVES,
    e.PointsDeleted: OURSELVES,
    e.Begun: OURSELVES,
    e.Halted: OURSELVES,
    e.PhaseEntered: OURSELVES,
    e.PhaseClosed: OURSELVES,
    e.NextNow: RUNS,
    e.PlanMoved: RUNS,
    e.PlanSkipped: RUNS,
    e.PlanTaken: RUNS,
    e.PlanAdded: RUNS,
    e.ThemePosted: RUNS,
    e.PhaseMoved: LEADS,
    e.StillStands: RUNS,
    e.Ask: OURSELVES,
    e.Answered: ALL,
    e.AnsweredUnnamed: WRITERS,
    e.TrioProposed: TRIO,
    e.ClosedForAnswers: RUNS,
    e.SummedUp: RUNS,
    e.Fits: WRITERS,
    e.Missing: WRITERS,
    e.TakenUpAgain: RUNS,
    e.LaidAside: OURSELVES,
    e.Superseded: OURSELVES,
    e.SaidUnnamed: WRITERS,
    e.SaidByName: ALL,
    e.AuthorWrote: WRITERS,
    e.AuthorObjected: WRITERS,
    e.AuthorWithdrew: WRITERS,
    e.Released: OURSELVES,
    e.AuthorAdded: OURSELVES,
    e.ConcernSeen: ALL,
    e.ConcernAnswered: ALL,
    e.HowItWent: ALL,
    e.ConcernClosed: ALL,
    e.TakenToTrio: frozenset({"representative"}),
    e.Offered: OURSELVES,
    e.AgreementMade: AGREES,
    e.AgreementTaken: ALL,
    e.AgreementDeclined: ALL,
    e.AgreementDone: ALL,
    e.AgreementNotDone: ALL,
    e.AgreementNewDate: ALL,
    e.NewsGiven: LEADS,
    e.TrioPointRaised: TRIO,
    e.AdviceAsked: ALL,
    e.AdviceGiven: OURSELVES,
    e.PersonPaused: ANYONE,
    e.PersonResumed: ANYONE,
    e.PersonSettings: ANYONE,
    e.Greeted: ANYONE,
    e.MembersSeen: OURSELVES,
    e.Undelivered: OURSELVES,
    e.Unreached: OURSELVES,
    e.Woke: OURSELVES,
}

# Looks that not everybody may take; a project is needed for all but LOOKS_ANYWHERE.
MAY_LOOK: Mapping[str, frozenset[str]] = {
    "settings": RUNS,
    "change_roles": LEADS,
    "frame": LEADS,
    "pause": LEADS,
    "not_now": LEADS,
    "stop": LEADS,
    "end": LEADS,
    "helped": RUNS,
    "add_question": RUNS,
    "phase": ALL,
    "sum_up": RUNS,
    "talked": RUNS,
    "answer_unnamed": WRITERS,
    "missing": WRITERS,
    "trio_proposal": TRIO,
    "say_unnamed": WRITERS,
    "write_more": WRITERS,
    "object": WRITERS,
    "withdraw": WRITERS,
    "new_agreement": AGREES,
    "overview": RUNS,
    "summary": TRIO,
    "news": LEADS,
    "trio": TRIO,
    "trio_point": TRIO,
    "notes": TRIO,
}
LOOKS_ANYWHERE = frozenset(
    {"home", "chat", "help", "help_all", "unknown", "start", "about", "about_all", "me", "code",
     "by_code", "not_yet", "which_project", "private_words", "advice", "example", "lessons",
     "source", "reading", "exercises"}
)  # fmt: skip

# What is refused in words of its own: which phrase says who can instead.
SAYS_WHO: Mapping[frozenset[str], str] = {
    LEADS: "gate.leaders",
    RUNS: "gate.runners",
    AGREES: "gate.agrees",
    TRIO: "gate.trio",
    WRITERS: "gate.not_leaders",
}


class Passed(Struct, frozen=True):
    """What the gate let through: an event or a look, with what the engine needs and no more.

    For an unsigned event there is neither viewer nor key, and `form` is all that tells a second
    press of Send from the first; a vote, and nothing else, has a `mark` that tells a second one.
    """

    tenant: str
    project: str
    event: Event | Look
    prefs: Prefs
    viewer: Viewer | None = None
    key: str = ""
    form: str = ""
    mark: str = ""
    language: str = ""
    people: tuple[Sender, ...] = ()
    about: Project | None = None
    roles: tuple[Role, ...] = ()  # of everybody in the project; not for an unsigned event


class Stopped(Struct, frozen=True):
    """The gate refused, with these words; unless this retries an event that was handled (`key`)."""

    moments: tuple[Moment, ...]
    prefs: Prefs
    project: Project | None = None
    key: str = ""
    about: str = ""
    absent: bool = False
    """The person acts in a channel but is not known to be in the project's."""


class IncomingAct(Struct, frozen=True):
    """A delivery after its token was read: the act and its form, or why it is refused."""

    press: Press | None = None
    form: FormToken | None = None
    refused: tuple[Moment, ...] = ()


class Gate:
    def __init__(self, database: Database, scripts: Scripts, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._scripts = scripts
        self._vault = vault
        self._clock = clock
        self._acts: Counter[tuple[str, str]] = Counter()
        self._minute = 0.0
        self._codes: Counter[tuple[str, str]] = Counter()
        self._hour = 0.0

    async def check(self, delivery: Delivery) -> Passed | Stopped:
        found: Passed | Stopped = await self._database.read(
            self.passes, delivery, self.read(delivery)
        )
        return found

    def read(self, delivery: Delivery) -> IncomingAct:
        """Read token and words without asking the database; count the act for the rate limit."""
        tenant = delivery.tenant
        form: FormToken | None = None
        press: Press
        match delivery.what:
            case Members():
                return IncomingAct()
            case AtHome():
                # Not counted: Digi itself draws it again when something has changed.
                return IncomingAct(Look("home"))
            case InChat(told=told):
                press = e.Greeted() if told else Look("chat")
            case ToAgree(text=chosen):
                press = Look("new_agreement", words=begun(clean(chosen)))
            case TypedText(text=typed):
                press = pressed_by_words(parse(clean(typed)))
            case Pressed(token=token):
                try:
                    press = read_press(self._vault, tenant, token)
                except BadToken:
                    return IncomingAct(refused=(_show("gate.old_button"),))
            case Submitted(token=token, values=values):
                try:
                    form = read_form(self._vault, tenant, token, delivery.sender.person)
                except NotTheirs:
                    # Refuse before anything is read: the form's earlier answer is not shown either.
                    return IncomingAct(refused=(FieldError("", text("gate.not_yours")),))
                except BadToken:
                    return IncomingAct(refused=(FieldError("", text("gate.old_form")),))
                read = _read_values(form, values)
                if not isinstance(read, e.Signed | e.Unsigned | Look):
                    return IncomingAct(refused=read)
                press = read
        who = (tenant, delivery.sender.person)
        if self._too_many(who) or (_tries_code(press) and self._too_many_codes(who)):
            return IncomingAct(refused=(_error_or_card(form, "gate.too_many"),))
        return IncomingAct(press, form)

    def passes(self, delivery: Delivery, act: IncomingAct) -> Script[Passed | Stopped]:
        """Check who may do it, with one read of the database."""
        if (press := act.press) is not None:
            passed = yield from self._passes(delivery, press, act.form)
            if isinstance(passed, Stopped) and isinstance(press, Signed):
                key = _key(delivery, act.form)
                return msgspec.structs.replace(passed, key=key, about=press.project)
            return passed
        prefs = yield from prefs_of(delivery.tenant, self._vault, delivery.sender.person)
        if not isinstance(delivery.what, Members):
            return Stopped(act.refused, prefs)
        people = (*delivery.what.people, *delivery.what.unknown)
        seen = e.MembersSeen(
            channel=delivery.channel,
            people=tuple(one.person for one in delivery.what.people),
            unknown=tuple(one.person for one in delivery.what.unknown),
            at=self._clock.now(),
            id=uuid.uuid4().hex,
        )
        return Passed(delivery.tenant, "", seen, prefs, key=delivery.key, people=people)

    def _passes(
        self, delivery: Delivery, press: Press, form: FormToken | None
    ) -> Script[Passed | Stopped]:
        tenant, person = delivery.tenant, delivery.sender.person
        anywhere = _anywhere(press)
        wanted = press.project
        # The channel in a form or button counts before the place it was sent from.
        channel = getattr(press, "channel", "") or delivery.channel
        if not wanted and not channel:
            mine = yield from self._scripts.reading.projects_of(tenant, person)
            if len(mine) == 1:
                wanted = mine[0].id
            elif mine and not anywhere and form is not None:
                prefs = yield from prefs_of(tenant, self._vault, person)
                return Stopped((FieldError("", text("gate.old_form")),), prefs)
            elif mine and not anywhere:
                # Which of several: the same act again, with the project named.
                press = Look("which_project", words=_again(press))
                anywhere = True
        # A name is kept when a signed act comes, never here: a look and an unsigned act leave no
        # trace.
        project, roles, prefs, there = yield from self._scripts.reading.standing(
            tenant, wanted, channel, person
        )
        foreign = delivery.sender.foreign or prefs.foreign
        if foreign and _for_own_people(press):
            return Stopped((_error_or_card(form, "gate.own_people"),), prefs, None)
        if project is not None and not may_see(project, roles, person):
            # A draft is seen by whoever began it and by those it asks; for others it is not there.
            starter = project.starter
            project, roles, there = None, (), False
            if (hidden := _hidden(press, form, starter)) is not None:
                return Stopped((hidden,), prefs, None)
        held = (
            ANYONE
            if project is None
            else roles_held(project, roles, person, there=there, foreign=foreign)
        )
        viewer = Viewer(
            person=person,
            roles=held,
            at=self._clock.now(),
            channel=channel or (project.channel if project else ""),
            project=project.id if project else "",
            private=not channel,
        )
        if project is None and not anywhere and not press.project and form is None:
            # Advice is for everybody; only a project remembers what it has been given.
            press = Look(press.kind if isinstance(press, e.AdviceAsked) else "no_project")
        elif not anywhere and (project is None or not held):
            # "Not yours" and "does not exist" get the same answer.
            if delivery.channel and form is None:
                return _not_seen(press, prefs)
            return Stopped((_error_or_card(form, "gate.not_yours"),), prefs, None)
        elif (no := _refused(press, viewer, project, roles)) is not None:
            moment = FieldError("", no) if form is not None else Show(card(Paragraph(no)))
            return Stopped((moment,), prefs, project)
        if isinstance(press, Look):
            about = viewer.project
            return Passed(
                tenant, about, msgspec.structs.replace(press, project=about), prefs, viewer,
                language=project.language if project else "", about=project, roles=roles,
            )  # fmt: skip
        if isinstance(press, Unsigned):
            return self._unsigned(delivery, press, form, prefs, project)
        return self._signed(delivery, press, form, prefs, project, viewer, channel)

    def _unsigned(
        self,
        delivery: Delivery,
        press: Unsigned,
        form: FormToken | None,
        prefs: Prefs,
        project: Project | None,
    ) -> Passed:
        """From here on the sender is not known any more."""
        tenant, about = delivery.tenant, project.id if project else ""
        mark = ""
        if isinstance(press, e.Fits):
            vote = f"mark|{tenant}|{about}|{press.question}|{delivery.sender.person}"
            mark = self._vault.mac(vote.encode())
        unsigned: Any = msgspec.structs.replace(press, project=about)
        id = form.form if form is not None else uuid.uuid4().hex
        # Only the language for the answer is kept of the person.
        spoken = Prefs(language=prefs.language, locale=prefs.locale)
        language = project.language if project else ""
        return Passed(tenant, about, unsigned, spoken, form=id, mark=mark, language=language)

    def _signed(
        self,
        delivery: Delivery,
        press: Signed,
        form: FormToken | None,
        prefs: Prefs,
        project: Project | None,
        viewer: Viewer,
        channel: str,
    ) -> Passed:
        signed: Any = msgspec.structs.replace(
            press,
            project=press.project or viewer.project,
            by=viewer.person,
            at=self._clock.now(),
            id=uuid.uuid4().hex,
            **({"channel": channel} if hasattr(press, "channel") else {}),
        )
        if isinstance(signed, e.Started | e.Drafted) and not signed.project:
            signed = msgspec.structs.replace(signed, project=uuid.uuid4().hex[:12])
        language = project.language if project else ""
        return Passed(
            delivery.tenant, signed.project, signed, prefs, viewer, _key(delivery, form),
            language=language, about=project,
        )  # fmt: skip

    def _too_many_codes(self, who: tuple[str, str]) -> bool:
        """Limit guesses of receipt codes; known and unknown codes count alike. In memory only."""
        now = self._clock.monotonic()
        if now - self._hour > 3600:
            self._codes.clear()
            self._hour = now
        self._codes[who] += 1
        return self._codes[who] > CODES_AN_HOUR

    def _too_many(self, who: tuple[str, str]) -> bool:
        now = self._clock.monotonic()
        if now - self._minute > 60:
            self._acts.clear()
            self._minute = now
        self._acts[who] += 1
        return self._acts[who] > ACTS_A_MINUTE


def _tries_code(press: Press) -> bool:
    return isinstance(press, Look) and press.view == "by_code"


def _hidden(press: Press, form: FormToken | None, starter: str) -> Moment | None:
    """What somebody hears who met a draft that is not theirs to see; None where it is as if there
    were no project."""
    if press.project:
        return _error_or_card(form, "gate.not_yours")
    if isinstance(press, e.Started | e.Drafted) or press == Look("start"):
        waits = text("gate.draft_waits", who=Who(starter))
        return FieldError("", waits) if form is not None else Show(card(Paragraph(waits)))
    return None


def _not_seen(press: Press, prefs: Prefs) -> Stopped:
    """Nobody has told Digi that this person is in the channel. What may lead to a text without a
    name has nothing looked up because of it, for that is written to the database."""
    if isinstance(press, Look):
        # *Sig det* asks whether by name or without: its next step may be a text without one.
        unnamed = press.view == "say" or MAY_LOOK.get(press.view) is WRITERS
    else:
        unnamed = MAY.get(type(press)) is WRITERS
    key = "gate.not_seen_unnamed" if unnamed else "gate.not_seen"
    return Stopped((_show(key),), prefs, absent=not unnamed)


def _key(delivery: Delivery, form: FormToken | None) -> str:
    return f"form:{form.form}" if form is not None else delivery.key


def _anywhere(press: Press) -> bool:
    if isinstance(press, Look):
        return press.view in LOOKS_ANYWHERE
    return MAY.get(type(press)) is ANYONE


def _for_own_people(press: Press) -> bool:
    """What people of another organisation may not do, though it asks for no role: begin a project,
    take a role in one, or delete one."""
    if isinstance(press, Look):
        return press.view in ("start", "confirm_role")
    return isinstance(press, e.Started | e.Drafted | e.DraftDetailed | e.RoleConfirmed) or (
        isinstance(press, e.Deleted) and press.what == "project"
    )


def _refused(
    press: Press, viewer: Viewer, project: Project | None, roles: tuple[Role, ...]
) -> Line | None:
    """None if the act is allowed; otherwise a friendly refusal that says who can do it."""
    if isinstance(press, Look):
        allowed = MAY_LOOK.get(press.view, ALL)
        if press.view in LOOKS_ANYWHERE or project is None:
            return None
        if "asked" in viewer.roles and press.view in ("roles", "confirm_role", "draft"):
            return None
    else:
        allowed = MAY.get(type(press), OURSELVES)
        if allowed is ANYONE:
            return None
    if allowed is WRITERS and "has_led" in viewer.roles:
        vote = isinstance(press, e.Fits) or (isinstance(press, Look) and press.view == "missing")
        return text("gate.has_led_vote" if vote else "gate.has_led")
    if viewer.roles & allowed:
        return None
    key = SAYS_WHO.get(allowed, "gate.not_yours")
    if key in ("gate.not_yours", "gate.not_leaders"):
        return _says(key)
    people = _who(allowed, roles)
    if not people:
        return _says(f"{key}_nobody")
    return _says(key, who=Listing(tuple(Who(p) for p in people)))


def _who(allowed: frozenset[str], roles: tuple[Role, ...]) -> tuple[str, ...]:
    def fits(role: str) -> bool:
        return (role if role not in ("tr", "amr") else "representative") in allowed

    return tuple(dict.fromkeys(r.person for r in roles if r.status == "confirmed" and fits(r.role)))


_COMMANDS = {"help": Typed("help"), "status": Typed("status"), "roles": Typed("roles")}
_FILLED = {
    "gate.old_button": ("help",),
    "gate.not_seen_unnamed": ("status",),
    "gate.leaders": ("status",),
    "gate.leaders_nobody": ("roles",),
    "gate.runners_nobody": ("roles",),
    "gate.agrees_nobody": ("roles",),
    "gate.trio_nobody": ("roles",),
}


def _says(key: str, **args: Line) -> Line:
    return text(key, **args, **{name: _COMMANDS[name] for name in _FILLED.get(key, ())})


def _show(key: str) -> Show:
    return Show(card(Paragraph(_says(key))))


def _error_or_card(form: FormToken | None, key: str) -> Moment:
    return _show(key) if form is None else FieldError("", text(key))


def _again(press: Press) -> str:
    return msgspec.json.encode(press).decode()


def _read_values(
    form: FormToken, values: Mapping[str, Any]
) -> Event | Look | tuple[FieldError, ...]:
    """The event that a submitted form stands for, or the errors in its fields."""
    faults: list[FieldError] = []
    found: dict[str, Any] = {}
    for id, rule in form.rules.items():
        value = values.get(id)
        match rule.kind:
            case "text":
                words = clean(value) if isinstance(value, str) else ""
                if rule.required and not words:
                    faults.append(FieldError(id, text("gate.field_missing")))
                elif len(words) > min(rule.limit, LONGEST):
                    faults.append(FieldError(id, text("gate.field_long", limit=_count(rule.limit))))
                found[id] = words
            case "choice" | "one":
                one = value if isinstance(value, str) else (value or [""])[0]
                if (rule.required and not one) or (one and not _known(rule, one)):
                    faults.append(FieldError(id, text("gate.field_choose")))
                found[id] = one
            case "choices" | "many":
                many = [value] if isinstance(value, str) and value else list(value or ())
                if (rule.required and not many) or not all(_known(rule, v) for v in many):
                    faults.append(FieldError(id, text("gate.field_choose")))
                found[id] = many
            case "date":
                day = _date(value)
                if (rule.required and not value) or (value and day is None):
                    faults.append(FieldError(id, text("gate.field_date")))
                found[id] = day
            case "time":
                minutes = _minutes(value)
                if (rule.required and not value) or (value and minutes is None):
                    faults.append(FieldError(id, text("gate.field_time")))
                if minutes is not None:
                    found[id] = minutes
            case _:
                raise AssertionError(rule.kind)
    if faults:
        return tuple(faults)
    kind = Look if form.into == "look" else EVENTS[form.into]
    whole = {"type": form.into, **found, **form.fixed}
    try:
        return msgspec.convert(whole, kind, strict=False)
    except msgspec.ValidationError:
        return (FieldError("", text("gate.old_form")),)


def _known(rule: FieldRule, value: str) -> bool:
    """Whether a value is one of the options, or has the shape of a person's id."""
    if rule.kind in ("choice", "choices"):
        return value in rule.options
    return _ID.fullmatch(value) is not None


def _count(n: int) -> Line:
    return Words(str(n))


def _date(value: object) -> date | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
    return day if day is not None and day.year in YEARS else None


def _minutes(value: object) -> int | None:
    if not isinstance(value, str) or not value.strip():
        return None
    if ":" in value or "." in value:
        hour, _, minute = value.replace(".", ":").partition(":")
        if hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60:
            return int(hour) * 60 + int(minute)
        return None
    return int(value) if value.isdigit() and int(value) < 24 * 60 else None
