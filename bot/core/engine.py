"""Carries a delivery from the gate to its answer, as a turn (writes) or a look (reads).

The event's type says which. An unsigned turn writes its pool row and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import msgspec

from bot.clock import Clock
from bot.core.card_references import wanted
from bot.core.dialogs import Dialogs, know_types
from bot.core.gate import Gate
from bot.core.gate_results import IncomingAct, Passed, Stopped
from bot.core.listeners import Listeners
from bot.core.tally import Tally
from bot.core.turn_runner import TurnRunner, after_commit
from bot.core.views import Views, language_of
from bot.log import Log
from bot.platforms.common.ports import (
    Answer,
    Delivery,
    Fault,
    Members,
    Sender,
    Submitted,
    TypedText,
)
from content.language import Language
from content.model import Catalogue
from dialogs.model import cards as c
from dialogs.model.conversation import UnsignedPart, UnsignedStep
from dialogs.model.effects import Display, FieldError, Hand, Open, Pooled, Response, Seen, Show
from dialogs.model.events import Look, Undoing, Unsigned
from dialogs.model.facts import About, Fact, Known, Operator, Prefs, Project, Roles
from dialogs.registry import PROJECT, SIGHTS, UNSIGNED, route
from storage.database import Database
from storage.sql import Script, Unavailable, Unsure
from storage.transactions.locks import lock_project
from storage.transactions.people import SeenPerson
from storage.transactions.reading import NOTHING, NamesAndWords
from storage.transactions.store import Scripts
from storage.transactions.turns import FormRefused, Turn, TurnOutcome
from storage.vault import Unreadable, Vault, code_hash, code_of


class _Answered(msgspec.Struct, frozen=True):
    """The moments of an answer, with the names and words to dress them with."""

    moments: tuple[Seen, ...]
    names: NamesAndWords


class _Prepared(msgspec.Struct, frozen=True):
    """The result of the first read of the database. Without `answered`, a signed event still needs
    its turn."""

    passed: Passed | Stopped
    answered: _Answered | None = None
    pooled: tuple[Pooled, ...] = ()


class Engine:
    def __init__(
        self,
        database: Database,
        scripts: Scripts,
        catalogue: Catalogue,
        vault: Vault,
        clock: Clock,
        gate: Gate,
        turns: TurnRunner,
        views: Views,
        listeners: Listeners,
        tally: Tally,
        operator: Operator,
        log: Log,
    ) -> None:
        know_types()
        self._database = database
        self._scripts = scripts
        self._catalogue = catalogue
        self._vault = vault
        self._clock = clock
        self._gate = gate
        self._turns = turns
        self._views = views
        self._listeners = listeners
        self._tally = tally
        self._operator = operator
        self._log = log

    def begins_again(self) -> None:
        self._gate.begins_again()

    async def receive(self, delivery: Delivery) -> Answer:
        """Handle one delivery from the gate to its answer.

        If something fails before the commit, all of it is rolled back; the person hears that
        nothing was kept and can do it again. After the commit nobody is told that.
        """
        try:
            return await self._handle(delivery)
        except Unreadable:
            return self._cannot_be_read(delivery)  # the vault counts it for the hourly log
        except Exception as error:
            if isinstance(delivery.what, TypedText | Members):
                self._log.failed("act", type(error).__name__)
            else:
                # It may have been unsigned, and a log line has a time: only count it.
                self._tally.failures[type(error).__name__] += 1
            return self._not_done(delivery, unsure=isinstance(error, Unsure))

    def _cannot_be_read(self, delivery: Delivery) -> Answer:
        """Return the answer for a damaged value, for which a retry cannot help."""
        return self._answer_without_store(delivery, "gate.unreadable", "gate.unreadable")

    def _not_done(self, delivery: Delivery, *, unsure: bool) -> Answer:
        if unsure:
            answer = self._answer_without_store(delivery, "gate.unsure_saved", "gate.unsure_done")
        else:
            answer = self._answer_without_store(delivery, "gate.not_saved", "gate.not_done")
        return msgspec.structs.replace(answer, undone=True)

    def _answer_without_store(self, delivery: Delivery, in_form: str, elsewhere: str) -> Answer:
        locale = delivery.sender.locale
        language = language_of(Prefs(), locale, "")
        nothing = NamesAndWords({}, {}, None)
        localizer = self._views.localizer(
            delivery.tenant,
            nothing,
            language,
            private=not delivery.channel,
            on_page=bool(delivery.page),
        )
        if isinstance(delivery.what, Submitted):
            return Answer(language, faults=(Fault("", localizer.line(c.text(in_form))),))
        said = c.card(c.Paragraph(c.text(elsewhere)))
        return Answer(language, (localizer.card(said),))

    async def _handle(self, delivery: Delivery) -> Answer:
        """Read the database once for everything up to the answer. A signed event then gets its
        turn, which also reads the names for its answer."""
        tenant, sender = delivery.tenant, delivery.sender
        act = self._gate.read(delivery)
        prepared: _Prepared = await self._database.read(self._prepare, delivery, act)
        passed, answered = prepared.passed, prepared.answered
        spoken: str
        wrote = True
        if isinstance(passed, Stopped):
            spoken, wrote = passed.project.language if passed.project else "", False
        else:
            spoken = passed.language
            if prepared.pooled:
                answered = await self._run_unsigned_turn(passed)
            elif answered is None:
                answered = await self._turn(passed, sender)
            else:
                wrote = False
        assert answered is not None
        language = language_of(passed.prefs, sender.locale, spoken)
        with after_commit() if wrote else nullcontext():
            if wrote and isinstance(delivery.what, Members):
                # Digi can read the channel again, so it may also write there again.
                await self._database.tx(self._scripts.outbox.tries_again, tenant)
                self._listeners.letters_written(tenant)
            answer = self._answer(delivery, answered, language)
        if isinstance(passed, Stopped) and passed.absent:
            return msgspec.structs.replace(answer, absent=True)
        return answer

    def _prepare(self, delivery: Delivery, act: IncomingAct) -> Script[_Prepared]:
        """Pass the gate; answer a look, and decide an unsigned event for the first time."""
        passed = yield from self._gate.passes(delivery, act)
        tenant = delivery.tenant
        pooled: tuple[Pooled, ...] = ()
        about: Project | None = None
        moments: tuple[Seen, ...]
        if isinstance(passed, Stopped):
            project, moments = passed.project.id if passed.project else "", passed.moments
            if passed.key:
                # The gate stops a retry of a handled event; it gets the same answer.
                before = yield from self._scripts.turns.answered(tenant, passed.key)
                if before is not None:
                    project, moments = passed.about, before
                    passed = msgspec.structs.replace(passed, absent=False)
        elif isinstance(passed.event, Look):
            assert passed.viewer is not None
            project = passed.project
            sight = SIGHTS[passed.event.view]
            facts = sight.needs(passed.event, passed.viewer)
            about = passed.about
            here = about is not None and about.id == project
            already: Mapping[Fact[Any], Any] = NOTHING
            if here:
                already = {About(): about, Roles(): passed.roles}
            found = yield from self._scripts.reading.look(tenant, project, facts, already)
            known = Known(self._catalogue, found, self._operator)
            moments = sight.show(passed.event, passed.viewer, known)
        elif isinstance(passed.event, Unsigned):
            project = passed.project
            pooled, moments = yield from self._decide_unsigned(passed)
        else:
            return _Prepared(passed)
        names = yield from self._scripts.reading.names(tenant, project, *wanted(moments), about)
        return _Prepared(passed, _Answered(moments, names), pooled)

    def _decide_unsigned(self, passed: Passed) -> Script[UnsignedStep]:
        event: Any = passed.event
        part = UNSIGNED[type(event)]
        facts = part.needs(event)
        found = yield from self._scripts.reading.unsigned_facts(
            passed.tenant, passed.project, facts
        )
        return part.decide(event, Known(self._catalogue, found))

    async def _turn(self, passed: Passed, sender: Sender) -> _Answered:
        """Names of people are stored with signed events only, never with a look or unsigned one."""
        event: Any = passed.event
        tenant = passed.tenant
        met = [_seen(one) for one in passed.people]
        if sender.person and _seen(sender).added_to(passed.prefs) != passed.prefs:
            met.append(_seen(sender))
        if met:
            strangers = await self._database.read(self._scripts.people.strangers, tenant, met)
            if strangers:
                await self._database.tx(self._scripts.people.called, tenant, strangers)
        turn = Turn(tenant, passed.project, passed.key, event, self._clock.now())
        # Only the project's own events change its language or days off.
        return await self._run_turn(turn, None if route(event) == PROJECT else passed.about)

    async def turn(self, turn: Turn) -> tuple[Seen, ...]:
        return (await self._run_turn(turn)).moments

    async def _run_turn(self, turn: Turn, about: Project | None = None) -> _Answered:
        """Run a turn. `about` is the project, given where this turn cannot change it."""

        def turned(turn: Turn, dialogs: Dialogs) -> Script[tuple[TurnOutcome, _Answered]]:
            outcome = yield from self._scripts.turns.run(turn, dialogs)
            return outcome, (yield from self._named(turn, outcome.moments, about))

        try:
            return await self._turns.run(turn, turned)
        except FormRefused as refused:
            found: _Answered = await self._database.read(self._named, turn, refused.moments, about)
            return found

    def _named(
        self, turn: Turn, moments: tuple[Response, ...], about: Project | None
    ) -> Script[_Answered]:
        names = yield from self._scripts.reading.names(
            turn.tenant, turn.project, *wanted(moments), about
        )
        return _Answered(moments, names)

    async def _run_unsigned_turn(self, passed: Passed) -> _Answered:
        # The same form gives the same code, so that a second press of Send shows it again.
        code = code_of(self._vault, passed.form)
        counted = True
        try:
            moments, names = await self._database.tx_sealed(
                self._unsigned_script, passed, code_hash(code)
            )
        except Unavailable as error:
            counted = error.counted
            raise
        finally:
            # Also after cancellation: a transaction that was begun is committed all the same.
            self._tally.unsigned_turns += counted
        own = _Own(code, passed.form)
        return _Answered(tuple(_with_own(moment, own) for moment in moments), names)

    def _unsigned_script(
        self, passed: Passed, receipt: bytes
    ) -> Script[tuple[tuple[Response, ...], NamesAndWords]]:
        """Decide again under the project's lock: if a question was closed meanwhile, the text is
        refused instead of being accepted into a pool that nobody will read for it."""
        tenant, project = passed.tenant, passed.project
        yield from lock_project(tenant, project)
        pooled, moments = yield from self._decide_unsigned(passed)
        if pooled:
            taken = yield from self._scripts.pools.put(
                tenant, project, pooled, passed.form, receipt, passed.mark, by_card=passed.by_card
            )
            part: UnsignedPart = UNSIGNED[type(passed.event)]  # type: ignore[index]
            if taken == "already":
                # A used card is answered like one that never was.
                moments = () if passed.by_card else part.already(passed.event)
            elif taken == "closed":
                moments = part.closed(passed.event)
        else:
            # So that the database's counters do not tell a refusal from a text.
            yield from self._scripts.pools.put_as_it_is(tenant, project)
        names = yield from self._scripts.reading.names(tenant, project, *wanted(moments))
        return moments, names

    def _answer(self, delivery: Delivery, answered: _Answered, language: Language) -> Answer:
        moments, names = answered.moments, answered.names
        reader, private = delivery.sender.person, not delivery.channel
        localizer = self._views.localizer(
            delivery.tenant, names, language, reader, private=private, on_page=bool(delivery.page)
        )
        cards = tuple(localizer.card(m.card) for m in moments if isinstance(m, Show))
        forms = [localizer.form(m.form) for m in moments if isinstance(m, Open)]
        faults = tuple(
            Fault(m.field, localizer.line(m.text)) for m in moments if isinstance(m, FieldError)
        )
        instead = any(isinstance(m, Show) and m.instead for m in moments)
        channel = names.project.language if names.project else language
        handed = [localizer.files(m.file, channel) for m in moments if isinstance(m, Hand)]
        screens = [localizer.screen(m.screen) for m in moments if isinstance(m, Display)]
        return Answer(
            language,
            cards,
            forms[0] if forms else None,
            faults,
            instead=instead,
            files=handed[0] if handed else (),
            screen=screens[0] if screens else None,
        )


def _seen(sender: Sender) -> SeenPerson:
    return SeenPerson(sender.person, sender.name, sender.locale, sender.foreign)


class _Own(msgspec.Struct, frozen=True):
    """What is inserted into the answer to an unsigned act, and stored nowhere: the receipt code,
    and the form id by which its sending can be undone."""

    code: str
    form: str


def _with_own(moment: Response, own: _Own) -> Response:
    if isinstance(moment, Show):
        return msgspec.structs.replace(moment, card=_inserted(moment.card, own))
    return moment


def _inserted(node: Any, own: _Own) -> Any:
    if isinstance(node, c.Text) and "code" in node.args:
        return msgspec.structs.replace(node, args={**node.args, "code": c.Words(own.code)})
    if isinstance(node, Undoing):
        return msgspec.structs.replace(node, undoes=own.form)
    if isinstance(node, msgspec.Struct):
        changes = {
            name: _inserted(value, own)
            for name in node.__struct_fields__
            if isinstance(value := getattr(node, name), msgspec.Struct | tuple)
        }
        return msgspec.structs.replace(node, **changes) if changes else node
    if isinstance(node, tuple):
        return tuple(_inserted(one, own) for one in node)
    return node
