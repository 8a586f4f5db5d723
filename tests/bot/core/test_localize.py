"""Localization: languages, plurals, dates, and people's own words unchanged."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.card_references import wanted
from bot.core.localize import Localizer
from bot.core.localize_lines import _SPANS
from content import catalogue as content
from content.model import Both, Phrase, Plural
from dialogs.model import cards as c
from dialogs.model.facts import Prefs
from storage.vault import Vault

CATALOGUE = content.load()
EXTRA = {
    "test.begins": Phrase("{when} er fristen.", "{when} is the date."),
    "test.continues": Phrase("Lederen er væk. {who} svarer.", "No manager. {who} replies."),
    "test.strong": Phrase(
        "Det er **{who}**, *måske* {what}.", "It is **{who}**, *perhaps* {what}."
    ),
    "test.both": Phrase("**Uge {n}** og *{what}*", "**Week {n}** and *{what}*"),
    "test.many": Phrase(Plural("{n} svar", "{n} svar i alt"), Plural("{n} answer", "{n} answers")),
    "test.step": Phrase("Trin 1: **{name}**. Så {what}.", "Step 1: **{name}**. Then {what}."),
    "test.named": Phrase("**{name}:** {what}", "**{name}:** {what}"),
    "test.ended": Phrase("**{name}.** {what}", "**{name}.** {what}"),
    "test.plain": Phrase("Fristen er {when}.", "The date is {when}."),
}
VAULT = Vault(b"k" * 32)
PLACE = re.compile(r"\{(\w+)\}")


def dresser(language: Literal["da", "en"] = "da") -> Localizer:
    catalogue = msgspec.structs.replace(CATALOGUE, phrases={**CATALOGUE.phrases, **EXTRA})
    return Localizer(
        catalogue,
        language,
        tenant="test:a",
        mac=VAULT,
        people={"anne": Prefs(name="Anne Holm")},
        words={("answer", "a1", "text"): "Mere *tid*"},
        typed=lambda word: f"/digi {word}",
        today=date(2026, 11, 20),
    )


def said(line: c.Line, language: Literal["da", "en"] = "da") -> str:
    return c.plain(dresser(language).line(line))


def test_a_date_is_said_as_people_say_it() -> None:
    """Weekday, day and month; the year only if it is a different one."""
    assert said(c.Day(date(2026, 11, 26))) == "torsdag den 26. november"
    assert said(c.Day(date(2027, 1, 4))) == "mandag den 4. januar 2027"
    assert said(c.Day(date(2026, 11, 26)), "en") == "Thursday 26 November"
    assert said(c.Day(date(2027, 1, 4)), "en") == "Monday 4 January 2027"


def test_a_moment_is_said_by_the_clock_on_the_wall() -> None:
    """Copenhagen's time before and after the change of clocks; full hours have no minutes."""
    assert (
        said(c.Moment(datetime(2026, 11, 26, 12, tzinfo=UTC))) == "torsdag den 26. november kl. 13"
    )
    assert (
        said(c.Moment(datetime(2026, 7, 2, 11, 30, tzinfo=UTC))) == "torsdag den 2. juli kl. 13.30"
    )
    at = c.Moment(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert said(at) == "fredag den 1. januar 2027 kl. 0.30"
    assert (
        said(c.Moment(datetime(2026, 11, 26, 12, tzinfo=UTC)), "en")
        == "Thursday 26 November at 13:00"
    )
    assert said(c.Hour(450)) == "kl. 7.30"
    assert said(c.Hour(600), "en") == "at 10:00"


def test_a_sentence_that_begins_with_a_date_begins_with_a_capital() -> None:
    """A date inside a sentence is not capitalised."""
    day = c.Day(date(2026, 11, 26))
    assert said(c.text("test.begins", when=day)) == "Torsdag den 26. november er fristen."
    assert said(c.text("test.plain", when=day)) == "Fristen er torsdag den 26. november."


def test_every_sentence_of_a_phrase_begins_with_a_capital() -> None:
    """Also where one who is no longer known begins it; what people wrote stays as it is."""
    former = c.text("test.continues", who=c.Who(c.FORMER))
    assert said(former) == "Lederen er væk. En tidligere kollega svarer."
    assert said(former, "en") == "No manager. A former colleague replies."
    quoted = c.text("test.continues", who=c.Words("anne"))
    assert said(quoted) == "Lederen er væk. anne svarer."


ASKED = c.text("exercise.field_place")


def test_a_name_that_ends_with_a_mark_gets_no_second_one() -> None:
    """A name may be a question. What comes after a colon that is left out begins a sentence."""
    assert said(ASKED) == "Hvordan?"
    day = c.Day(date(2026, 11, 26))
    for name in (ASKED, c.Words("Hvordan?")):
        step = c.text("test.step", name=name, what=c.Words("går vi."))
        assert said(step) == "Trin 1: Hvordan? Så går vi."
        for key in ("test.named", "test.ended"):
            assert said(c.text(key, name=name, what=day)).startswith("Hvordan? ")
    assert said(c.text("test.named", name=ASKED, what=day)) == "Hvordan? Torsdag den 26. november"
    name = c.Words("Ruten")
    assert said(c.text("test.step", name=name, what=name)) == "Trin 1: Ruten. Så Ruten."
    assert said(c.text("test.named", name=name, what=day)) == "Ruten: torsdag den 26. november"


def test_a_name_in_a_picture_begins_with_a_capital() -> None:
    """It stands alone below the bars."""
    languages: tuple[Literal["da", "en"], ...] = ("da", "en")
    for language in languages:
        assert CATALOGUE.phrase("survey.rest").of(language)[0].isupper()


@pytest.mark.parametrize("n", [0, 1, 2, 21])
def test_a_count_picks_its_form(n: int) -> None:
    """1 uses the singular; 0 and others use the plural."""
    one = n == 1
    assert said(c.text("test.many", n=c.Count(n))) == (f"{n} svar" if one else f"{n} svar i alt")
    assert said(c.text("test.many", n=c.Count(n)), "en") == f"{n} answer{'' if one else 's'}"


def test_a_listing_is_a_sentence() -> None:
    """Lists are joined with commas and "og": a, b og c; a og b; a."""
    abc = tuple(c.Words(x) for x in "abc")
    assert said(c.Listing(abc)) == "a, b og c"
    assert said(c.Listing(abc), "en") == "a, b and c"
    assert said(c.Listing(abc, last="or")) == "a, b eller c"
    assert said(c.Listing(abc, last="or"), "en") == "a, b or c"
    assert said(c.Listing(abc[:2])) == "a og b"
    assert said(c.Listing(abc[:1])) == "a"
    assert said(c.Listing(())) == ""


def test_strong_and_emphasis_reach_around_placeholders() -> None:
    """Digi's phrases may use bold; names stay plain."""
    spans = dresser().line(c.text("test.both", n=c.Count(48), what=c.Day(date(2026, 11, 26))))
    assert spans == (
        c.Strong("Uge "),
        c.Strong("48"),
        c.Plain(" og "),
        c.Emph("torsdag den 26. november"),
    )
    spans = dresser().line(c.text("test.strong", who=c.Who("anne"), what=c.Words("ja")))
    assert c.Mention("anne", "Anne Holm") in spans
    assert c.Emph("måske") in spans


@given(
    st.one_of(
        st.sampled_from(
            ["**x**", "*x*", "{who}", "{what}", "<!everyone>", "<@U1>", "<at>a</at>", "`"]
        ),
        st.text(),
    )
)
def test_what_people_wrote_is_never_searched_for_markup(text: str) -> None:
    """People's words are unchanged in every place of a phrase."""
    for line in (
        c.Words(text),
        c.text("test.strong", who=c.Words(text), what=c.Words(text)),
        c.text("test.both", n=c.Count(1), what=c.Words(text)),
        c.Listing((c.Words(text), c.Words(text))),
        c.Several((c.Words(text),)),
    ):
        spans = dresser().line(line)
        assert c.Quoted(text) in spans
        ours = [span for span in spans if not isinstance(span, c.Quoted)]
        assert not any(isinstance(span, c.Mention | c.Link) for span in ours)


def test_kept_words_are_opened_and_what_is_gone_is_three_dots() -> None:
    """Texts referred to by id are inserted when a letter is sent; a deleted text becomes an
    ellipsis."""
    assert dresser().line(c.Kept("answer", "a1")) == (c.Quoted("Mere *tid*"),)
    assert dresser().line(c.Kept("answer", "a2")) == (c.Quoted("…"),)


def test_what_a_card_needs_is_found_wherever_it_stands() -> None:
    """They are found in rows, lists, labels and arguments."""
    card = c.card(
        c.FactRows(((c.Who("anne"), c.Kept("answer", "a1")),)),
        c.Bullets((c.text("test.strong", who=c.Who("mette"), what=c.Kept("said", "s1", "kind")),)),
        c.buttons(c.Button(c.Who("ali"))),
    )
    assert wanted(card) == (
        ("anne", "mette", "ali"),
        (("answer", "a1", "text"), ("said", "s1", "kind")),
    )


def test_a_first_name_is_somebodys_words_and_not_digis() -> None:
    """The cache of Digi's own sentences contains no names, neither full nor first."""
    for line in (
        c.First("anne"),
        c.Who("anne"),
        c.Words("Anne"),
        c.text("test.both", n=c.Count(4), what=c.First("anne")),
    ):
        assert not c.is_ours(dresser().line(line))
    assert said(c.First("anne")) == "Anne"
    assert c.is_ours(dresser().line(c.text("test.plain", when=c.Day(date(2026, 11, 26)))))


def test_somebody_whose_name_is_unknown_is_not_shown_by_id() -> None:
    """Nothing is left blank, and nobody reads an id. Slack shows the name that it has itself."""
    assert dresser().line(c.Who("u7")) == (c.Mention("u7", "en, jeg ikke kender navnet på"),)
    assert dresser("en").line(c.Who("u7")) == (
        c.Mention("u7", "somebody whose name I do not know"),
    )
    assert dresser().line(c.First("u7")) == (c.Quoted("en, jeg ikke kender navnet på"),)


def test_the_catalogues_words_may_be_strong() -> None:
    """Bold and emphasis marks of the content are kept, in each language."""
    both = Both("En **vigtig** ting", "An *important* thing")
    assert dresser().line(c.Said(both.da, both.en)) == (
        c.Plain("En "),
        c.Strong("vigtig"),
        c.Plain(" ting"),
    )
    assert c.Emph("important") in dresser("en").line(c.Said(both.da, both.en))


PLAUSIBLE: tuple[c.Line, ...] = (
    c.Words("ord"),
    c.Day(date(2026, 12, 3)),
    c.Count(2),
    c.Who("anne"),
    c.Hour(600),
    c.Listing((c.Words("a"), c.Words("b"))),
    c.Moment(datetime(2026, 12, 3, 9, tzinfo=UTC)),
)


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_phrase_can_be_said(language: Literal["da", "en"]) -> None:
    """Each phrase is rendered in both languages with plausible arguments, without a leftover brace
    or star."""
    one = dresser(language)
    for key, phrase in CATALOGUE.phrases.items():
        forms = phrase.da if language == "da" else phrase.en
        whole = forms if isinstance(forms, str) else f"{forms.one} {forms.other}"
        names = dict.fromkeys(PLACE.findall(whole))
        for filler in PLAUSIBLE:
            for n in (0, 1, 2):
                args = {name: c.Count(n) if name == "n" else filler for name in names}
                if not isinstance(forms, str):
                    args["n"] = c.Count(n)
                text = c.plain(one.line(c.text(key, **args)))
                assert text.strip(), key
                assert not set("{}*") & set(text), (key, text)


def test_every_kind_of_line_can_be_said() -> None:
    assert set(get_args(c.Line)) == set(_SPANS)
