"""The events that Digi handles, independent of chat platforms.

A `Signed` event has the person and time, which the gate stamps. An `Unsigned` event has no field
for either, so that nothing behind the gate can store them. A `Look` only reads and changes nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from msgspec import Struct

Person = str
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Signed(Struct, frozen=True, kw_only=True):
    project: str = ""
    by: Person = ""
    at: datetime = EPOCH
    id: str = ""


class Unsigned(Struct, frozen=True, kw_only=True):
    project: str = ""


class Undoing(Unsigned, frozen=True, kw_only=True):
    """An unsigned event that undoes an earlier sending. The engine puts that sending's form id into
    the button of its own answer, and nowhere else."""

    undoes: str = ""


# --- a project ----------------------------------------------------------------------------

Origin = Literal["must", "shape", "own"]
Committee = Literal["med", "su", "cooperation"]
Level = Literal["informed", "asked", "decide"]
Length = Literal["whole", "short"]
MedLevel = Literal["information", "influence", "co_determination"]
"""At which level the committee of employer and employees deals with a matter."""
MedView = Literal["information", "influence", "co_determination", "not"]
"""How the other side sees it; *not*: it was not discussed."""
EffectWay = Literal["better", "worse"]
PromiseKind = Literal["promised", "expected"]
AfterMonths = Literal["3", "6", "12"]
"""When a project looks back, after its end."""
KeptHow = Literal["kept", "partly", "not", "unclear"]
"""What became of a promise; *unclear*: it cannot be judged."""


KeepsakeKind = Literal["sheet", "lesson"]
"""What can outlive a project: its promises, and what others can learn from it."""


class Started(Signed, frozen=True, tag="started"):
    """`/digi start Ny omsorgsplatform` creates a draft that has only a name."""

    name: str
    channel: str = ""


class Drafted(Signed, frozen=True, tag="drafted"):
    """Submission of the `/digi start` form, for a new draft or, with `project`, an existing one.
    `more`: the person wants to see the other settings too."""

    name: str
    channel: str = ""
    about: str = ""
    origin: Origin = "shape"
    leader: Person = ""
    tr: tuple[Person, ...] = ()
    amr: tuple[Person, ...] = ()
    facilitator: tuple[Person, ...] = ()
    more: tuple[str, ...] = ()


class DraftDetailed(Signed, frozen=True, tag="draft_detailed"):
    """*Flere valg*: the other settings of a draft, each with a default."""

    phase: str = "1"
    workplace: str = "general"
    unit: str = ""
    committee: Committee = "med"
    facilitator: tuple[Person, ...] = ()
    fixed: str = ""
    shape: str = ""
    unknown: str = ""
    unknown_until: date | None = None
    level: Level = "asked"
    weekday: str = "1"
    hour: int = 600
    overview_weekday: str = "3"
    overview_hour: int = 780
    decision: date | None = None
    med_deadline: date | None = None
    start: int = 8
    end: int = 16
    retention: Literal["30", "90", "180", "365"] = "90"  # days after the end
    language: Literal["da", "en"] = "da"
    length: Length = "whole"


class ShownInChannel(Signed, frozen=True, tag="shown_in_channel"):
    """*Vis det i kanalen*: show the draft in the channel. `leads`: the button asked whether the
    presser leads the project, and the press says yes to that too."""

    leads: bool = False


class DraftDropped(Signed, frozen=True, tag="draft_dropped"):
    pass


class FrameSet(Signed, frozen=True, tag="frame_set"):
    phase: str
    fixed: str = ""
    shape: str = ""
    unknown: str = ""
    unknown_until: date | None = None
    level: Level = "asked"


class SettingsChanged(Signed, frozen=True, tag="settings_changed"):
    about: str = ""
    unit: str = ""
    every_weeks: str = "1"
    weekday: str = "1"
    hour: int = 600
    overview_weekday: str = "3"
    overview_hour: int = 780
    decision: date | None = None
    med_deadline: date | None = None
    days_off: str = ""
    committee: Committee = "med"
    start: int = 8
    end: int = 16
    language: Literal["da", "en"] = "da"


class DecisionMoved(Signed, frozen=True, tag="decision_moved"):
    """Sent by the project: the decision's date, or until when the committee takes items, has
    changed."""


class RolesChanged(Signed, frozen=True, tag="roles_changed"):
    """Hand the leader's role on or fill other roles; representatives can only be added to vacant
    roles."""

    leader: Person = ""
    deputy: Person = ""
    tr: tuple[Person, ...] = ()
    amr: tuple[Person, ...] = ()
    facilitator: tuple[Person, ...] = ()


class LeaderNamed(Signed, frozen=True, tag="leader_named"):
    """Name a new leader for a project whose leader has left the channel."""

    leader: Person


class ProjectMoved(Signed, frozen=True, tag="project_moved"):
    """Move a project to the channel in which this was asked."""

    channel: str = ""


class ReadersChosen(Signed, frozen=True, tag="readers_chosen"):
    """Choose who reads the report for the committee. Whoever is left out no longer does."""

    people: tuple[Person, ...] = ()


class RoleConfirmed(Signed, frozen=True, tag="role_confirmed"):
    role: str
    union: str = ""


class RoleDeclined(Signed, frozen=True, tag="role_declined"):
    role: str


class Paused(Signed, frozen=True, tag="paused"):
    until: date | None = None


class NotNow(Signed, frozen=True, tag="not_now"):
    """*Ikke nu*: end the project for now, with a reason."""

    reason: str
    lesson: str = ""
    until: date | None = None


class StoppedHere(Signed, frozen=True, tag="stopped_here"):
    """*Vi stopper her*: end the project in any phase, with a reason."""

    reason: str
    lesson: str = ""


class Resumed(Signed, frozen=True, tag="resumed"):
    pass


class Ended(Signed, frozen=True, tag="ended"):
    """End the project after the last phase: what got better, what got worse."""

    better: str = ""
    worse: str = ""
    reason: str = ""
    lesson: str = ""
    look_again: tuple[str, ...] = ()


class FollowedUp(Signed, frozen=True, tag="followed_up"):
    """The follow-up some months after the end: what got better and worse. What became of each
    promise is a `PromiseJudged`."""

    months: AfterMonths
    better: str = ""
    worse: str = ""


class Helped(Signed, frozen=True, tag="helped"):
    """*Hjalp det?*, asked after three weeks: continue, slow down, end, or (short course) do the
    whole course."""

    choice: Literal["go_on", "calmer", "end", "whole"]
    leave_out: str = ""


Deletable = Literal["project", "mine", "said", "points"]


class Deleted(Signed, frozen=True, tag="deleted"):
    """`/digi slet`: delete a draft, an ended project, or one's signed answers, signed texts or
    points for the trio's note."""

    what: Deletable


class SaidDeleted(Signed, frozen=True, tag="said_deleted"):
    """Sent by the project to a signed text whose author has deleted it."""

    concern: str


class PointsDeleted(Signed, frozen=True, tag="points_deleted"):
    """Sent by the project to the trio's note when these points were deleted by whoever raised
    them."""

    points: tuple[str, ...]


class PhaseEntered(Signed, frozen=True, tag="phase_entered"):
    """Sent by the walk: the project has entered another phase."""

    phase: int


class Begun(Signed, frozen=True, tag="begun"):
    """Sent to each conversation when the project starts, resumes or changes its hours: set your
    timers."""

    dialog: str


class Halted(Signed, frozen=True, tag="halted"):
    """Sent to each conversation when the project pauses or ends: cancel your timers."""

    dialog: str


# --- the walk -----------------------------------------------------------------------------


class NextNow(Signed, frozen=True, tag="next_now"):
    """Ask the next question now instead of on its day."""


class PlanMoved(Signed, frozen=True, tag="plan_moved"):
    question: str
    way: Literal["up", "down", "first"]


class PlanSkipped(Signed, frozen=True, tag="plan_skipped"):
    question: str


class PlanTaken(Signed, frozen=True, tag="plan_taken"):
    """Move a question from *Flere spørgsmål* into the plan."""

    question: str


class PlanAdded(Signed, frozen=True, tag="plan_added"):
    """Add a question of the team's own to the plan."""

    text: str
    first: Literal["team", "trio"] = "team"


class ThemePosted(Signed, frozen=True, tag="theme_posted"):
    """Post a theme (grundspørgsmål) with its five questions in one message."""

    theme: str


class PhaseMoved(Signed, frozen=True, tag="phase_moved"):
    """Move to another phase; `decided` says who decided it, and `open_*` what happens to unfinished
    questions."""

    to: str
    decided: Literal["us", "elsewhere"] = "us"
    decided_note: str = ""
    open_questions: Literal["take", "aside", "elsewhere"] = "take"
    why_unanswered: str = ""


class PhaseClosed(Signed, frozen=True, tag="phase_closed"):
    """Sent by the walk to itself at a change of phase and at the end, after all open questions were
    closed: release what had to wait until then."""

    phase: int


class StillStands(Signed, frozen=True, tag="still_stands"):
    """*Gælder det stadig?*: whether the conclusions of K1 and O4 still hold, at a change of
    phase."""

    question: str
    stands: Literal["yes", "no"]


# --- one question -------------------------------------------------------------------------


class Ask(Signed, frozen=True, tag="ask"):
    """Sent by the walk: ask a question, of the trio first or of the team. It contains the
    question's text."""

    question: str
    da: str
    en: str
    why_da: str = ""
    why_en: str = ""
    theme: str = ""
    phase: int = 0
    source_da: str = ""
    source_en: str = ""
    trio: bool = False
    number: int = 0
    theme_post: str = ""


class Answered(Signed, frozen=True, tag="answered"):
    question: str
    text: str


class AnsweredUnnamed(Unsigned, frozen=True, tag="answered_unnamed"):
    question: str
    text: str
    understood: bool = False


class TrioProposed(Signed, frozen=True, tag="trio_proposed"):
    """One person's proposal for a question that was asked of leader, TR and AMR first. `over` is
    the proposal that stood when the form was opened; empty where there was none."""

    question: str
    text: str
    over: str = ""


class TrioAgreed(Signed, frozen=True, tag="trio_agreed"):
    """*Det er jeg med på*, to that proposal. `proposal` is the one that was read."""

    question: str
    proposal: str = ""


class ClosedForAnswers(Signed, frozen=True, tag="closed_for_answers"):
    """*Luk for svar*: end writing for good. Only then are unsigned answers shown."""

    question: str


class SummedUp(Signed, frozen=True, tag="summed_up"):
    """*Saml op*: propose a conclusion; with `spoken`, *Vi har talt om det*, for a conclusion
    reached aloud."""

    question: str
    outcome: Literal["concluded", "aside", "med"] = "concluded"
    text: str = ""
    what1: str = ""
    who1: Person = ""
    when1: date | None = None
    what2: str = ""
    who2: Person = ""
    when2: date | None = None
    spoken: str = ""


class Fits(Unsigned, frozen=True, tag="fits"):
    """*Det passer*: an unsigned vote for a proposal."""

    question: str


class Missing(Unsigned, frozen=True, tag="missing"):
    """*Der mangler noget*: an unsigned objection; its text goes to whoever summed up.

    `shared`: it may also be shown beside the conclusion, if the authors of all objections agree.
    """

    question: str
    text: str
    shared: bool = False
    understood: bool = False


class TakenUpAgain(Signed, frozen=True, tag="taken_up_again"):
    question: str


class LaidAside(Signed, frozen=True, tag="laid_aside"):
    """Sent by the walk at a change of phase: set an unfinished question aside."""

    question: str
    elsewhere: bool = False


class Superseded(Signed, frozen=True, tag="superseded"):
    """Sent at the end of the walk: close an open question without a conclusion."""

    question: str


# --- say it -------------------------------------------------------------------------------

Matter = Literal["question", "idea", "concern"]
Sending = Literal["release", "next_working_day"]


class SaidUnnamed(Unsigned, frozen=True, tag="said_unnamed"):
    kind: Matter
    text: str
    readers: tuple[Person, ...] = ()
    everyone: bool = False
    trio: bool = False
    sending: Sending = "release"
    understood: bool = False


class SaidByName(Signed, frozen=True, tag="said_by_name"):
    kind: Matter
    text: str
    readers: tuple[Person, ...] = ()
    everyone: bool = False
    trio: bool = False


class AuthorWrote(Unsigned, frozen=True, tag="author_wrote"):
    """An author's addition by code: text, further readers, or both."""

    code: str
    text: str = ""
    readers: tuple[Person, ...] = ()
    everyone: bool = False


class AuthorObjected(Unsigned, frozen=True, tag="author_objected"):
    """An author's objection, by code and only once, to a closing."""

    code: str
    text: str


class AuthorWithdrew(Unsigned, frozen=True, tag="author_withdrew"):
    code: str


class Released(Signed, frozen=True, tag="released"):
    """Sent by the release to a new concern."""

    concern: str
    kind: Matter
    readers: tuple[Person, ...] = ()
    everyone: bool = False
    trio: bool = False
    author: Person = ""
    number: int = 0


class AuthorAdded(Signed, frozen=True, tag="author_added"):
    """Sent by the release: an author's later act by code."""

    concern: str
    what: Literal["wrote", "objected", "withdrew", "widened"]
    readers: tuple[Person, ...] = ()
    everyone: bool = False


class ConcernSeen(Signed, frozen=True, tag="concern_seen"):
    """A reader accepts a text and promises a date for the answer."""

    concern: str
    until: date | None = None


class ConcernAnswered(Signed, frozen=True, tag="concern_answered"):
    """One of the four answers. Person and date belong to *do*, place and date to *others*."""

    concern: str
    answer: Literal["do", "no", "others", "later"]
    text: str
    who: str = ""
    until: date | None = None


class HowItWent(Signed, frozen=True, tag="how_it_went"):
    """What became of *We will do it*: done, not done and why, or a new date."""

    concern: str
    outcome: Literal["done", "not_done", "moved"]
    text: str = ""
    until: date | None = None


class ConcernClosed(Signed, frozen=True, tag="concern_closed"):
    """A text is closed: after its answer, or, with the reason as its text, without one."""

    concern: str
    text: str = ""


class HandedOn(Signed, frozen=True, tag="handed_on"):
    """Make another person the one who answers a signed text."""

    concern: str
    to: Person


class PageOpened(Signed, frozen=True, tag="page_opened"):
    """Open the page for those without a chat, or give it a new address. `instead_of` is the link
    that it had when the button was drawn."""

    instead_of: str = ""


class PageClosed(Signed, frozen=True, tag="page_closed"):
    """Close the page with this link."""

    link: str


class EndedUnanswered(Signed, frozen=True, tag="ended_unanswered"):
    """Sent by the project two weeks after its end: unanswered texts are closed."""

    concern: str
    reason: str
    who: Person


class TakenToTrio(Signed, frozen=True, tag="taken_to_trio"):
    """A representative shares a text with leader, TR and AMR, as the author allowed."""

    concern: str


# --- agreements ---------------------------------------------------------------------------


class Offered(Signed, frozen=True, tag="offered"):
    agreement: str
    what: str
    owner: Person
    due: date | None = None
    question: str = ""


class AgreementMade(Signed, frozen=True, tag="agreement_made"):
    """An agreement that a person enters by hand."""

    what: str
    who: Person = ""
    due: date | None = None


class AgreementTaken(Signed, frozen=True, tag="agreement_taken"):
    agreement: str


class AgreementDeclined(Signed, frozen=True, tag="agreement_declined"):
    agreement: str


class AgreementDone(Signed, frozen=True, tag="agreement_done"):
    agreement: str


class AgreementNotDone(Signed, frozen=True, tag="agreement_not_done"):
    agreement: str
    why: str = ""


class AgreementNewDate(Signed, frozen=True, tag="agreement_new_date"):
    agreement: str
    due: date | None = None


# --- the weekly things --------------------------------------------------------------------


class NewsGiven(Signed, frozen=True, tag="news_given"):
    """The leader's two lines for the top of the overview."""

    text: str


class TrioPointRaised(Signed, frozen=True, tag="trio_point_raised"):
    """*Tag op næste gang*: a point for the trio's private note."""

    text: str


# --- the committee (MED) ------------------------------------------------------------------


class MedItemWritten(Signed, frozen=True, tag="med_item_written"):
    """A draft of an item for the committee: what, why, the expected effects on work and working
    environment, and at which level."""

    what: str
    why: str = ""
    work: str = ""
    environment: str = ""
    level: MedLevel = "influence"


class MedDiscussed(Signed, frozen=True, tag="med_discussed"):
    """*Drøftet den …, på dette niveau*, with a line of minute. `discussion` is the one to correct;
    empty for a new one."""

    day: date | None = None
    level: MedLevel = "influence"
    text: str = ""
    discussion: str = ""


class MedSeenOtherwise(Signed, frozen=True, tag="med_seen_otherwise"):
    """*Vi ser det anderledes*: the other side's view of what was recorded. Both stand."""

    discussion: str
    level: MedView
    text: str


class ApvEffectNoted(Signed, frozen=True, tag="apv_effect_noted"):
    """An effect on one quality of good work, for the annex to the APV, and what was agreed about
    it. `effect` is the one to change, or with `drop` to remove."""

    quality: str
    way: Literal["better", "worse", "drop"]
    text: str
    agreed: str = ""
    effect: str = ""


# --- promises -----------------------------------------------------------------------------


class PromiseWritten(Signed, frozen=True, tag="promise_written"):
    """A gain, for whom, when and how one sees it, the freed time, a side effect, and the function
    that owns it. `promise` is the one to correct; empty for a new one."""

    gain: str
    owner: str
    kind: PromiseKind = "expected"
    whom: str = ""
    when: str = ""
    seen: str = ""
    freed: str = ""
    side: str = ""
    promise: str = ""


class PromiseDropped(Signed, frozen=True, tag="promise_dropped"):
    promise: str


class PromiseJudged(Signed, frozen=True, tag="promise_judged"):
    """What became of a promise, some months after the end, perhaps with a line."""

    promise: str
    months: AfterMonths
    outcome: KeptHow
    text: str = ""


class KeepChosen(Signed, frozen=True, tag="keep_chosen"):
    """Leader or TR chooses whether promises and lesson stay when the project is deleted."""

    keep: Literal["yes", "no"]


class LessonWritten(Signed, frozen=True, tag="lesson_written"):
    """What others should know who do the like; empty takes it away."""

    text: str = ""


class KeepsakeChanged(Signed, frozen=True, tag="keepsake_changed"):
    """Sent when the project goes on or its promises change: what is kept of it is written
    again."""


class LessonLeft(Signed, frozen=True, tag="lesson_left"):
    """Sent when the project ends, with what was written in the form; perhaps nothing."""

    text: str


# --- advice -------------------------------------------------------------------------------


class AdviceAsked(Signed, frozen=True, tag="advice_asked"):
    """Show a piece of advice or an example; another one each time."""

    kind: Literal["advice", "example"] = "advice"


class AdviceGiven(Signed, frozen=True, tag="advice_given"):
    """Sent when advice was shown in a message, so that it is not repeated before the rest has been
    shown."""

    ids: tuple[str, ...]


# --- files --------------------------------------------------------------------------------

HandedOver = Literal[
    "agreement_file",
    "apv_file",
    "board_file",
    "cards_file",
    "change_load_file",
    "decision_file",
    "edition_file",
    "kept_promises_file",
    "med_item_file",
    "meeting_file",
    "meeting_sheet",
    "poster_file",
    "promise_file",
    "report_file",
    "week_sheet",
    "workshop_file",
]
"""The looks that hand over a file."""
Minutes = Literal["15", "30", "45", "60", "90"]


class FileWanted(Signed, frozen=True, tag="file_wanted"):
    """A person wants a file: they get a link to fetch what this look hands over."""

    view: HandedOver
    ref: str = ""


class EditionMade(Signed, frozen=True, tag="edition_made"):
    """The report as it is now is kept for the committee, and does not change any more."""


class EditionSeen(Signed, frozen=True, tag="edition_seen"):
    """A representative has seen an edition, and may remark on it; once."""

    edition: str
    remark: str = ""


class MeetingDated(Signed, frozen=True, tag="meeting_dated"):
    """When a meeting about a question is, for the calendar of whoever says so; it is not kept."""

    question: str
    day: date | None = None
    start: int | None = None
    length: Minutes = "30"


# --- exercises ----------------------------------------------------------------------------

ExercisePlace = Literal["meeting", "days", "both"]
"""Where an exercise is held: at a meeting, over several days, or both."""
Receiver = Literal["leader", "committee"]
Reached = Literal["", "yes", "partly", "no"]
"""Whether a workshop ended in what it was to end in."""
"""Who is told what an exercise arrived at."""
NoteReply = Literal["do", "supplier", "cannot"]
"""The answer to a group of notes: we do it, the supplier has it, or it cannot be changed."""
Noted = dict[str, str]
"""Short notes by the field that they were written in: `better.1`, `better.2`."""


class ExerciseBegun(Signed, frozen=True, tag="exercise_begun"):
    """*Begynd*: run an exercise. `after`: the run that this one takes stock of, weeks later.
    `within`: the workshop of which it is a step. `day` and `start`: when a workshop is held."""

    exercise: str
    place: ExercisePlace = "meeting"
    minutes: str = "90"
    lead: Person = ""
    after: str = ""
    within: str = ""
    day: date | None = None
    start: int | None = None


class StepTaken(Signed, frozen=True, tag="step_taken"):
    """*Næste trin*. `step` is the step that it leads to, so that a second press changes nothing."""

    run: str
    step: str


class InnerMoved(Signed, frozen=True, tag="inner_moved"):
    """Something has changed in an exercise that is a step of the workshop `run`."""

    run: str
    inner: str
    over: bool = False


class PreparationShared(Signed, frozen=True, tag="preparation_shared"):
    """Who gets something ready before a workshop, and by when."""

    run: str
    item: str
    what: str
    who: Person
    due: date | None = None


class WorkshopDayMoved(Signed, frozen=True, tag="workshop_day_moved"):
    run: str
    day: date | None = None
    start: int | None = None


class ScreenWanted(Signed, frozen=True, tag="screen_wanted"):
    """*Vis på skærm*: a link for the wall of a meeting, and one for whoever leads."""

    run: str


class ScreenClosed(Signed, frozen=True, tag="screen_closed"):
    """*Luk skærmen*: the links and the digits for the wall stop working at once."""

    run: str


class CardsDealt(Signed, frozen=True, tag="cards_dealt"):
    """*Udskriv kort*: make so many cards for this exercise, to be printed and dealt. `instead_of`
    is the set of cards that the form was opened for; from now on it is dead."""

    run: str
    count: str
    instead_of: str = ""


class RoundClosed(Signed, frozen=True, tag="round_closed"):
    """*Luk runden*: end writing in this round for good. Only then is anything shown."""

    run: str
    round: str


class ExercisePaused(Signed, frozen=True, tag="exercise_paused"):
    run: str


class ExerciseResumed(Signed, frozen=True, tag="exercise_resumed"):
    run: str


class ExerciseEnded(Signed, frozen=True, tag="exercise_ended"):
    """*Slut øvelsen*: what they arrived at, who gets it, and when they look at it again."""

    run: str
    text: str
    receivers: tuple[Receiver, ...] = ()
    look_again: date | None = None
    reached: Reached = ""


class ExerciseDropped(Signed, frozen=True, tag="exercise_dropped"):
    run: str


class LeaderNotesWritten(Signed, frozen=True, tag="leader_notes_written"):
    """Notes by a leader, which are marked as theirs and shown last."""

    run: str
    round: str
    lane: str
    notes: Noted = {}


class PaperNotesWritten(Signed, frozen=True, tag="paper_notes_written"):
    """Notes that were written on paper, typed in by whoever leads: one a line, for each kind."""

    run: str
    lane: str
    notes: Noted = {}


class NotesGrouped(Signed, frozen=True, tag="notes_grouped"):
    """Put notes together under a name. An empty name takes them apart again."""

    run: str
    notes: tuple[str, ...]
    name: str = ""


class NotesAnswered(Signed, frozen=True, tag="notes_answered"):
    """The answer to a group of notes on a standing board, or to a note that is in none."""

    run: str
    of: str
    how: NoteReply
    text: str


class NoteTakenDown(Signed, frozen=True, tag="note_taken_down"):
    """Take a note down, with a reason that everybody reads."""

    run: str
    note: str
    reason: str


class ConditionWritten(Signed, frozen=True, tag="condition_written"):
    """What it takes to get the good and hold the bad down, and for which note."""

    run: str
    when: Literal["before", "during", "after"]
    text: str
    note: str = ""


class RowWritten(Signed, frozen=True, tag="row_written"):
    """A row of an exercise's table. `over` is the writing that stood when the form was opened."""

    run: str
    row: str
    name: str = ""
    cells: dict[str, str] = {}
    owner: Person = ""
    due: date | None = None
    over: str = ""


class ColumnAdded(Signed, frozen=True, tag="column_added"):
    """A column of their own in an exercise's table."""

    run: str
    name: str


class ColumnRemoved(Signed, frozen=True, tag="column_removed"):
    """An added column in which nothing is written is taken out again."""

    run: str
    column: str


class ExerciseAgreed(Signed, frozen=True, tag="exercise_agreed"):
    """*Lav en aftale* during an exercise."""

    run: str
    what: str
    who: Person = ""
    due: date | None = None


class NotesWritten(Unsigned, frozen=True, tag="notes_written"):
    run: str
    round: str
    lane: str
    notes: Noted = {}


class DotsSet(Unsigned, frozen=True, tag="dots_set"):
    """At most three dots, on notes or on groups of notes, in one sending."""

    run: str
    round: str
    chosen: tuple[str, ...] = ()


class SurveyAnswered(Unsigned, frozen=True, tag="survey_answered"):
    """*Svar på rundspørgen*: a point of the scale for each statement, in one sending."""

    run: str
    round: str
    answers: Noted = {}


class SendingUndone(Undoing, frozen=True, tag="sending_undone"):
    """*Fortryd*, in the answer to a sending: take it back while its round is open. `marks`: the
    marks that this round of notes shares with short rounds before it."""

    run: str
    round: str
    marks: str = ""


# --- a person's own -----------------------------------------------------------------------


class PersonPaused(Signed, frozen=True, tag="person_paused"):
    until: date | None = None


class PersonResumed(Signed, frozen=True, tag="person_resumed"):
    pass


class PersonSettings(Signed, frozen=True, tag="person_settings"):
    start: int = 8
    end: int = 16
    language: Literal["", "da", "en"] = ""
    soon: bool = True


class Greeted(Signed, frozen=True, tag="greeted"):
    """The welcome message of the private chat has arrived and is not repeated."""


class MembersSeen(Signed, frozen=True, tag="members_seen"):
    """The members of a channel: after a join or leave event, once a day, and after a repeated
    lookup of people not known to be human."""

    channel: str
    people: tuple[Person, ...] = ()
    unknown: tuple[Person, ...] = ()


class PresenceChanged(Signed, frozen=True, tag="presence_changed"):
    """The members of the project's channel were looked up. Only Digi sends this to itself."""


class Undelivered(Signed, frozen=True, tag="undelivered"):
    """A message was not delivered, or nothing can be delivered to the channel any more."""

    what: Literal["message", "private", "channel"]


class MatterChanged(Signed, frozen=True, tag="matter_changed"):
    """Something has changed that a summary may name: a text or an agreement."""

    of: str


class Unreached(Signed, frozen=True, tag="unreached"):
    """A message waits for a person for whom Digi is not installed yet."""

    person: Person


class Woke(Signed, frozen=True, tag="woke"):
    """A timer has fired. `at` is the time at which it was due, even if it fires later."""

    dialog: str
    of: str
    name: str
    came: datetime = EPOCH  # the time at which it fired, if that is later

    @property
    def fired_at(self) -> datetime:
        """Return when it fired: when it was due, or later."""
        return max(self.at, self.came)


UnsignedEvent = (
    AnsweredUnnamed
    | Fits
    | Missing
    | SaidUnnamed
    | AuthorWrote
    | AuthorObjected
    | AuthorWithdrew
    | NotesWritten
    | DotsSet
    | SurveyAnswered
    | SendingUndone
)

SignedEvent = (
    ExerciseBegun
    | ScreenWanted
    | ScreenClosed
    | CardsDealt
    | StepTaken
    | RoundClosed
    | ExercisePaused
    | ExerciseResumed
    | ExerciseEnded
    | ExerciseDropped
    | LeaderNotesWritten
    | PaperNotesWritten
    | NotesGrouped
    | NoteTakenDown
    | ConditionWritten
    | ExerciseAgreed
    | NotesAnswered
    | RowWritten
    | InnerMoved
    | PreparationShared
    | WorkshopDayMoved
    | ColumnAdded
    | ColumnRemoved
    | Started
    | Drafted
    | DraftDetailed
    | ShownInChannel
    | DraftDropped
    | FrameSet
    | SettingsChanged
    | DecisionMoved
    | RolesChanged
    | LeaderNamed
    | ProjectMoved
    | ReadersChosen
    | RoleConfirmed
    | RoleDeclined
    | Paused
    | NotNow
    | StoppedHere
    | Resumed
    | Ended
    | FollowedUp
    | Helped
    | Deleted
    | SaidDeleted
    | PointsDeleted
    | PhaseEntered
    | Begun
    | Halted
    | NextNow
    | PlanMoved
    | PlanSkipped
    | PlanTaken
    | PlanAdded
    | ThemePosted
    | PhaseMoved
    | PhaseClosed
    | StillStands
    | Ask
    | Answered
    | TrioProposed
    | TrioAgreed
    | ClosedForAnswers
    | SummedUp
    | TakenUpAgain
    | LaidAside
    | Superseded
    | SaidByName
    | Released
    | AuthorAdded
    | ConcernSeen
    | ConcernAnswered
    | EndedUnanswered
    | HandedOn
    | HowItWent
    | ConcernClosed
    | TakenToTrio
    | Offered
    | AgreementMade
    | AgreementTaken
    | AgreementDeclined
    | AgreementDone
    | AgreementNotDone
    | AgreementNewDate
    | NewsGiven
    | TrioPointRaised
    | MedItemWritten
    | MedDiscussed
    | MedSeenOtherwise
    | ApvEffectNoted
    | PromiseWritten
    | PromiseDropped
    | PromiseJudged
    | KeepChosen
    | LessonWritten
    | KeepsakeChanged
    | LessonLeft
    | PageOpened
    | PageClosed
    | AdviceAsked
    | AdviceGiven
    | FileWanted
    | EditionMade
    | EditionSeen
    | MeetingDated
    | PersonPaused
    | PersonResumed
    | PersonSettings
    | Greeted
    | MembersSeen
    | PresenceChanged
    | Undelivered
    | MatterChanged
    | Unreached
    | Woke
)

Event = SignedEvent | UnsignedEvent


# --- looks --------------------------------------------------------------------------------

View = Literal[
    # home, help
    "home",
    "chat",
    "help",
    "unknown",
    "no_project",
    "which_project",
    "private_words",
    "about",
    "about_all",
    "help_all",
    # advice
    "lessons",
    "advice",
    "example",
    "source",
    "reading",
    "checklist",
    "exercises",
    "notes",
    # project
    "start",
    "draft",
    "settings",
    "roles",
    "change_roles",
    "name_leader",
    "move",
    "readers",
    "frame",
    "pause",
    "not_now",
    "stop",
    "end",
    "follow_up",
    "helped",
    "delete",
    "confirm_role",
    "me",
    # walk
    "status",
    "plan",
    "add_question",
    "more_questions",
    "themes",
    "phase",
    "stands",
    # question
    "answer",
    "answer_unnamed",
    "see_answers",
    "sum_up",
    "talked",
    "missing",
    "meeting",
    "trio_proposal",
    "questions",
    "lead",
    # exercises
    "exercise_begin",
    "exercise_about",
    "exercise_board",
    "exercise_step",
    "exercise_lead",
    "exercise_screen",
    "exercise_leading",
    "exercise_end",
    "exercise_agree",
    "write_notes",
    "set_dots",
    "answer_survey",
    "survey_answers",
    "paper_notes",
    "group_notes",
    "take_down",
    "condition",
    "answer_notes",
    "exercise_try",
    "fill_row",
    "agenda",
    "prepare",
    "workshop_day",
    "workshop_file",
    "new_column",
    "exercise_table",
    "board_file",
    "deal_cards",
    "new_cards",
    "cards_file",
    "exercise_card",
    # page
    "page",
    "qr",
    # results
    "results",
    "search_results",
    # say
    "say",
    "say_named",
    "say_unnamed",
    "code",
    "by_code",
    "write_more",
    "object",
    "withdraw",
    # concern
    "concerns",
    "concern",
    "answer_concern",
    "take_concern",
    "went_not_done",
    "went_moved",
    "close_concern",
    "hand_on",
    # agreement
    "agreements",
    "new_agreement",
    "new_date",
    "not_done",
    # files
    "agreement_file",
    "decision_file",
    "meeting_file",
    "meeting_date",
    "poster_file",
    "meeting_sheet",
    "week_sheet",
    "sheet",
    "report",
    "report_file",
    "edition_file",
    "see_edition",
    "change_load",
    "change_load_file",
    # overview, summary, trio
    "overview",
    "summary",
    "news",
    "trio",
    "trio_point",
    # promises
    "promises",
    "promise",
    "promise_line",
    "promise_file",
    # what stays of a project
    "what_stays",
    "lesson",
    "workplace_lessons",
    "kept_promises",
    "kept_promises_file",
    # the committee
    "med",
    "med_item",
    "med_item_file",
    "med_levels",
    "apv",
    "apv_effect",
    "apv_file",
    "med_discussed",
    "med_otherwise",
]


class Look(Struct, frozen=True, tag="look"):
    """Read something: a form, a status, answers. It can be repeated and writes nothing."""

    view: View
    project: str = ""
    ref: str = ""
    words: str = ""


Press = Event | Look
