"""The access table: every event type and every look, for every role, and what reaches the
engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from bot.core.access import ALL, LOOKS_ANYWHERE, MAY, MAY_LOOK
from bot.core.gate import ACTS_A_MINUTE, CODES_AN_HOUR, Gate
from bot.core.gate_results import Passed, Stopped
from bot.core.tokens import EVENTS, FieldRule, write_form, write_press
from bot.platforms.common.ports import Delivery, Members, Pressed, Sender, Submitted, TypedText
from bot.server.build import House
from dialogs.model import cards as c
from dialogs.model import events as e
from dialogs.model.effects import FieldError, Grant, Open, Show
from dialogs.model.facts import Prefs
from storage.transactions.people import SeenPerson, keep_prefs
from tests.worlds.house import CHANNEL, MONDAY, PROJECT, TENANT, Wall, a_house, found, on_disk

# The roles of these people in the project, as the gate must see them.
PEOPLE: dict[str, frozenset[str]] = {
    "member": frozenset({"member", "writer"}),
    "leader": frozenset({"member", "leader", "has_led"}),
    "deputy": frozenset({"member", "deputy", "has_led"}),
    "tr": frozenset({"member", "writer", "representative"}),
    "amr": frozenset({"member", "writer", "representative"}),
    "facilitator": frozenset({"member", "writer", "facilitator"}),
    "reader": frozenset({"member", "writer", "reader"}),
    "reader_outside": frozenset({"reader"}),
    "asked": frozenset({"member", "writer", "asked"}),
    "was": frozenset({"member", "has_led"}),
    "foreign": frozenset({"member", "has_led"}),
    "outsider": frozenset(),
}
ROLES = (
    Grant("leader", "leader", "confirmed"),
    Grant("deputy", "deputy", "confirmed"),
    Grant("tr", "tr", "confirmed", "FOA"),
    Grant("amr", "amr", "confirmed"),
    Grant("facilitator", "facilitator", "confirmed"),
    Grant("reader", "reader", "confirmed"),
    Grant("reader_outside", "reader", "confirmed"),
    Grant("asked", "leader", "asked"),
    Grant("was", "leader", "was"),
    Grant("foreign", "leader", "confirmed"),
)
TEAM = tuple(person for person in PEOPLE if person not in ("outsider", "reader_outside"))
FOREIGN = {"foreign"}
FOR_OWN_PEOPLE = {
    "started",
    "leader_named",
    "drafted",
    "draft_detailed",
    "role_confirmed",
    "start",
    "confirm_role",
    "name_leader",
    "move",
    "project_moved",
    "deleted",
}
"""Events that need no role but are refused to people of another organisation."""
UNNAMED = frozenset(get_args(e.UnsignedEvent))
UNNAMED_LOOKS = {"answer_unnamed", "say_unnamed", "missing", "write_more", "object", "withdraw"}
ONLY_OURS = {
    "begun",
    "halted",
    "phase_entered",
    "phase_closed",
    "ask",
    "laid_aside",
    "superseded",
    "released",
    "author_added",
    "matter_changed",
    "ended_unanswered",
    "decision_moved",
    "offered",
    "members_seen",
    "presence_changed",
    "undelivered",
    "woke",
    "advice_given",
    "unreached",
    "inner_moved",
    "said_deleted",
    "points_deleted",
    "keepsake_changed",
    "lesson_left",
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    wall = Wall()
    wall.tick = 61.0
    async with a_house(tmp_path / "home", wall=wall) as built:
        await found(built, roles=ROLES, team=TEAM)
        yield built


def gate_of(house: House) -> Gate:
    return house.engine._gate


def a_press(kind: type[Any], project: str = PROJECT) -> Any:
    """Return an event of this type with a value in every field that has no default."""
    missing = {
        field.name: _something(field.type)
        for field in msgspec.structs.fields(kind)
        if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
    }
    return kind(project=project, **missing)


def _something(kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return ("x",)
    if kind is int:
        return 3
    return get_args(kind)[0] if get_origin(kind) is Literal else "x"


def pressed(
    house: House, person: str, press: Any, *, channel: str = CHANNEL, tenant: str = TENANT
) -> Delivery:
    sender = Sender(person, f"Navn {person}", "da", foreign=person in FOREIGN)
    token = write_press(house.vault, tenant, press)
    return Delivery(tenant, sender, f"key {person}", Pressed(token), channel)


def may(person: str, what: str, allowed: frozenset[str]) -> bool:
    """Return whether the table allows it, evaluated independently of the gate."""
    held = PEOPLE[person]
    if person in FOREIGN and what in FOR_OWN_PEOPLE:
        return False
    if "anyone" in allowed:
        return True
    return bool(held & allowed)


# --- the matrix ---------------------------------------------------------------------------


@pytest.mark.parametrize("person", PEOPLE)
async def test_an_event_passes_exactly_where_the_table_says(house: House, person: str) -> None:
    """Every event type is tried for this person; a refusal is a card and no event."""
    for tag, kind in EVENTS.items():
        found = await gate_of(house).check(pressed(house, person, a_press(kind)))
        if kind is e.FileWanted:
            continue  # depends on the file; see below
        expected = may(person, tag, MAY[kind])
        assert isinstance(found, Passed) == expected, (person, tag)
        if isinstance(found, Passed):
            assert isinstance(found.event, kind)
        else:
            assert len(found.moments) == 1
            assert isinstance(found.moments[0], Show)


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_look_passes_exactly_where_the_table_says(house: House, person: str) -> None:
    """Every look is tried for this person; looks that need no project are open to all."""
    for view in get_args(e.View):
        found = await gate_of(house).check(pressed(house, person, e.Look(view, PROJECT)))
        allowed = MAY_LOOK.get(view)
        expected = (
            (view in LOOKS_ANYWHERE and may(person, view, frozenset({"anyone"})))
            or (view not in LOOKS_ANYWHERE and allowed is None and may(person, view, ALL))
            or (allowed is not None and may(person, view, allowed))
        )
        assert isinstance(found, Passed) == expected, (person, view)


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_file_is_asked_for_only_by_whoever_may_see_it(house: House, person: str) -> None:
    """A link that its person could not use is not made."""
    for view in get_args(e.HandedOver):
        wanted = e.FileWanted(project=PROJECT, view=view)
        found = await gate_of(house).check(pressed(house, person, wanted))
        allowed = frozenset({"anyone"}) if view in LOOKS_ANYWHERE else MAY_LOOK.get(view, ALL)
        expected = may(person, "file_wanted", allowed)
        assert isinstance(found, Passed) == expected, (person, view)


async def test_a_reader_outside_the_channel_has_the_report_and_nothing_else(house: House) -> None:
    """They type for it in private; everything else that belongs to the project is refused."""
    gate = gate_of(house)
    for typed in ("rapport", "report"):
        sent = Delivery(TENANT, Sender("reader_outside"), "k", TypedText(typed), "")
        passed = await gate.check(sent)
        assert isinstance(passed, Passed)
        assert isinstance(passed.event, e.Look)
        assert (passed.event.view, passed.project) == ("report", PROJECT)
    looks = {view for view in get_args(e.View) if view not in LOOKS_ANYWHERE}
    seen = {
        view
        for view in looks
        if isinstance(
            await gate.check(pressed(house, "reader_outside", e.Look(view, PROJECT))), Passed
        )
    }
    assert seen == {"report", "report_file", "edition_file", "change_load", "change_load_file"}
    sent = Delivery(TENANT, Sender("reader_outside"), "k", TypedText("resultater"), "")
    assert isinstance(await gate.check(sent), Stopped)


async def test_the_table_says_what_it_must(house: House) -> None:
    """Every event has a row, internal events are allowed to nobody, and no leader may write
    unsigned."""
    assert set(MAY) == set(EVENTS.values()), "each event has a row in MAY in bot/core/access.py"
    for tag, kind in EVENTS.items():
        assert (MAY[kind] == frozenset()) == (tag in ONLY_OURS), tag
        if kind in UNNAMED:
            assert MAY[kind] == {"writer"}, tag
    for view in UNNAMED_LOOKS:
        assert MAY_LOOK[view] == {"writer"}, view
    assert set(MAY_LOOK) <= set(get_args(e.View))
    assert set(get_args(e.View)) >= LOOKS_ANYWHERE


@pytest.mark.parametrize("person", ["leader", "deputy", "was"])
async def test_who_has_led_gets_no_unnamed_form(house: House, person: str) -> None:
    """This holds for current and former leaders in any other role; they are told that they may
    write by name."""
    for view in UNNAMED_LOOKS:
        found = await gate_of(house).check(pressed(house, person, e.Look(view, PROJECT)))  # type: ignore[arg-type]
        assert isinstance(found, Stopped)
        assert _keys(found) == {"gate.has_led_vote" if view == "missing" else "gate.has_led"}


async def test_whoever_started_a_draft_may_do_what_its_leader_may(house: House) -> None:
    """As long as there is no leader; then the starter is a member like others."""
    await found(house, "p2", channel="C2", stage="draft", starter="sofie", team=("sofie",))
    show = e.ShownInChannel(project="p2")
    passed = await gate_of(house).check(pressed(house, "sofie", show, channel="C2"))
    assert isinstance(passed, Passed)
    assert passed.viewer is not None
    assert passed.viewer.roles == {"starter", "member", "writer"}
    by_starter = pressed(house, "sofie", e.Paused(project=PROJECT))
    assert isinstance(await gate_of(house).check(by_starter), Stopped)


async def test_whoever_stands_in_for_a_leader_writes_by_name(house: House) -> None:
    """Whoever started a project without a leader counts as its leader, and may not write without a
    name."""
    await found(house, "p3", channel="C3", starter="sofie", team=("sofie",))
    look = e.Look("say_unnamed", "p3")
    stopped = await gate_of(house).check(pressed(house, "sofie", look, channel="C3"))
    assert isinstance(stopped, Stopped)
    assert _keys(stopped) == {"gate.has_led"}


async def test_people_of_another_organisation_are_members_at_most(house: House) -> None:
    """This holds whether the edge says so now or said so before: no role, no role request to
    answer, no project of their own. Having led is still remembered."""
    await found(
        house,
        "p4",
        channel="C4",
        stage="draft",
        starter="gæst",
        team=("gæst",),
        roles=(
            Grant("gæst", "leader", "confirmed"),
            Grant("gæst", "tr", "asked"),
            Grant("anden", "tr", "confirmed"),
        ),
    )
    gate = gate_of(house)
    token = write_press(house.vault, TENANT, e.Look("status", "p4"))
    for told in (True, False):
        for person, held in (("gæst", {"member", "has_led"}), ("anden", set())):
            sender = Sender(person, foreign=told)
            passed = await gate.check(Delivery(TENANT, sender, "k", Pressed(token), "C4"))
            if held:
                assert isinstance(passed, Passed)
                assert passed.viewer is not None
                assert passed.viewer.roles == held
            else:
                assert isinstance(passed, Stopped)
        met = [SeenPerson(person, foreign=True) for person in ("gæst", "anden")]
        await house.database.tx(house.scripts.people.called, TENANT, met)
    mine = pressed(house, "foreign", e.Deleted(project=PROJECT, what="mine"))
    assert isinstance(await gate.check(mine), Passed)


async def test_another_workplace_has_nothing_here(house: House) -> None:
    """Its tokens are rejected, and an own token with the other's event finds no project."""
    other = "test:et andet sted"
    ours = pressed(house, "leader", e.Paused(project=PROJECT))
    found = await gate_of(house).check(msgspec.structs.replace(ours, tenant=other))
    assert isinstance(found, Stopped)
    assert _keys(found) == {"gate.old_button"}
    theirs = pressed(house, "leader", e.Paused(project=PROJECT), tenant=other)
    found = await gate_of(house).check(theirs)
    assert isinstance(found, Stopped)
    assert _keys(found) == {"gate.not_seen"}


@pytest.mark.parametrize("channel", ["", CHANNEL, "C9"])
async def test_not_yours_and_not_there_are_answered_alike(house: House, channel: str) -> None:
    """An answer does not reveal whether a project exists."""
    for press in (
        e.Look("status", PROJECT),
        e.Answered(project=PROJECT, question="q", text="x"),
        e.Fits(project=PROJECT, question="q"),
        e.Paused(project=PROJECT),
    ):
        answers = []
        for id in (PROJECT, "nowhere"):
            there = msgspec.structs.replace(press, project=id)
            found = await gate_of(house).check(pressed(house, "outsider", there, channel=channel))
            assert isinstance(found, Stopped)
            answers.append((found.moments, found.prefs, found.project))
        assert answers[0] == answers[1]


async def test_a_channel_without_a_project_says_so(house: House) -> None:
    """The answer shows how to start one."""
    typed = Delivery(TENANT, Sender("outsider"), "k", TypedText("status"), "C9")
    found = await gate_of(house).check(typed)
    assert isinstance(found, Passed)
    assert found.event == e.Look("no_project")


# --- what reaches the engine --------------------------------------------------------------


async def test_a_signed_event_is_stamped_by_the_gate(house: House) -> None:
    """Person, time and project come from the delivery, whatever the token says."""
    for kind in EVENTS.values():
        if kind in UNNAMED or not MAY[kind] & {"member", "anyone"}:
            continue
        passed = await gate_of(house).check(pressed(house, "member", a_press(kind)))
        assert isinstance(passed, Passed)
        event: Any = passed.event
        assert (event.by, event.at, passed.key) == ("member", MONDAY, "key member")
        assert len(event.id) == 32
        assert passed.viewer is not None
        assert passed.viewer.roles == PEOPLE["member"]


WITH_MARK = (e.Fits, e.NotesWritten, e.DotsSet, e.SurveyAnswered, e.SendingUndone)
"""Acts that leave a MAC of the person in the pool, until their round is closed."""


async def test_an_unnamed_event_reaches_the_engine_without_its_sender(house: House) -> None:
    """The events of two people are equal except for a vote's mark and a form's id."""
    await house.database.tx(
        keep_prefs, TENANT, house.vault, "member", Prefs("Mette", "da", "da", (9, 17))
    )
    await house.database.tx(keep_prefs, TENANT, house.vault, "tr", Prefs("Jonas", "da", "da"))
    for kind in UNNAMED:
        seen = []
        for person in ("member", "tr"):
            passed = await gate_of(house).check(pressed(house, person, a_press(kind)))
            assert isinstance(passed, Passed)
            assert isinstance(passed.event, kind)
            assert not {"by", "at", "id"} & set(passed.event.__struct_fields__)
            assert (passed.viewer, passed.key, passed.people) == (None, "", ())
            assert (passed.mark != "") == (kind in WITH_MARK)
            said = msgspec.json.encode(passed).decode()
            names = (f'"{person}"', "Mette", "Jonas", "Navn")
            assert not [name for name in names if name in said]
            # A mark and a form's id are hexadecimal digits, which can be those of a year by chance.
            plain = msgspec.structs.replace(passed, form="", mark="")
            assert "2026" not in msgspec.json.encode(plain).decode()
            seen.append(plain)
        assert seen[0] == seen[1]


async def test_a_vote_is_known_again_and_tells_nobody_whose_it_is(house: House) -> None:
    """A person has the same mark for a question each time; other people and other questions have
    different marks."""
    marks = {}
    for person in ("member", "facilitator"):
        for question in ("q1", "q2"):
            for again in range(2):
                press = e.Fits(project=PROJECT, question=question)
                passed = await gate_of(house).check(pressed(house, person, press))
                assert isinstance(passed, Passed)
                assert person not in passed.mark
                marks[person, question, again] = passed.mark
    assert len(set(marks.values())) == 4
    assert all(marks[p, q, 0] == marks[p, q, 1] for p, q, _ in marks)


async def test_an_edge_says_who_is_there_and_no_person_can(house: House) -> None:
    """Only the edge can send `Members`; a forged one in a token is rejected."""
    members = Delivery(TENANT, Sender(""), "m", Members((Sender("a", "A"),)), CHANNEL)
    passed = await gate_of(house).check(members)
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, e.MembersSeen)
    assert passed.event.people == ("a",)
    press = e.MembersSeen(channel=CHANNEL, people=("evil",))
    assert isinstance(await gate_of(house).check(pressed(house, "leader", press)), Stopped)


async def test_a_new_project_in_a_channel_gets_an_id_of_its_own(house: House) -> None:
    """The gate draws a new id; a button of an existing draft keeps the draft's id."""
    typed = Delivery(TENANT, Sender("outsider"), "k", TypedText("start Ny plan"), "C9")
    passed = await gate_of(house).check(typed)
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, e.Started)
    assert (passed.event.name, passed.event.channel) == ("Ny plan", "C9")
    assert passed.event.project == passed.project
    assert len(passed.project) == 12


# --- limits -------------------------------------------------------------------------------


async def test_the_sixty_first_act_in_a_minute_is_answered_kindly(tmp_path: Path) -> None:
    """Nothing is lost, others are not affected, and after a minute the person can continue."""
    wall = Wall()
    async with a_house(tmp_path / "home", wall=wall) as house:
        await found(house, team=TEAM)
        gate = gate_of(house)
        look = e.Look("status", PROJECT)
        wall.ran = 100.0
        for _ in range(ACTS_A_MINUTE):
            assert isinstance(await gate.check(pressed(house, "member", look)), Passed)
        stopped = await gate.check(pressed(house, "member", look))
        assert isinstance(stopped, Stopped)
        assert _keys(stopped) == {"gate.too_many"}
        assert isinstance(await gate.check(pressed(house, "tr", look)), Passed)
        wall.ran = 161.0
        assert isinstance(await gate.check(pressed(house, "member", look)), Passed)


async def test_codes_are_not_tried_through(tmp_path: Path) -> None:
    """Known and unknown codes count alike; beyond a limit per hour the answer is to wait. Others
    are not affected."""
    wall = Wall()
    async with a_house(tmp_path / "home", wall=wall) as house:
        await found(house, team=TEAM)
        gate = gate_of(house)
        wall.ran = 100.0
        for n in range(CODES_AN_HOUR):
            wall.ran += 61
            look = e.Look("by_code", words=f"7KQ2-M4XD-9HTB-W3CE-{n % 10}")
            assert isinstance(await gate.check(pressed(house, "member", look)), Passed)
        wall.ran += 61
        stopped = await gate.check(pressed(house, "member", e.Look("by_code", words="x")))
        assert isinstance(stopped, Stopped)
        assert _keys(stopped) == {"gate.too_many"}
        look = e.Look("status", PROJECT)
        assert isinstance(await gate.check(pressed(house, "member", look)), Passed)
        assert isinstance(await gate.check(pressed(house, "tr", e.Look("by_code"))), Passed)
        wall.ran += 3600
        assert isinstance(await gate.check(pressed(house, "member", e.Look("by_code"))), Passed)


# --- forms --------------------------------------------------------------------------------


def filled(house: House, values: dict[str, Any], into: str = "drafted") -> Delivery:
    label: c.Line = c.text("button.send")
    form: c.NeutralForm = c.Form(
        label,
        (
            c.TextField("name", label, limit=80),
            c.TextField("about", label, required=False),
            c.Choice("origin", label, tuple(c.Option(v, label) for v in ("must", "shape", "own"))),
            c.Choices("look_again", label, (c.Option("3", label), c.Option("6", label))),
            c.People("leader", label),
            c.People("tr", label, many=True),
            c.DateField("decision", label),
            c.TimeField("hour", label),
        ),
        label,
        into,
        {"project": PROJECT, "language": "da"},
    )
    token = write_form(house.vault, TENANT, form, "form1", "leader")
    sender = Sender("leader", "Navn", "da")
    return Delivery(TENANT, sender, "key", Submitted(token, values), CHANNEL)


GOOD: dict[str, Any] = {
    "name": " Ny\u00a0plan ",
    "about": "",
    "origin": "must",
    "look_again": ["3"],
    "leader": "u1",
    "tr": ["u2", "u3"],
    "decision": "2026-12-01",
    "hour": "10.30",
}


async def test_a_filled_form_becomes_its_event(house: House) -> None:
    """The event is cleaned, converted and stamped; its key is the form's own id, whatever the edge
    sends."""
    passed = await gate_of(house).check(filled(house, GOOD))
    assert isinstance(passed, Passed)
    event = passed.event
    assert isinstance(event, e.Drafted)
    assert (event.name, event.origin) == ("Ny plan", "must")
    assert (event.leader, event.tr) == ("u1", ("u2", "u3"))
    assert (event.by, passed.key) == ("leader", "form:form1")
    other = await gate_of(house).check(filled(house, GOOD, "settings_changed"))
    assert isinstance(other, Passed)
    assert isinstance(other.event, e.SettingsChanged)
    assert (other.event.hour, str(other.event.decision)) == (630, "2026-12-01")


async def test_a_form_cannot_say_who_sent_it(house: House) -> None:
    """Fields that the form does not have are ignored, whatever their names."""
    forged = {**GOOD, "by": "mette", "at": "1999-01-01T00:00:00Z", "id": "x", "project": "p9"}
    forged |= {"type": "ended", "channel": "C9", "language": "en"}
    passed = await gate_of(house).check(filled(house, forged))
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, e.Drafted)
    assert (passed.event.by, passed.event.at, passed.event.project) == ("leader", MONDAY, PROJECT)
    assert passed.event.channel == CHANNEL
    assert passed.event.id != "x"
    other = await gate_of(house).check(filled(house, forged, "settings_changed"))
    assert isinstance(other, Passed)
    assert isinstance(other.event, e.SettingsChanged)
    assert other.event.language == "da"


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("name", "", "gate.field_missing"),
        ("name", " \u200b\n", "gate.field_missing"),
        ("name", None, "gate.field_missing"),
        ("name", ["a"], "gate.field_missing"),
        ("name", "x" * 81, "gate.field_long"),
        ("about", "x" * 3001, "gate.field_long"),
        ("origin", "", "gate.field_choose"),
        ("origin", "somewhere", "gate.field_choose"),
        ("look_again", ["3", "99"], "gate.field_choose"),
        ("leader", "<!everyone>", "gate.field_choose"),
        ("leader", "u" * 200, "gate.field_choose"),
        ("tr", ["u1", "u 2"], "gate.field_choose"),
        ("decision", "2026-02-31", "gate.field_date"),
        ("decision", "i morgen", "gate.field_date"),
        ("decision", "0001-01-01", "gate.field_date"),
        ("decision", "9999-12-31", "gate.field_date"),
        ("decision", ["2026-02-01"], "gate.field_date"),
        ("hour", "25.00", "gate.field_time"),
        ("hour", "om lidt", "gate.field_time"),
        ("hour", "1440", "gate.field_time"),
    ],
)
async def test_a_value_that_does_not_do_is_said_under_its_field(
    house: House, tmp_path: Path, field: str, value: Any, key: str
) -> None:
    """Nothing changes, and the typed text stays."""
    before = on_disk(tmp_path / "home")
    found = await gate_of(house).check(filled(house, {**GOOD, field: value}))
    assert isinstance(found, Stopped)
    assert [m.field for m in found.moments if isinstance(m, FieldError)] == [field]
    assert _keys(found) == {key}
    assert on_disk(tmp_path / "home") == before


async def test_every_fault_of_a_form_is_said_at_once(house: House) -> None:
    """All field errors are shown together."""
    found = await gate_of(house).check(filled(house, {}))
    assert isinstance(found, Stopped)
    assert {m.field for m in found.moments if isinstance(m, FieldError)} == {"name", "origin"}


@pytest.mark.parametrize("token", ["", "x", "x.y", "æ", "." * 50])
async def test_a_forged_form_or_button_is_answered_in_words(house: House, token: str) -> None:
    """For an invalid token, a form keeps its text and a button gets an answer that says what to
    do."""
    for what, kind in ((Submitted(token, {}), FieldError), (Pressed(token), Show)):
        found = await gate_of(house).check(Delivery(TENANT, Sender("member"), "k", what, CHANNEL))
        assert isinstance(found, Stopped)
        assert [type(moment) for moment in found.moments] == [kind]


async def test_somebody_elses_form_is_answered_like_one_that_is_not_there(house: House) -> None:
    """For a member, a leader, an outsider and a stranger, with any values, the answer is the same
    and no field error is shown."""
    theirs = filled(house, GOOD)
    assert isinstance(theirs.what, Submitted)
    for person in ("member", "deputy", "outsider", ""):
        for values in (GOOD, {}):
            sent = msgspec.structs.replace(
                theirs, sender=Sender(person), what=Submitted(theirs.what.token, values)
            )
            found = await gate_of(house).check(sent)
            assert isinstance(found, Stopped)
            assert (_keys(found), found.key) == ({"gate.not_yours"}, "")


async def test_a_form_goes_where_it_was_opened_wherever_it_is_sent_from(house: House) -> None:
    """The form's token contains the channel; the channel of the submission can be forged."""
    await found(house, "p2", channel="C2", roles=(Grant("leader", "leader", "confirmed"),))
    label: c.Line = c.text("button.send")
    for fixed, project, channel in (
        ({"project": "", "channel": "C9"}, "", "C9"),
        ({"project": PROJECT, "channel": CHANNEL}, PROJECT, CHANNEL),
    ):
        form: c.NeutralForm = c.Form(label, (c.TextField("name", label),), label, "drafted", fixed)
        token = write_form(house.vault, TENANT, form, f"f{project}", "leader")
        what = Submitted(token, {"name": "Ny plan"})
        passed = await gate_of(house).check(Delivery(TENANT, Sender("leader"), "k", what, "C2"))
        assert isinstance(passed, Passed)
        assert isinstance(passed.event, e.Drafted)
        assert passed.event.channel == channel
        assert passed.project == (project or passed.project)
        assert passed.project != "p2"


async def test_a_form_without_its_project_is_not_asked_which(house: House) -> None:
    """For a button Digi asks which project is meant; a form's text must not be put on buttons."""
    await found(house, "p2", channel="C2", team=("member",))
    sender = Sender("member", "", "da")
    label: c.Line = c.text("button.send")
    form: c.NeutralForm = c.Form(
        label, (c.TextField("text", label),), label, "said_by_name", {"kind": "idea"}
    )
    token = write_form(house.vault, TENANT, form, "f2", "member")
    what = Submitted(token, {"text": "hemmeligt"})
    stopped = await gate_of(house).check(Delivery(TENANT, sender, "k", what))
    assert isinstance(stopped, Stopped)
    assert "hemmeligt" not in msgspec.json.encode(stopped).decode()
    asked = await gate_of(house).check(Delivery(TENANT, sender, "k", TypedText("status")))
    assert isinstance(asked, Passed)
    assert isinstance(asked.event, e.Look)
    assert asked.event.view == "which_project"


def test_a_rule_has_only_what_a_form_needs() -> None:
    """A form's token contains the validation rules of its fields, not their texts."""
    assert FieldRule.__struct_fields__ == ("kind", "required", "limit", "options")


def _keys(stopped: Stopped) -> set[str]:
    """Return the phrase keys that an answer uses."""
    found: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, c.Text):
            found.add(node.key)
        elif isinstance(node, msgspec.Struct):
            for name in node.__struct_fields__:
                look(getattr(node, name))
        elif isinstance(node, tuple):
            for one in node:
                look(one)

    for moment in stopped.moments:
        assert not isinstance(moment, Open)
        look(moment)
    return found
