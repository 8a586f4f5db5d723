"""The access table: which roles may use which events and looks, and the texts for refusals.

Nothing here reads the database: the gate has loaded the person's roles.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialogs.model import events as e
from dialogs.model.cards import Line, Listing, Typed, Who, text
from dialogs.model.events import Look, Press, Signed, Unsigned
from dialogs.model.facts import Project, Role, Viewer
from dialogs.model.links import CARD_VIEWS, PAGE_VIEWS
from dialogs.registry import IN_ROUNDS

# dialogs/model/roles.py defines these roles.
ALL = frozenset({"member", "starter", "leader", "deputy", "representative", "facilitator"})
LEADS = frozenset({"leader", "deputy", "starter"})
RUNS = LEADS | {"facilitator"}
AGREES = RUNS | {"representative"}
TRIO = frozenset({"leader", "deputy", "representative"})
REPRESENTS = frozenset({"representative"})
READS_REPORT = ALL | {"reader"}
"""The report holds only what the channel may read, so whoever is in it may fetch it."""
READS_LOAD = frozenset({"reader"})
ANYONE = frozenset({"anyone"})
WRITERS = frozenset({"writer"})
"""Those who may write without a name."""
OURSELVES: frozenset[str] = frozenset()
VISITORS = frozenset({"visitor"})
"""Whoever opens the page for those without a chat. They have no other role, and no name."""
CARD_HOLDERS = frozenset({"card"})
"""Whoever holds a card that was dealt for an exercise. They have no other role, and no name."""
DEALERS = frozenset({"representative", "facilitator"})
"""Those who deal cards: never a leader or a deputy, who could keep some and fill them in."""

# The access table. `anyone` needs no project; `OURSELVES` is never let in from outside.
MAY: Mapping[type[Signed] | type[Unsigned], frozenset[str]] = {
    e.Started: ANYONE,
    e.Drafted: ANYONE,
    e.DraftDetailed: ANYONE,
    e.ShownInChannel: LEADS | {"representative", "asked"},
    e.DraftDropped: LEADS,
    e.FrameSet: LEADS,
    e.SettingsChanged: RUNS,
    e.RolesChanged: LEADS,
    e.LeaderNamed: ALL,  # and of these, whoever is nearest once the leader has left
    e.ProjectMoved: ALL,  # and of these, the leader, or whoever is nearest once the leader has left
    e.ReadersChosen: LEADS | REPRESENTS,
    e.RoleConfirmed: ANYONE,
    e.RoleDeclined: ANYONE,
    e.Paused: LEADS,
    e.NotNow: LEADS,
    e.StoppedHere: LEADS,
    e.Resumed: LEADS,
    e.Ended: LEADS,
    e.Helped: RUNS,
    e.FollowedUp: ALL,
    e.Deleted: ALL,
    e.SaidDeleted: OURSELVES,
    e.PointsDeleted: OURSELVES,
    e.Begun: OURSELVES,
    e.Halted: OURSELVES,
    e.EndedUnanswered: OURSELVES,
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
    e.TrioAgreed: TRIO,
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
    e.MatterChanged: OURSELVES,
    e.AuthorAdded: OURSELVES,
    e.ConcernSeen: ALL,
    e.ConcernAnswered: ALL,
    e.HowItWent: ALL,
    e.ConcernClosed: ALL,
    e.HandedOn: ALL,
    e.TakenToTrio: REPRESENTS,
    e.Offered: OURSELVES,
    e.AgreementMade: AGREES,
    e.AgreementTaken: ALL,
    e.AgreementDeclined: ALL,
    e.AgreementDone: ALL,
    e.AgreementNotDone: ALL,
    e.AgreementNewDate: ALL,
    e.NewsGiven: LEADS,
    e.TrioPointRaised: TRIO,
    e.DecisionMoved: OURSELVES,
    e.MedItemWritten: TRIO,
    e.MedDiscussed: TRIO,
    e.MedSeenOtherwise: TRIO,
    e.ApvEffectNoted: TRIO,
    e.PromiseWritten: AGREES,
    e.PromiseDropped: AGREES,
    e.PromiseJudged: ALL,
    e.KeepChosen: TRIO,
    e.LessonWritten: TRIO,
    e.KeepsakeChanged: OURSELVES,
    e.LessonLeft: OURSELVES,
    e.PageOpened: AGREES,
    e.PageClosed: AGREES,
    e.AdviceAsked: ALL,
    e.AdviceGiven: OURSELVES,
    e.FileWanted: READS_REPORT,  # and of these, whoever may see the file
    e.EditionMade: LEADS | REPRESENTS,
    e.EditionSeen: REPRESENTS,
    e.MeetingDated: ALL,
    e.ExerciseBegun: AGREES,
    e.StepTaken: ALL,
    e.RoundClosed: ALL,
    e.ScreenWanted: ALL,
    e.ScreenClosed: ALL,
    e.CardsDealt: ALL,
    e.ExercisePaused: ALL,
    e.ExerciseResumed: ALL,
    e.ExerciseEnded: ALL,
    e.ExerciseDropped: ALL,
    e.LeaderNotesWritten: frozenset({"has_led"}),
    e.PaperNotesWritten: ALL,
    e.NotesGrouped: ALL,
    e.NoteTakenDown: ALL,
    e.NotesAnswered: ALL,  # and of these, the leader and whoever leads the exercise
    e.ConditionWritten: ALL,
    e.ExerciseAgreed: ALL,
    e.RowWritten: ALL,
    e.InnerMoved: OURSELVES,
    e.PreparationShared: ALL,
    e.WorkshopDayMoved: ALL,
    e.ColumnAdded: ALL,
    e.ColumnRemoved: ALL,
    e.NotesWritten: WRITERS,
    e.DotsSet: WRITERS,
    e.SurveyAnswered: WRITERS,
    e.SendingUndone: WRITERS,
    e.PersonPaused: ANYONE,
    e.PersonResumed: ANYONE,
    e.PersonSettings: ANYONE,
    e.Greeted: ANYONE,
    e.MembersSeen: OURSELVES,
    e.PresenceChanged: OURSELVES,
    e.Undelivered: OURSELVES,
    e.Unreached: OURSELVES,
    e.Woke: OURSELVES,
}

# Looks that need a role; all except LOOKS_ANYWHERE need a project.
MAY_LOOK: Mapping[str, frozenset[str]] = {
    "page": VISITORS,
    "exercise_screen": VISITORS,
    "exercise_card": CARD_HOLDERS,
    "cards_file": DEALERS,
    "qr": AGREES,
    "poster_file": AGREES,
    "settings": RUNS,
    "change_roles": LEADS,
    "readers": LEADS | REPRESENTS,
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
    "exercise_begin": AGREES,
    "overview": RUNS,
    "summary": ALL,
    "news": LEADS,
    "trio": TRIO,
    "trio_point": TRIO,
    "notes": TRIO,
    "med_item": TRIO,
    "med_item_file": ALL,
    "promise": AGREES,
    "lesson": TRIO,
    "apv_effect": TRIO,
    "med_discussed": TRIO,
    "med_otherwise": TRIO,
    "decision_file": TRIO,
    "sheet": ALL,
    "week_sheet": ALL,
    "meeting_sheet": ALL,
    "report": READS_REPORT,
    "report_file": READS_REPORT,
    "edition_file": READS_REPORT,
    "see_edition": REPRESENTS,
    "change_load": READS_LOAD,
    "change_load_file": READS_LOAD,
}
LOOKS_ANYWHERE = frozenset(
    {
        "home",
        "chat",
        "help",
        "help_all",
        "unknown",
        "start",
        "move",
        "about",
        "about_all",
        "me",
        "code",
        "by_code",
        "which_project",
        "private_words",
        "advice",
        "example",
        "lessons",
        "workplace_lessons",
        "kept_promises",
        "kept_promises_file",
        "source",
        "reading",
        "exercises",
        "exercise_try",
    }
)

# Refusals with a text of their own, which says who can do it.
SAYS_WHO: Mapping[frozenset[str], str] = {
    LEADS: "gate.leaders",
    RUNS: "gate.runners",
    AGREES: "gate.agrees",
    TRIO: "gate.trio",
    LEADS | REPRESENTS: "gate.trio",
    WRITERS: "gate.not_leaders",
    READS_LOAD: "gate.readers",
}


MAY_LEAD_TO_UNNAMED = frozenset({"say", "write_notes", "set_dots", "answer_survey"})
"""Looks that are open to everybody, and whose next step may be a text without a name."""
BY_VISITORS = frozenset(
    {e.SaidUnnamed, e.AnsweredUnnamed, e.AuthorWrote, e.AuthorObjected, e.AuthorWithdrew}
)
SEEN_BY_VISITORS = frozenset({*PAGE_VIEWS, "by_code", "write_more", "object", "withdraw"})


def is_for_visitors(press: Press) -> bool:
    """Return whether the act or look is for the page: without a name, or what anybody may read. A
    vote is not, because one person could vote many times."""
    if isinstance(press, Look):
        return press.view in SEEN_BY_VISITORS
    return type(press) in BY_VISITORS


def is_for_card(press: Press) -> bool:
    """Return whether the act or look is for the page of a dealt card. What is sent there is marked
    by the card, so that dots and surveys are sent once by each."""
    if isinstance(press, Look):
        return press.view in CARD_VIEWS
    return type(press) in IN_ROUNDS


def is_unnamed(press: Press) -> bool:
    """Return whether the act or look is unsigned, or may lead to an unsigned text."""
    if isinstance(press, Look):
        return press.view in MAY_LEAD_TO_UNNAMED or MAY_LOOK.get(press.view) is WRITERS
    return MAY.get(type(press)) is WRITERS


def is_open_anywhere(press: Press) -> bool:
    if isinstance(press, Look | e.FileWanted):
        return press.view in LOOKS_ANYWHERE
    return MAY.get(type(press)) is ANYONE


def is_for_own_people(press: Press) -> bool:
    """Return whether people of another organisation are excluded although no role is needed: to
    start a project, take a role in one, move or delete one."""
    if isinstance(press, Look):
        return press.view in ("start", "confirm_role", "name_leader", "move")
    own = e.Started | e.Drafted | e.DraftDetailed | e.RoleConfirmed | e.LeaderNamed | e.ProjectMoved
    return isinstance(press, own) or (isinstance(press, e.Deleted) and press.what == "project")


def refusal(
    press: Press, viewer: Viewer, project: Project | None, roles: tuple[Role, ...]
) -> Line | None:
    """Return a friendly refusal that says who can do it; None if the person may."""
    if isinstance(press, Look):
        allowed = MAY_LOOK.get(press.view, ALL)
        if press.view in LOOKS_ANYWHERE or project is None:
            return None
        if "asked" in viewer.roles and press.view in ("roles", "confirm_role", "draft"):
            return None
    else:
        allowed = MAY.get(type(press), OURSELVES)
        if isinstance(press, e.FileWanted):
            if press.view in LOOKS_ANYWHERE:
                return None
            allowed = MAY_LOOK.get(press.view, ALL)
        if allowed is ANYONE:
            return None
    if allowed is WRITERS and "has_led" in viewer.roles:
        vote = isinstance(press, e.Fits) or (isinstance(press, Look) and press.view == "missing")
        return text("gate.has_led_vote" if vote else "gate.has_led")
    if viewer.roles & allowed:
        return None
    if viewer.roles == {"reader"}:
        return says("gate.only_report")
    key = "gate.opens_page" if _is_of_page(press) else SAYS_WHO.get(allowed, "gate.not_yours")
    if key in ("gate.not_yours", "gate.not_leaders", "gate.readers"):
        return says(key)
    people = _who(allowed, roles)
    if not people:
        return says(f"{key}_nobody")
    return says(key, who=Listing(tuple(Who(p) for p in people)))


def _is_of_page(press: Press) -> bool:
    look = isinstance(press, Look) and press.view == "qr"
    return look or isinstance(press, e.PageOpened | e.PageClosed)


def _who(allowed: frozenset[str], roles: tuple[Role, ...]) -> tuple[str, ...]:
    def fits(role: str) -> bool:
        return (role if role not in ("tr", "amr") else "representative") in allowed

    return tuple(dict.fromkeys(r.person for r in roles if r.status == "confirmed" and fits(r.role)))


_COMMANDS = {name: Typed(name) for name in ("help", "status", "roles", "report")}
_FILLED = {
    "gate.old_button": ("help",),
    "gate.not_seen_unnamed": ("status",),
    "gate.only_report": ("report",),
    "gate.leaders": ("status",),
    "gate.leaders_nobody": ("roles",),
    "gate.runners_nobody": ("roles",),
    "gate.agrees_nobody": ("roles",),
    "gate.opens_page_nobody": ("roles",),
    "gate.trio_nobody": ("roles",),
}


def says(key: str, **args: Line) -> Line:
    return text(key, **args, **{name: _COMMANDS[name] for name in _FILLED.get(key, ())})
