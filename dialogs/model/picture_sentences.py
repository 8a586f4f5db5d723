"""The sentence beside a picture: it says the same, with each of its names and figures."""

from __future__ import annotations

from dialogs.model.cards import Count, Line, Listing, Several, Text, text
from dialogs.model.pictures import Bar, Chart, NamedStep, Steps, StepState


def steps_sentence(picture: Steps[Line]) -> Line:
    """Say where we are, what is behind us and what is to come, each with its date."""
    now, behind, ahead = (_named(picture, state) for state in ("now", "done", "later"))
    lines: list[Line] = [
        text("picture.over", title=picture.title)
        if now is None
        else text("picture.now", title=picture.title, step=now)
    ]
    if behind is not None:
        lines.append(text("picture.behind", steps=behind))
    if ahead is not None:
        lines.append(text("picture.left" if now is None else "picture.ahead", steps=ahead))
    return Several(tuple(lines))


def _named(picture: Steps[Line], state: StepState) -> Line | None:
    """Name the steps in this state one after the other. Names often contain "and" themselves."""
    steps = [_dated(step) for step in picture.steps if step.state == state]
    if not steps:
        return None
    found, *others = steps
    for step in others:
        found = text("picture.then", one=found, other=step)
    return found


def _dated(step: NamedStep[Line]) -> Text:
    if step.when is None:
        return text("picture.step", name=step.name)
    return text("picture.step_dated", name=step.name, when=step.when)


def chart_sentence(picture: Chart[Line]) -> Line:
    """Say each bar's figures, in the order of the picture."""
    lines = [text("picture.bar", label=b.label, figures=_figures(picture, b)) for b in picture.bars]
    return text("picture.chart", title=picture.title, bars=Several(tuple(lines)))


def _figures(picture: Chart[Line], bar: Bar[Line]) -> Line:
    figures: list[Line] = []
    for group, value in zip(picture.groups, bar.values, strict=True):
        figure: Line = Count(value)
        if picture.unit is not None:
            figure = text("picture.figure", value=figure, unit=picture.unit)
        if len(picture.groups) > 1:
            figure = text("picture.group", name=group.name, figure=figure)
        figures.append(figure)
    return Listing(tuple(figures))
