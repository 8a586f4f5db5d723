"""What the walk shows: the plan, the rest, the four grundspørgsmål, and where we are now."""

from __future__ import annotations

from collections.abc import Mapping

from content.model import Phase, Question

from dialogs.agreement.states import Agreement
from dialogs.model import events as e
from dialogs.model.calendar import local, next_weekly
from dialogs.model.cards import (
    Bullets,
    Button,
    Buttons,
    Count,
    Facts,
    Heading,
    Line,
    Listing,
    NeutralCard,
    Paragraph,
    Part,
    Said,
    Several,
    Small,
    Who,
    Words,
    buttons,
    card,
    text,
)
from dialogs.model.cards import Moment as At
from dialogs.model.events import Look
from dialogs.model.facts import HowMany, Known, Project, Viewer
from dialogs.question.states import (
    Asked,
    Concluded,
    Proposed,
    State,
    is_open,
    state_word,
    takes_answers,
    title,
)
from dialogs.walk.plan import must, of_schools
from dialogs.walk.states import (
    RUNS,
    Planned,
    Walk,
    next_question_at,
    phase_name,
    progress,
    spoken,
    stage_line,
    words_of,
)

PAGE = 5
MORE = 10
LEADS = ("leader", "deputy", "starter")
TRIO = ("leader", "deputy", "representative")


# --- what is true of the whole ------------------------------------------------------------


def not_running(project: Project) -> NeutralCard | None:
    line = stage_line(project)
    if line is None:
        return None
    if project.stage == "draft":
        to = Button[Line](text("walk.button.draft"), Look("draft", project=project.id))
    else:
        to = Button(text("button.where_are_we"), Look("status", project=project.id))
    return card(Paragraph(line), buttons(to))


# --- the plan -----------------------------------------------------------------------------


def plan_card(
    walk: Walk, project: Project, known: Known, *, runs: bool, start: int = 0,
    said: Line | None = None,
) -> NeutralCard:  # fmt: skip
    """Five questions of the plan, with what may be done to each."""
    plan = walk.plan
    start = min(start, max(0, (len(plan) - 1) // PAGE * PAGE))
    shown = plan[start : start + PAGE]
    stage = stage_line(project)
    parts: list[Part[Line] | None] = [
        Heading(text("walk.plan.heading")),
        None if said is None else Paragraph(said),
        None if stage is None else Paragraph(stage),
        Paragraph(_plan_size(walk)),
    ]
    for number, planned in enumerate(shown, start + 1):
        parts.append(Paragraph(_plan_line(walk, planned, known, number)))
        if runs and project.open:
            parts.append(_plan_buttons(planned, project, number, len(plan)))
    further = len(plan) - start - len(shown)
    parts.append(
        buttons(
            Button(
                text("walk.plan.further", n=Count(min(PAGE, further))),
                Look("plan", project=project.id, ref=str(start + PAGE)),
            )
            if further
            else None,
            Button(text("walk.button.next_now"), e.NextNow(project=project.id))
            if runs and project.running and walk.left()
            else None,
            Button(text("walk.button.add"), Look("add_question", project=project.id))
            if runs and project.open
            else None,
            Button(text("walk.button.more"), Look("more_questions", project=project.id)),
        )
    )
    return card(*parts)


def _plan_size(walk: Walk) -> Line:
    if not walk.plan:
        return text("walk.plan.empty")
    left = len(walk.left())
    if left == len(walk.plan):
        return text("walk.plan.size", n=Count(left))
    if not left:
        return text("walk.plan.size_later", n=Count(len(walk.plan)))
    return text("walk.plan.size_of", n=Count(len(walk.plan)), here=Count(left))


def _plan_line(walk: Walk, planned: Planned, known: Known, number: int) -> Line:
    lines: list[Line] = [
        text("walk.plan.item", number=Count(number), question=words_of(planned, known))
    ]
    if planned.phase > walk.phase:
        lines.append(text("walk.plan.in_phase", number=Count(planned.phase)))
    if planned.trio:
        lines.append(text("walk.plan.trio"))
    after = next((p.after for p in known.catalogue.course.order if p.question == planned.id), None)
    if after is not None:
        lines.append(Said(after.da, after.en))
    return Several(tuple(lines))


def _plan_buttons(planned: Planned, project: Project, number: int, of: int) -> Buttons[Line] | None:
    def move(key: str, way: str) -> Button[Line]:
        press = e.PlanMoved(project=project.id, question=planned.id, way=way)  # type: ignore[arg-type]
        return Button(text(key, number=Count(number)), press)

    return buttons(
        move("walk.button.up", "up") if number > 1 else None,
        move("walk.button.down", "down") if number < of else None,
        move("walk.button.first", "first") if number > 2 else None,
        Button(
            text("walk.button.skip", number=Count(number)),
            e.PlanSkipped(project=project.id, question=planned.id),
        ),
    )


def more(walk: Walk, project: Project, known: Known) -> tuple[Planned, ...]:
    """What lies under *Flere spørgsmål*: the rest, and what belongs to what must be done or to
    a school."""
    found = tuple(p for p in walk.rest if spoken(p, known.catalogue) is not None)
    there = {*walk.asked, *(p.id for p in (*walk.plan, *walk.rest))}
    own: list[Planned] = []
    if project.origin == "must":
        own += must(known.catalogue, walk.phase)
    if project.workplace == "education":
        own += of_schools(known.catalogue, walk.phase)
    return tuple(p for p in own if p.id not in there) + found


def more_card(
    walk: Walk, project: Project, known: Known, *, runs: bool, start: int = 0,
    said: Line | None = None,
) -> NeutralCard:  # fmt: skip
    found = more(walk, project, known)
    start = min(start, max(0, (len(found) - 1) // MORE * MORE))
    shown = found[start : start + MORE]
    further = len(found) - start - len(shown)
    lines = [
        text("walk.plan.item", number=Count(number), question=words_of(planned, known))
        for number, planned in enumerate(shown, start + 1)
    ]
    take = [
        Button[Line](
            text("walk.button.take", number=Count(number)),
            e.PlanTaken(project=project.id, question=planned.id),
        )
        for number, planned in enumerate(shown, start + 1)
    ]
    return card(
        Heading(text("walk.more.heading")),
        None if said is None else Paragraph(said),
        Paragraph(text("walk.more.intro" if found else "walk.more.empty")),
        *(
            Paragraph[Line](
                Several((line, text("walk.more.skipped"))) if p.id in walk.skipped else line
            )
            for line, p in zip(lines, shown, strict=True)
        ),
        buttons(*take) if runs and project.open else None,
        buttons(
            Button(
                text("walk.plan.further", n=Count(min(MORE, further))),
                Look("more_questions", project=project.id, ref=str(start + MORE)),
            )
            if further
            else None,
            Button(text("walk.button.plan"), Look("plan", project=project.id)),
        ),
    )


# --- the four grundspørgsmål --------------------------------------------------------------


def themes_card(project: Project, known: Known, *, runs: bool, unknown: str = "") -> NeutralCard:
    """The four to choose from."""
    parts: list[Part[Line] | None] = [
        Heading(text("walk.themes.heading")),
        Paragraph(text("walk.themes.unknown", word=Words(unknown))) if unknown else None,
        Paragraph(text("walk.themes.intro" if runs else "walk.themes.intro_member")),
    ]
    for theme in known.catalogue.themes:
        parts.append(
            Paragraph(
                text(
                    "walk.themes.theme",
                    name=Said(theme.name.da, theme.name.en),
                    question=Said(theme.question.da, theme.question.en),
                )
            )
        )
        name = Said(theme.name.da, theme.name.en)
        parts.append(
            buttons(
                Button(
                    text("walk.button.see_theme", name=name),
                    Look("themes", project=project.id, ref=theme.id),
                )
            )
        )
    return card(*parts)


def theme_card(
    project: Project, known: Known, theme_id: str, asked: Mapping[str, State],
    *, runs: bool,
) -> NeutralCard:  # fmt: skip
    """One of the four with its five, for one reader; each that was asked can be opened."""
    theme = known.catalogue.theme(theme_id)
    five = known.catalogue.of_theme(theme_id)
    return card(
        Heading(Said(theme.name.da, theme.name.en)),
        Paragraph(Said(theme.question.da, theme.question.en)),
        Bullets(tuple(_theme_line(q, asked.get(q.id), None) for q in five), numbered=True),
        buttons(
            *(
                Button[Line](
                    text("walk.button.see_number", number=Count(n)),
                    Look("questions", project=project.id, ref=q.id),
                )
                for n, q in enumerate(five, 1)
                if q.id in asked
            )
        ),
        buttons(
            Button(
                text(
                    "walk.button.post_theme_again"
                    if all(q.id in asked for q in five)
                    else "walk.button.post_theme"
                ),
                e.ThemePosted(project=project.id, theme=theme_id),
            )
            if runs and project.running
            else None,
            Button(text("walk.button.all_themes"), Look("themes", project=project.id)),
        ),
    )


def theme_post(
    project: Project, known: Known, theme_id: str, five: tuple[str, ...],
    asked: Mapping[str, State],
) -> NeutralCard:  # fmt: skip
    """A grundspørgsmål with its five, in one message of the channel."""
    theme = known.catalogue.theme(theme_id)
    lines = tuple(
        text(
            "walk.themes.line",
            question=title(asked[id].words),
            state=_theme_state(
                asked[id], known(HowMany("answer", id)) if takes_answers(asked[id]) else None
            ),
        )
        for id in five
        if id in asked
    )
    answers = [
        Button[Line](
            text("walk.button.answer_number", number=Count(n)),
            Look("answer", project=project.id, ref=id),
        )
        for n, id in enumerate(five, 1)
        if project.open and takes_answers(asked.get(id))
    ]
    return card(
        Heading(Said(theme.name.da, theme.name.en)),
        Paragraph(text("walk.themes.basic", question=Said(theme.question.da, theme.question.en))),
        Small(Said(theme.why.da, theme.why.en)),
        Bullets(lines, numbered=True),
        Small(text("walk.themes.how" if answers else "walk.themes.all_closed")),
        buttons(
            *answers,
            Button(
                text("walk.button.theme_details"),
                Look("themes", project=project.id, ref=theme_id),
            ),
        ),
    )


def _theme_line(question: Question, state: State | None, answers: int | None) -> Line:
    said = Said(question.text.da, question.text.en) if state is None else title(state.words)
    return text("walk.themes.line", question=said, state=_theme_state(state, answers))


def _theme_state(state: State | None, answers: int | None) -> Line:
    if state is None:
        return text("walk.themes.not_asked")
    if isinstance(state, Asked) and state.with_trio:
        return text("walk.themes.with_trio")
    if isinstance(state, Asked) and state.closed:
        return text("walk.themes.closed")
    if answers:
        return text("walk.themes.answered", n=Count(answers))
    return state_word(state)


# --- where we are -------------------------------------------------------------------------


def status_card(
    walk: Walk | None, viewer: Viewer, known: Known, asked: Mapping[str, State],
    agreements: Mapping[str, Agreement],
) -> NeutralCard:  # fmt: skip
    """One screen: where we are, what is open, what has come of it, what you can do now."""
    project = known.project
    after = tuple(p for p in known.catalogue.phases if p.number > project.phase)
    stage = stage_line(project)
    now = _open_now(asked, viewer)
    return card(
        Heading(Words(project.name)),
        progress(known, project.phase),
        Small(text("walk.status.then", names=_names(after))) if after else None,
        Paragraph(stage) if stage is not None else None,
        Facts(_status_rows(walk, viewer, known, asked, agreements, now))
        if project.stage != "draft"
        else None,
        Paragraph(text("walk.status.you_can")),
        *_can_do(walk, project, viewer, now),
    )  # fmt: skip


def _status_rows(
    walk: Walk | None, viewer: Viewer, known: Known, asked: Mapping[str, State],
    agreements: Mapping[str, Agreement], now: State | None,
) -> tuple[tuple[Line, Line], ...]:  # fmt: skip
    project = known.project
    rows: list[tuple[Line, Line]] = []
    if project.open:
        rows.append((text("walk.status.now"), _now_line(now)))
    concluded = sum(isinstance(s, Concluded) for s in asked.values())
    summed_up = (
        text("walk.status.concluded", n=Count(concluded))
        if concluded
        else text("walk.status.none_concluded")
    )
    rows.append((text("walk.status.summed_up"), summed_up))
    rows.append((text("walk.status.agreements"), _agreed(agreements, viewer, project)))
    if project.running and walk is not None:
        upcoming: Line = (
            At(next_question_at(project, viewer.at))
            if walk.left()
            else text("walk.status.none_left")
        )
        rows.append((text("walk.status.next_question"), upcoming))
        hour, minute = divmod(project.overview_hour, 60)
        overview = next_weekly(project.calendar, viewer.at, project.overview_weekday, hour, minute)
        rows.append((text("walk.status.next_overview"), At(overview)))
    return tuple(rows)


def _now_line(now: State | None) -> Line:
    match now:
        case None:
            return text("walk.status.nothing_open")
        case Proposed(until=until):
            return text("walk.status.proposal", question=title(now.words), until=At(until))
        case Asked(closed=True):
            return text("walk.status.closed", question=title(now.words))
        case _:
            return title(now.words)


def _open_now(asked: Mapping[str, State], viewer: Viewer) -> State | None:
    """The newest question that waits for something; a trio's own only for the trio."""
    waiting = [
        s
        for s in asked.values()
        if is_open(s)
        or isinstance(s, Proposed)
        or (isinstance(s, Asked) and s.with_trio and viewer.person in s.trio)
    ]
    return max(waiting, key=lambda s: s.asked_at, default=None)


def _agreed(agreements: Mapping[str, Agreement], viewer: Viewer, project: Project) -> Line:
    today = local(project.calendar, viewer.at).date()
    done = sum(a.status == "done" for a in agreements.values())
    taken = [a for a in agreements.values() if a.status == "taken"]
    late = sum(a.due is not None and a.due < today for a in taken)
    lines: list[Line] = []
    if done:
        lines.append(text("walk.status.done", n=Count(done)))
    if len(taken) - late:
        lines.append(text("walk.status.under_way", n=Count(len(taken) - late)))
    if late:
        lines.append(text("walk.status.late", n=Count(late)))
    return Several(tuple(lines)) if lines else text("walk.status.no_agreements")


def _can_do(
    walk: Walk | None, project: Project, viewer: Viewer, now: State | None
) -> tuple[Part[Line] | None, ...]:
    def look(key: str, view: e.View, ref: str = "", *, main: bool = False) -> Button[Line]:
        return Button(
            text(key), Look(view, project=project.id, ref=ref), "main" if main else "plain"
        )

    runs, leads = viewer.may(*RUNS), viewer.may(*LEADS)
    if project.stage == "draft":
        return (buttons(look("walk.button.draft", "draft", main=True)),)
    if not project.open:
        return (
            buttons(look("walk.button.questions", "questions"),
                    look("walk.button.agreements", "agreements")),
        )  # fmt: skip
    first: list[Button[Line]] = []
    if isinstance(now, Asked):
        if now.with_trio:
            first.append(look("walk.button.see_question", "questions", now.words.id, main=True))
        elif now.closed:
            if runs:
                first.append(look("button.sum_up", "sum_up", now.words.id, main=True))
            first.append(look("walk.button.see_question", "questions", now.words.id))
        else:
            first.append(look("button.answer", "answer", now.words.id, main=True))
            if "has_led" not in viewer.roles and not viewer.may("leader", "deputy"):
                first.append(look("button.answer_unnamed", "answer_unnamed", now.words.id))
    if isinstance(now, Proposed):
        first.append(look("walk.button.see_question", "questions", now.words.id, main=True))
    second = [look("button.say", "say"), look("walk.button.questions", "questions"),
              look("walk.button.agreements", "agreements")]  # fmt: skip
    third: list[Button[Line]] = []
    if runs and project.running:
        if walk is not None and walk.left():
            third.append(Button(text("walk.button.next_now"), e.NextNow(project=project.id)))
        third.append(look("walk.button.plan", "plan"))
    if leads and project.running:
        third.append(look("walk.phase.submit", "phase"))
    if leads and not project.running:
        third.append(Button(text("button.continue"), e.Resumed(project=project.id)))
    return buttons(*first), buttons(*second), buttons(*third)


def _names(phases: tuple[Phase, ...]) -> Line:
    """Their names in running text; commas only, since a name may have an and of its own."""
    return Said(
        ", ".join(lowered(p.name.da) for p in phases),
        ", ".join(lowered(p.name.en) for p in phases),
    )


def lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


# --- what is told -------------------------------------------------------------------------


def phase_done(walk: Walk, known: Known, *, leads: bool, letter: bool = False) -> NeutralCard:
    """Nothing of this phase is left to ask: what the ways on are. A leader moves on, or ends."""
    project = known.project
    last = walk.phase >= len(known.catalogue.phases)
    if walk.length == "short":
        line = text("walk.done.short")
        on = Button[Line](text("walk.button.helped"), Look("helped", project=project.id))
    elif last:
        line = text("walk.done.last")
        on = Button(text("walk.button.end"), Look("end", project=project.id))
    else:
        line = text("walk.done.phase", phase=phase_name(known, walk.phase))
        on = Button(text("walk.button.phase"), Look("phase", project=project.id))
    return card(
        Heading(Words(project.name)) if letter else None,
        Paragraph(line),
        buttons(
            on if leads or walk.length == "short" else None,
            Button(text("walk.button.more"), Look("more_questions", project=project.id)),
            None
            if last
            else Button(
                text("advice.checklist"),
                Look("checklist", project=project.id, ref=str(walk.phase + 1)),
            ),
        ),
    )


def must_card(known: Known) -> NeutralCard:
    """To the leader where it must be done: four questions that translate it to the place."""
    project = known.project
    four = must(known.catalogue, project.phase)
    return card(
        Heading(text("walk.must.heading", project=Words(project.name))),
        Paragraph(text("walk.must.intro")),
        Bullets(tuple(words_of(p, known) for p in four), numbered=True),
        Small(text("walk.must.how")),
        buttons(
            *(
                Button[Line](
                    text("walk.button.take", number=Count(n)),
                    e.PlanTaken(project=project.id, question=p.id),
                )
                for n, p in enumerate(four, 1)
            )
        ),
    )


def gone_card(project: Project, question: str) -> NeutralCard:
    """To the leader: a planned question is no longer in the catalogue."""
    return card(
        Heading(Words(project.name)),
        Paragraph(text("walk.gone", id=Words(question))),
        buttons(Button(text("walk.button.plan"), Look("plan", project=project.id))),
    )


def asked_trio(known: Known) -> Line:
    """Where a question went that goes to leader, TR and AMR first."""
    who = known.holders("leader", "tr", "amr")
    if not who:
        return text("walk.next.asked")
    return text("walk.next.trio", who=Listing(tuple(Who(p) for p in who)))
