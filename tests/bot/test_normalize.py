"""Normalization of texts: nothing remains that identifies a keyboard or marks an author."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.normalize import clean, made_alike

UNSEEN = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0x061C,
    0x200B,
    0x200C,
    0x200E,
    0x200F,
    0x2060,
    0x2063,
    0xFEFF,
    0x00AD,
    0x034F,
    0x180E,
    0xFE00,
    0xE0041,
    0xE0100,
    0x115F,
    0x3164,
]
EMOJI = ["👩‍👩‍👧", "🏳️‍🌈", "👩🏽‍🚒", "🧔‍♂️", "👩‍❤️‍👨", "❤️", "3️⃣", "👨‍⚕️", "🇩🇰"]


@pytest.mark.parametrize("mark", UNSEEN, ids=hex)
def test_what_nobody_sees_is_taken_out(mark: int) -> None:
    """Invisible characters could reverse a line or mark the author."""
    assert clean(f"mere{chr(mark)} tid") == "mere tid"


@pytest.mark.parametrize("emoji", EMOJI)
def test_joined_emoji_stay_whole(emoji: str) -> None:
    """Joiners and variation selectors inside an emoji are part of it."""
    assert clean(f"tak {emoji} til jer") == f"tak {emoji} til jer"


@pytest.mark.parametrize("mark", ["\u200d", "\ufe0f"])
def test_what_joins_pictures_marks_no_words(mark: str) -> None:
    """Between letters a joiner is a hidden mark."""
    assert clean(f"{mark}me{mark}re ti{mark}d{mark}") == "mere tid"


def test_letters_are_put_together() -> None:
    """The same word from two keyboards becomes the same bytes, even with an invisible character
    inside."""
    assert clean("bla\u030aba\u030ar") == "blåbår"
    assert clean("bla\u200b\u030aba\u200d\u030ar") == "blåbår"


@pytest.mark.parametrize(
    "text", ["Rødgrød med fløde på æble", "ÆØÅ æøå", "é ü ß ł", "你好 שלום سلام"]
)
def test_letters_of_all_languages_stay_as_they_are(text: str) -> None:
    """æøå stay exactly the same bytes."""
    assert clean(text).encode() == text.encode()


@pytest.mark.parametrize(
    "text", ["", " ", "\n \t\r\n", "\u00a0\u2003\u3000", "\u200b\ufeff\u2060", "\0"]
)
def test_only_blanks_is_nothing(text: str) -> None:
    """A text of white space becomes an empty text."""
    assert clean(text) == ""


def test_a_lone_half_of_a_character_is_no_error() -> None:
    """An unpaired surrogate is removed; two that form a pair are combined."""
    assert clean("a\ud83db\ude00c") == "abc"
    assert clean("\ud83d\ude00") == "😀"


def test_quotes_spaces_and_lines_are_plain() -> None:
    """Curly quotes, non-breaking spaces and line endings would identify the keyboard."""
    assert clean("„Ja“\u00a0sagde\u202fhun\r\n‘nej’\u2028så") == "\"Ja\" sagde hun\n'nej'\nså"
    assert clean("  en\t\n\n  to  ") == "en\n\n  to"


ODD = st.sampled_from(
    [*map(chr, UNSEEN), "\u200d", "\ufe0f", "\u030a", "\u0338", "\ud83d", "\0", "\r"]
)
TEXT = st.lists(
    st.one_of(
        ODD, st.sampled_from([*EMOJI, "=", "a", "å", " ", "\n", "\u2000", "“"]), st.characters()
    )
).map("".join)


@given(TEXT)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Normalizing twice changes nothing further, and the result is NFC and valid UTF-8."""
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode()
    assert not {chr(mark) for mark in UNSEEN} & set(once)
    assert once == once.strip()
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co") for c in once)


@pytest.mark.parametrize(
    ("from_one_door", "from_another"),
    [
        ("Det går ikke :slightly_smiling_face:", "Det går ikke 🙂"),
        (":+1::skin-tone-3: fint", "👍🏼 fint"),
        (":tada::tada:", "🎉🎉"),
        ("Jeg er :worried: og :heart:", "Jeg er 😟 og ❤️"),
    ],
)
def test_a_picture_is_the_same_from_every_door(from_one_door: str, from_another: str) -> None:
    """Slack sends :names:, others send the characters; the result does not show which it was."""
    assert clean(from_one_door) == clean(from_another)


@pytest.mark.parametrize(
    "words",
    [
        "kl. 10:30:45",
        "10:100:10",
        "Husk: ja: nej",
        "C:\\mappe:fil",
        ":vores_egen:",
        "12:30-13:30",
        ":",
        "::",
        "a:b:c",
        ":latin_small_letter_a:",
        ":digit_one:",
    ],
)
def test_colons_that_name_no_picture_stay(words: str) -> None:
    """Times, lists and a workplace's custom emoji names stay as they were written."""
    assert clean(words) == words


@given(st.text(st.characters(max_codepoint=0x17F), max_size=60))
def test_an_ordinary_text_is_left_as_the_long_way_would_leave_it(text: str) -> None:
    """The fast path for ordinary letters gives the same result as the slow one."""
    assert clean(text) == clean(f"{text}\u200b") == clean(made_alike(text))
