"""Who may write without a name in a project, and by which roles the gate knows a person.

Decided here and nowhere else: the gate lets people in by it, and forms, thresholds and
elimination count by it. It is pure.

Who may write without a name: everybody in the channel or with a confirmed role, except those who
lead or have ever led. Whoever is only *asked* to lead may: they have read nothing as a leader, and
if they had to say no first, that no, which others see, would come right before their text.

Who counts among them: those of whom the platform says that they are people in the channel.
Somebody it could not be asked about may write and does not count. Nor does whoever holds a role
without being in the channel: nobody tells Digi whether that account still exists.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from dialogs.model.cards import Line, Listing, Who, text
from dialogs.model.events import Person
from dialogs.model.facts import Known, Project, Role, Roles, RoleStatus, Team

LEADING = ("leader", "deputy")


def has_led(role: Role) -> bool:
    """Whether this row says that somebody leads or has led. The store keeps `led` for good; the
    status alone says it of a row that code of an earlier version has written."""
    return role.led or (role.role in LEADING and role.status in ("confirmed", "was"))


def of_foreign(role: Role) -> Role:
    """What a row counts for where its person is of another organisation: no role and no question
    whether they will take one. That they have led stays."""
    ended: RoleStatus = "was" if role.status in ("confirmed", "was") else "declined"
    return replace(role, status=ended)


def stands_in(project: Project, roles: Iterable[Role]) -> Person:
    """Whoever started a project acts as its leader while it has none; "" where it has one."""
    led = any(role.role == "leader" and role.status == "confirmed" for role in roles)
    return "" if led else project.starter


def refused(project: Project, roles: Iterable[Role]) -> frozenset[Person]:
    """Who may not write without a name, wherever they are."""
    roles = tuple(roles)
    found = {role.person for role in roles if has_led(role)}
    if project.stage != "draft":
        found.add(stands_in(project, roles))
    return frozenset(found - {""})


def may_write(
    project: Project, roles: tuple[Role, ...], team: Iterable[Person]
) -> tuple[Person, ...]:
    """Who may write without a name, of `team` and of those with a role."""
    no = refused(project, roles)
    holders = (role.person for role in roles if role.status == "confirmed")
    return tuple(person for person in dict.fromkeys((*team, *holders)) if person not in no)


def writers(known: Known) -> tuple[Person, ...]:
    """Everybody who counts among those who may write without a name here: at least so many may.
    Needs `About`, `Roles` and `Team`."""
    team, roles = known(Team()), known(Roles())
    no = refused(known.project, roles)
    return tuple(person for person in team if person not in no)


def held(
    project: Project,
    roles: tuple[Role, ...],
    person: Person,
    *,
    there: bool,
    foreign: bool = False,
) -> frozenset[str]:
    """What the gate's table of access asks about. `there`: the person is in the channel;
    `foreign`: of another organisation, and so a member at most."""
    if foreign:
        roles = tuple(of_foreign(role) if role.person == person else role for role in roles)
    mine = [role for role in roles if role.person == person]
    found = {
        "representative" if role.role in ("tr", "amr") else role.role
        for role in mine
        if role.status == "confirmed"
    }
    if there or found:
        found.add("member")
    if any(role.status == "asked" for role in mine):
        found.add("asked")
    starts = project.stage == "draft" or person == stands_in(project, roles)
    if person == project.starter and starts and not foreign:
        found.add("starter")
    if person in refused(project, roles):
        found.add("has_led")
    if person in may_write(project, roles, (person,) if there else ()):
        found.add("writer")
    return frozenset(found)


def who_leads(known: Known) -> Line:
    """To a member who pressed *Led samtalen*: who can, by name. Needs `About` and `Roles`."""
    roles: tuple[Role, ...] = known(Roles())
    people = known.holders(*LEADING, "facilitator") or (stands_in(known.project, roles),)
    return text("gate.who_leads", who=Listing(tuple(Who(p) for p in people if p)))
