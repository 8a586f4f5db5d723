"""Every visible button, in every state, pressed by everybody, has an answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.gate_results import Stopped
from bot.platforms.common.ports import Answer, Delivery, Pressed, Sender
from dialogs.model import cards as c
from dialogs.model.commands import COMMANDS
from tests.worlds.cards import Dressed
from tests.worlds.stage import CHANNEL, PEOPLE, TENANT, Stage, stage, text_of, text_of_form

OUTSIDER = "grethe"
TEAM = tuple(person for person in PEOPLE if person != OUTSIDER)
# People with few rights press first, so that changes come late.
HANDS = (OUTSIDER, "fatima", "mette", "ali", "anne")
LAST = ("Ret", "Slet kladden", "Vis det i kanalen", "Ikke nu", "Vi stopper her", "Slut her")

DRAFT = """
anne > /digi start Ny omsorgsplatform
anne > tryk "Jeg er leder"
anne > tryk "Ret"
anne > udfyld TR=mette AMR=jonas Tovholder=ali
"""
SHOWN = (
    DRAFT
    + """
mette > tryk "Jeg er TR"
mette > send
jonas > tryk "Jeg er AMR"
jonas > send
anne > tryk "Vis det i kanalen"
ali > tryk "Jeg er tovholder"
"""
)
OPEN = (
    SHOWN
    + """
ur > til spørgsmål
fatima > tryk "Svar"
fatima > udfyld "Dit svar"="Ved medicinen"
sofie > tryk "Svar uden navn"
sofie > udfyld "Dit svar"="Om natten"
"""
)
CLOSED = OPEN + 'ali > tryk "Led samtalen"\nali > tryk "Luk for svar"\n'
SUMMED = (
    CLOSED
    + 'ali > tryk "Saml op"\n'
    + 'ali > udfyld "Hvad nåede"="Vi prøver det af" "Aftale 1: hvad"="Spørge leverandøren" '
    + '"Aftale 1: hvem"="fatima" "Aftale 1: hvornår"=2026-11-13 "Aftale 2: hvad"="Ringe rundt"\n'
)
ASIDE = CLOSED + 'ali > tryk "Saml op"\nali > udfyld "Hvad skal"="Læg til side"\n'
MED = (
    CLOSED
    + """
ali > tryk "Saml op"
ali > udfyld "Hvad nåede"="MED skal se på vagterne" "Hvad skal"="Foreslå til MED"
ur > en dag
"""
)
SAID = (
    OPEN
    + """
sofie > tryk "Sig det"
sofie > tryk "Uden navn"
sofie > udfyld Hvad=Bekymring Din="Vi mister roen" Hvem="Anne Holm, Mette Krogh, alle"
peter > tryk "Sig det"
peter > tryk "Med navn"
peter > udfyld Hvad=Spørgsmål Din="Må jeg bytte om?" Hvem="Anne Holm, alle"
ur > til 2026-11-05 09:30
"""
)
PROMISED = SAID + 'anne > tryk "Lov en dato"\nanne > udfyld Jeg=2026-11-11\n'
ANSWERED = (
    SAID
    + """
anne > tryk "Læs, hvad der er sagt"
anne > tryk "Skriv et svar"
anne > udfyld Hvad="Vi gør det" Dit="Vi mødes." Hvem="Anne" Senest=2026-11-20
ur > til overblik
"""
)
STATES = {
    "nothing": "",
    "draft": DRAFT,
    "shown": SHOWN,
    "question open": OPEN,
    "closed for answers": CLOSED,
    "proposed, an agreement offered": SUMMED,
    "summed up, the agreement taken": SUMMED + 'fatima > tryk "Jeg tager den"\nur > en dag\n',
    "the agreement past its date": SUMMED
    + 'fatima > tryk "Jeg tager den"\nur > til 2026-11-19 12:00',
    "set aside": ASIDE,
    "proposed to MED": MED,
    "a theme in one go": SHOWN + "ali > /digi grundspørgsmål kerneopgave\n",
    "with the trio": SHOWN + "anne > /digi næste\nanne > /digi næste\nanne > /digi næste\n",
    "a concern that came": SAID,
    "an answer promised": PROMISED,
    "an answer promised and late": PROMISED + "ur > til 2026-11-16 12:00",
    "a concern answered": ANSWERED,
    "three weeks on": OPEN + "ur > en uge\nur > en uge\nur > en uge\n",
    "a new phase": OPEN + 'anne > /digi fase\nanne > udfyld "Hvem har"="Vi har"\n',
    "paused": OPEN + 'anne > /digi pause forløbet\nanne > udfyld Indtil=""\n',
    "not now": OPEN
    + 'anne > /digi afslut\nanne > tryk "Ikke nu"\nanne > udfyld Hvorfor="Vi mangler folk" '
    "Hvornår=2026-11-16\nur > til 2026-11-16 12:00\n",
    "stopped": ANSWERED
    + 'anne > /digi afslut\nanne > tryk "Vi stopper her"\nanne > udfyld Hvorfor="Den virkede ikke"',
    "ended": SUMMED + 'anne > /digi afslut\nanne > tryk "Slut forløbet"\n'
    'anne > udfyld "Hvorfor slutter"="Færdig" "Skal vi"="Om 3"\n'
    "ur > til 2027-02-03 12:00\n",
    "deleted": SHOWN + 'anne > /digi afslut\nanne > tryk "Slut forløbet"\n'
    'anne > udfyld "Hvorfor slutter"="Færdig"\nur > til 2027-02-03 12:00\n',
}
WRONG = {
    "a raw id": re.compile(r"\b[0-9a-f]{12,}\b"),
    "an unfilled placeholder": re.compile(r"\{\w*\}"),
    "nothing where something belongs": re.compile(r"\bNone\b"),
    "what belongs to a platform": re.compile("private_metadata|callback_id|action_id"),
    "a question mark after a full stop": re.compile(r"\.\?|\?\.|\.\.(?!\.)|,\.| \.| ,"),
    "nothing counted": re.compile(r"\b0 (spørgsmål|svar|har svaret|er klaret|aftaler|tekster)\b"),
}


SeenButton = tuple[str, str, str]
"""A button's label, its token and the beginning of its card."""


class Presser:
    def __init__(self, played: Stage) -> None:
        self.stage = played
        self.pressed: set[tuple[str, str]] = set()

    def buttons(self, cards: list[c.FinishedCard]) -> list[SeenButton]:
        return [
            (c.plain(button.label), button.token, where)
            for card in cards
            for where in [text_of(card)[:60]]
            for button in c.every_button(card)
        ]

    def seen_by(self, person: str) -> list[c.FinishedCard]:
        return [m.card for m in self.stage.visible(person)]

    async def asks_for_everything(self, person: str) -> list[SeenButton]:
        """Collect the answers to all commands."""
        found = []
        for command in COMMANDS:
            await self.stage.type(person, command.da[0])
            found += self.buttons(self.stage.shown[person])
        return found

    async def press(self, person: str, button: SeenButton) -> list[SeenButton]:
        label, token, where = button
        if (person, token) in self.pressed:
            return []
        self.pressed.add((person, token))
        said = await self.stage._act(person, Pressed(token), private=person == OUTSIDER)
        assert self._answers(said), f'{person} pressed "{label}" on "{where}" and saw nothing'
        return self.buttons(list(said.cards))

    async def refused_of(self, person: str, offered: list[SeenButton], state: str) -> list[str]:
        """Return what the gate would refuse of the person's own cards and of what is offered; one
        person also tries the cards for all."""
        shared = person == "fatima"
        visible = self.stage.visible(person)
        own = self.buttons([m.card for m in visible if shared or "private" in m.place])
        found = []
        for label, token, where in own + offered:
            # Others see a draft only after they have started one themselves.
            if (state, person, label) == ("draft", "fatima", "Begynd et forløb"):
                continue
            sender = Sender(person, PEOPLE[person], "da")
            pressed = Delivery(TENANT, sender, "press", Pressed(token), CHANNEL)
            if isinstance(await self.stage.house.engine._gate.check(pressed), Stopped):
                found.append(f"{person}: {label!r} on {where!r}")
        return found

    def _answers(self, said: Answer) -> bool:
        words = [text_of(card) for card in said.cards]
        words += [text_of_form(said.form)] if said.form else []
        redrawn = any(m.changed > self.stage.mark for m in self.stage.edge.messages.values())
        return any(word.strip() for word in words) or bool(said.faults) or redrawn


@pytest.mark.parametrize("state", STATES)
async def test_every_button_is_for_its_reader_and_has_an_answer_for_everybody(
    state: str, tmp_path: Path, dressed: Dressed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card for one person has only buttons that this person may press; a card for all has only
    those that everybody may press. Whoever presses another's is told who may; no exception is
    raised, and no text has unrendered parts."""
    monkeypatch.setattr("bot.core.gate.ACTS_A_MINUTE", 10_000)
    monkeypatch.setattr("bot.core.gate.CODES_AN_HOUR", 10_000)
    async with stage(tmp_path, team=TEAM) as played:
        await played.play(STATES[state])
        presser = Presser(played)
        buttons: dict[str, SeenButton] = {}
        for person in PEOPLE:
            buttons |= {b[1]: b for b in presser.buttons(presser.seen_by(person))}
            buttons |= {b[1]: b for b in presser.buttons(played.shown[person])}
        refused: list[str] = []
        for person in HANDS:
            offered = await presser.asks_for_everything(person)
            buttons |= {b[1]: b for b in offered}
            if person != OUTSIDER and state != "deleted":
                refused += await presser.refused_of(person, offered, state)
        assert not refused, "\n".join(dict.fromkeys(refused))
        assert buttons
        ordered = sorted(buttons.values(), key=lambda b: b[0] in LAST)
        for person in HANDS:
            for button in ordered:
                for further in await presser.press(person, button):
                    await presser.press(person, further)
        assert not played.house.log.failures
        assert not played.house.tally.failures
        problems = wrong_in(dressed, [token for _, token, _ in ordered])
        assert not problems, "\n".join(problems)


def wrong_in(dressed: Dressed, tokens: list[str]) -> list[str]:
    texts = [text_of(card) for card in dressed.cards] + [text_of_form(f) for f in dressed.forms]
    said = "\n".join(dict.fromkeys(line for text in texts for line in text.splitlines()))
    found = [
        f"{what}: {line}"
        for what, sign in WRONG.items()
        for line in said.splitlines()
        if sign.search(line)
    ]
    found += [f"a token stands in the text: {token}" for token in tokens if token in said]
    return found
