"""Decides who may write without a name in a project, and which roles the gate checks. Pure.

It is the only place that decides this: the gate, forms, thresholds and elimination all use it.

Everybody in the channel or with a confirmed role may write without a name, except current and
former leaders and deputies. Whoever is only *asked* to lead may write: they have read nothing as a
leader, and if they had to decline first, their visible refusal would come right before their text.

Only members of the channel whom the platform reports as human count among the writers. Whoever
could not be looked up may write and does not count. Neither do role holders outside the channel,
because Digi is not told whether their accounts still exist.

A reader for the committee gets the report and nothing else, unless they are in the channel too.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from dialogs.model.cards import Line, Listing, Who, text
from dialogs.model.events import Person
from dialogs.model.facts import Known, Project, Role, Roles, RoleStatus, Team

LEADING = ("leader", "deputy")


def has_led(role: Role) -> bool:
    """Return whether the person leads or has led. `led` is stored for good; rows of earlier
    versions only have the status."""
    return role.led or (role.role in LEADING and role.status in ("confirmed", "was"))


def of_foreign(role: Role) -> Role:
    """Return the row as it counts for a person of another organisation: they have no role and are
    asked for none, but having led still counts."""
    ended: RoleStatus = "was" if role.status in ("confirmed", "was") else "declined"
    return replace(role, status=ended)


def stands_in(project: Project, roles: Iterable[Role]) -> Person:
    """Return the person who started the project if it has no leader, since they act as its leader;
    else ""."""
    led = any(role.role == "leader" and role.status == "confirmed" for role in roles)
    return "" if led else project.starter


def refused(project: Project, roles: Iterable[Role]) -> frozenset[Person]:
    """Return everybody who may not write without a name, in the channel or not."""
    roles = tuple(roles)
    found = {role.person for role in roles if has_led(role)}
    if project.stage != "draft":
        found.add(stands_in(project, roles))
    return frozenset(found - {""})


def may_write(
    project: Project, roles: tuple[Role, ...], team: Iterable[Person]
) -> tuple[Person, ...]:
    """Return who may write without a name, of `team` and of the role holders."""
    no = refused(project, roles)
    holders = (r.person for r in roles if r.status == "confirmed" and r.role != "reader")
    return tuple(person for person in dict.fromkeys((*team, *holders)) if person not in no)


def writers(known: Known) -> tuple[Person, ...]:
    """Return those who count among the writers, which is at most everybody who may write. Needs
    `About`, `Roles` and `Team`."""
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
    """Return the roles that the gate's access table refers to. `there`: the person is in the
    channel; `foreign`: they are of another organisation, and so only a member."""
    if foreign:
        roles = tuple(of_foreign(role) if role.person == person else role for role in roles)
    mine = [role for role in roles if role.person == person]
    found = {
        "representative" if role.role in ("tr", "amr") else role.role
        for role in mine
        if role.status == "confirmed"
    }
    if there or found - {"reader"}:
        found.add("member")
    if any(role.status == "asked" and role.role != "reader" for role in mine):
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
    """Return the answer for a member who pressed *Led samtalen*: who can, by name. Needs `About`
    and `Roles`."""
    roles: tuple[Role, ...] = known(Roles())
    people = known.holders(*LEADING, "facilitator") or (stands_in(known.project, roles),)
    return text("gate.who_leads", who=Listing(tuple(Who(p) for p in people if p)))
