"""A newcomer goes through the whole course with only Digi's texts as a guide, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from bot.platforms.common.ports import Parcel
from content.model import Catalogue
from tests.worlds.stage import CHANNEL, PEOPLE, Stage, stage, text_of

# The map's table, literally. t: leader, TR and AMR are asked first.
MAP = {
    1: "O1 K1 F1.1t K2 F1.3 F1.2t I3t I4t",
    2: "F2.2 O2 O3 O4 F2.1 K3 K4 F2.3 K5",
    3: "F3.1t O5 F3.2t U1 U2 I5t",
    4: "I1t F4.1t I2t U3 U4 F4.2 U5 F4.3",
}
THEMES = {"K": "kerneopgave", "O": "opgaveloesning", "U": "kompetenceudvikling", "I": "inddragelse"}
ORDER = [place for phase in MAP.values() for place in phase.split()]

Locale = Literal["da", "en"]

SAID = {
    "da": {
        "name": "Ny omsorgsplatform",
        "answer": "Mere ro ved besøgene",
        "unnamed": "Om natten?",
        "trio": "Vi begynder med aftenholdet",
        "summed": "Vi prøver ruterne af i to uger",
        "agreement": "Spørge leverandøren om ruteplanen",
        "concern": "Bliver vi målt på tiden?",
        "reply": "Tiden bruges kun til ruter.",
        "better": "Mere ro",
        "union": "FOA",
        "start": "start",
        "say": "sig",
        "code": "kode",
        "phase": "fase",
    },
    "en": {
        "name": "New care platform",
        "answer": "More peace at the visits",
        "unnamed": "At night?",
        "trio": "We begin with the evening team",
        "summed": "We try the routes out for two weeks",
        "agreement": "Ask the supplier about the routes",
        "concern": "Are we measured on time?",
        "reply": "Time is used for routes only.",
        "better": "More peace",
        "union": "FOA",
        "start": "start",
        "say": "say",
        "code": "code",
        "phase": "phase",
    },
}


class Newcomer:
    """A user who knows only the labels of buttons and fields, and nothing about the code."""

    def __init__(self, played: Stage, locale: Locale) -> None:
        self.stage = played
        self.locale = locale
        self.catalogue: Catalogue = played.house.catalogue
        self.my = SAID[locale]

    def words(self, key: str) -> str:
        phrase = self.catalogue.phrase(key)
        words = phrase.da if self.locale == "da" else phrase.en
        assert isinstance(words, str)
        return words

    def asks(self, id: str) -> str:
        text = self.catalogue.question(id).text
        return text.da if self.locale == "da" else text.en

    async def press(self, person: str, key: str, near: str = "") -> None:
        await self.stage.press(person, self.words(key), near)

    async def fill(self, person: str, **values: str) -> None:
        """`question_your_answer="..."` fills the field whose label is that phrase."""
        label = {key: self.words(key.replace("__", ".")) for key in values}
        plain = {key: re.split(r"[*{]", found)[0] for key, found in label.items()}
        await self.stage.fill(person, {plain[key]: said for key, said in values.items()})

    async def type(self, person: str, command: str, rest: str = "") -> None:
        await self.stage.type(person, f"/digi {self.my[command]} {rest}".strip())

    async def to(self, mark: str) -> None:
        marks = await self.stage.house.landmarks("test:arbejdsplads")
        await self.stage.move(marks[mark])

    async def next_morning(self, days: int = 1) -> None:
        await self.stage.move(self.stage.house.clock.now() + timedelta(days=days))

    # --- the course -----------------------------------------------------------------------

    async def starts(self) -> None:
        await self.type("anne", "start", self.my["name"])
        await self.press("anne", "project.i_am_leader")
        await self.press("anne", "project.edit")
        await self.fill(
            "anne",
            project__row_tr="mette",
            project__row_amr="jonas",
            project__row_facilitator="ali",
        )
        await self.press("anne", "project.more")
        language = self.words(f"project.language_{self.locale}")
        await self.fill("anne", project__field_language=language)
        await self.press("mette", "project.i_am_tr")
        await self.fill("mette", project__field_union=self.my["union"])
        await self.press("jonas", "project.i_am_amr")
        await self.fill("jonas")
        await self.press("anne", "button.show_in_channel")
        await self.press("ali", "project.i_am_facilitator")
        title = self.words("project.welcome_title").format(name=self.my["name"])
        assert title in self.stage.channel()

    async def says_something_unnamed(self) -> None:
        """Write an unsigned concern to the leader and to everybody, and answer it on the day it
        arrives."""
        played = self.stage
        await self.press("sofie", "button.say")
        await self.press("sofie", "say.unnamed")
        everyone = self.words("say.everyone").split(",")[0]
        await self.fill(
            "sofie",
            say__field_kind=self.words("concern.kind_concern"),
            say__field_text=self.my["concern"],
            say__field_readers=f"{PEOPLE['anne']}, {everyone}",
        )
        assert played.code
        await self.to("release")
        await played.move(played.house.clock.now() + timedelta(hours=2))
        await self.press("anne", "concern.see")
        assert self.my["concern"] in played.just("anne")
        await self.press("anne", "button.reply")
        day = (played.house.clock.now() + timedelta(days=20)).date().isoformat()
        await self.fill(
            "anne",
            concern__field_answer=self.words("concern.choose_do"),
            concern__field_text=self.my["reply"],
            concern__field_who=PEOPLE["anne"],
            concern__field_until=day,
        )
        assert not played.faults["anne"]
        await played.type("sofie", f"/digi {self.my['code']}", private=True)
        await self.fill("sofie", say__field_code=played.code)
        assert self.my["reply"] in played.just("sofie")

    async def talks_about(self, id: str, number: int) -> None:
        """Take one question from its post to a conclusion, by its buttons."""
        question = self.asks(id)
        await self.press("fatima", "button.answer", question)
        await self.fill("fatima", question__your_answer=self.my["answer"])
        if number % 3 == 0:
            await self.press("peter", "button.answer_unnamed", question)
            await self.fill("peter", question__your_answer=self.my["unnamed"])
        await self.press("ali", "button.lead", question)
        if number % 2:
            await self.press("ali", "button.close_answers", question)
        await self.press("ali", "button.sum_up", question)
        values = {
            "question__what_did_you_arrive_at": self.my["summed"],
            "question__outcome": self.words("button.concluded"),
        }
        await self.fill("ali", **values)

    async def agrees(self, id: str) -> None:
        """Conclude the first question with an agreement that its owner takes."""
        question = self.asks(id)
        await self.press("fatima", "button.answer", question)
        await self.fill("fatima", question__your_answer=self.my["answer"])
        await self.press("ali", "button.lead", question)
        await self.press("ali", "button.sum_up", question)
        day = (self.stage.house.clock.now() + timedelta(days=16)).date().isoformat()
        numbered = {
            self.words(f"question.{key}").format(number=1): said
            for key, said in (
                ("what", self.my["agreement"]),
                ("who", PEOPLE["lars"]),
                ("when", day),
            )
        }
        arrived = self.words("question.what_did_you_arrive_at")
        await self.stage.fill("ali", {arrived: self.my["summed"], **numbered})
        await self.press("lars", "button.take_agreement")

    def posts(self) -> list[str]:
        return [
            id
            for parcel in self.stage.edge.parcels
            if parcel.kind == "post" and parcel.channel == CHANNEL
            for id in self._asked_in(parcel)
        ]

    def _asked_in(self, parcel: Parcel) -> Iterator[str]:
        said = text_of(parcel.card)
        if f"[{self.words('button.answer')}]" in said:
            yield from (id for id in self.catalogue.questions if self.asks(id) in said)

    def first_with_the_trio(self) -> list[str]:
        """Return what leader, TR and AMR were asked before the channel."""
        proposal = f"[{self.words('question.write_proposal')}]"
        found: dict[str, set[str]] = {}
        for parcel in self.stage.edge.parcels:
            said = text_of(parcel.card)
            if parcel.kind == "update":
                continue
            for id in self.catalogue.questions:
                if parcel.person and proposal in said and self.asks(id) in said:
                    found.setdefault(id, set()).add(parcel.person)
                elif parcel.channel and self.asks(id) in said and id in found:
                    assert found[id] == {"anne", "mette", "jonas"}
        return list(found)

    async def proposes(self, number: int) -> bool:
        """In the trio's turn, sometimes write a proposal, and otherwise let the days pass."""
        if number % 2:
            await self.press("mette", "question.write_proposal")
            await self.fill("mette", question__your_proposal=self.my["trio"])
            for person in ("anne", "jonas"):
                await self.press(person, "question.agree")
            return True
        return False

    async def walks(self) -> None:
        """Go through the phases until Digi says of the last that all has been asked."""
        met = 0
        for phase in MAP:
            done = "walk.done.last" if phase == 4 else "walk.done.phase"
            told = self.words(done).split("{")[0].split(". ")[0]
            while told not in self.stage.private("anne", since_last_act=True):
                trio, team = len(self.first_with_the_trio()), len(self.posts())
                await self.to("question")
                if len(self.first_with_the_trio()) > trio:
                    await self.proposes(met)
                for id in self.posts()[team:]:
                    await (self.agrees(id) if met == 0 else self.talks_about(id, met))
                    met += 1
                    if met == 1:
                        await self.says_something_unnamed()
                    if met == 2:
                        await self.to("overview")
                self.keeps_calm()
            # The trio's last question goes to the team when the trio's days have passed.
            team = len(self.posts())
            await self.next_morning(7)
            for id in self.posts()[team:]:
                await self.talks_about(id, met)
                met += 1
            await self.next_morning(3)
            if phase < 4:
                await self.type("anne", "phase")
                decided = self.words("walk.phase.decided_us")
                await self.fill("anne", walk__phase__decided=decided)
                assert self.words(f"project.phase_{phase + 1}")[2:] in self.stage.channel()

    async def ends(self) -> None:
        await self.type("anne", "phase")
        await self.press("anne", "walk.button.end")
        await self.press("anne", "project.end_submit")
        await self.fill(
            "anne",
            project__row_better=self.my["better"],
            project__field_end_reason=self.my["better"],
        )

    def keeps_calm(self) -> None:
        assert not self.stage.house.log.failures

    def all_said(self) -> list[str]:
        return [
            *(text_of(parcel.card) for parcel in self.stage.edge.parcels),
            *(said for person in PEOPLE for said in self.stage.seen[person]),
        ]


def by_the_map(places: list[str]) -> list[str]:
    names = (place.removesuffix("t") for place in places)
    return [f"fase{n[1:]}" if n[0] == "F" else f"{THEMES[n[0]]}.{n[1:]}" for n in names]


async def course(played: Stage, locale: Locale) -> Newcomer:
    one = Newcomer(played, locale)
    await one.starts()
    await one.walks()
    await one.ends()
    return one


@pytest.mark.parametrize("locale", ["da", "en"])
async def test_a_newcomer_gets_from_start_to_the_end_of_the_course(
    locale: Locale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the 31 questions is asked once; there is an overview with all three parts, and a
    date."""
    # The rate limit uses real time, which a moved clock does not affect.
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 10_000)
    monkeypatch.setattr("bot.core.gate.CODES_AN_HOUR", 10_000)
    async with stage(tmp_path, locale=locale) as played:
        one = await course(played, locale)
        assert one.posts() == by_the_map(ORDER)
        trio_first = [place for place in ORDER if place.endswith("t")]
        assert one.first_with_the_trio() == by_the_map(trio_first)
        whole_week = [
            said
            for said in played.channel().split("\n\n")
            if all(
                word in said
                for word in (
                    re.split(r"[*]", one.words("digest.proposed"))[1],
                    one.my["summed"],
                    re.split(r"[*]", one.words("digest.agreements"))[1],
                    re.split(r"[*]", one.words("digest.concerns_answered"))[1],
                )
            )
        ]
        assert whole_week, "an overview has a proposal, an agreement and an answered concern"
        ended = played.channel()
        assert one.words("project.ended_title").format(name=one.my["name"]) in ended
        last = one.words("project.after_the_end").split("{day}")
        assert re.search(re.escape(last[0]) + r"[^.\n]*\d[^\n]{4,25}" + re.escape(last[1]), ended)
        one.keeps_calm()
        slips = [line for said in one.all_said() for line in said.splitlines() if SLIP.search(line)]
        assert slips == []
        if locale == "en":
            assert danish_in(one) == {}


WORD = re.compile(r"[^\W\d_]+")
SLIP = re.compile(r"[?!]\.|\.[?!]|[^.]\.\.(?!\.)|,\.| [.,]| {2}|\{\w*\}|\bNone\b")
CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){4}[0-9A-Z]\b")


def danish_in(one: Newcomer) -> dict[str, str]:
    """Return Digi's texts that exist in Danish only, each with a line in which it was shown."""
    names = (*PEOPLE.values(), *SAID["en"].values())
    danish: set[str] = set()
    english = {word.casefold() for name in names for word in WORD.findall(name)}
    for da, en in _pairs(msgspec.to_builtins(one.catalogue)):
        danish |= {word.casefold() for word in WORD.findall(da)}
        english |= {word.casefold() for word in WORD.findall(en)}
    found: dict[str, str] = {}
    only_danish = danish - english
    for line in CODE.sub("", "\n".join(one.all_said())).splitlines():
        for word in WORD.findall(line):
            if word.casefold() in only_danish:
                found.setdefault(word, line)
    return found


def _pairs(found: object) -> Iterator[tuple[str, str]]:
    """Return every text of the catalogue in Danish and English."""
    if isinstance(found, dict):
        if "da" in found and "en" in found:
            yield str(found["da"]), str(found["en"])
        else:
            for inner in found.values():
                yield from _pairs(inner)
    elif isinstance(found, list | tuple):
        for inner in found:
            yield from _pairs(inner)
