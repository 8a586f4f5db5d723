"""What was said is read by the persons it was said to, whatever becomes of roles."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.edge import Delivery, Sender, Submitted
from tests.anonymity.hands import (
    CANARY,
    RELEASED,
    everything_seen,
    instances,
    look,
    open_form,
    project_of,
    running,
    says,
    waiting,
)
from tests.stage import CHANNEL, TENANT


async def test_a_text_for_one_reader_is_shown_to_no_other(tmp_path: Path) -> None:
    """What was said to the TR is found in no view of the leader, before or after."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        untouched = await look(played, "anne", "concerns", project)
        await says(played, "sofie", CANARY, to="Mette Krogh")
        await played.move(RELEASED)
        seen = await everything_seen(played, tmp_path)
        mine = [text for (who, *_), text in seen.items() if who in ("mette", "private:mette")]
        assert any("Kanariefugl-9f3b" in text for text in mine)
        others = [text for (who, *_), text in seen.items() if who not in ("mette", "private:mette")]
        assert not any("Kanariefugl-9f3b" in text for text in others)
        assert seen["anne", "concerns", ""] == untouched


async def test_a_role_given_later_does_not_open_what_was_written_before(tmp_path: Path) -> None:
    """A new leader reads what was addressed to them, and nothing that was addressed to the old."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        await says(played, "sofie", CANARY)
        await played.move(RELEASED)
        await says(played, "lars", "Den gamle leder, ikke sendt endnu")
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Leder=bodil Stedfortræder=peter
            bodil > tryk "Jeg er leder"
            """
        )
        await says(played, "emil", "Til den nye leder", to="Bodil Aagaard")
        await played.move(RELEASED + timedelta(days=7))
        for person in ("bodil", "peter"):
            for view in ("concerns", "concern", "answer_concern", "take_concern", "summary"):
                for ref in instances(tmp_path):
                    seen = await look(played, person, view, project, ref)
                    assert "Kanariefugl-9f3b" not in seen
                    assert "Den gamle leder" not in seen
        assert "Til den nye leder" in await look(played, "bodil", "concerns", project)
        old = await look(played, "anne", "concerns", project)
        assert "Kanariefugl-9f3b" in old
        assert "Den gamle leder" in old
        assert "Til den nye leder" not in old


async def test_whoever_has_led_is_refused_the_unnamed_forms_for_good(tmp_path: Path) -> None:
    """Not by the button, not with somebody's open form, and not after stepping down."""
    async with running(tmp_path) as played:
        project = project_of(tmp_path)
        await says(played, "sofie", CANARY)
        await open_form(played, "sofie")
        form = played.form["sofie"]
        assert form is not None
        values: dict[str, str | list[str] | None] = {
            "kind": "concern", "text": "Fra lederen", "readers": ["mette"], "trio": "false",
            "sending": "release",
        }  # fmt: skip

        async def refused(person: str) -> None:
            for view in ("say_unnamed", "write_more", "object", "withdraw", "answer_unnamed"):
                assert "Du kan skrive med navn." in await look(played, person, view, project), view
            answer = await played.house.engine.receive(
                Delivery(TENANT, Sender(person), "x", Submitted(form.token, values), CHANNEL)
            )
            assert answer.faults
            assert not answer.cards
            await played.press(person, "Sig det")
            assert "Uden navn" not in played.just(person)

        await refused("anne")
        await played.play(
            """
            anne > /digi roller
            anne > tryk "Skift roller"
            anne > udfyld Leder=bodil
            bodil > tryk "Jeg er leder"
            """
        )
        await refused("bodil")
        await refused("anne")
        assert len(await waiting(played, tmp_path)) == 1
        answer = await played.house.engine.receive(
            Delivery(TENANT, Sender("sofie"), "x", Submitted(form.token, values), CHANNEL)
        )
        assert answer.cards
        assert len(await waiting(played, tmp_path)) == 2
