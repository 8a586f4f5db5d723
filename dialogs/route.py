"""Which conversation an event belongs to, and what a typed command means. Pure."""

from __future__ import annotations

from typing import assert_never

from dialogs import events as e
from dialogs.commands import Empty, Known, Misspelt, Parsed, theme_of, whom_of
from dialogs.events import Look, Press, SignedEvent

Place = tuple[str, str]
PROJECT: Place = ("project", "project")
WALK: Place = ("walk", "walk")


def route(event: SignedEvent) -> Place:
    """The conversation and the instance of it that a signed event belongs to."""
    match event:
        case (
            e.Started()
            | e.Drafted()
            | e.ShownInChannel()
            | e.DraftDropped()
            | e.FrameSet()
            | e.SettingsChanged()
            | e.RolesChanged()
            | e.RoleConfirmed()
            | e.RoleDeclined()
            | e.Paused()
            | e.NotNow()
            | e.StoppedHere()
            | e.Resumed()
            | e.Ended()
            | e.Helped()
            | e.Deleted()
            | e.PhaseEntered()
            | e.Undelivered()
        ):
            return PROJECT
        case (
            e.NextNow()
            | e.PlanMoved()
            | e.PlanSkipped()
            | e.PlanTaken()
            | e.PlanAdded()
            | e.ThemePosted()
            | e.PhaseMoved()
            | e.PhaseClosed()
            | e.StillStands()
        ):
            return WALK
        case (
            e.Ask(question=question)
            | e.Answered(question=question)
            | e.TrioProposed(question=question)
            | e.ClosedForAnswers(question=question)
            | e.SummedUp(question=question)
            | e.TakenUpAgain(question=question)
            | e.LaidAside(question=question)
            | e.Superseded(question=question)
        ):
            return "question", question
        case e.SaidByName():
            return "say", "say"
        case (
            e.Released(concern=concern)
            | e.AuthorAdded(concern=concern)
            | e.ConcernSeen(concern=concern)
            | e.ConcernAnswered(concern=concern)
            | e.ConcernClosed(concern=concern)
            | e.TakenToTrio(concern=concern)
        ):
            return "concern", concern
        case (
            e.Offered(agreement=agreement)
            | e.AgreementTaken(agreement=agreement)
            | e.AgreementDeclined(agreement=agreement)
            | e.AgreementDone(agreement=agreement)
            | e.AgreementNotDone(agreement=agreement)
            | e.AgreementNewDate(agreement=agreement)
        ):
            return "agreement", agreement
        case e.AgreementMade(id=id):
            return "agreement", id
        case e.Begun(dialog=dialog) | e.Halted(dialog=dialog):
            return dialog, dialog
        case e.NewsGiven():
            return "digest", "digest"
        case e.Unreached():
            return "summary", "summary"
        case e.TrioPointRaised():
            return "trio", "trio"
        case e.AdviceAsked() | e.AdviceGiven():
            return "advice", "advice"
        case e.PersonPaused() | e.PersonResumed() | e.PersonSettings() | e.MembersSeen():
            return "person", "person"
        case e.Woke(dialog=dialog, of=of):
            return dialog, of
        case _:
            assert_never(event)


_LOOKS = {
    "status": "status",
    "questions": "questions",
    "meeting": "meeting",
    "phase": "phase",
    "agreements": "agreements",
    "exercise": "exercises",
    "digest": "overview",
    "trio": "trio",
    "roles": "roles",
    "plan": "plan",
    "source": "source",
    "lessons": "lessons",
    "settings": "settings",
    "about": "about",
    "delete": "delete",
    "end": "end",
    "help": "help",
    "code": "code",
}


def pressed_by_words(parsed: Parsed) -> Press:
    """What a typed command means; words after a private one are already gone."""
    match parsed:
        case Empty(had_words=had_words):
            return Look("private_words") if had_words else Look("help")
        case Misspelt(word=word, nearest=nearest, had_words=had_words):
            return Look("unknown", ref=nearest or "", words="" if had_words else word)
        case Known(command="start", rest=rest):
            return e.Started(name=rest[:80]) if rest else Look("start")
        case Known(command="next"):
            return e.NextNow()
        case Known(command="advice" | "example" as kind):
            return e.AdviceAsked(kind=kind)
        case Known(command="theme", rest=rest):
            theme = theme_of(rest) if rest else None
            return e.ThemePosted(theme=theme) if theme else Look("themes", words=rest)
        case Known(command="say" | "code" as command, had_words=had_words):
            if had_words:
                return Look("private_words", ref=command)
            return Look("say" if command == "say" else "code")
        case Known(command="pause", rest=rest):
            return Look("me") if whom_of(rest) == "me" else Look("pause")
        case Known(command="resume", rest=rest):
            return e.PersonResumed() if whom_of(rest) == "me" else e.Resumed()
        case Known(command=command):
            view = _LOOKS.get(command)
            return Look("not_yet", ref=command) if view is None else Look(view)  # type: ignore[arg-type]
        case _:
            assert_never(parsed)
