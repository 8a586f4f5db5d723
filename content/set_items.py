"""Converts phases, themes, questions and places into items of their sets."""

from content.model import Item, Phase, Place, Question, Theme


def phase_item(phase: Phase) -> Item:
    return Item(
        id=f"fase{phase.number}",
        name=phase.name,
        text=phase.what,
        more=(phase.involvement, phase.why),
        phase=(phase.number,),
        source=phase.source,
    )


def theme_item(theme: Theme) -> Item:
    return Item(
        id=theme.id,
        name=theme.name,
        text=theme.question,
        more=(theme.why,),
        source=theme.source,
    )


def question_item(question: Question) -> Item:
    return Item(
        id=question.id,
        text=question.text,
        more=(question.why,),
        kind=question.theme,
        phase=(question.phase,) if question.phase else (),
        source=question.source,
    )


def place_items(
    order: list[Place], questions: dict[str, Question], phases: list[Phase]
) -> list[Item]:
    names = {phase.number: phase.name for phase in phases}
    return [
        Item(
            id=place.question,
            name=names[place.phase],
            text=questions[place.question].text,
            more=(place.after,) if place.after else (),
            kind="trio" if place.trio else "team",
            phase=(place.phase,),
            refs=(place.question,),
            source=place.source or questions[place.question].source,
            ours=True,
        )
        for place in order
        if place.question in questions and place.phase in names
    ]
