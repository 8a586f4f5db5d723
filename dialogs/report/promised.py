"""What was promised of the technology and what became of it, and what it does to the work.

The words are copied from their records, because an edition must stay as it is when a promise or an
effect is changed later.
"""

from __future__ import annotations

from typing import Any

from dialogs.med.states import ApvEffect, med_of
from dialogs.model.cards import Line, Paragraph, Said, Small, Words, text
from dialogs.model.documents import DataTable, Section, section
from dialogs.model.facts import Known, Rec, Records
from dialogs.outcomes.states import compass_status
from dialogs.promise.states import (
    FIELDS,
    PromiseMade,
    Verdict,
    latest,
    outcome_line,
    promises_of,
)
from dialogs.report.lines import NONE, points, quoted, short, stacked
from dialogs.report.outcomes import compass_passages

PROMISE_WORDS = Records("promise")
VERDICT_WORDS = Records("verdict")
EFFECT_WORDS = Records("apv_effect")
PROMISES_FIRST, EFFECTS_FIRST = 3, 2
"""How many are on page one; the others are in the annexes."""
PROMISE_LETTERS, JUDGED_LETTERS, EFFECT_LETTERS = 60, 32, 45
"""Characters of one of them on page one, so that each is one line, with what became of it."""


def _body(fact: Records, id: str, known: Known) -> dict[str, Any]:
    records: tuple[Rec, ...] = known(fact)
    return next((one.body for one in records if one.id == id), {})


# --- on page one ----------------------------------------------------------------------------


def promise_lines(known: Known) -> Line:
    """Return the promises in short, those that the leader answers for first."""
    found = promises_of(known)
    if not found:
        return text("promise.none")
    lines = [_promise_line(one, known) for one in found[:PROMISES_FIRST]]
    if len(found) > PROMISES_FIRST:
        lines.append(text("report.more_in_f"))
    return points(lines)


def _promise_line(one: PromiseMade, known: Known) -> Line:
    last = latest(one)
    letters = PROMISE_LETTERS if last is None else JUDGED_LETTERS
    gain = short(_body(PROMISE_WORDS, one.id, known).get("gain", ""), letters)
    line = text(f"report.is_{one.kind}", gain=gain)
    if last is None:
        return line
    return text("report.promise_judged", promise=line, judged=outcome_line(last))


def effect_lines(known: Known) -> Line:
    """Return the effects on the working environment in short."""
    found = med_of(known).apv
    if not found:
        return text("report.no_apv")
    lines = [_effect_line(one, known) for one in found[:EFFECTS_FIRST]]
    if len(found) > EFFECTS_FIRST:
        lines.append(text("report.more_in_g"))
    return stacked((text("report.apv"), points(lines)))


def _effect_line(one: ApvEffect, known: Known) -> Line:
    what = short(_body(EFFECT_WORDS, one.id, known).get("text", ""), EFFECT_LETTERS)
    return text("report.effect", quality=_quality(one, known), way=_way(one), what=what)


def _way(one: ApvEffect) -> Line:
    return text(f"report.way_{one.way}")


def _quality(one: ApvEffect, known: Known) -> Line:
    for item in known.catalogue.set("rasmus").items:
        if item.id == one.quality and item.name is not None:
            return Said(item.name.da, item.name.en)
    return NONE


# --- F: promises ----------------------------------------------------------------------------


def promises_section(known: Known) -> Section[Line]:
    heading, found = text("report.annex_f"), promises_of(known)
    if not found:
        return section(heading, Paragraph(text("promise.none")))
    header = tuple(text(f"report.{one}") for one in ("promised", "details", "became"))
    rows = tuple(_promise(one, known) for one in found)
    return section(
        heading,
        Small(text("report.promised_or_expected")),
        DataTable(heading, header, rows),
        Small(text("report.compass_in_g")) if compass_status(known) is not None else None,
    )


def _promise(one: PromiseMade, known: Known) -> tuple[Line, ...]:
    body = _body(PROMISE_WORDS, one.id, known)
    gain, owner = (Words(body.get(name, "")) for name in ("gain", "owner"))
    details = [
        text("report.detail", name=text(f"promise.field_{field}"), words=Words(body.get(field, "")))
        for field in FIELDS
        if field in one.fields and field not in ("gain", "owner")
    ]
    judged = [_judged(each, known) for each in sorted(one.verdicts, key=lambda v: v.months)]
    became = stacked(judged) if judged else text("report.not_judged")
    return text(f"promise.line_{one.kind}", gain=gain, owner=owner), stacked(details), became


def _judged(verdict: Verdict, known: Known) -> Line:
    said = _body(VERDICT_WORDS, verdict.line, known).get("text", "") if verdict.line else ""
    return stacked((outcome_line(verdict), *((quoted(Words(said)),) if said else ())))


# --- G: effects on the work -------------------------------------------------------------------


def effects_section(known: Known) -> Section[Line]:
    heading, found = text("report.annex_g"), med_of(known).apv
    compass = compass_passages(known)
    if not found:
        return section(heading, Paragraph(text("report.no_apv")), *compass)
    header = tuple(text(f"report.{one}") for one in ("quality", "way", "effect_what", "agreed"))
    order = {item.id: n for n, item in enumerate(known.catalogue.set("rasmus").items)}
    rows = tuple(
        _effect(one, known)
        for one in sorted(found, key=lambda one: order.get(one.quality, len(order)))
    )
    return section(heading, Small(text("med.apv_duty")), DataTable(heading, header, rows), *compass)


def _effect(one: ApvEffect, known: Known) -> tuple[Line, ...]:
    body = _body(EFFECT_WORDS, one.id, known)
    agreed = Words(body.get("agreed", "")) if one.agreed else text("report.nothing_agreed")
    return _quality(one, known), _way(one), Words(body.get("text", "")), agreed
