"""Draws the page as HTML: no script, nothing from elsewhere, and nothing that a phone keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot.platforms.common.ports import Answer, Fault
from bot.platforms.common.receipt_code import is_receipt_code
from bot.platforms.web.html import strict_headers
from content.language import Language
from dialogs.model import cards as c
from dialogs.model.pictures import Chart, Steps
from dialogs.model.spelled_out import SIGNS, spelled_out

PageWords = Callable[[Language, str], str]
"""Returns a phrase without placeholders in a language."""

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
HEADERS = strict_headers(STYLE)
LANGUAGES: Mapping[Language, str] = {"da": "Dansk", "en": "English"}

PageValues = Mapping[str, Sequence[str]]


class PageFrame(Struct, frozen=True):
    """What all pages of one request have in common. `query` is the address of this view, and
    `token` what opened it, where it has no address. `stays`: no link in its head leads away,
    because with the page what somebody wrote, or their code, would be gone. `back` is
    the phrase of the link to the first page; "" where there is none. `people` can be chosen, by id
    and name."""

    words: PageWords
    language: Language
    query: str = ""
    token: str = ""
    stays: bool = False
    back: str = "page.back"
    people: Sequence[tuple[str, str]] = ()

    def says(self, key: str) -> str:
        return escape(self.words(self.language, key))


def home_or_card(frame: PageFrame, answer: Answer, *, home: bool, kept: str = "") -> str:
    """Return the first page, or what a press showed. `kept` is what somebody wrote to a form that
    is no longer open."""
    shown = [part for card in answer.cards for part in card.parts]
    title = _title(shown, frame)
    if shown and isinstance(shown[0], c.Heading):
        shown = shown[1:]
    parts = [f'<h1 dir="auto">{title}</h1>', *(_part(part, frame) for part in shown)]
    parts.append(_kept(frame, kept))
    if not home:
        parts.append(_back(frame))
    return _whole(frame, "".join(parts), title)


def _title(shown: Sequence[c.Part[c.Spans]], frame: PageFrame) -> str:
    match shown:
        case [c.Heading(text=text), *_]:
            return _line(text)
        case [c.Paragraph(text=text), *_] if any(map(is_receipt_code, text)):
            return frame.says("page.received_title")
        case _:
            return frame.says("page.reply_title")


def form_page(
    frame: PageFrame,
    form: c.FinishedForm,
    faults: Sequence[Fault] = (),
    given: PageValues | None = None,
) -> str:
    """Return a form: with `faults` their summary above it, and `given` in its fields."""
    wrong = {fault.field: c.plain(fault.text) for fault in faults}
    fields = "".join(_field(field, frame, wrong, given) for field in form.fields)
    inside = (
        f"<h1>{_line(form.title)}</h1>{_summary(frame, form, faults)}"
        f'<form method="post" action="{escape(frame.query or "?")}" novalidate>'
        f'<input type="hidden" name="f" value="{escape(form.token)}">'
        f"{_hidden('p', frame.token)}{_hidden('l', frame.language)}{fields}"
        f'<button class="send" type="submit">{_line(form.submit)}</button></form>{_back(frame)}'
    )
    return _whole(frame, inside, _line(form.title), wrong=bool(faults))


def notice(frame: PageFrame, what: str, kept: str = "") -> str:
    """Return a page that only says something: `page.gone`, `page.busy`."""
    title = frame.says(f"{what}_title")
    inside = f"<h1>{title}</h1><p>{frame.says(what)}</p>{_kept(frame, kept)}"
    return _whole(frame, inside, title)


def _kept(frame: PageFrame, words: str) -> str:
    if not words:
        return ""
    return (
        f'<h2 id="kept">{frame.says("page.your_text")}</h2>'
        f'<textarea readonly dir="auto" aria-labelledby="kept">{escape(words)}</textarea>'
    )


# --- the frame ----------------------------------------------------------------------------


def _whole(frame: PageFrame, inside: str, title: str, *, wrong: bool = False) -> str:
    title = re.sub("<[^>]+>", "", title)
    error = f"{frame.says('page.error_title')}: " if wrong else ""
    return (
        f'<!doctype html><html lang="{frame.language}" dir="ltr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{error}{title} · Digi</title><style>{STYLE}</style></head><body>"
        f'<a class="skip" href="#main">{frame.says("page.skip")}</a>'
        f'<div class="page">{_top(frame)}<main id="main">{inside}</main></div></body></html>'
    )


def _top(frame: PageFrame) -> str:
    if frame.stays:
        return '<header class="top"><b>Digi</b></header>'
    others = "".join(
        f'<a href="{escape(_in_language(frame.query, language))}" lang="{language}"'
        f' hreflang="{language}">{name}</a>'
        for language, name in LANGUAGES.items()
        if language != frame.language
    )
    return f'<header class="top"><b>Digi</b><nav>{others}</nav></header>'


def _in_language(query: str, language: Language) -> str:
    return f"{query}&l={language}" if query else f"?l={language}"


def _back(frame: PageFrame) -> str:
    if not frame.back:
        return ""
    return f'<p><a href="?l={frame.language}">{frame.says(frame.back)}</a></p>'


# --- cards --------------------------------------------------------------------------------


def card_parts(frame: PageFrame, card: c.FinishedCard) -> str:
    return "".join(_part(part, frame) for part in card.parts)


def _part(part: c.Part[c.Spans], frame: PageFrame) -> str:
    match part:
        case c.Heading(text=text):
            return f'<h2 dir="auto">{_line(text)}</h2>'
        case c.Paragraph(text=text):
            return f'<p dir="auto">{_line(text)}</p>'
        case c.Small(text=text):
            return f'<p class="small" dir="auto">{_line(text)}</p>'
        case c.FactRows(rows=rows):
            pairs = (f"<dt>{_line(a)}</dt><dd>{_line(b)}</dd>" for a, b in rows)
            return f"<dl>{''.join(pairs)}</dl>"
        case c.Quote(words=words, by=by):
            under = "" if by is None else f'<p class="by">{_line(by)}</p>'
            return f'<blockquote dir="auto">{_line(words)}</blockquote>{under}'
        case c.Bullets(items=items, numbered=numbered):
            tag = "ol" if numbered else "ul"
            return f"<{tag}>{''.join(f'<li>{_line(item)}</li>' for item in items)}</{tag}>"
        case c.Progress(label=label):
            return f"<p>{_line(label)}</p>"
        case c.Buttons(buttons=buttons):
            ways = "".join(f"<li>{_way(button, frame)}</li>" for button in buttons)
            return f'<ul class="ways">{ways}</ul>' if ways else ""
        case c.Matters() | c.Grid():
            return "".join(_part(plain, frame) for plain in spelled_out(part))
        case c.Board(columns=columns):
            return f'<div class="board">{"".join(_lane(one) for one in columns)}</div>'
        case Steps(sentence=sentence) | Chart(sentence=sentence):
            return f'<p dir="auto">{_line(sentence or ())}</p>'


def _lane(lane: c.BoardColumn[c.Spans]) -> str:
    notes = "".join(_note(note) for note in lane.notes)
    under = "" if lane.under is None else f'<p class="small">{_line(lane.under)}</p>'
    shown = f'<ul class="notes">{notes}</ul>' if notes else ""
    return f'<section><h2 dir="auto">{_line(lane.name)}</h2>{shown}{under}</section>'


def _note(note: c.BoardNote[c.Spans]) -> str:
    sign = f'<span aria-hidden="true">{SIGNS[note.sign]} </span>'
    kind = "" if note.kind is None else f'<p class="kind">{sign}{_line(note.kind)}</p>'
    about = "" if note.about is None else f'<p class="small">{_line(note.about)}</p>'
    return f'<li class="{note.sign}">{kind}<p dir="auto">{_line(note.words)}</p>{about}</li>'


def _way(button: c.Button[c.Spans], frame: PageFrame) -> str:
    kind = f"way {button.style}" if button.style in ("main", "danger") else "way"
    label = f'<span dir="auto">{_line(button.label)}</span>'
    if button.token.startswith("?"):
        address = _in_language(button.token, frame.language)
        return f'<a class="{kind}" href="{escape(address)}">{label}</a>'
    form = (
        f'<form method="post" action="?">{_hidden("p", button.token)}'
        f"{_hidden('l', frame.language)}"
        f'<button class="{kind}" type="submit">{label}</button></form>'
    )
    if button.confirm is None:
        return form
    return (
        f'<details class="sure"><summary class="{kind}">{label}</summary>'
        f"<p>{_line(button.confirm)}</p>{form}</details>"
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">' if value else ""


# --- forms --------------------------------------------------------------------------------


def _summary(frame: PageFrame, form: c.FinishedForm, faults: Sequence[Fault]) -> str:
    """Return the list of what is wrong, as GOV.UK's error summary: it has the focus when the page
    opens, and each line leads to its field."""
    if not faults:
        return ""
    labels = {f.id: _line(f.label) for f in form.fields if not isinstance(f, c.Note)}
    items = "".join(
        f'<li><a href="#{_id(fault.field)}">{_of_field(labels[fault.field])} '
        f"{_line(fault.text)}</a></li>"
        if fault.field in labels
        else f"<li>{_line(fault.text)}</li>"
        for fault in faults
    )
    return (
        '<div class="summary" role="alert" tabindex="-1" autofocus aria-labelledby="wrong">'
        f'<h2 id="wrong">{frame.says("page.error_summary")}</h2><ul>{items}</ul></div>'
    )


def _of_field(label: str) -> str:
    return label if label.endswith("?") else f"{label}:"


def _field(
    field: c.Field[c.Spans], frame: PageFrame, wrong: Mapping[str, str], given: PageValues | None
) -> str:
    match field:
        case c.Note(text=text):
            return f'<p class="note" dir="auto">{_line(text)}</p>'
        case c.TextField():
            return _text_field(field, frame, wrong.get(field.id, ""), given)
        case c.Choice():
            chosen = [field.value] if given is None else given.get(field.id, ())
            return _choice(field, "radio", chosen, wrong.get(field.id, ""))
        case c.Choices():
            chosen = field.values if given is None else given.get(field.id, ())
            return _choice(field, "checkbox", chosen, wrong.get(field.id, ""))
        case c.DateField(value=day):
            about = {"type": "date", "value": "" if day is None else day.isoformat()}
            return _short(field, frame, about, wrong.get(field.id, ""), given)
        case c.People():
            return _person_field(field, frame, wrong.get(field.id, ""), given)
        case _:
            raise AssertionError(f"no form of the page has {type(field).__name__}")


def _short(
    field: c.DateField[c.Spans],
    frame: PageFrame,
    about: dict[str, str],
    error: str,
    given: PageValues | None,
) -> str:
    id, hint = _id(field.id), _line(field.hint) if field.hint else ""
    if given is not None:
        about["value"] = "".join(given.get(field.id, ()))
    about = {"id": id, "name": field.id, **about, **_described(id, hint, error)}
    return _labelled(field, frame, hint, error, f"<input{_attributes(about)}>")


def _person_field(
    field: c.People[c.Spans], frame: PageFrame, error: str, given: PageValues | None
) -> str:
    """Return a choice among those in the channel."""
    id, hint = _id(field.id), _line(field.hint) if field.hint else ""
    chosen = field.values if given is None else given.get(field.id, ())
    options = "".join(
        f'<option value="{escape(person)}"{" selected" if person in chosen else ""}>'
        f"{escape(name)}</option>"
        for person, name in (("", "–"), *frame.people)
    )
    about = {"id": id, "name": field.id, **_described(id, hint, error)}
    return _labelled(field, frame, hint, error, f"<select{_attributes(about)}>{options}</select>")


def _labelled(
    field: c.DateField[c.Spans] | c.People[c.Spans] | c.TextField[c.Spans],
    frame: PageFrame,
    hint: str,
    error: str,
    control: str,
) -> str:
    id = _id(field.id)
    optional = "" if field.required else f" {frame.says('page.optional')}"
    return (
        f'<div class="field{" wrong" if error else ""}">'
        f'<label class="label" for="{id}">{_line(field.label)}{optional}</label>'
        f"{_under(id, hint, error)}{control}</div>"
    )


def _text_field(
    field: c.TextField[c.Spans], frame: PageFrame, error: str, given: PageValues | None
) -> str:
    id = _id(field.id)
    value = "".join(given.get(field.id, ())) if given is not None else _plain(field.value)
    limit = frame.says("page.limit").replace("{n}", str(field.limit)) if field.long else ""
    hint = " ".join(filter(None, [_line(field.hint) if field.hint else "", limit]))
    about = {"id": id, "name": field.id, "dir": "auto", **_described(id, hint, error)}
    if not field.long:
        about |= {"type": "text", "value": value, "autocomplete": "off", "spellcheck": "false"}
        control = f"<input{_attributes(about)}>"
    else:
        about |= {"rows": "7", "autocomplete": "off"}
        control = f"<textarea{_attributes(about)}>\n{escape(value)}</textarea>"
    return _labelled(field, frame, hint, error, control)


def _choice(
    field: c.Choice[c.Spans] | c.Choices[c.Spans], kind: str, chosen: Sequence[str], error: str
) -> str:
    id = _id(field.id)
    hint = _line(field.hint) if field.hint else ""
    options = []
    for n, option in enumerate(field.options):
        # A link of the summary leads to the first option, which has the field's own id.
        one = id if n == 0 else f"{id}-{n}"
        about = {"type": kind, "id": one, "name": field.id, "value": option.value}
        if option.value in chosen:
            about["checked"] = ""
        said = _line(option.label)
        if option.hint:
            # Its name is read first, and the hint after it.
            about |= {"aria-labelledby": f"{one}-name", "aria-describedby": f"{one}-hint"}
            under = f'<span class="hint" id="{one}-hint">{_line(option.hint)}</span>'
            said = f'<span id="{one}-name">{said}</span>{under}'
        options.append(
            f'<label class="option" for="{one}"><input{_attributes(about)}>'
            f'<span dir="auto">{said}</span></label>'
        )
    return (
        f'<fieldset class="field{" wrong" if error else ""}"'
        f"{_attributes(_described(id, hint, error))}>"
        f"<legend>{_line(field.label)}</legend>{_under(id, hint, error)}{''.join(options)}"
        "</fieldset>"
    )


def _id(field: str) -> str:
    return f"x-{escape(field)}"


def _plain(spans: c.Spans | None) -> str:
    return "" if spans is None else c.plain(spans)


def _described(id: str, hint: str, error: str) -> dict[str, str]:
    by = " ".join(f"{id}-{what}" for what, there in (("hint", hint), ("error", error)) if there)
    found = {"aria-describedby": by} if by else {}
    return {**found, "aria-invalid": "true"} if error else found


def _under(id: str, hint: str, error: str) -> str:
    shown = f'<p class="hint" id="{id}-hint">{hint}</p>' if hint else ""
    return shown + (f'<p class="error" id="{id}-error">{escape(error)}</p>' if error else "")


def _attributes(about: Mapping[str, Any]) -> str:
    return "".join(f' {name}="{escape(str(value))}"' for name, value in about.items())


# --- lines --------------------------------------------------------------------------------


def _line(spans: c.Spans) -> str:
    return "".join([_span(span) for span in spans])


def _span(span: c.Span) -> str:
    match span:
        case c.Plain(text=text):  # most are, so it is asked first
            return escape(text)
        case c.Strong(text=text) | c.Quoted(text=text) if is_receipt_code(span):
            groups = text.replace("-", "-<wbr>")
            return f'<strong class="code" dir="ltr" translate="no">{groups}</strong>'
        case c.Strong(text=text):
            return f"<strong>{escape(text)}</strong>"
        case c.Emph(text=text):
            return f"<em>{escape(text)}</em>"
        case c.Mention(name=name):
            return f"<bdi>{escape(name)}</bdi>"
        case c.Quoted(text=text):
            return f"<bdi>{escape(text)}</bdi>"
        case _:
            return escape(span.text)
