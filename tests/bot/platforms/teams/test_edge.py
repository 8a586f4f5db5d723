"""The Teams adapter against a simulated Teams: activities, messages and failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.common.ports import Address, DeliveryFailed, Parcel
from bot.platforms.teams.read import read_place, written_place
from dialogs.model import cards as c
from storage.sql import Unavailable
from tests.waiting import LONG_ENOUGH
from tests.worlds.house import on_disk
from tests.worlds.teams.render import buttons, text_of
from tests.worlds.teams.state import CHANNEL, ELSEWHERE, TENANT
from tests.worlds.teams.trouble import Lost, Says
from tests.worlds.teams.world import BOT
from tests.worlds.teams_fixtures import Place, in_teams

CANARY = "kanariefugl-4711"
NONE: dict[str, Any] = {"body": []}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with in_teams(tmp_path / "home") as found:
        yield found


def _parcel(kind: Any = "post", *, words: str = "Goddag", **more: Any) -> Parcel:
    card: c.FinishedCard = c.Card((c.Paragraph((c.Plain(words),)),))
    return Parcel(
        **{
            "id": "letter-1",
            "tenant": f"teams:{TENANT}",
            "kind": kind,
            "card": card,
            "language": "da",
            "channel": CHANNEL,
            **more,
        }
    )


async def _fails(place: Place, parcel: Parcel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await place.door.edge.deliver(parcel)
    return failed.value


async def _running(place: Place) -> None:
    for line in (
        "anne > /digi start Ny omsorgsplatform",
        'anne > tryk "Ret"',
        'anne > udfyld TR="Mette Krogh" AMR="Jonas Friis" Tovholder="Ali Demir"',
        'anne > tryk "Jeg er leder"',
        'anne > tryk "Vis det i kanalen"',
    ):
        await place.hands.play(line)


# --- who answers whom -----------------------------------------------------------------------------


async def test_a_mention_is_answered_to_the_one_who_asked(place: Place) -> None:
    """The answer is a targeted message in the channel."""
    await place.hands.type("anne", "@Digi hjælp")
    assert "Det kan du gøre nu" in place.hands.just("anne")
    assert "Det kan du gøre nu" not in place.hands.channel()
    assert "Det kan du gøre nu" not in place.hands.ever("mette")


async def test_where_there_is_no_message_for_one_reader_the_chat_has_the_answer(
    tmp_path: Path,
) -> None:
    """The channel is only told that there is an answer."""
    async with in_teams(tmp_path / "home", targeted=False) as place:
        await place.hands.type("anne", "@Digi hjælp")
        assert "Det kan du gøre nu" in place.hands.private("anne")
        assert place.hands.channel() == "Jeg har svaret i vores private chat."
        # From now on targeted messages are not tried in this tenant.
        await place.hands.type("anne", "@Digi status")
        tried = [call for call in place.world.calls if call.status == 400]
        assert len(tried) == 1


async def test_where_digi_may_not_write_privately_a_button_opens_the_answer(
    tmp_path: Path,
) -> None:
    """Nobody else can open it."""
    async with in_teams(tmp_path / "home", targeted=False) as place:
        place.world.home.people["anne"].installed = False
        await place.hands.type("anne", "@Digi hjælp")
        assert "Det kan du gøre nu" in place.hands.just("anne")
        assert "[Vis svaret]" in place.hands.channel()
        await place.hands.press("mette", "Vis svaret")
        assert "Det svar er til den, der spurgte." in place.hands.just("mette")
        await place.hands.type("anne", "@Digi start")
        assert "Navn" in place.hands.just("anne")


async def test_plain_words_in_the_personal_chat_are_answered_there(place: Place) -> None:
    """Without a slash and without @Digi; help describes it so in the private chat, but not in a
    channel."""
    await place.hands.type("anne", "hjælp", private=True)
    said = place.hands.private("anne")
    assert "Det kan du gøre nu" in said
    assert "\nom Hvem jeg er, og hvad jeg gemmer" in said
    assert place.hands.channel() == ""
    await place.hands.type("anne", "@Digi hjælp")
    assert "/digi om Hvem jeg er" in place.hands.just("anne")  # the transcripts' form of @Digi


async def test_what_is_not_meant_for_digi_is_let_be(place: Place) -> None:
    """A channel message that does not mention Digi is ignored."""
    anne = place.world.home.people["anne"]
    activity = place.world.activity(anne, CHANNEL, type="message", text="Er der kaffe?")
    assert (await place.world.send(activity))[0] == 200
    assert place.hands.channel() == ""
    assert place.hands.just("anne").strip() == ""


async def test_what_is_whispered_aloud_is_not_repeated(place: Place, tmp_path: Path) -> None:
    """After a command whose text belongs in a form, only the author is told so, in general words;
    the text is neither repeated nor stored."""
    await _running(place)
    for words in (f"@Digi sig {CANARY}", f"@Digi kode {CANARY}", f"@Digi bekymring {CANARY}"):
        await place.hands.type("sofie", words)
        said = place.hands.just("sofie")
        assert "har jeg ikke gemt" in said
        assert CANARY not in said
        assert "Sofie" not in said
        await place.hands.press("sofie", "Sig det")
        assert "Du vælger, om dit navn skal stå der" in place.hands.just("sofie")
    assert "gemt" not in place.hands.channel()
    files = [path for path in (tmp_path / "home").iterdir() if path.is_file()]
    assert files
    assert not any(CANARY.encode() in path.read_bytes() for path in files)


async def test_a_message_extension_opens_the_same_forms(place: Place) -> None:
    """From the message box, in the channel and in the chat."""
    await _running(place)
    await place.hands.extension("sofie", "say")
    await place.hands.press("sofie", "Uden navn")
    await place.hands.fill(
        "sofie", {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm"}
    )
    assert place.hands.code
    assert place.hands.code in place.hands.just("sofie")
    await place.hands.extension("sofie", "code", private=True)
    await place.hands.fill("sofie", {"Din": place.hands.code})
    assert "Vi mister roen" in place.hands.just("sofie")


async def test_a_message_that_somebody_points_at_becomes_an_agreement(place: Place) -> None:
    """The form contains its text; nothing is stored before it is submitted."""
    await _running(place)
    body = {"contentType": "html", "content": "<div>Vi tager <b>&amp;</b> deler den<br>i dag</div>"}
    await place.hands.extension("anne", "agreements", messagePayload={"body": body})
    dialog = place.hands.form("anne")
    assert dialog is not None
    assert "Vi tager & deler den i dag" in dialog.values.values()


async def test_a_card_of_ones_own_is_changed_in_place(place: Place) -> None:
    """Several presses in a row update one message."""
    await _running(place)
    await place.hands.type("anne", "@Digi plan")
    before = len(place.world.home.messages)
    label = next(
        action["title"]
        for message in place.hands.visible("anne")[:1]
        for action in buttons(message.card or {"body": []})
        if action["type"] == "Action.Execute"
    )
    for _ in range(2):
        await place.hands.press("anne", label)
    assert len(place.world.home.messages) == before
    assert place.hands.visible("anne")[0].versions == 3


@pytest.mark.parametrize("targeted", [True, False], ids=["in the channel", "in the chat"])
async def test_a_draft_of_ones_own_changes_in_place_until_it_is_shown(
    targeted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a form, which closes then. Whoever leads says yes with the press that shows it."""
    monkeypatch.setattr("bot.platforms.teams.edge.PLACE_SECONDS", LONG_ENOUGH)
    async with in_teams(tmp_path / "home", targeted=targeted) as place:
        await place.hands.play("anne > /digi start Ny omsorgsplatform")
        [draft] = [m for m in place.world.home.messages if "Kladde:" in text_of(m.card or NONE)]
        await place.hands.press("anne", "Ret")
        await place.hands.fill("anne", {"Navn": "Omsorgsplatformen"})
        assert place.hands.form("anne") is None
        assert text_of(draft.card or NONE).startswith("Kladde: Omsorgsplatformen")
        [shows] = [b for b in buttons(draft.card or NONE) if b["title"] == "Vis det i kanalen"]
        assert "Så siger du ja til at lede forløbet" in text_of(shows["card"])
        await place.hands.press("anne", "Vis det i kanalen")
        shown = "Omsorgsplatformen er nu vist i kanalen."
        assert text_of(draft.card or NONE).startswith(shown)
        assert draft.versions == 3
        assert "Leder Anne Holm" in place.hands.channel()


async def test_where_a_message_cannot_be_changed_its_form_shows_the_answer(place: Place) -> None:
    await place.hands.play("anne > /digi start Ny omsorgsplatform")
    await place.hands.press("anne", "Ret")
    place.world.plan("PUT", Says(404, "ActivityNotFoundInConversation"))
    await place.hands.fill("anne", {"Navn": "Omsorgsplatformen"})
    assert "Kladde: Omsorgsplatformen" in place.hands.just("anne")
    assert place.hands.form("anne") is not None


async def test_an_unsigned_text_leaves_nothing_with_teams_but_its_dialog(place: Place) -> None:
    """No user is looked up, nothing is posted, and the code is only in the dialog."""
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    place.world.calls.clear()
    await place.hands.fill("sofie", {"Hvad": "Bekymring", "Din": CANARY, "Hvem": "Anne Holm"})
    assert place.hands.code in place.hands.just("sofie")
    assert place.world.calls == []


async def test_a_code_is_large_and_in_a_type_in_which_its_signs_are_told_apart(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the code: it is shown once, and somebody copies it by hand."""
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    send, replies = place.world.send, list[Any]()

    async def noted(activity: dict[str, Any], **more: Any) -> Any:
        replies.append(await send(activity, **more))
        return replies[-1]

    monkeypatch.setattr(place.world, "send", noted)
    await place.hands.fill("sofie", {"Hvad": "Idé", "Din": "Mere tid", "Hvem": "Anne Holm"})
    body = replies[-1][1]["task"]["value"]["card"]["content"]["body"]
    runs = [run for element in body for run in element.get("inlines", ())]
    [code] = [run for run in runs if run.get("fontType") == "Monospace"]
    assert (code["text"], code["size"]) == (place.hands.code, "Large")


async def test_a_form_that_needs_another_look_keeps_what_was_filled_in(place: Place) -> None:
    """The dialog stays open with an error at the field."""
    await _running(place)
    place.hands.holds_back = False
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    await place.hands.fill("sofie", {"Hvad": "Bekymring", "Din": "æøå & <b>"})
    dialog = place.hands.form("sofie")
    assert dialog is not None
    assert "Se på det her igen: Vælg en af mulighederne." in dialog.text
    assert "æøå & <b>" in dialog.values.values()
    await place.hands.fill("sofie", {"Hvem": "Anne Holm"}, keep=True)
    assert place.hands.code in place.hands.just("sofie")


async def test_a_form_sent_twice_is_kept_once(place: Place) -> None:
    """The second submission shows the same code."""
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    dialog = place.hands.form("sofie")
    filled = {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm"}
    await place.hands.fill("sofie", filled)
    code = place.hands.code
    place.hands.dialogs["sofie"] = dialog
    await place.hands.fill("sofie", filled)
    assert place.hands.code == code


async def test_what_one_is_answered_is_never_anothers(place: Place) -> None:
    """If two people's activities have the same id, each gets an answer of their own."""
    anne, mette = (place.world.home.people[one] for one in ("anne", "mette"))
    for person in (anne, mette):
        activity = place.hands.mention(person, "hjælp") | {"id": "one and the same"}
        activity["conversation"]["id"] = CHANNEL
        assert (await place.world.send(activity))[0] == 200
    await place.door.edge.quiet()
    for handle in ("anne", "mette"):
        assert "Det kan du gøre nu" in place.hands.ever(handle) + place.hands.just(handle)


async def test_a_name_is_picked_from_the_directory_and_stays_on_the_form(place: Place) -> None:
    """The people picker returns directory ids, and the form shows names."""
    await _running(place)
    await place.hands.type("anne", "@Digi roller")
    await place.hands.press("anne", "Skift roller")
    dialog = place.hands.form("anne")
    assert dialog is not None
    titles = [
        choice["title"]
        for element in dialog.card["body"]
        if "choices.data" in element
        for choice in element["choices"]
    ]
    assert "Mette Krogh" in titles


# --- with the store away --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["words", "button", "dialog", "form", "members"])
async def test_with_the_database_away_everybody_hears_the_truth(
    place: Place, kind: str, kindly: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People are told, forms keep the typed text, and afterwards all works."""
    kindly()
    await place.hands.type("anne", "@Digi start Ny omsorgsplatform")
    if kind == "form":
        await place.hands.press("anne", "Ret")

    async def away(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        for way in ("tx", "tx_sealed", "read"):
            patched.setattr(place.house.database, way, away)
        patched.setattr(place.house.courier, "settle", away_quietly)
        match kind:
            case "words":
                await place.hands.type("anne", "@Digi status")
            case "button":
                await place.hands.press("anne", "Jeg er leder")
            case "dialog":
                await place.hands.press("anne", "Ret")
            case "form":
                await place.hands.fill("anne", {"Navn": "Noget andet"})
            case _:
                activity = place.world.activity(
                    place.world.home.people["anne"],
                    CHANNEL,
                    type="conversationUpdate",
                    membersAdded=[{"id": "29:ny"}],
                )
                assert (await place.world.send(activity))[0] == 503
        if kind != "members":
            assert "øjeblik" in place.hands.just("anne")
            assert place.hands.statuses[-1] == 200
    if kind == "form":
        await place.hands.fill("anne", {}, keep=True)
        assert "Noget andet" in place.hands.just("anne")
    elif kind == "button":
        await place.hands.press("anne", "Jeg er leder")
        assert "Vis det i kanalen" in place.hands.just("anne")


async def away_quietly() -> None:
    """Make the database unavailable while the courier is paused."""


async def test_an_answer_that_takes_too_long_is_said_to_and_is_kept_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams waits three seconds; the work continues, and a second press shows its result."""
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")
    monkeypatch.setattr("bot.platforms.teams.edge.INVOKE_SECONDS", 0.01)
    receive = place.door.edge._receive
    assert receive is not None
    gate = asyncio.Event()

    async def slow(delivery: Any) -> Any:
        await gate.wait()
        return await receive(delivery)

    filled = {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm"}
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(place.door.edge, "_receive", slow)
        meanwhile.setattr(place.hands, "_settle", away_quietly)  # Digi waits at the gate
        await place.hands.fill("sofie", filled)
    assert "Det tager længere, end det plejer." in place.hands.just("sofie")
    gate.set()
    await place.door.edge.quiet()
    monkeypatch.setattr("bot.platforms.teams.edge.INVOKE_SECONDS", LONG_ENOUGH)
    await place.hands.fill("sofie", {}, keep=True)
    assert place.hands.code in place.hands.just("sofie")


async def test_what_stands_is_not_called_unsaved_because_it_cannot_be_shown(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error after the commit: the form says that the result is unknown, and submitting
    again shows it."""
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Uden navn")

    def broken(*_: object) -> None:
        raise RuntimeError(CANARY)

    filled = {"Hvad": "Bekymring", "Din": "Vi mister roen", "Hvem": "Anne Holm"}
    with monkeypatch.context() as patched:
        patched.setattr(place.door.edge, "_to_dialog", broken)
        await place.hands.fill("sofie", filled)
    assert "Jeg ved ikke, om det blev gemt." in place.hands.just("sofie")
    assert "ikke gemt" not in place.hands.just("sofie")
    await place.hands.fill("sofie", {}, keep=True)
    assert place.hands.code in place.hands.just("sofie")


async def test_what_fails_in_the_edge_is_an_error_in_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the reader's language, and the fields keep their values; the log does not record the
    time."""
    async with in_teams(tmp_path / "home", english=["sofie"]) as place:
        await _fails_within(place, monkeypatch)


async def _fails_within(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await _running(place)
    await place.hands.press("sofie", "Sig det")
    await place.hands.press("sofie", "Without a name")

    async def broken(_: object) -> object:
        raise RuntimeError(CANARY)

    with monkeypatch.context() as patched:
        patched.setattr(place.door.edge, "_receive", broken)
        await place.hands.fill("sofie", {"What": "Concern", "Your": "Rain", "Who": "Anne Holm"})
        assert "It was not saved. Your text is still here." in place.hands.just("sofie")
        dialog = place.hands.form("sofie")
        assert dialog is not None
        assert "Rain" in dialog.values.values()
        assert place.told == []
    await place.hands.fill("sofie", {}, keep=True)
    assert place.hands.code in place.hands.just("sofie")
    await place.door.edge.gather()
    assert place.told == [("presses and forms in Teams", "RuntimeError (1)")]


# --- out ------------------------------------------------------------------------------------------


async def test_a_post_begins_a_thread_is_redrawn_and_answered(place: Place) -> None:
    """Posts, updates and replies in the channel, each by the returned id."""
    edge = place.door.edge
    posted = await edge.deliver(_parcel())
    conversation, id = read_place(posted)
    assert conversation == f"{CHANNEL};messageid={id}"
    assert written_place(conversation, id) == posted
    assert await edge.deliver(_parcel("update", target=posted, words="Farvel")) == posted
    answered = await edge.deliver(_parcel("thread", target=posted, id="letter-2"))
    assert read_place(answered)[0] == conversation
    first, second = place.hands._messages(CHANNEL)
    assert (first.root, first.versions, second.root) == (id, 2, id)
    assert first.card is not None
    assert "Farvel" in text_of(first.card)


async def test_a_private_message_goes_to_the_persons_own_chat(place: Place) -> None:
    """The private chat is opened once."""
    anne = place.world.home.people["anne"]
    for n in range(3):
        await place.door.edge.deliver(
            _parcel("private", id=f"letter-{n}", person=anne.id, channel="")
        )
    assert place.hands.private("anne").count("Goddag") == 3
    opened = [call for call in place.world.calls if call.path == "v3/conversations"]
    assert len(opened) == 1


LONG: c.FinishedCard = c.Card(
    tuple(c.Paragraph((c.Plain(f"linje {n} " + "ord " * 90),)) for n in range(200))
)


async def test_a_digest_that_is_too_big_goes_on_in_its_thread(place: Place) -> None:
    """Nothing is lost, and after an interruption nothing is sent twice."""
    place.world.plan("POST", None, None, Says(502))
    failed = await _fails(place, _parcel(card=LONG))
    assert not failed.permanent
    assert failed.uncertain, "after a restart all of it would come again"
    await place.door.edge.deliver(_parcel(card=LONG, again=True))
    told = place.hands.channel()
    assert "to gange" not in told
    assert [told.count(f"linje {n} ") for n in range(200)] == [1] * 200
    assert len({message.root for message in place.hands._messages(CHANNEL)}) == 1


async def test_a_redraw_that_does_not_fit_says_so_and_promises_nothing(place: Place) -> None:
    """Nothing can follow an update, so it does not say where the rest is."""
    target = await place.door.edge.deliver(_parcel())
    await place.door.edge.deliver(_parcel("update", card=LONG, target=target))
    told = place.hands.channel()
    assert "linje 0 " in told
    assert "linje 199 " not in told
    assert "Der er mere, end der er plads til her." in told
    assert "Resten" not in told


async def test_a_page_whose_answer_is_lost_comes_again_and_says_so(place: Place) -> None:
    """Only that page is repeated and marked."""
    place.world.plan("POST", None, Lost())
    assert (await _fails(place, _parcel(card=LONG))).uncertain
    await place.door.edge.deliver(_parcel(card=LONG, again=True))
    pages = [text_of(message.card or {}) for message in place.hands._messages(CHANNEL)]
    first, second, copy, *rest = pages
    assert "to gange" in copy
    assert not any("to gange" in page for page in (first, second, *rest))
    assert copy.count("linje") == second.count("linje") > 0


async def test_what_was_half_there_when_digi_stopped_comes_again_and_says_so(
    place: Place,
) -> None:
    """A new process knows only that the message may have arrived."""
    place.world.plan("POST", None, Says(502))
    assert (await _fails(place, _parcel(card=LONG))).uncertain
    place.door.edge._outgoing._pages.forget("letter-1")
    await place.door.edge.deliver(_parcel(card=LONG, again=True))
    assert "to gange" in place.hands.channel()


@pytest.mark.parametrize(
    ("trouble", "wanted"),
    [
        (Says(429, after=17), {"retry_after": 17.0}),
        (Says(429), {"retry_after": 5.0}),
        (Says(412), {}),
        (Says(413, "RequestEntityTooLarge"), {"permanent": True}),
        (Says(502), {}),
        (Says(503, after=3), {"retry_after": 3.0}),
        (Says(504), {"uncertain": True}),
        (Says(500), {}),
        (Says(403, "MessageWritesBlocked"), {"permanent": True}),
        (Says(403, "BotNotInConversationRoster"), {"held": True, "retry_after": 3600.0}),
        (Says(404, "ConversationNotFound"), {"held": True, "retry_after": 3600.0}),
        (Says(404, "ActivityNotFoundInConversation"), {"permanent": True}),
        (Says(400, "BadSyntax"), {"permanent": True}),
        (Lost(), {"uncertain": True}),
    ],
    ids=str,
)
async def test_a_refusal_says_whether_it_can_pass(
    place: Place, trouble: Any, wanted: dict[str, Any]
) -> None:
    """The adapter does not retry itself; the outbox does."""
    place.world.plan("POST", trouble)
    failed = await _fails(place, _parcel())
    found = {
        name: held
        for name in ("permanent", "uncertain", "held", "unreachable", "retry_after")
        if (held := getattr(failed, name))
    }
    assert found == wanted
    assert len([call for call in place.world.calls if call.trouble]) == 1


async def test_a_service_out_of_reach_is_certain_not_to_have_heard(place: Place) -> None:
    """After a refused connection the message has certainly not arrived."""
    nowhere = Address(f"teams:{TENANT}", "", "http://127.0.0.1:9/connector", BOT)
    place.door.book._learnt[nowhere.tenant, ""] = nowhere
    failed = await _fails(place, _parcel())
    assert (failed.permanent, failed.uncertain) == (False, False)


async def _too_soon(place: Place, parcel: Parcel) -> float | None:
    """Return the error for a rate limit; None if the call was made."""
    try:
        await place.door.edge.deliver(parcel)
    except DeliveryFailed as failed:
        return failed.retry_after if failed.held else pytest.fail(failed.reason)
    return None


async def test_nobody_speaks_faster_than_teams_allows(place: Place) -> None:
    """Seven per second in a conversation, thirty in a tenant; a short wait happens in the call."""
    began = place.world.clock.now()
    for n in range(200):
        parcel = _parcel(id=f"letter-{n}")
        while (wait := await _too_soon(place, parcel)) is not None:
            await place.world.clock.sleep(wait)
    assert not [call for call in place.world.calls if call.status == 429]
    assert 85 < place.world.clock.now() - began < 100


# --- who cannot be reached ------------------------------------------------------------------------


async def test_who_has_not_added_the_app_is_told_of_in_the_channel_once(place: Place) -> None:
    """The channel is told once how to add the app, with a button that opens the summary for the
    person it is for."""
    jonas = place.world.home.people["jonas"]
    jonas.installed = False
    await _running(place)
    assert "Jeg kan ikke skrive privat til Jonas Friis endnu" in place.hands.private("anne")
    assert "Jonas Friis endnu" not in place.hands.channel()
    await place.hands.press("anne", "Hvor er vi nu?")
    for _ in range(4):
        await place.hands.play("ur > en dag")
    told = place.hands.channel()
    assert told.count("Jeg kan ikke skrive privat til Jonas Friis endnu") == 1
    assert "find Digi, og tryk på Tilføj" in told
    await place.hands.press("jonas", "Åbn min opsamling")
    assert place.hands.form("jonas") is not None
    await place.hands.press("fatima", "Åbn min opsamling")
    assert "Intet venter på dig lige nu." in place.hands.just("fatima")
    # After the app is added, waiting messages are sent.
    assert "Jeg er AMR" not in place.hands.private("jonas")
    await place.world.installed_for(jonas)
    await place.hands.play("ur > en dag")
    assert "Jeg er AMR" in place.hands.private("jonas")


# --- who is there ---------------------------------------------------------------------------------


async def test_whoever_comes_to_the_team_can_take_part(place: Place) -> None:
    """After a join event Digi reads the members."""
    await _running(place)
    newcomer = place.hands.meet("ny", "Nynne Ny")
    activity = place.world.activity(
        newcomer, CHANNEL, type="conversationUpdate", membersAdded=[{"id": newcomer.address}]
    )
    assert (await place.world.send(activity))[0] == 200
    await place.hands.press("ny", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("ny")


async def test_a_channel_that_digi_was_never_told_of_is_met_at_the_first_word(
    place: Place,
) -> None:
    """A team has several channels; Digi reads the members before it answers in a new one."""
    other = "19:andet@thread.tacv2"
    place.world.home.channels[other] = ["anne", "mette"]
    place.world.home.installed.add(other)
    place.hands.place = other
    await place.hands.type("anne", "@Digi start Noget nyt")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Vis det i kanalen")
    await place.hands.press("mette", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("mette")
    await place.hands.press("peter", "Sig det")
    assert "Du vælger, om dit navn" not in place.hands.just("peter")


async def test_a_newcomer_of_the_team_is_seen_in_all_its_channels(place: Place) -> None:
    """Teams sends one join event for the team; a channel that Digi learned from a message belongs
    to it too."""
    other = "19:andet@thread.tacv2"
    place.world.home.channels[other] = ["anne", "mette"]
    place.world.home.installed.add(other)
    place.hands.place = other
    await place.hands.type("anne", "@Digi start Noget nyt")
    await place.hands.press("anne", "Jeg er leder")
    await place.hands.press("anne", "Vis det i kanalen")
    newcomer = place.hands.meet("ny", "Nynne Ny")
    activity = place.world.activity(
        newcomer, CHANNEL, type="conversationUpdate", membersAdded=[{"id": newcomer.address}]
    )
    assert (await place.world.send(activity))[0] == 200
    await place.hands.press("ny", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("ny")


async def test_somebody_from_another_tenant_takes_part_and_has_no_role(place: Place) -> None:
    """In a shared channel they are members at most, whatever role they were given."""
    await _running(place)
    guest = place.hands.meet("gaest", "Gæst Fra Andetsteds")
    guest.tenant = ELSEWHERE
    activity = place.world.activity(
        guest, CHANNEL, type="conversationUpdate", membersAdded=[{"id": guest.address}]
    )
    assert (await place.world.send(activity))[0] == 200
    await place.hands.press("gaest", "Sig det")
    assert "Du vælger, om dit navn skal stå der" in place.hands.just("gaest")
    await place.hands.type("anne", "@Digi roller")
    await place.hands.press("anne", "Skift roller")
    await place.hands.fill("anne", {"Tovholder": "gaest"})
    assert "hører til en anden organisation" in place.hands.just("anne")
    await place.hands.type("gaest", "@Digi næste")
    assert "Hos jer er det" in place.hands.just("gaest")


async def test_what_is_learnt_outlives_a_restart(tmp_path: Path) -> None:
    """The address is stored, so that the overview is posted although no activity has arrived
    since."""
    async with in_teams(tmp_path / "home") as place:
        await _running(place)
        held = await place.door.book._addresses.all()
        assert {(one.place, one.team) for one in held} == {
            (CHANNEL, "19:plejen@thread.tacv2"),
            ("", ""),
        }
        place.door.book._learnt.clear()
        place.door.book._written.clear()
        await place.door.edge.deliver(_parcel())


async def test_digi_forgets_a_team_that_it_was_taken_out_of(place: Place) -> None:
    """Its channels are no longer read."""
    anne = place.world.home.people["anne"]
    activity = place.world.activity(anne, CHANNEL, type="installationUpdate", action="remove")
    assert (await place.world.send(activity))[0] == 200
    place.world.calls.clear()
    assert await place.door.edge.gather() == 0
    assert place.world.calls == []


async def test_looking_writes_nothing(place: Place, tmp_path: Path) -> None:
    """No address is stored either: database and log are byte for byte equal."""
    await _running(place)
    before = on_disk(tmp_path / "home")
    for words in ("@Digi hjælp", "@Digi status", "@Digi sig", "@Digi roller"):
        await place.hands.type("peter", words)
    await place.hands.type("peter", "hjælp", private=True)
    await place.hands.press("peter", "Sig det")
    await place.hands.press("peter", "Uden navn")
    await place.hands.extension("peter", "code")
    assert on_disk(tmp_path / "home") == before
