"""The sentence beside a picture: it says the same, with each of its names and figures."""

from __future__ import annotations

from dialogs.model.cards import Count, Line, Listing, Several, Text, text
from dialogs.model.pictures import Bar, Chart, NamedStep, Steps, StepState


def steps_sentence(picture: Steps[Line]) -> Line:
    """Say where we are, what is behind us and what is to come, each with its date."""
    lines: list[Line] = []
    for number, step in enumerate(picture.steps, 1):
        if step.state == "now":
            of = Count(len(picture.steps))
            lines.append(text("picture.now", step=_dated(step), number=Count(number), of=of))
    under_way = bool(lines)
    behind, ahead = _named(picture, "done"), _named(picture, "later")
    if behind:
        lines.append(text("picture.behind", steps=Listing(behind)))
    if ahead:
        key = "picture.ahead" if under_way else "picture.left"
        lines.append(text(key, steps=Listing(ahead)))
    return Several(tuple(lines))


def _named(picture: Steps[Line], state: StepState) -> tuple[Line, ...]:
    return tuple(_dated(step) for step in picture.steps if step.state == state)


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
