"""A whole project, from its start to its deletion, on a moved clock in both languages.

Each document on the way is made as a committee member would fetch it, and says what was agreed.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest

from bot.core.tokens import write_press
from bot.documents import html
from bot.platforms.common.ports import Pressed
from content import catalogue as content
from content.language import Language
from dialogs.model.documents import FinishedDocument
from dialogs.model.events import AfterMonths, HandedOver, PromiseJudged
from dialogs.promise.states import OUTCOMES
from tests.dialogs.test_sheets import words_in
from tests.worlds.house import asked
from tests.worlds.sheets import project_of, sheet, week_sheet
from tests.worlds.stage import COPENHAGEN, TENANT, Stage, stage


class Course:
    """A stage, with the words on buttons and fields by the keys of their phrases."""

    def __init__(self, played: Stage, language: Language) -> None:
        self.played, self.language = played, language
        self._phrases = content.load().phrases

    def word(self, key: str) -> str:
        return self._phrases[key].of(self.language).replace("**", "")

    async def press(self, person: str, key: str, near: str = "") -> None:
        await self.played.press(person, self.word(key), near)

    async def fill(self, person: str, values: dict[str, str]) -> None:
        await self.played.fill(person, {self.word(key): said for key, said in values.items()})

    async def type(self, person: str, command: str) -> None:
        await self.played.type(person, f"/digi {command}")

    async def play_until(self, day: datetime) -> None:
        await self.played.move(day)

    def sees(self, person: str, *keys: str) -> None:
        for key in keys:
            assert self.word(key) in self.played.just(person), key


async def begin(found: Course) -> None:
    """Leader, TR and AMR; in English the channel's language is chosen too."""
    await found.type("anne", "start Omsorg")
    if found.language == "en":
        await found.press("anne", "project.more")
        await found.fill("anne", {"project.field_language": "English"})
    await found.press("anne", "project.edit")
    await found.fill("anne", {"project.row_tr": "mette", "project.row_amr": "jonas"})
    await found.press("anne", "project.i_am_leader")
    for person, key in (("mette", "project.i_am_tr"), ("jonas", "project.i_am_amr")):
        await found.press(person, key)
        await found.fill(person, {})
    await found.press("anne", "button.show_in_channel")


async def promise(found: Course) -> None:
    for n in range(4):
        await found.type("anne", "løfter")
        await found.press("anne", "promise.write")
        gain = f"GEVINST {n}"
        await found.fill("anne", {"promise.field_gain": gain, "promise.field_owner": "Ledelsen"})


async def write_for_the_committee(found: Course) -> None:
    await found.type("mette", "med-udvalg")
    await found.press("mette", "med.write")
    await found.fill("mette", {"med.row_work": "MED-ARBEJDE", "med.row_why": "MED-GRUND"})
    await found.type("jonas", "med-udvalg")
    await found.press("jonas", "med.apv_see")
    await found.press("jonas", "med.apv_note")
    quality = content.load().set("rasmus").items[0].name
    assert quality is not None
    await found.fill(
        "jonas",
        {
            "med.apv_field_quality": quality.of(found.language),
            "med.apv_field_way": found.word("med.apv_way_worse"),
            "med.apv_field_text": "APV-VIRKNING",
        },
    )
    await found.type("anne", "med-udvalg")
    await found.press("anne", "med.record")
    await found.fill("anne", {"med.field_day": "2026-11-02", "med.field_minute": "MED-REFERAT"})


async def edition(found: Course, home: Path) -> str:
    """Return the id of the edition, which TR has seen."""
    await found.type("anne", "rapport")
    await found.press("anne", "report.make")
    await found.type("mette", "rapport")
    await found.press("mette", "report.see")
    await found.fill("mette", {"report.field_remark": "MED-BEMÆRKNING"})
    [(id,)] = asked(home, "", "SELECT id FROM record WHERE kind = 'edition'")
    return str(id)


async def judge(found: Course, home: Path, project: str, months: AfterMonths) -> None:
    """Each promise gets another outcome, so that all four are used."""
    played = found.played
    rows = asked(home, "", "SELECT id FROM record WHERE kind = 'promise' ORDER BY id")
    for (id,), outcome in zip(rows, OUTCOMES, strict=True):
        said = PromiseJudged(project=project, promise=id, months=months, outcome=outcome)
        played.acts += 1
        token = write_press(played.house.vault, TENANT, said)
        await played.send("peter", Pressed(token), private=False)
        await played.house.courier.settle()


def drawn(document: FinishedDocument) -> str:
    return unescape(re.sub("<[^>]+>", "", words_in(html.draw(document))))


OF_PAPER: tuple[tuple[HandedOver, str], ...] = (
    ("med_item_file", "MED-ARBEJDE"),
    ("apv_file", "APV-VIRKNING"),
    ("promise_file", "GEVINST"),
    ("report_file", "GEVINST"),
)


@pytest.mark.parametrize("language", ["da", "en"])
async def test_a_year_from_the_start_to_the_deletion(tmp_path: Path, language: Language) -> None:
    """Every document says what was written in it, in its language. After 3 and 12 months each of
    the four outcomes is said of a promise, and channel, results, report and sheet tell the same."""
    async with stage(tmp_path, locale=language) as played:
        found = Course(played, language)
        await begin(found)
        await promise(found)
        await write_for_the_committee(found)
        project = await project_of(played)
        for view, told in OF_PAPER:
            assert told in drawn(await sheet(played, "peter", view)), view
        await found.play_until(datetime(2026, 11, 3, 10, 5, tzinfo=COPENHAGEN))
        assert found.word("sheet.question") in drawn(await week_sheet(played, "peter"))
        made = await edition(found, tmp_path)
        kept = drawn(await sheet(played, "peter", "edition_file", made))
        assert "MED-BEMÆRKNING" in kept
        await keeps(found)
        await end(found)
        for months, day in MONTHS:
            await found.play_until(day)
            await judge(found, tmp_path, project, months)
            await same_everywhere(found, project, months)
        assert kept == drawn(await sheet(played, "peter", "edition_file", made, of=project))
        await found.play_until(datetime(2028, 2, 15, 9, tzinfo=COPENHAGEN))
        assert asked(tmp_path, "", "SELECT * FROM project") == []
        await found.type("peter", "erfaringer")
        assert "LÆRE" in played.just("peter")
        label = found.word("keepsake.kept_promises").format(name="Omsorg")
        await played.press("peter", label)
        found.sees("peter", *(f"promise.{outcome}" for outcome in OUTCOMES))


MONTHS: tuple[tuple[AfterMonths, datetime], ...] = (
    ("3", datetime(2027, 2, 4, 9, tzinfo=COPENHAGEN)),
    ("12", datetime(2027, 11, 4, 9, tzinfo=COPENHAGEN)),
)


async def keeps(found: Course) -> None:
    for person in ("anne", "mette"):
        await found.type(person, "løfter")
        await found.press(person, "keepsake.see")
        await found.press(person, "keepsake.keep")


async def end(found: Course) -> None:
    await found.type("anne", "afslut")
    await found.press("anne", "project.end_submit")
    await found.fill("anne", {"project.field_end_reason": "SLUT", "project.field_lesson": "LÆRE"})


async def same_everywhere(found: Course, project: str, months: AfterMonths) -> None:
    """The report, the promises' sheet, the results and the channel have the same outcomes."""
    after = found.word("promise.after").format(n=months)
    written = drawn(await sheet(found.played, "peter", "report_file", of=project))
    await found.type("peter", "resultater")
    shown = found.played.just("peter")
    assert "MED-REFERAT" in written
    assert "MED-REFERAT" in shown
    assert "SLUT" in written
    assert "LÆRE" in written
    on_paper = drawn(await sheet(found.played, "peter", "promise_file", of=project))
    for outcome in OUTCOMES:
        told = found.word(f"report.judged_{outcome}").format(after=after)
        assert told in written, outcome
        assert told in shown, outcome
        assert found.word(f"promise.{outcome}") in on_paper
        said = found.word(f"promise.was_{outcome}").format(n=after, who="Peter Lund")
        assert said in found.played.channel(), outcome
