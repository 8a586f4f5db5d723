"""A document with every kind of block, and with what people can write."""

from __future__ import annotations

from datetime import date
from functools import cache

from msgspec.structs import replace

from bot.core.localize import Localizer
from content import catalogue as content
from content.language import Language
from content.model import Catalogue
from dialogs.model import cards as c
from dialogs.model import documents as d
from dialogs.model.facts import Prefs
from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps
from storage.vault import Vault

DAY = date(2026, 11, 24)
ADDRESS = "https://digi.example.dk/b/abcdefghijklmnopqrstuvwxyz234567"
MARKUP = '=1+1 <b>fed</b> **stjerner** & "citat" <script>alert(1)</script>'
ARABIC = "نحن نحتاج إلى المزيد من الوقت"
EMOJI = "🧑\u200d⚕️ Tale med borgerne 🎉"
LONG = "Speciallægepraksisplanlægningsstabiliseringsperiodeopfølgningskoordinator" * 3
WRITTEN = (
    MARKUP,
    ARABIC,
    EMOJI,
    LONG,
    "to\nlinjer",
    "+45 12 34 56 78",
    "-5",
    "@alle",
    "\ttabulator",
)


@cache
def _catalogue() -> Catalogue:
    return content.load()


def localizer(language: Language, address: str = ADDRESS) -> Localizer:
    return Localizer(
        _catalogue(),
        language,
        tenant="web:x",
        mac=Vault(b"k" * 32),
        people={"anne": Prefs(name="Anne Holm")},
        words={},
        typed=lambda command: f"/digi {command}",
        today=DAY,
        address=lambda kind, id: address,
    )


def neutral(agreements: int = len(WRITTEN), more: int = 0) -> d.NeutralDocument:
    """Return a document with a table of so many agreements, and so many further sections."""
    line = c.Words
    rows = tuple(
        (line(WRITTEN[i % len(WRITTEN)]), c.Who("anne"), c.Day(DAY)) for i in range(agreements)
    )
    header = (line("Aftale"), line("Hvem"), line("Hvornår"))
    return d.document(
        title=line("Ugens ark"),
        slug=line("Ugens ark på tværs"),
        project="Ny omsorgsplatform",
        day=DAY,
        sections=(
            d.section(
                line("Spørgsmålet"),
                c.Paragraph(c.Said("**Hvad mister vi?**", "**What do we lose?**")),
                c.Small(line("Derfor spørger jeg.")),
                d.QrCode(line("Svar fra din egen telefon"), c.LinkAddress("page", "p1")),
                c.Bullets((line("alene"), line("sammen")), numbered=True),
                d.WritingSpace(line("Det er vi enige om:"), 3),
            ),
            d.section(line("Aftaler"), d.DataTable(line("Aftaler"), header, rows)),
            d.section(
                line("Det, der er svaret"),
                *(c.Quote[c.Line](line(one), c.Who("anne")) for one in WRITTEN),
                c.Quote(line("Uden navn")),
                c.Bullets((line("Enige:"),), to_fill_in=True),
                level=2,
                new_page=True,
            ),
            *(d.section(line(f"Afsnit {i}"), c.Paragraph(line("…"))) for i in range(more)),
        ),
    )


def finished(
    language: Language = "da", agreements: int = len(WRITTEN), more: int = 0
) -> d.FinishedDocument:
    return localizer(language).document(neutral(agreements, more))


def with_pictures(language: Language = "da") -> d.FinishedDocument:
    """Return a document with named steps and a bar chart."""
    steps = Steps[c.Line](
        c.Said("De fire faser", "The four phases"),
        (
            NamedStep(c.Said("Idéudvikling", "Idea development"), "done", c.Day(DAY)),
            NamedStep(c.Said("Konsekvensvurdering", "Assessment"), "now"),
            NamedStep(c.Said("Implementering", "Implementation"), "later"),
        ),
    )
    chart = Chart[c.Line](
        c.Said("Hvad fylder", "What weighs"),
        (Bar(c.Said("Tiden", "Time"), (4, 1)), Bar(c.Said("Roen", "Calm"), (2, 5))),
        (
            Group(c.Said("bedre", "better"), "better"),
            Group(c.Said("værre", "worse"), "worse"),
        ),
    )
    section = d.section(c.Said("Hvor vi er", "Where we are"), steps, chart)
    return localizer(language).document(replace(neutral(0), sections=(section,)))
