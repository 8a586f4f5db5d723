"""The gate: who may do what, before anything is done.

It reads what reached an edge, loads the sender's roles from our own store, checks the one table
of event types and roles, keeps the limits, stamps signed events and drops the sender of unsigned
ones. What passes knows no platform.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec

from bot.clock import Clock
from bot.core.access import (
    ANYONE,
    CARD_HOLDERS,
    VISITORS,
    is_for_own_people,
    is_for_visitors,
    is_open_anywhere,
    is_unnamed,
    refusal,
    says,
)
from bot.core.act_limit import ActLimit
from bot.core.dealt_cards import is_of_card, mark_of_card, opened
from bot.core.form_values import read_values
from bot.core.gate_results import IncomingAct, Passed, Stopped, passed_look
from bot.core.page_room import PageRoom
from bot.core.tokens import BadToken, FormToken, NotTheirs, read_form, read_press
from bot.normalize import clean
from bot.platforms.common.ports import (
    AtHome,
    Delivery,
    InChat,
    Members,
    Pressed,
    Submitted,
    ToAgree,
    TypedText,
    Visit,
)
from dialogs.agreement.decide import begun
from dialogs.model import events as e
from dialogs.model.cards import Paragraph, Who, card, text
from dialogs.model.commands import parse
from dialogs.model.effects import FieldError, Response, Show
from dialogs.model.events import Look, Person, Press, Signed, Unsigned
from dialogs.model.facts import Prefs, Project, Role, Viewer
from dialogs.model.roles import held as roles_held
from dialogs.registry import IN_ROUNDS, pressed_by_words
from storage.database import Database
from storage.sql import Script
from storage.transactions.rows import may_see, prefs_of
from storage.transactions.store import Scripts
from storage.vault import Vault

ACTS_A_MINUTE = 60
CODES_AN_HOUR = 30
CODES_ON_PAGE = 300
"""Codes tried on one page in an hour, by all who use it. One has 80 bits: this only limits work."""


class Gate:
    def __init__(self, database: Database, scripts: Scripts, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._scripts = scripts
        self._vault = vault
        self._clock = clock
        self._acts = ActLimit(clock, 60)
        self._codes = ActLimit(clock, 3600)
        self._room = PageRoom(clock)

    def begins_again(self) -> None:
        """Called when the playground starts over: nobody there has done anything yet."""
        self._acts.clear()
        self._codes.clear()

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
            case Visit(view=view, ref=ref):
                press = opened(view, ref, delivery.dealt)
            case Pressed(token=token):
                try:
                    press = read_press(self._vault, tenant, token)
                except BadToken:
                    return IncomingAct(refused=(_too_old(delivery),))
            case Submitted(token=token, values=values):
                try:
                    form = read_form(self._vault, tenant, token, delivery.sender.person)
                except NotTheirs:
                    # Refuse before anything is read: the form's earlier answer is not shown either.
                    return IncomingAct(refused=(FieldError("", text("gate.not_yours")),))
                except BadToken:
                    return IncomingAct(refused=(FieldError("", text("gate.old_form")),))
                read = read_values(form, values)
                if not isinstance(read, e.Signed | e.Unsigned | Look):
                    return IncomingAct(refused=read)
                press = read
        if delivery.page:
            return self._of_visitor(delivery, press, form)
        who = (tenant, delivery.sender.person)
        # Guesses of receipt codes: known and unknown ones count alike.
        if self._acts.exceeded(who, ACTS_A_MINUTE) or (
            _tries_code(press) and self._codes.exceeded(who, CODES_AN_HOUR)
        ):
            return IncomingAct(refused=(_error_or_card(form, "gate.too_many"),))
        return IncomingAct(press, form)

    def _of_visitor(self, delivery: Delivery, press: Press, form: FormToken | None) -> IncomingAct:
        """Keep the limits of a page. Whoever uses it is not told apart: they share them. A card has
        a page of its own."""
        page = (delivery.tenant, mark_of_card(delivery.dealt) or delivery.page)
        if _tries_code(press) and self._codes.exceeded(page, CODES_ON_PAGE):
            return IncomingAct(refused=(_error_or_card(form, "gate.too_many"),))
        if isinstance(press, Unsigned) and not self._room.takes(page, form.form if form else ""):
            return IncomingAct(refused=(FieldError("", text("page.full")),))
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
        if delivery.page:
            return (yield from self._visited(delivery, press, form))
        tenant, person = delivery.tenant, delivery.sender.person
        # The channel in a form or button counts before the place it was sent from.
        channel = getattr(press, "channel", "") or delivery.channel
        chosen = yield from self._with_project(delivery, press, form, channel)
        if isinstance(chosen, Stopped):
            return chosen
        press, wanted = chosen
        # A name is kept when a signed act comes, never here: a look and an unsigned act leave no
        # trace.
        project, roles, prefs, there = yield from self._scripts.reading.standing(
            tenant, wanted, channel, person
        )
        foreign = delivery.sender.foreign or prefs.foreign
        if foreign and is_for_own_people(press):
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
        viewer = _viewer(person, held, project, self._clock.now(), channel, foreign=foreign)
        allowed = _allowed(press, form, viewer, project, roles, prefs, delivery.channel)
        if isinstance(allowed, Stopped):
            return allowed
        if isinstance(allowed, Look):
            return passed_look(tenant, allowed, prefs, viewer, project, roles)
        if isinstance(allowed, Unsigned):
            return self._unsigned(delivery, allowed, form, prefs, project)
        return self._signed(delivery, allowed, form, prefs, project, viewer, channel)

    def _visited(
        self, delivery: Delivery, press: Press, form: FormToken | None
    ) -> Script[Passed | Stopped]:
        """Somebody on the page: only its own project, and only what needs no name. On the page of
        a card: only its own exercise."""
        tenant, dealt = delivery.tenant, delivery.dealt
        project, roles, prefs, _ = yield from self._scripts.reading.standing(
            tenant, delivery.page, "", ""
        )
        here = is_for_visitors(press) if dealt is None else is_of_card(press, dealt)
        if project is None or press.project not in ("", project.id) or not here:
            return Stopped((_error_or_card(form, "gate.not_yours"),), prefs)
        if isinstance(press, Unsigned):
            return self._unsigned(delivery, press, form, prefs, project)
        assert isinstance(press, Look)
        roles_here = VISITORS if dealt is None else CARD_HOLDERS
        viewer = Viewer("", roles_here, self._clock.now(), project=project.id, private=True)
        look = msgspec.structs.replace(press, project=project.id)
        return Passed(
            tenant,
            project.id,
            look,
            prefs,
            viewer,
            language=project.language,
            about=project,
            roles=roles,
        )

    def _with_project(
        self, delivery: Delivery, press: Press, form: FormToken | None, channel: str
    ) -> Script[tuple[Press, str] | Stopped]:
        """Return the act with its project, or the question which project is meant."""
        tenant, person = delivery.tenant, delivery.sender.person
        if press.project or channel:
            return press, press.project
        mine = yield from self._scripts.reading.projects_of(tenant, person)
        if len(mine) == 1:
            return press, mine[0].id
        if not mine or is_open_anywhere(press):
            return press, ""
        if form is not None:
            prefs = yield from prefs_of(tenant, self._vault, person)
            return Stopped((FieldError("", text("gate.old_form")),), prefs)
        # The question repeats the same act with each project.
        return Look("which_project", words=_again(press)), ""

    def _unsigned(
        self,
        delivery: Delivery,
        press: Unsigned,
        form: FormToken | None,
        prefs: Prefs,
        project: Project | None,
    ) -> Passed:
        """Handle an unsigned event. The sender is not passed on from here."""
        tenant, about = delivery.tenant, project.id if project else ""
        mark = ""
        if isinstance(press, e.Fits):
            vote = f"mark|{tenant}|{about}|{press.question}|{delivery.sender.person}"
            mark = self._vault.mac(vote.encode())
        elif type(press) in IN_ROUNDS:
            # A person's id has no colon in front: no card has the mark of a person.
            whose = mark_of_card(delivery.dealt) or delivery.sender.person
            if whose:
                mark = self._vault.mac(f"mark|{tenant}|{about}|{whose}".encode())
        unsigned: Any = msgspec.structs.replace(press, project=about)
        id = form.form if form is not None else uuid.uuid4().hex
        # Only the language for the answer is kept of the person.
        spoken = Prefs(language=prefs.language, locale=prefs.locale)
        language = project.language if project else ""
        return Passed(
            tenant,
            about,
            unsigned,
            spoken,
            form=id,
            mark=mark,
            by_card=delivery.dealt is not None,
            language=language,
        )

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
            delivery.tenant,
            signed.project,
            signed,
            prefs,
            viewer,
            _key(delivery, form),
            language=language,
            about=project,
        )


def _tries_code(press: Press) -> bool:
    return isinstance(press, Look) and press.view == "by_code"


def _hidden(press: Press, form: FormToken | None, starter: str) -> Response | None:
    """Return the answer about a draft that the person may not see; None to answer as if there was
    no project."""
    if press.project:
        return _error_or_card(form, "gate.not_yours")
    if isinstance(press, e.Started | e.Drafted) or press == Look("start"):
        waits = text("gate.draft_waits", who=Who(starter))
        return FieldError("", waits) if form is not None else Show(card(Paragraph(waits)))
    return None


def _viewer(
    person: Person,
    held: frozenset[str],
    project: Project | None,
    at: datetime,
    channel: str,
    *,
    foreign: bool,
) -> Viewer:
    return Viewer(
        person=person,
        roles=held,
        at=at,
        channel=channel or (project.channel if project else ""),
        project=project.id if project else "",
        private=not channel,
        foreign=foreign,
    )


def _allowed(
    press: Press,
    form: FormToken | None,
    viewer: Viewer,
    project: Project | None,
    roles: tuple[Role, ...],
    prefs: Prefs,
    channel: str,
) -> Press | Stopped:
    """Return the act, or another look instead of it, or the refusal."""
    anywhere = is_open_anywhere(press)
    if project is None and not anywhere and not press.project and form is None:
        # Advice is for everybody; only a project remembers what it has been given.
        return Look(press.kind if isinstance(press, e.AdviceAsked) else "no_project")
    if not anywhere and (project is None or not viewer.roles):
        # "Not yours" and "does not exist" get the same answer.
        if channel and form is None:
            # The person is not known to be in the channel. If the act may lead to an unsigned text,
            # nothing is looked up, because a lookup writes to the database.
            unnamed = is_unnamed(press)
            key = "gate.not_seen_unnamed" if unnamed else "gate.not_seen"
            return Stopped((_show(key),), prefs, absent=not unnamed)
        key = "gate.reads_no_more" if _has_read(viewer.person, roles) else "gate.not_yours"
        return Stopped((_error_or_card(form, key),), prefs, None)
    if (no := refusal(press, viewer, project, roles)) is not None:
        moment = FieldError("", no) if form is not None else Show(card(Paragraph(no)))
        return Stopped((moment,), prefs, project)
    return press


def _has_read(person: Person, roles: tuple[Role, ...]) -> bool:
    """Return whether the person was a reader for the committee, and may be told so."""
    return any((r.person, r.role, r.status) == (person, "reader", "was") for r in roles)


def _key(delivery: Delivery, form: FormToken | None) -> str:
    return f"form:{form.form}" if form is not None else delivery.key


def _show(key: str) -> Show:
    return Show(card(Paragraph(says(key))))


def _too_old(delivery: Delivery) -> Show:
    """Say that a button is too old, and where to go: nobody can type a command on a page."""
    return _show("gate.old_page_button" if delivery.page else "gate.old_button")


def _error_or_card(form: FormToken | None, key: str) -> Response:
    return _show(key) if form is None else FieldError("", text(key))


def _again(press: Press) -> str:
    return msgspec.json.encode(press).decode()
