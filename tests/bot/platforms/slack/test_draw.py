"""Cards and forms rendered for Slack stay within its limits, and people's text is never markup."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.slack import draw, forms
from dialogs.model import cards as c
from dialogs.model.pictures import Chart, Steps
from tests.worlds import slack_limits
from tests.worlds.boards import boards, grids
from tests.worlds.pictures import pictures
from tests.worlds.slack.limits import check

CODE = "BBHP-DNYX-RZG3-98Q6-Z"
NASTY = (
    "<!everyone>",
    "<@U0123456>",
    "<https://x.dk|tryk>",
    "*fed*",
    "_kursiv_",
    "~væk~",
    "`kode`",
    "&amp;",
    ":smile:",
    "> citat",
    "\n> citat",
    "æøå",
    "👩‍👩‍👧",
    "&",
    "<",
    ">",
    '"',
    "\\",
)


def _texts(most: int) -> st.SearchStrategy[str]:
    letters = st.characters(min_codepoint=1, exclude_categories=["Cs"])
    return st.one_of(
        st.text(letters, max_size=60),
        st.sampled_from(NASTY),
        st.builds(
            lambda a, b, n: f"{a} {b}" * n,
            st.sampled_from(NASTY),
            st.text(letters, max_size=30),
            st.integers(0, 12),
        ),
        st.builds(
            lambda word, n: (word * n)[:most],
            st.sampled_from(("a", "ord ", "æ\n", "\x01", "&", '"')),
            st.integers(0, most),
        ),
    )


def _spans(most: int = 4000) -> st.SearchStrategy[c.Spans]:
    said = _texts(most)
    span: st.SearchStrategy[c.Span] = st.one_of(
        st.builds(c.Plain, said),
        st.builds(c.Strong, said),
        st.builds(c.Emph, said),
        st.builds(c.Quoted, said),
        st.builds(c.Mention, st.sampled_from(("U0123456789", "W99ABC", "anne")), said),
        st.builds(c.Link, said, st.sampled_from(("https://digi.dk/a_b?c=1&d=2", "javascript:x"))),
    )
    return st.lists(span, max_size=3).map(tuple)


TOKENS = st.integers(1, 1900).map(lambda n: "t" * n)
_button = st.builds(
    c.Button,
    _spans(100),
    st.none(),
    st.sampled_from(("plain", "main", "quiet", "danger")),
    st.none() | _spans(400),
    TOKENS,
)
_matter = st.builds(
    c.MatterRow,
    _spans(),
    st.none() | _spans(60),
    st.none() | _spans(400),
    st.none() | _spans(60),
    st.sampled_from(("", "soon", "passed", "done")),
    st.none() | _button,
)
_part: st.SearchStrategy[Any] = st.one_of(
    st.builds(c.Heading, _spans(400)),
    st.builds(c.Paragraph, _spans()),
    st.builds(c.Small, _spans()),
    st.builds(
        c.FactRows,
        st.lists(st.tuples(_spans(200), _spans(2500)), min_size=1, max_size=14).map(tuple),
    ),
    st.builds(c.Quote, _spans(), st.none() | _spans(100)),
    st.builds(c.Bullets, st.lists(_spans(3000), max_size=8).map(tuple), st.booleans()),
    st.builds(c.Progress, st.integers(0, 30), st.integers(0, 30), _spans(300)),
    pictures(_spans(300)),
    boards(_spans(300), _spans(100)),
    grids(_spans(400)),
    st.builds(c.Buttons, st.lists(_button, max_size=6).map(tuple)),
    st.builds(c.Matters, st.lists(_matter, max_size=4).map(tuple)),
)
_light: st.SearchStrategy[Any] = st.one_of(
    st.builds(c.Paragraph, st.tuples(st.builds(c.Quoted, _texts(3000)))),
    st.builds(c.Small, st.tuples(st.builds(c.Plain, _texts(300)))),
    st.builds(c.Heading, st.tuples(st.builds(c.Plain, _texts(100)))),
    st.builds(
        c.Buttons,
        st.tuples(st.builds(c.Button, st.just((c.Plain("Tryk"),)), token=st.uuids().map(str))),
    ),
)
CARDS = st.lists(_part, max_size=8).map(lambda parts: c.Card(tuple(parts)))
MANY = st.lists(_light, min_size=30, max_size=70).map(lambda parts: c.Card(tuple(parts)))

_option = st.builds(c.Option, st.uuids().map(str), _spans(200), st.none() | _spans(200))
_options = st.lists(_option, max_size=14, unique_by=lambda option: option.value).map(tuple)
_field: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        c.TextField,
        st.just(""),
        _spans(3000),
        st.none() | _spans(3000),
        st.booleans(),
        st.integers(1, 5000),
        st.booleans(),
        st.none() | _spans(),
    ),
    st.builds(c.Choice, st.just(""), _spans(300), _options, st.just(""), st.none() | _spans(300)),
    st.builds(c.Choices, st.just(""), _spans(300), _options, st.just(()), st.none() | _spans(300)),
    st.builds(c.People, st.just(""), _spans(300), st.booleans(), st.just(("U012ABC",))),
    st.builds(c.DateField, st.just(""), _spans(300), st.none() | st.dates(date(2000, 1, 1))),
    st.builds(c.TimeField, st.just(""), _spans(300), st.none() | st.integers(0, 1439)),
    st.builds(c.Note, _spans()),
)


def _numbered(fields: list[Any]) -> tuple[Any, ...]:
    return tuple(
        f if isinstance(f, c.Note) else msgspec.structs.replace(f, id=f"f{n}")
        for n, f in enumerate(fields)
    )


FORMS = st.builds(
    c.Form,
    _spans(60),
    st.lists(_field, max_size=14).map(_numbered),
    _spans(60),
    st.just("x"),
    st.just({}),
    st.integers(1, 3000).map(lambda n: "t" * n),
)


def _all_buttons(card: c.FinishedCard) -> list[str]:
    return [button.token for button in c.every_button(card)]


def _drawn_buttons(blocks: list[dict[str, Any]]) -> list[str]:
    return [e["value"] for b in blocks if b["type"] == "actions" for e in b["elements"]]


def _few_or_many(few: int, many: int) -> pytest.MarkDecorator:
    long = [pytest.mark.long, pytest.mark.timeout(1800)]
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=long)])


@_few_or_many(60, 3000)
def test_any_card_is_a_message_that_slack_takes(examples: int) -> None:
    """For any texts the limits hold and no button is dropped."""
    settings(max_examples=examples, deadline=None)(given(CARDS, st.booleans())(_message))()


def _message(card: c.FinishedCard, again: bool) -> None:
    drawn = draw.message(card, "da", again=again)
    assert slack_limits.of_message(drawn.text, drawn.blocks) == []
    check({"text": drawn.text, "blocks": drawn.blocks})
    assert _drawn_buttons(drawn.blocks) == _all_buttons(card)
    for page in drawn.rest:
        assert slack_limits.of_message(page.text, page.blocks) == []
        check({"text": page.text, "blocks": page.blocks})


@settings(max_examples=25, deadline=None)
@given(card=MANY)
def test_a_card_of_seventy_parts_is_still_one_message(card: c.FinishedCard) -> None:
    """Texts are joined and continue in further messages; all buttons are in the first."""
    drawn = draw.message(card, "en")
    problems = slack_limits.of_message(drawn.text, drawn.blocks)
    assert problems == []
    assert sorted(_drawn_buttons(drawn.blocks)) == sorted(_all_buttons(card))
    for page in drawn.rest:
        assert slack_limits.of_message(page.text, page.blocks) == []
        check({"text": page.text, "blocks": page.blocks})


@_few_or_many(30, 1500)
def test_any_card_is_a_sheet_and_a_home_that_slack_takes(examples: int) -> None:
    """This holds for a modal and for the Home tab."""
    settings(max_examples=examples, deadline=None)(given(CARDS)(_views))()


def _views(card: c.FinishedCard) -> None:
    for view in (draw.sheet((card,), "da", "C1"), draw.home((card,), "en")):
        assert slack_limits.of_view(view) == []
        check(view)


@_few_or_many(60, 3000)
def test_any_form_is_a_modal_that_slack_takes(examples: int) -> None:
    """Titles, labels, options, hints and values stay within the limits."""
    settings(max_examples=examples, deadline=None)(given(FORMS)(_modal))()


def _modal(form: c.FinishedForm) -> None:
    view = forms.form(form, "da", "C012345")
    assert slack_limits.of_view(view) == []
    check(view)
    assert view["private_metadata"] == form.token
    assert forms.read_channel(view["callback_id"]) == "C012345"


@settings(max_examples=200, deadline=None)
@given(words=_texts(3500), around=st.sampled_from(("plain", "strong", "mention", "quote")))
def test_what_people_write_is_never_read_as_markup(words: str, around: str) -> None:
    """People's text causes no mention, link or formatting in any text that Slack parses."""
    quoted: c.Spans = (c.Quoted(words),)
    card: c.FinishedCard = {
        "plain": c.Card((c.Paragraph((c.Plain("Hun skrev: "), *quoted)),)),
        "strong": c.Card((c.Paragraph((c.Strong("Svar"), c.Plain(": "), *quoted)),)),
        "mention": c.Card((c.Paragraph((c.Mention("U0123456", "Anne"), c.Plain(" "), *quoted)),)),
        "quote": c.Card((c.Quote(quoted, (c.Mention("U0123456", "Anne"),)), c.Heading(quoted))),
    }[around]
    drawn = draw.message(card, "da")
    for text in _mrkdwn(drawn.blocks):
        told = re.sub(r"<@U0123456>|\*Svar\*", "", text)
        assert not re.search(r"[<>*_~`]|:[\w+'-]+:", told)
    assert not re.search(r"[<>]", drawn.text)


def _mrkdwn(blocks: list[dict[str, Any]]) -> list[str]:
    texts = [b["text"] for b in blocks if b["type"] == "section"]
    texts += [e for b in blocks if b["type"] == "context" for e in b["elements"]]
    return [t["text"] for t in texts if t["type"] == "mrkdwn"]


def test_a_long_text_goes_on_in_further_messages_and_loses_nothing() -> None:
    """Text that does not fit is in `rest`, complete and in order."""
    words = [f"linje {n} " + "ord " * 90 for n in range(80)]
    card = c.Card[c.Spans](tuple(c.Paragraph((c.Plain(line),)) for line in words))
    drawn = draw.message(card, "da")
    assert drawn.rest
    whole = json.dumps([drawn.blocks, *(page.blocks for page in drawn.rest)], ensure_ascii=False)
    assert [n for n in range(80) if f"linje {n} " not in whole] == []


@pytest.mark.parametrize("sign", ["æ", "👩", "\x01", "a "])
def test_a_window_full_of_signs_that_take_room_is_still_one_that_slack_takes(sign: str) -> None:
    """Slack counts the JSON-escaped characters of a view; all buttons are kept."""
    parts = [c.Paragraph[c.Spans]((c.Quoted(sign * (2900 // len(sign))),)) for _ in range(90)]
    card = c.Card[c.Spans]((*parts, c.Buttons((c.Button((c.Plain("Svar"),), token="t"),))))
    for view in (draw.sheet((card,), "da"), draw.home((card,), "da")):
        check(view)
        assert _drawn_buttons(view["blocks"]) == ["t"]


def test_what_is_to_be_read_in_a_form_gives_way_to_what_is_to_be_filled_in() -> None:
    """With eighty long answers above it, the input field is still complete."""
    notes = [c.Note[c.Spans]((c.Quoted("👩" * 3000),)) for _ in range(80)]
    field = c.TextField[c.Spans]("text", (c.Plain("Hvad"),), value=(c.Quoted("👩" * 2000),))
    form = c.Form[c.Spans](
        (c.Plain("Saml op"),), (*notes, field), (c.Plain("Gem"),), "x", {}, "t" * 900
    )
    view = forms.form(form, "da")
    check(view)
    assert view["blocks"][-1]["element"]["initial_value"] == "👩" * 2000
    assert len(view["blocks"]) > 5


def test_a_hint_too_long_for_its_option_stands_whole_above_the_field() -> None:
    """Slack shows 75 characters below an option. What is cut there might be what it is about."""
    long = "Den første runde åbner før mødet, så nattevagtens ord er der, når I mødes. " * 2
    options = (
        c.Option[c.Spans]("a", (c.Plain("Begge dele"),), (c.Plain(long),)),
        c.Option[c.Spans]("b", (c.Plain("På et møde"),), (c.Plain("I gør det hele dér."),)),
    )
    for field in (
        c.Choice[c.Spans]("how", (c.Plain("Hvordan"),), options, value="b"),
        c.Choices[c.Spans]("how", (c.Plain("Hvordan"),), options, values=("b",)),
    ):
        form = c.Form[c.Spans]((c.Plain("Begynd"),), (field,), (c.Plain("Send"),), "x", {}, "t")
        view = forms.form(form, "da")
        check(view)
        above, field_drawn = view["blocks"]
        assert f"*Begge dele*  {long.strip()}" in above["text"]["text"]
        assert "*På et møde*  I gør det hele dér." in above["text"]["text"]
        assert not any("description" in one for one in field_drawn["element"]["options"])


def test_words_in_a_form_come_back_as_they_were_chosen() -> None:
    """An option with an empty value gets a substitute for Slack."""
    assert forms.read_value(forms.written_value("")) == ""
    assert forms.read_value(forms.written_value("tr")) == "tr"


def test_a_redrawn_message_has_other_block_ids() -> None:
    """Slack caches what it rendered for a known block_id."""
    before = draw.message(c.Card((c.Paragraph((c.Plain("før"),)),)), "da")
    after = draw.message(c.Card((c.Paragraph((c.Plain("efter"),)),)), "da")
    assert before.blocks[0]["block_id"] != after.blocks[0]["block_id"]


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ((c.Strong("Frist"), c.Plain(": i dag")), "*Frist*: i dag"),
        ((c.Plain("a & b "), c.Emph("her")), "a &amp; b _her_"),
        ((c.Mention("U0123456", "Anne"), c.Plain(" svarer")), "<@U0123456> svarer"),
        ((c.Link("stedet", "https://digi.dk/a_b"),), "<https://digi.dk/a_b|stedet>"),
        ((c.Plain("midt"), c.Strong("i"), c.Plain("ord")), "midtiord"),
        ((c.Strong("Hvem?"), c.Strong(" Alle."), c.Plain(" Nu")), "*Hvem? Alle.* Nu"),
        ((c.Emph("Øvelse, "), c.Emph("Hvem?"), c.Emph("!")), "_Øvelse, Hvem?!_"),
        ((c.Plain("Koden er "), c.Quoted(CODE), c.Plain(".")), f"Koden er `{CODE}`."),
        ((c.Strong("Ide"), c.Strong(", som alle må læse")), "*Ide, som alle må læse*"),
    ],
)
def test_our_own_words_keep_their_strength(spans: c.Spans, text: str) -> None:
    """Bold, emphasis, mentions and links of Digi's phrases are rendered as Slack's own."""
    drawn = draw.message(c.Card((c.Paragraph(spans),)), "da")
    assert drawn.blocks[0]["text"] == {"type": "mrkdwn", "text": text, "verbatim": True}


@pytest.mark.parametrize("words", [*NASTY[:11], "*én*", "‹ ›", "@Ali", "ord " * 900])
def test_a_label_is_bold_whatever_stands_beside_it(words: str) -> None:
    """A label and people's text are separate elements; a mention beside them stays a mention."""
    fact: c.Part[c.Spans] = c.FactRows((((c.Plain("Frist"),), (c.Quoted(words),)),))
    told = c.Paragraph[c.Spans](
        (c.Strong("Frist"), c.Plain(": "), c.Quoted(words), c.Mention("U0123456", "Anne"))
    )
    for part in (fact, told):
        drawn = draw.message(c.Card((part,)), "da")
        assert _bold(drawn.blocks) == ["Frist"]
        check({"text": drawn.text, "blocks": drawn.blocks})
    whole = json.dumps(drawn.blocks, ensure_ascii=False)
    assert '"user_id": "U0123456"' in whole or "<@U0123456>" in whole


def _bold(blocks: list[dict[str, Any]]) -> list[str]:
    spans = [
        span
        for block in blocks
        if block["type"] == "rich_text"
        for part in block["elements"]
        for span in part["elements"]
    ]
    return [
        *(span["text"] for span in spans if span.get("style", {}).get("bold")),
        *(found for text in _mrkdwn(blocks) for found in re.findall(r"(?<!\S)\*(\w+)\*", text)),
    ]


URL = "https://digi.example/p/x.png?l=da&v=1"


@pytest.mark.parametrize("kind", [Steps, Chart])
def test_a_picture_with_an_address_is_an_image_above_its_sentence(kind: Any) -> None:
    """Where nothing can be sent again without it, and without an address, the sentence alone."""
    said: c.Spans = (c.Plain("Fase 2 af 4: <Konsekvensvurdering>."),)
    parts = (said, (), said) if kind is Steps else (said, (), (), None, said)
    before, after = c.Paragraph[c.Spans]((c.Plain("Før"),)), c.Paragraph[c.Spans]((c.Plain("E"),))
    press = c.Buttons((c.Button[c.Spans]((c.Plain("Tryk"),), token="t"),))
    card = c.Card((before, kind(*parts, url=URL), press, after))
    drawn = draw.message(card, "da", pictured=True)
    check({"text": drawn.text, "blocks": drawn.blocks})
    assert [one["type"] for one in drawn.blocks] == [
        "section",
        "image",
        "context",
        "actions",
        "section",
    ]
    assert drawn.blocks[1]["image_url"] == URL
    assert drawn.blocks[1]["alt_text"] == c.plain(said)
    plain = drawn.without_pictures()
    assert plain.blocks == [one for one in drawn.blocks if one["type"] != "image"]
    assert "Konsekvensvurdering" in plain.text == drawn.text
    for alone in (
        draw.message(card, "da"),
        draw.message(c.Card((kind(*parts, url="http://127.0.0.1/x.png"),)), "da", pictured=True),
    ):
        assert not alone.pictured
        assert "Konsekvensvurdering" in alone.text


@given(st.lists(_part, max_size=8), pictures(_spans(300)), st.lists(_light, max_size=60))
@settings(max_examples=60)
def test_any_message_with_a_picture_stays_within_the_limits(
    before: list[Any], picture: Any, after: list[Any]
) -> None:
    """Nothing is lost beside a picture: every button, and every line, in the message or further
    on."""
    picture = msgspec.structs.replace(picture, url=URL)
    card: c.FinishedCard = c.Card((*before, picture, *after))
    drawn = draw.message(card, "da", pictured=True)
    for page in (drawn, drawn.without_pictures(), *drawn.rest):
        check({"text": page.text, "blocks": page.blocks})
    assert drawn.pictured == bool(c.plain(picture.sentence or ()).strip())
    assert sorted(_drawn_buttons(drawn.blocks)) == sorted(_all_buttons(card))
