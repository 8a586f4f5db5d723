"""Cards and forms rendered for Teams stay within its limits, and people's text is never markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.teams import data, draw, forms, pieces
from dialogs.model import cards as c
from dialogs.model import pictures
from tests.bot.platforms.slack.test_draw import CARDS, FORMS, MANY, NASTY, _texts
from tests.worlds import card_validators
from tests.worlds.teams import limits
from tests.worlds.teams.render import buttons, every, inputs, press_of, runs, text_of, title_of

SIGNS = (
    *NASTY,
    "[tryk](https://x.dk)",
    "<at>Anne</at>",
    "**fed**",
    "# stort",
    "- punkt",
    "1. punkt",
    "{{DATE(2026-11-02T08:00:00Z,SHORT)}}",
    "${ord}",
    "![x](https://x.dk/a.png)",
    "<script>",
    "www.eksempel.dk",
    "\\",
    "|a|b|",
    "&lt;at&gt;",
)


def _all_buttons(card: c.FinishedCard) -> list[str]:
    return [button.token for button in c.every_button(card)]


def _tokens(drawn: draw.TeamsMessage) -> list[str]:
    pages = (drawn, *drawn.rest)
    return [press_of(a)["data"]["digi"]["token"] for page in pages for a in buttons(page.card)]


def _tried(examples: int, check: Callable[..., None], **given_by: st.SearchStrategy[Any]) -> None:
    calm = settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    calm(given(**given_by)(check))()


def some(few: int, many: int) -> pytest.MarkDecorator:
    """Return Hypothesis settings with this many examples by default, and more in the long run."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])


@some(40, 2000)
def test_any_card_is_a_message_that_teams_takes(examples: int) -> None:
    """For any texts the limits hold and no button is dropped."""
    _tried(examples, _card_fits, card=CARDS, again=st.booleans(), inside=st.booleans())


@some(5, 100)
def test_a_card_of_seventy_parts_goes_on(examples: int) -> None:
    """Buttons come first as long as they leave room for text, and none is dropped."""
    _tried(examples, _card_fits, card=MANY, again=st.booleans(), inside=st.booleans())


def _card_fits(card: c.FinishedCard, again: bool, inside: bool) -> None:
    drawn = draw.messages((card,), "da", again=again, place=draw.CardPlace(inside=inside))
    for page in (drawn, *drawn.rest):
        assert limits.problems(page.card) == []
        assert 0 < len(page.summary) <= pieces.SUMMARY
    assert sorted(_tokens(drawn)) == sorted(_all_buttons(card))


@some(30, 1500)
def test_any_form_is_a_dialog_that_teams_takes(examples: int) -> None:
    """Titles, labels, options, hints and values stay within the size limit; the form is part of its
    own submission, so that no server has to remember it."""
    _tried(examples, _form_fits, form=FORMS)


def _form_fits(form: c.FinishedForm) -> None:
    drawn = forms.form(form, "da", channel="19:x@thread.tacv2")
    assert limits.problems(drawn) == []
    [send] = [action for action in buttons(drawn) if "associatedInputs" not in action]
    read = data.read_data(send["data"])
    assert isinstance(read, data.Send)
    assert (read.form.token, read.channel) == (form.token, "19:x@thread.tacv2")
    wanted = [f.id for f in form.fields if not isinstance(f, c.Note)]
    assert list(read.form.ids) == wanted
    again = forms.form(
        read.form.form, "en", faults=[("", "Prøv igen"), (wanted[0] if wanted else "", "Tom")]
    )
    assert limits.problems(again) == []
    assert "Look at this again: Prøv igen" in text_of(again)


AROUND = ("plain", "strong", "mention", "quote", "heading", "fact", "bullet")


@some(60, 3000)
def test_what_people_write_is_never_read_as_markup(examples: int) -> None:
    """It is in TextRuns; no TextBlock, which Teams parses as markdown, contains it."""
    words = st.sampled_from(SIGNS) | _texts(3000)
    _tried(examples, _words_are_words, words=words, around=st.sampled_from(AROUND))


def _words_are_words(words: str, around: str) -> None:
    quoted: c.Spans = (c.Quoted(words),)
    part: Any = {
        "plain": c.Paragraph((c.Plain("Hun skrev: "), *quoted)),
        "strong": c.Paragraph((c.Strong("Svar"), c.Plain(": "), *quoted)),
        "mention": c.Paragraph((c.Mention("p", words), c.Plain(" "), *quoted)),
        "quote": c.Quote(quoted, (c.Mention("p", "Anne"),)),
        "heading": c.Heading(quoted),
        "fact": c.FactRows(((quoted, quoted),)),
        "bullet": c.Bullets((quoted,), True),
    }[around]
    drawn = draw.messages((c.Card((part,)),), "da")
    for page in (drawn, *drawn.rest):
        for element in page.card["body"]:
            if element["type"] == "TextBlock":
                assert not draw._MARKUP.search(element["text"])
        assert "{{DATE(" not in json.dumps(page.card["body"])
        assert not {"<", ">"} & set(page.summary)
    shown = "".join(run["text"] for page in (drawn, *drawn.rest) for run in runs(page.card))
    heard = "".join(e.get("text", "") for e in drawn.card["body"]) + shown.replace("\u2060", "")
    for line in words.split("\n"):
        assert line.strip() in heard or not line.strip()


@pytest.mark.parametrize("words", SIGNS)
def test_the_renderer_shows_words_and_nothing_else(words: str) -> None:
    """Microsoft's renderer makes no link, style or image of people's texts."""
    card_validators.needed()
    quoted: c.Spans = (c.Quoted(words),)
    card: c.FinishedCard = c.Card(
        (c.Paragraph(quoted), c.Quote(quoted), c.Bullets((quoted,)), c.Heading(quoted))
    )
    option = c.Option[c.Spans]("x", quoted)
    form: c.FinishedForm = c.Form(
        quoted,
        (
            c.Note(quoted),
            c.TextField("a", quoted, quoted, value=quoted),
            c.Choice("b", quoted, (option,)),
            c.Choices("c", quoted, (option,)),
        ),
        (c.Plain("Send"),),
        "x",
    )
    for drawn in (draw.card(card), forms.form(form)):
        shown = card_validators.shown(drawn)
        assert (shown.links, shown.styled, shown.problems) == ((), (), ())


@some(20, 500)
def test_what_microsofts_own_packages_say(examples: int) -> None:
    """The renderer, and its table of what belongs to version 1.5, find no problem."""
    card_validators.needed()
    _tried(examples, _microsoft_takes, card=CARDS, form=FORMS)


def _microsoft_takes(card: c.FinishedCard, form: c.FinishedForm) -> None:
    drawn = draw.messages((card,), "da")
    for page in (drawn, *drawn.rest):
        assert card_validators.problems(page.card) == []
    assert card_validators.problems(forms.form(form)) == []


def test_a_long_text_goes_on_in_further_messages_and_loses_nothing() -> None:
    """Text that does not fit is in `rest`, complete and in order; the first page says so."""
    words = [f"linje {n} " + "ord " * 90 for n in range(200)]
    card = c.Card[c.Spans](tuple(c.Paragraph((c.Plain(line),)) for line in words))
    drawn = draw.messages((card,), "da")
    assert drawn.rest
    whole = "\n".join(text_of(page.card) for page in (drawn, *drawn.rest))
    found = [whole.index(f"linje {n} ") for n in range(200)]
    assert found == sorted(found)
    assert "Resten står lige nedenunder." in text_of(drawn.card)


def test_a_receipt_code_has_a_fixed_width() -> None:
    """People write it down, so it is drawn apart from the words around it."""
    code = "BBHP-DNYX-RZG3-98Q6-Z"
    spans = (c.Plain("Koden er "), c.Quoted(code), c.Plain("."))
    [line] = pieces.text_lines(spans)
    assert [run.get("fontType") for run in line.runs] == [None, "Monospace", None]
    drawn = draw.messages((c.Card((c.Paragraph(spans),)),), "da").card
    assert limits.problems(drawn) == []
    card_validators.needed()
    assert card_validators.problems(drawn) == []


@pytest.mark.parametrize("token", ["p" * 300, "say:sig det", "held:abc"])
def test_a_button_says_whether_it_opens_or_does(token: str) -> None:
    """A button that changes something is executed directly, with a fallback for old clients; one
    that shows something opens a dialog; in a dialog all buttons submit to it."""
    press: c.FinishedCard = c.Card(
        (
            c.Buttons(
                (
                    c.Button((c.Plain("Gør det"),), style="main", token=token),
                    c.Button((c.Plain("Vis det"),), token=token + "x", opens=True),
                )
            ),
        )
    )
    does, opens = buttons(draw.card(press))
    if token.startswith("p"):
        assert (does["type"], does["verb"], does["style"]) == ("Action.Execute", "digi", "positive")
        assert does["fallback"]["data"] == does["data"]
    else:
        assert does["data"]["msteams"] == {"type": "task/fetch"}
    assert opens["type"] == "Action.Submit"
    assert opens["data"]["msteams"] == {"type": "task/fetch"}
    inside = draw.messages((press,), "da", place=draw.CardPlace(inside=True)).card
    assert {action["type"] for action in buttons(inside)} == {"Action.Submit"}
    assert not list(every(inside, "msteams"))


def test_a_press_that_is_asked_about_keeps_its_question() -> None:
    """The question is shown below the button, with a button of the same label and the token."""
    button = c.Button[c.Spans](
        (c.Plain("Slet"),), style="danger", confirm=(c.Plain("For altid?"),), token="t"
    )
    card = c.Card((c.Buttons((button,)),))
    for place, kind in (
        (draw.ANYWHERE, "Action.Execute"),
        (draw.CardPlace(inside=True), "Action.Submit"),
    ):
        drawn = draw.messages((card,), "da", place=place).card
        assert limits.problems(drawn) == []
        assert card_validators.problems(drawn) == []
        [asks] = buttons(drawn)
        assert (asks["type"], asks["title"], asks["style"]) == (
            "Action.ShowCard",
            "Slet",
            "destructive",
        )
        assert text_of(asks["card"]) == "For altid?\n[Slet]"
        [press] = buttons(asks["card"])
        assert press["type"] == kind
        assert data.read_data(press["data"]) == data.PressData("t")


@pytest.mark.parametrize(
    "given_back",
    [
        {},
        {"digi": None},
        {"digi": {"k": "x"}},
        {"digi": {"k": "p"}},
        {"digi": [1]},
        {"digi": {"k": "f", "form": ""}},
        {"digi": {"k": "f", "form": "æ"}},
        {"digi": {"k": "f", "form": "AAAA"}},
    ],
)
def test_data_that_digi_did_not_write_is_nothing(given_back: dict[str, Any]) -> None:
    """Forged button data is ignored and raises nothing."""
    assert data.read_data(given_back) is None


def test_a_packed_form_cannot_be_blown_up() -> None:
    """A compressed text that expands to megabytes is rejected."""
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(b"[" * 5_000_000)).decode()
    assert data.read_data({"digi": {"k": "f", "form": bomb}}) is None


def test_what_is_chosen_comes_back_as_it_was() -> None:
    """Values with commas, an empty value, several people, a date."""
    options = tuple(c.Option[c.Spans](v, (c.Plain(v or "ingen"),)) for v in ("a,b", "", "50%", "c"))
    form: c.FinishedForm = c.Form(
        (c.Plain("T"),),
        (
            c.Choice("one", (c.Plain("En"),), options, "a,b"),
            c.Choices("many", (c.Plain("Flere"),), options, ("50%", "a,b")),
            c.People("who", (c.Plain("Hvem"),), many=True, values=("p1", "p2")),
            c.DateField("day", (c.Plain("Dag"),), date(2026, 12, 4)),
            c.TimeField("hour", (c.Plain("Time"),), 13 * 60),
        ),
        (c.Plain("Send"),),
        "x",
    )
    drawn = forms.form(form, names=lambda person: person.upper())
    sent = {one["id"]: one["value"] for one in inputs(drawn)}
    opened = data.OpenForm(form)
    assert {id: data.read_value(opened, id, sent[f"f.{id}"]) for id in opened.ids} == {
        "one": "a,b",
        "many": ["a,b", "50%"],
        "who": ["p1", "p2"],
        "day": "2026-12-04",
        "hour": "13:00",
    }
    assert data.read_value(opened, "one", data.written_value("")) == ""
    people = next(one for one in inputs(drawn) if one["id"] == "f.who")
    assert [choice["title"] for choice in people["choices"]] == ["P1", "P2"]


@pytest.mark.parametrize("words", SIGNS)
def test_an_option_is_shown_as_it_was_written(words: str) -> None:
    """In expanded choices its markdown is escaped; in a drop-down it is not."""
    option = c.Option[c.Spans]("x", (c.Quoted(words),), (c.Plain("hint"),))
    for many in (
        c.Choices("a", (c.Plain("L"),), (option,)),
        c.Choice(
            "a",
            (c.Plain("L"),),
            (option, *(c.Option[c.Spans](str(n), (c.Plain(str(n)),)) for n in range(9))),
        ),
    ):
        form: c.FinishedForm = c.Form((c.Plain("T"),), (many,), (c.Plain("Send"),), "x")
        [field] = inputs(forms.form(form))
        shown = title_of(field["choices"][0]).replace("\u2060", "")
        assert shown == f"{' '.join(words.split())} hint"


def test_what_is_filled_in_already_is_not_marked_as_required() -> None:
    """Teams puts a star at what must be filled in; nobody has to fill in a default."""
    label: c.Spans = (c.Plain("Felt"),)
    kinds = (c.Option("a", label), c.Option("b", label))
    form: c.FinishedForm = c.Form(
        label,
        (
            c.TextField("empty", label),
            c.TextField("full", label, value=(c.Quoted("Ny plan"),)),
            c.Choice("open", label, kinds),
            c.Choice("chosen", label, kinds, value="a"),
        ),
        label,
        "drafted",
        token="t",
    )
    marked = [one.get("isRequired", False) for one in inputs(forms.form(form))]
    assert marked == [True, False, True, False]


@pytest.mark.parametrize("kind", [pictures.Steps, pictures.Chart])
def test_a_picture_with_an_address_is_an_image_above_its_sentence(kind: Any) -> None:
    """Its alternative text is the sentence; without an address the sentence stands alone."""
    said: c.Spans = (c.Plain("Fase 2 af 4: Konsekvensvurdering."),)
    parts = (said, (), said) if kind is pictures.Steps else (said, (), (), None, said)
    with_url = kind(*parts, url="https://digi.example/p/x.png?l=da&v=1")
    image, sentence = draw.card(c.Card((with_url,)))["body"]
    assert image["type"] == "Image"
    assert image["url"] == with_url.url
    assert image["altText"] == sentence["inlines"][0]["text"] == c.plain(said)
    for url in ("", "http://127.0.0.1/p/x.png"):
        plain = kind(*parts, url=url)
        [alone] = draw.card(c.Card((plain,)))["body"]
        assert alone["type"] == "RichTextBlock"
