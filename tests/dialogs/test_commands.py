"""Parsing commands: both languages, all spellings, typing errors, and texts that must not be
kept."""

import unicodedata
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.language import Language
from dialogs.model.commands import (
    COMMANDS,
    Command,
    Empty,
    Misspelt,
    Recognised,
    Whom,
    parse,
    theme_of,
    usage,
    whom_of,
    word_for,
)

LETTERS = "abcdefghijklmnopqrstuvwxyzæøå"
NAMES = [(name, command) for command in COMMANDS for name in dict.fromkeys(command.da + command.en)]
LONG_NAMES = [each for each in NAMES if len(each[0]) >= 5 and " " not in each[0]]
SPELT = {
    "æ": ("æ", "ae", "a", "e"),
    "ø": ("ø", "oe", "o"),
    "å": ("å", "aa", "a"),
    "-": ("-", " ", ""),
}
DOORS = (
    "{}",
    "/digi {}",
    "@Digi {}",
    "digi {}",
    "<@U123> {}",
    "<@U123|digi>  {}",
    "/{}",
    "<at>Digi</at>\u00a0{}",
    "  {}  ",
    "{}.",
    "*{}*",
    "`/digi {}`",
    "Digi: {}?",
    "\u200b{}",
)


def spellings(name: str) -> list[str]:
    letters = (SPELT.get(letter, (letter,)) for letter in name)
    return ["".join(choice) for choice in product(*letters)]


named = st.sampled_from(NAMES)
words = st.lists(st.text("abcæøå", min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join)


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str, Command]:
    """Return a name of five letters or more with one typing error."""
    name, command = draw(st.sampled_from(LONG_NAMES))
    at = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from(LETTERS))
    slip = draw(st.sampled_from(("missing", "mistaken", "extra", "swapped")))
    match slip:
        case "missing":
            typed = name[:at] + name[at + 1 :]
        case "mistaken":
            typed = name[:at] + letter + name[at + 1 :]
        case "extra":
            typed = name[:at] + letter + name[at:]
        case _:
            typed = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    return typed, name, command


def one_slip_away(typed: str) -> set[str]:
    """Return all names within one typing error of this text, by brute force."""
    cuts = [(typed[:at], typed[at:]) for at in range(len(typed) + 1)]
    back = {left + right[1:] for left, right in cuts if right}
    back |= {left + letter + right[1:] for left, right in cuts if right for letter in LETTERS}
    back |= {left + letter + right for left, right in cuts for letter in LETTERS + "-é "}
    back |= {left + letter + right[1:] for left, right in cuts if right for letter in "-é "}
    back |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    return {name for name, _ in NAMES for spelt in spellings(name) if spelt in back}


@given(named, st.sampled_from(DOORS), st.sampled_from((str.lower, str.upper, str.title)), st.data())
def test_every_name_in_every_spelling_through_every_door_is_its_command(
    name: tuple[str, Command], door: str, case: Callable[[str], str], data: st.DataObject
) -> None:
    """Slash command, mention, plain text, capitals, punctuation and missing Danish letters are
    equivalent."""
    written, command = name
    typed = door.format(case(data.draw(st.sampled_from(spellings(written)))))
    for form in ("NFC", "NFD"):
        assert parse(unicodedata.normalize(form, typed)) == Recognised(command.name)


def test_no_spelling_means_two_commands() -> None:
    """A name without its Danish letters is never another name."""
    meant: dict[str, str] = {}
    for name, command in NAMES:
        for spelt in spellings(name):
            assert meant.setdefault(spelt, command.name) == command.name


def test_all_commands_of_both_languages_are_there() -> None:
    """Each has a name of its own; the English one is shown to English readers."""
    assert len({command.name for command in COMMANDS}) == len(COMMANDS)
    assert all(command.en[0] == command.name for command in COMMANDS)
    assert {command.name for command in COMMANDS if command.private} == {"say", "code"}


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("/digi bekymring", "say"),
        ("/digi concern", "say"),
        ("Sig det", "say"),
        ("kvittering", "code"),
        ("receipt", "code"),
        ("Min kode", "code"),
        ("historie", "example"),
        ("opsamling", "digest"),
        ("ugens overblik", "digest"),
        ("overview", "digest"),
        ("weekly", "digest"),
        ("uge", "digest"),
        ("summary", "digest"),
        ("opsummering", "digest"),
        ("svar", "questions"),
        ("answer", "questions"),
        ("leder", "roles"),
        ("tovholder", "roles"),
        ("naeste", "next"),
        ("oevelse", "exercise"),
        ("raad", "advice"),
        ("hjaelp", "help"),
        ("sporgsmal", "questions"),
        ("medudvalg", "med"),
        ("med   udvalg", "med"),
    ],
)
def test_old_names_and_buttons_words_are_commands_too(typed: str, command: str) -> None:
    """Old names and the labels of buttons are commands too."""
    assert parse(typed) == Recognised(command)


def test_resume_with_its_accent_is_the_digest_and_without_it_means_go_on() -> None:
    """The accent distinguishes the Danish word from the English one, in either Unicode form."""
    assert parse("resumé") == parse("RESUME\u0301") == Recognised("digest")
    assert parse("resume") == Recognised("resume")


def test_what_follows_a_command_is_handed_over_tidied() -> None:
    """White space is normalized; words and punctuation are unchanged."""
    assert parse("/digi start  Ny   omsorgsplatform (test)!") == Recognised(
        "start", "Ny omsorgsplatform (test)!"
    )
    assert parse("theme: core task") == Recognised("theme", "core task")
    assert parse("pause mig til 3. december 2026") == Recognised(
        "pause", "mig til 3. december 2026"
    )
    assert parse("start ...") == Recognised("start")


@given(
    st.sampled_from([each for each in NAMES if each[1].private]),
    st.sampled_from((" ", ": ", ", ", "-", "\n", "/", " – ", "\u00a0")),
    words,
)
def test_words_after_a_private_command_are_dropped_and_it_is_said(
    name: tuple[str, Command], between: str, after: str
) -> None:
    """The result says that there was text, and does not contain it."""
    assert parse(name[0] + between + "zz" + after) == Recognised(name[1].name, had_words=True)


@pytest.mark.parametrize("typed", ["bekymrng zzz", "concrn: zzz", "kvitering zzz zzz"])
def test_words_after_a_misspelt_private_command_are_dropped_too(typed: str) -> None:
    """A typing error in the command's name does not make the text less private."""
    answer = parse(typed)
    assert isinstance(answer, Misspelt)
    assert answer.command in {"say", "code"}
    assert answer.had_words
    assert "zzz" not in repr(answer)


@pytest.mark.parametrize(
    "typed",
    [
        "næste uge har vi ferie alle sammen",
        "jeg er bange for den nye telefon",
        "7KQ2-M4XD-9HTB-W3CE-Y",
        "KQ72-M4XD-9HTB-W3CE-Y",
        "anne@example.org",
        "abc-def-ghi",
        "x" * 41,
        "12",
        "x²",
    ],
)
def test_talk_and_codes_are_neither_guessed_at_nor_echoed(typed: str) -> None:
    """Whoever writes to Digi as to a person gets help, and the text is not repeated."""
    assert parse(typed) == Empty(had_words=True)


@pytest.mark.parametrize("typed", ["", " \n\t", "/digi", "@Digi", "<@U123>", "<at>Digi</at> ", "/"])
def test_nothing_typed_is_nothing(typed: str) -> None:
    """A mention of Digi alone asks for help."""
    assert parse(typed) == Empty()


@given(slips())
def test_one_slip_in_a_name_is_answered_with_that_name(slip: tuple[str, str, Command]) -> None:
    """Unless the result is another name, or another name is equally similar."""
    typed, name, command = slip
    answer = parse(typed)
    if isinstance(answer, Misspelt):
        rivals = one_slip_away(typed)
        assert name in rivals
        assert answer.nearest in rivals
        assert answer.nearest == name or len(rivals) > 1
    else:
        assert isinstance(answer, Recognised)
        assert answer.command == command.name or typed in {
            spelt
            for another, each in NAMES
            if each.name == answer.command
            for spelt in spellings(another)
        }


@pytest.mark.parametrize(
    ("typed", "nearest", "command", "lang"),
    [
        ("overblk", "overblik", "digest", "da"),
        ("sporgmaal", "spørgsmål", "questions", "da"),
        ("agremeents", "agreements", "agreements", "en"),
        ("statsu", "status", "status", None),
        ("puase", "pause", "pause", None),
        ("pahse", "phase", "phase", "en"),
        ("aftalerne", "aftaler", "agreements", "da"),
        ("grund", "grundspørgsmål", "theme", "da"),
        ("indstil", "indstillinger", "settings", "da"),
    ],
)
def test_a_misspelt_command_names_the_nearest_and_its_language(
    typed: str, nearest: str, command: str, lang: Language | None
) -> None:
    """Typing errors, endings and beginnings give the correctly written name."""
    assert parse(typed) == Misspelt(typed, nearest, command, lang)


@pytest.mark.parametrize("typed", ["hej", "tak", "ja", "ok", "Lederen", "vagtplan", "weather"])
def test_a_word_like_no_command_is_not_guessed_at(typed: str) -> None:
    """A wrong suggestion is worse than none."""
    assert parse(typed) == Misspelt(typed)


@given(
    st.text() | st.text("</@>digat -:é\u0301\u200b \n") | st.builds("{} {}".format, words, words)
)
def test_no_text_raises(text: str) -> None:
    """Any text gives one of three results, which repeats at most one short word."""
    answer = parse(text)
    theme_of(text)
    whom_of(text)
    match answer:
        case Recognised(command=command, rest=rest):
            assert command in {each.name for each in COMMANDS}
            assert rest == "" or command not in {"say", "code"}
        case Misspelt(word=word):
            assert 0 < len(word) <= 40
            assert not any(letter.isspace() or letter.isdigit() for letter in word)
        case Empty():
            pass


def test_hostile_texts_are_read_at_once() -> None:
    """Long runs of what may precede a command, and unpaired surrogates, take no time."""
    for text in ("/" * 100_000, "<@" * 50_000, "<at" * 50_000, "digi " * 50_000, "a-" * 50_000):
        assert isinstance(parse(text), Empty)
    assert parse("\ud800 fase") == Recognised("phase")


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        ("kerneopgave", "kerneopgave"),
        ("Kerneopgaven.", "kerneopgave"),
        ("core task", "kerneopgave"),
        ("the core task", "kerneopgave"),
        ("1", "kerneopgave"),
        ("opgaveløsning", "opgaveloesning"),
        ("opgaveloesning", "opgaveloesning"),
        ("OPGAVELOSNING", "opgaveloesning"),
        ("opgave", "opgaveloesning"),
        ("doing the work", "opgaveloesning"),
        ("tema 2", "opgaveloesning"),
        ("kompetence", "kompetenceudvikling"),
        ("kompetencer", "kompetenceudvikling"),
        ("developing competence", "kompetenceudvikling"),
        ("skills development", "kompetenceudvikling"),
        ("kompetnceudviklng", "kompetenceudvikling"),
        ("nr. 3", "kompetenceudvikling"),
        ("inddragelse", "inddragelse"),
        ("inddragelsen af os", "inddragelse"),
        ("involvement", "inddragelse"),
        ("#4", "inddragelse"),
    ],
)
def test_a_theme_is_known_by_name_ending_slip_and_number(said: str, theme: str) -> None:
    """In both languages, with and without the Danish letters."""
    assert theme_of(said) == theme


@pytest.mark.parametrize("said", ["", "0", "5", "12", "økonomi", "more", "opgaven", "tema"])
def test_what_names_no_theme_is_not_guessed_at(said: str) -> None:
    """A theme posts five questions to everybody, so it is better to ask which one."""
    assert theme_of(said) is None


@pytest.mark.parametrize(
    ("said", "whom"),
    [
        ("mig", "me"),
        ("me until Friday", "me"),
        ("forløbet", "project"),
        ("forloebet til 1. marts", "project"),
        ("forlobet", "project"),
        ("Project", "project"),
        ("", None),
        ("i morgen", None),
    ],
)
def test_a_pause_is_for_oneself_or_for_the_project(said: str, whom: Whom | None) -> None:
    """If the text does not say, Digi has to ask."""
    assert whom_of(said) == whom


def test_people_are_shown_the_first_name_in_their_language() -> None:
    """Old names work, but are not shown any more."""
    assert usage("theme", "da") == "/digi grundspørgsmål"
    assert usage("theme", "en") == "/digi theme"
    assert word_for("say", "da") == "sig"
    assert word_for("med", "da") == "med-udvalg"
