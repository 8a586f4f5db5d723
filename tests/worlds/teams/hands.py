"""Simulated users of Teams, who find buttons and fields by their labels.

TeamsHands has the interface of tests/worlds/stage.py's Stage, so that the same transcripts play
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.platforms.teams.edge import TeamsEdge
from bot.platforms.web.playground.scenario import named, several
from bot.server.build import House
from tests.worlds.chat_hands import ChatHands, hour_of, newest
from tests.worlds.play import CODE, no_button
from tests.worlds.teams.limits import Refused, check
from tests.worlds.teams.render import buttons, inputs, press_of, text_of, title_of
from tests.worlds.teams.state import CHANNEL, Dict, Message, Person, Tenant
from tests.worlds.teams.world import BOT, TeamsWorld

NEW_CHANNEL = "19:aftenvagt@thread.tacv2"
ON_THE_WAY = ("Åbn formularen", "Open the form", "Vis svaret", "Show the answer")
"""Labels of intermediate buttons, which a simulated user presses to get to what they asked for."""


@dataclass
class Dialog:
    """An open dialog."""

    title: str
    card: Dict
    conversation: str
    compose: bool = False
    values: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    """The initial values of the fields."""

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in inputs(self.card)]

    @property
    def text(self) -> str:
        return f"{self.title}\n{text_of(self.card, self.values)}"

    @property
    def said(self) -> str:
        """Return the dialog's text, without the values of fields, which the person typed."""
        return "" if self.ids else text_of(self.card)


class TeamsHands(ChatHands[Message]):
    def __init__(
        self,
        world: TeamsWorld,
        house: House,
        edge: TeamsEdge,
        people: Iterable[str],
        *,
        tenant: Tenant | None = None,
        channel: str = CHANNEL,
        holds_back: bool = True,
        slash: bool = False,
        old: bool = False,
        personally: bool = False,
    ) -> None:
        """`holds_back`: Teams itself does not send a form with empty required fields. `slash`:
        commands in the channel are slash commands, hidden from others. `old`: a client without
        Action.Execute. `personally`: all commands but the start are typed in the personal chat."""
        self.space = tenant or world.home
        super().__init__(house, f"teams:{self.space.id}")
        self.world = world
        self.edge = edge
        self.place = self.first = channel
        self.people: list[str] = []
        self.holds_back = holds_back
        self.slash = slash
        self.old = old
        self.personally = personally
        self.dialogs: dict[str, Dialog | None] = {}
        self.toasts: dict[str, str] = {}
        self.statuses: list[int] = []
        for person in people:
            self._begins(person)

    def _begins(self, person: str) -> None:
        super()._begins(person)
        self.people.append(person)
        self.dialogs[person] = None
        self.toasts[person] = ""

    def meet(self, person: str, name: str) -> Person:
        """Add a newcomer to the channel without notifying Digi."""
        self._begins(person)
        self.space.people[person] = Person(person, name, tenant=self.space.id)
        self.space.channels[self.place].append(person)
        return self.space.people[person]

    async def go(self, *, new: bool) -> None:
        self.place = NEW_CHANNEL if new else self.first
        if self.place not in self.space.channels:
            self.space.channels[self.place] = list(self.space.channels.get(self.first, self.people))
            await self.world.installed(self.place, tenant=self.space)

    async def leave(self, person: str) -> None:
        self.space.channels[self.place].remove(person)
        gone = self.space.people[person]
        told = {"type": "conversationUpdate", "membersRemoved": [{"id": gone.address}]}
        await self.world.send(self._activity(gone, self.place, **told))
        await self._settle()

    # --- acts -----------------------------------------------------------------------------

    async def type(self, person: str, words: str, *, private: bool = False) -> int:
        who = self._begin(person)
        self.dialogs[person] = None
        words = re.sub(r"^(?:/digi|@Digi)\b", "", words.strip()).strip()
        if private or (self.personally and not words.startswith("start")):
            activity = self._activity(who, who.chat, type="message", text=words)
            self.world.say(self.space, who.chat, "", {"text": words}, by=person)
        elif self.slash:
            activity = self._activity(who, self.place, type="message", text=f"/digi {words}")
            activity["recipient"]["isTargeted"] = True
        else:
            activity = self.mention(who, words)
        status, _ = await self.world.send(activity)
        status = await self._end(person, status)
        return await self._follows(person) or status

    async def _follows(self, person: str) -> int:
        """Press the button in an answer that opens a dialog: a typed command cannot open one
        itself."""
        mark = self._marks[person]
        for message in self.visible(person):
            if message.card is None or message.changed <= mark:
                continue
            for action in buttons(message.card):
                if action["title"] in ON_THE_WAY:
                    return await self._end(
                        person, await self._pressed(self.space.people[person], action, message)
                    )
        return 0

    def mention(self, who: Person, words: str) -> Dict:
        said = self.world.say(self.space, self.place, "", {"text": f"@Digi {words}"}, by=who.handle)
        thread = f"{self.place};messageid={said.id}" if said.root else self.place
        return self._activity(
            who,
            thread,
            type="message",
            id=said.id,
            text=f"<at>Digi</at> {words}",
            entities=[
                {
                    "type": "mention",
                    "mentioned": {"id": BOT, "name": "Digi"},
                    "text": "<at>Digi</at>",
                }
            ],
        )

    async def press(self, person: str, label: str, near: str = "") -> int:
        action, message = self._find(person, label, near)
        who = self._begin(person)
        # Where Digi asks whether the press is intended, the client shows the question; confirm it.
        status = await self._pressed(who, press_of(action), message)
        return await self._end(person, status)

    async def _pressed(self, who: Person, action: Dict, message: Message | None) -> int:
        if message is None:
            open_now = self.dialogs[who.handle]
            assert open_now is not None
            return await self._to_dialog(who, open_now, action["data"])
        self.dialogs[who.handle] = None
        where = _conversation(message)
        if action["type"] == "Action.Execute" and self.old:
            action = action["fallback"]
        if action["type"] == "Action.Execute":
            value = {
                "action": {
                    "type": "Action.Execute",
                    "verb": action["verb"],
                    "data": action["data"],
                },
                "trigger": "manual",
            }
            status, body = await self._invoke(
                who, where, "adaptiveCard/action", value, replyToId=message.id
            )
            if status == 200:
                self._answers(who, message, body)
            return status
        if action["data"].get("msteams", {}).get("type") == "task/fetch":
            value = {"data": action["data"], "context": {"theme": "default"}}
            status, body = await self._invoke(who, where, "task/fetch", value, replyToId=message.id)
            self._opens(who, where, body)
            return status
        activity = self._activity(
            who, where, type="message", value=action["data"], replyToId=message.id
        )
        status, _ = await self.world.send(activity)
        return status

    def _answers(self, who: Person, message: Message, body: Dict) -> None:
        """Handle the response to an Action.Execute as Teams does."""
        assert body["statusCode"] == 200
        if body["type"] == "application/vnd.microsoft.activity.message":
            self.toasts[who.handle] = body["value"]
            return
        assert body["type"] == "application/vnd.microsoft.card.adaptive"
        check(body["value"])
        assert message.only_for == who.handle or message.place == who.chat
        self.toasts[who.handle] = text_of(body["value"])

    async def _to_dialog(self, who: Person, dialog: Dialog, data: Dict) -> int:
        value: Dict = {"data": {**data, **dialog.values}, "context": {"theme": "default"}}
        name = "task/submit"
        if dialog.compose:
            name, value["commandId"] = "composeExtension/submitAction", "say"
        status, body = await self._invoke(who, dialog.conversation, name, value)
        self._opens(who, dialog.conversation, body, compose=dialog.compose)
        return status

    def _opens(self, who: Person, where: str, body: Dict, *, compose: bool = False) -> None:
        """Handle the response to a dialog's invoke as Teams does."""
        task = body.get("task")
        if task is None:
            self.dialogs[who.handle] = None
            return
        assert task["type"] == "continue", task
        card = task["value"]["card"]["content"]
        try:
            check(card)
        except Refused as refused:
            self.world.faults.append(refused)
            raise
        found = Dialog(task["value"]["title"], card, where, compose)
        found.values = {one["id"]: one["value"] for one in inputs(card) if one.get("value")}
        before = self.dialogs[who.handle]
        again = before is not None and before.ids == found.ids
        found.first = before.first if before is not None and again else dict(found.values)
        self.dialogs[who.handle] = found

    async def extension(
        self, person: str, command: str, *, private: bool = False, **more: object
    ) -> int:
        """Use the app's message extension."""
        who = self._begin(person)
        where = who.chat if private else self.place
        value = {"commandId": command, "commandContext": "compose", **more}
        status, body = await self._invoke(who, where, "composeExtension/fetchTask", value)
        self._opens(who, where, body, compose=True)
        return await self._end(person, status)

    async def fill(self, person: str, values: dict[str, str], *, keep: bool = False) -> int:
        """Fill the open dialog by its labels and submit it; returns 0 if Teams itself held it back.

        Other fields keep their initial values or, with `keep`, those of the previous submission.
        """
        dialog = self.dialogs[person]
        assert dialog is not None, f"{person} has no dialog open"
        fields = inputs(dialog.card)
        assert fields or not values, f"there is nothing to fill in:\n{dialog.text}"
        if not keep:
            dialog.values = dict(dialog.first)
        self._fill(dialog, values)
        who = self._begin(person)
        missing = [o for o in fields if o.get("isRequired") and not dialog.values.get(o["id"])]
        if self.holds_back and missing:
            self.faults[person] = missing[0]["errorMessage"]
            return 0
        [send] = [one for one in buttons(dialog.card) if one.get("associatedInputs") != "none"]
        status = await self._to_dialog(who, dialog, send["data"])
        return await self._end(person, status)

    def close(self, person: str) -> None:
        """Close the dialog with the cross, without a request to Digi."""
        self.dialogs[person] = None

    async def move(self, to: datetime) -> None:
        self.mark = self.world.tick
        await self.house.courier.move_to(to)
        await self._settle()
        self._remember()

    async def _invoke(
        self, who: Person, where: str, name: str, value: Dict, **more: str
    ) -> tuple[int, Dict]:
        activity = self._activity(who, where, type="invoke", name=name, value=value, **more)
        return await self.world.send(activity)

    def _activity(self, who: Person, conversation: str, **more: object) -> Dict:
        return self.world.activity(who, conversation, tenant=self.space, **more)

    # --- before and after an act ----------------------------------------------------------

    def _begin(self, person: str) -> Person:
        self.mark = self._marks[person] = self.world.tick
        self.toasts[person] = self.faults[person] = ""
        return self.space.people[person]

    async def _end(self, person: str, status: int) -> int:
        self.statuses.append(status)
        await self._settle()
        if status >= 300:
            self.faults[person] = f"Teams: {status}"
        self._remember()
        dialog = self.dialogs[person]
        whispers = self._targeted(person, since=self._marks[person])
        said = [*map(self._text, whispers), dialog.said if dialog else "", self.toasts[person]]
        if found := CODE.search("\n".join(said)):
            self.code = found[0]
        return status

    async def _settle(self) -> None:
        await self.edge.quiet()
        await self.house.courier.settle()

    # --- looking --------------------------------------------------------------------------

    def form(self, person: str) -> Dialog | None:
        return self.dialogs[person]

    def visible(self, person: str) -> list[Message]:
        """Return all visible cards, newest change first: targeted messages, the private chat, the
        channel."""
        mine = self._messages(self.space.people[person].chat)
        ours = self._messages(self.place)
        just = self._targeted(person, since=self._marks[person])
        return [*newest(just), *newest(mine), *newest(ours), *newest(self._targeted(person))]

    def channel(self, *, since_last_act: bool = False) -> str:
        return as_on_paper(self._told(self._messages(self.place), since_last_act=since_last_act))

    def private(self, person: str, *, since_last_act: bool = False) -> str:
        mine = self._messages(self.space.people[person].chat)
        return as_on_paper(self._told(mine, since_last_act=since_last_act))

    def just(self, person: str) -> str:
        shown = as_on_paper(self._shown(person))
        return "\n".join([shown, self.private(person, since_last_act=True)])

    def ever(self, person: str) -> str:
        seen = map(as_on_paper, self.seen[person])
        return "\n".join([*seen, self.private(person), self.channel()])

    def _shown(self, person: str) -> str:
        dialog = self.dialogs[person]
        chat = self.space.people[person].chat
        told = self._messages(chat, since=self._marks[person])
        return "\n".join(
            [
                *(self._text(m) for m in self._targeted(person, since=self._marks[person])),
                dialog.text if dialog else "",
                self.toasts[person],
                self.faults[person],
                *map(self._text, told),
            ]
        ).strip()

    def _text(self, message: Message) -> str:
        return text_of(message.card) if message.card else str(message.activity.get("text") or "")

    def _targeted(self, person: str, since: int = -1) -> list[Message]:
        return [
            m
            for m in self.space.in_place(self.place)
            if m.changed > since and m.only_for == person and not m.deleted
        ]

    def _messages(self, place: str, since: int = -1) -> list[Message]:
        return [
            m
            for m in self.space.in_place(place)
            if m.changed > since and not m.only_for and not m.deleted and not m.by
        ]

    # --- finding --------------------------------------------------------------------------

    def _find(self, person: str, label: str, near: str) -> tuple[Dict, Message | None]:
        dialog = self.dialogs[person]
        surfaces: list[tuple[Dict, Message | None]] = []
        if dialog is not None:
            surfaces.append((dialog.card, None))
        surfaces += [(m.card, m) for m in self.visible(person) if m.card is not None]

        def text(message: Message | None) -> str:
            if message is not None:
                return self._text(message)
            assert dialog is not None
            return dialog.text

        for card, message in surfaces:
            for action in buttons(card):
                if (
                    action["title"] == label
                    and (
                        action["type"] == "Action.ShowCard"
                        or action.get("associatedInputs") == "none"
                    )
                    and (not near or near in text(message))
                ):
                    return action, message
        raise no_button(person, label, near, (text(message) for _, message in surfaces))

    # --- filling --------------------------------------------------------------------------

    def _fill(self, dialog: Dialog, values: dict[str, str]) -> None:
        left = inputs(dialog.card)
        for label, said in values.items():
            found = named(label, [(one["label"], one) for one in left], "field")
            left.remove(found)
            dialog.values[found["id"]] = self._value(found, said)

    def _value(self, element: Dict, said: str) -> str:
        match element["type"]:
            case "Input.Text":
                most = element["maxLength"]
                assert len(said) <= most, f"no more than {most} characters go into this field"
                return said
            case "Input.Date":
                return date.fromisoformat(said).isoformat() if said else ""
            case "Input.Time":
                return hour_of(said) if said else ""
            case "Input.ChoiceSet" if "choices.data" in element:
                people = [(p.name, p.id) for p in self.space.people.values()]
                by_handle = {p.handle: p.id for p in self.space.people.values()}
                chosen = [
                    by_handle.get(one) or named(one, people, "person") for one in several(said)
                ]
                assert element["isMultiSelect"] or len(chosen) < 2
                return ",".join(chosen)
            case "Input.ChoiceSet":
                options = [(title_of(one), one["value"]) for one in element["choices"]]
                names = several(said) if element["isMultiSelect"] else [said] if said else []
                return ",".join(named(one, options, "option") for one in names)
        raise AssertionError(f"nobody can fill a {element['type']}")


def _conversation(message: Message) -> str:
    return f"{message.place};messageid={message.root}" if message.root else message.place


def as_on_paper(text: str) -> str:
    """Translate Teams' way to type a command into that of the paper edge, which transcripts use."""
    return text.replace("@Digi ", "/digi ")
