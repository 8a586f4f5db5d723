"""The document for an editor holds everything that Digi says."""

from __future__ import annotations

import pytest

from bot.cli.reading import keys_by_file, reading_words, whole_text
from content import catalogue as content
from content.language import Language
from content.model import Catalogue
from content.texts import placeholders, placeholders_of


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return content.load()


@pytest.mark.parametrize("language", ["da", "en"])
def test_everything_is_in_the_document(catalogue: Catalogue, language: Language) -> None:
    """Every phrase stands once under its key; every item and every step of a guide is there."""
    text = whole_text(catalogue, language)
    keys = [line.split("`")[1] for line in text.splitlines() if line.startswith("- `")]
    assert sorted(keys) == sorted(catalogue.phrases)
    for found in catalogue.sets.values():
        assert f"\n## {found.id}\n" in text
        assert [i.id for i in found.items if i.text.of(language) not in text] == []
        steps = (*found.guide.steps, *found.guide.after) if found.guide else ()
        assert [s.id for s in steps if s.text.of(language) not in text] == []


def test_placeholders_are_filled_with_examples(catalogue: Catalogue) -> None:
    """No text shows braces; no example is left from a placeholder that is gone."""
    words = reading_words()
    used = {name for phrase in catalogue.phrases.values() for name in placeholders_of(phrase)}
    assert set(words.example) <= used
    files = keys_by_file()
    for file, examples in words.own.items():
        phrases = [catalogue.phrases[key] for key in files[file]]
        assert set(examples) <= {name for one in phrases for name in placeholders_of(one)}
    assert not placeholders(whole_text(catalogue, "da"))


def test_no_context_is_left_from_a_conversation_that_is_gone() -> None:
    """Each line of context belongs to a file of phrases."""
    assert set(reading_words().conversation) <= set(keys_by_file())


def test_a_text_says_whether_it_is_a_button_and_stands_in_one_form_for_one(
    catalogue: Catalogue,
) -> None:
    """An editor sees that a text has to fit on a button, and reads both plural forms with their
    figures."""
    text = whole_text(catalogue, "da")
    assert "- `agreement.new` (knap): Skriv en aftale ned" in text
    assert "- når det er 1: (⟨1⟩ minut)" in text
    assert "- når det er flere: (⟨7⟩ minutter)" in text
