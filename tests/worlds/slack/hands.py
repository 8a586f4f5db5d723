"""Simulated users of Slack, who find buttons and fields by their labels.

SlackHands has the interface of tests/worlds/stage.py's Stage, so that the same transcripts play
here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from bot.platforms.web.playground.scenario import named, several
from bot.server.build import House
from tests.worlds.chat_hands import ChatHands, hour_of, newest
from tests.worlds.play import CODE, no_button
from tests.worlds.slack.render import (
    Control,
    controls,
    inputs,
    lines_of,
    options_of,
    plain,
    text_of,
    text_of_view,
)
from tests.worlds.slack.sender import Answered, values_of
from tests.worlds.slack.state import Dict, Message, View, Workspace
from tests.worlds.slack.world import SlackWorld

NEW_CHANNEL = "C0AFTENVAGT"
MISSING = "Udfyld dette felt."
"""The error that Slack itself shows below an empty required field; Digi receives no request."""


def id_of(handle: str) -> str:
    return f"U0{handle.upper()}"


def move_in(
    space: Workspace,
    people: Mapping[str, str],
    channel: str,
    name: str = "ny-teknologi",
    *,
    english: Collection[str] = (),
) -> None:
    """Add these people (handle and name) to the workspace and to the channel with the bot."""
    for handle, called in people.items():
        space.user(id_of(handle), called, locale="en-US" if handle in english else "da-DK")
    space.user(space.bot, "Digi", bot=True)
    space.channel(channel, name, [*map(id_of, people), space.bot])


class SlackHands(ChatHands[Message]):
    def __init__(
        self,
        world: SlackWorld,
        house: House,
        people: Iterable[str],
        channel: str,
        *,
        space: Workspace | None = None,
        tenant: str = "",
        holds_back: bool = True,
    ) -> None:
        """With `holds_back`, Slack itself does not send a form with empty required fields. Without
        it the form is sent, as by a modified client, and Digi has to reject it."""
        space = space or world.home
        super().__init__(house, tenant or f"slack:{space.enterprise or space.team}")
        self.world = world
        self.space = space
        self.place = self.first = channel
        self.people = {handle: id_of(handle) for handle in people}
        self.holds_back = holds_back
        self.at_home: set[str] = set()
        """The people whose Home tab is open."""
        for person in self.people:
            self._begins(person)

    async def go(self, *, new: bool) -> None:
        self.place = NEW_CHANNEL if new else self.first
        if self.place not in self.space.channels:
            there = [*self.people.values(), self.space.bot]
            self.space.channel(self.place, "aftenvagt", there)
            await self.world.send.joined(self.space.bot, self.place, team=self.space.team)
            await self._settle()

    async def leave(self, person: str) -> None:
        await self.world.send.left(self._user(person), self.place, team=self.space.team)
        await self._settle()

    # --- acts -----------------------------------------------------------------------------

    async def type(self, person: str, words: str, *, private: bool = False) -> Answered:
        """Type `/digi …` or, as a mention, `@Digi …`, in the channel or the private chat."""
        user = await self._begin(person)
        channel = self.space.im(user).id if private else self.place
        words = words.strip()
        if words.startswith("@Digi"):
            text = words.removeprefix("@Digi").strip()
            [answered] = await self.world.send.mention(user, channel, text, team=self.space.team)
        else:
            text = re.sub(r"^/digi\b", "", words).strip()
            answered = await self.world.send.command(user, text, channel, team=self.space.team)
        return await self._end(person, answered)

    async def press(self, person: str, label: str, near: str = "") -> Answered:
        user = self._user(person)
        control, message, view = self._find(person, label, near)
        stacked = view is not None and view.body["type"] == "modal"
        if not stacked:
            await self._begin(person, stays=view is not None)
        else:
            self._mark(person)
        answered = await self.world.send.press(
            user, control.action, message=message, view=view, team=self.space.team
        )
        return await self._end(person, answered)

    async def fill(
        self, person: str, values: dict[str, str], *, keep: bool = False
    ) -> Answered | None:
        """Fill the open modal by its labels and submit it; returns None if Slack itself held it
        back.

        Other fields keep their initial values or, with `keep`, those of the previous submission.
        """
        view = self.form(person)
        assert view is not None, f"{person} has no form open"
        assert view.body.get("submit"), f"nothing to send in:\n{text_of_view(view, self._name)}"
        self._mark(person)
        if not keep:
            view.typed.clear()
        self._fill(view, values)
        if self.holds_back and (missing := self._missing(view)):
            view.errors = dict.fromkeys(missing, MISSING)
            self.faults[person] = MISSING
            return None
        answered = await self.world.send.submit(self._user(person), view, team=self.space.team)
        return await self._end(person, answered)

    async def close(self, person: str) -> None:
        """Close all modals with the cross."""
        user = self._user(person)
        while (view := self.space.top(user)) is not None:
            await self.world.send.close(user, view, team=self.space.team)
        await self._settle()

    async def open_home(self, person: str) -> Answered:
        user = await self._begin(person)
        [answered] = await self.world.send.home_opened(user, team=self.space.team)
        self.at_home.add(person)
        return await self._end(person, answered)

    async def open_chat(self, person: str) -> Answered:
        """Open the private chat with Digi without typing anything."""
        user = await self._begin(person)
        [answered] = await self.world.send.home_opened(user, tab="messages", team=self.space.team)
        return await self._end(person, answered)

    async def shortcut(self, person: str, callback_id: str, on: str = "") -> Answered:
        """Use a global shortcut, or a message shortcut on the newest message with this text."""
        user = await self._begin(person)
        message = next((m for m in self.visible(person) if on in self._text(m)), None)
        assert message is not None or not on, f"no message says {on!r}"
        answered = await self.world.send.shortcut(
            user, callback_id, message=message if on else None, team=self.space.team
        )
        return await self._end(person, answered)

    async def move(self, to: datetime) -> None:
        self.mark = self.world.tick
        await self.house.courier.move_to(to)
        await self._quiet()
        self._remember()

    # --- before and after an act ----------------------------------------------------------

    async def _begin(self, person: str, *, stays: bool = False) -> str:
        """Close open modals and leave the Home tab, before another act."""
        user = self._user(person)
        if self.space.top(user) is not None:
            await self.close(person)
        if not stays:
            self.at_home.discard(person)
        self._mark(person)
        return user

    def _mark(self, person: str) -> None:
        self.mark = self._marks[person] = self.world.tick
        self.faults[person] = ""

    async def _end(self, person: str, answered: Answered) -> Answered:
        await self._settle()
        if answered.status is None:
            self.faults[person] = "Slack: operation_timeout"
        elif not answered.fine:
            self.faults[person] = f"Slack: dispatch_failed ({answered.status}) {answered.wrong}"
        self._remember()
        if found := CODE.search(self._said(person)):
            self.code = found[0]
        return answered

    async def _settle(self) -> None:
        await self._quiet()
        await self.house.courier.settle()
        await self._quiet()

    async def _quiet(self) -> None:
        """Wait until neither Digi nor Slack has anything in progress. Digi may be another
        process."""
        views = getattr(self.house, "views", None)
        for edge in views._edges if views else ():
            await edge.quiet()
        await self.world.quiet()

    # --- looking --------------------------------------------------------------------------

    def form(self, person: str) -> View | None:
        return self.space.top(self._user(person))

    def visible(self, person: str) -> list[Message]:
        """Return all visible cards, newest change first: the last ephemeral messages, the private
        chat, the channel, and then older ephemeral messages."""
        user = self._user(person)
        mine = self._messages(self.space.im(user).id)
        ours = self._messages(self.place)
        return [
            *newest(self._whispers(person, since=self._marks[person])),
            *newest(mine),
            *newest(ours),
            *newest(self._whispers(person)),
        ]

    def channel(self, *, since_last_act: bool = False) -> str:
        return self._told(self._messages(self.place), since_last_act=since_last_act)

    def private(self, person: str, *, since_last_act: bool = False) -> str:
        mine = self._messages(self.space.im(self._user(person)).id)
        return self._told(mine, since_last_act=since_last_act)

    def home(self, person: str) -> str:
        view = self.space.homes.get(self._user(person))
        return text_of_view(view, self._name) if view else ""

    def just(self, person: str) -> str:
        return "\n".join([self._shown(person), self.private(person, since_last_act=True)])

    def ever(self, person: str) -> str:
        return "\n".join([*self.seen[person], self.private(person), self.channel()])

    def _shown(self, person: str) -> str:
        """Return what only this person sees: ephemeral messages since the last act, the open modal,
        the Home tab, errors."""
        view = self.form(person)
        return "\n".join(
            [
                *(self._text(m) for m in self._whispers(person, since=self._marks[person])),
                text_of_view(view, self._name) if view else "",
                self.home(person) if person in self.at_home else "",
                self.faults[person],
            ]
        ).strip()

    def _said(self, person: str) -> str:
        """Return the newest ephemeral text, without fields and the modals below."""
        view = self.form(person)
        blocks = [b for b in view.body["blocks"] if b["type"] != "input"] if view else []
        return "\n".join(
            [
                *(self._text(m) for m in self._whispers(person, since=self._marks[person])),
                *lines_of(blocks, self._name),
            ]
        )

    def _whispers(self, person: str, since: int = -1) -> list[Message]:
        user = self._user(person)
        return [
            m
            for m in self.space.messages
            if m.only_for == user and not m.deleted and m.changed > since
        ]

    def _messages(self, channel: str) -> list[Message]:
        return [
            m
            for m in self.space.messages
            if m.channel == channel
            and not m.only_for
            and not m.deleted
            and m.user == self.space.bot
        ]

    def _text(self, message: Message) -> str:
        return text_of(message, self._name)

    def _name(self, user: str) -> str:
        found = self.space.users.get(user)
        return found.name if found else user

    def _user(self, person: str) -> str:
        assert person in self.people, f"nobody is called {person}"
        return self.people[person]

    # --- finding --------------------------------------------------------------------------

    def _find(
        self, person: str, label: str, near: str
    ) -> tuple[Control, Message | None, View | None]:
        surfaces: list[tuple[list[Dict], str, Message | None, View | None]] = []
        view = self.form(person)
        if view is not None:
            surfaces.append((view.body["blocks"], text_of_view(view, self._name), None, view))
        home = self.space.homes.get(self._user(person))
        if home is not None and person in self.at_home:
            surfaces.append((home.body["blocks"], text_of_view(home, self._name), None, home))
        surfaces += [(m.blocks, self._text(m), m, None) for m in self.visible(person)]
        for blocks, text, message, shown in surfaces:
            if near and near not in text:
                continue
            for control in controls(blocks, self._name):
                if control.label == label:
                    return control, message, shown
        raise no_button(person, label, near, (text for _, text, _, _ in surfaces))

    # --- filling --------------------------------------------------------------------------

    def _fill(self, view: View, values: dict[str, str]) -> None:
        left = inputs(view)
        for label, said in values.items():
            block = named(label, [(plain(b["label"], self._name), b) for b in left], "field")
            left.remove(block)
            element = block["element"]
            value = self._value(element, said)
            view.typed[block["block_id"], element["action_id"]] = {"type": element["type"]} | value

    def _value(self, element: Dict, said: str) -> Dict:
        kind = element["type"]
        options = [(plain(o["text"], self._name), o) for o in options_of(element)]
        match kind:
            case "plain_text_input" | "number_input":
                most = element.get("max_length", 3000)
                assert len(said) <= most, f"no more than {most} characters go into this field"
                least = element.get("min_length", 0)
                assert not said or len(said) >= least, f"at least {least} characters"
                return {"value": said or None}
            case "static_select" | "radio_buttons":
                return {"selected_option": named(said, options, "option") if said else None}
            case "multi_static_select" | "checkboxes":
                chosen = [named(one, options, "option") for one in several(said)]
                most = element.get("max_selected_items", len(chosen))
                assert len(chosen) <= most, f"no more than {most} can be chosen"
                return {"selected_options": chosen}
            case "users_select":
                return {"selected_user": self._somebody(said) if said else None}
            case "multi_users_select":
                return {"selected_users": [self._somebody(one) for one in several(said)]}
            case "datepicker":
                return {"selected_date": date.fromisoformat(said).isoformat() if said else None}
            case "timepicker":
                return {"selected_time": hour_of(said) if said else None}
        raise AssertionError(f"nobody can fill a {kind}")

    def _somebody(self, said: str) -> str:
        if said in self.people:
            return self.people[said]
        people = [(u.name, u.id) for u in self.space.users.values() if not u.bot]
        return named(said, people, "person")

    def _missing(self, view: View) -> list[str]:
        """Return the empty required fields, with which Slack does not send a form."""
        values = values_of(view)
        return [
            block["block_id"]
            for block in inputs(view)
            if not block.get("optional")
            and not any(
                bool(value)
                for key, value in values[block["block_id"]][block["element"]["action_id"]].items()
                if key != "type"
            )
        ]
