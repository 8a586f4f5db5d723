"""The Teams app package, validated with Microsoft's own packages."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import pytest

from bot.platforms.teams import icons
from bot.platforms.teams.manifest import CannotPackage, about, manifest, package, translation
from content import catalogue as content
from dialogs.model.commands import Recognised, parse, word_for
from tests.bot.cli.test_app import Box
from tests.worlds import card_validators

APP = "11111111-2222-3333-4444-555555555555"
URL = "https://digi.example.dk"
PRIVATE = {"say", "code"}
PHRASES = content.load().phrases


def said(key: str, language: Literal["da", "en"]) -> str:
    return PHRASES[key].of(language)


def drawn(controller: str = "") -> dict[str, Any]:
    return manifest(about(APP, URL, "0.1.0", controller), word_for, said)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_microsofts_validator_takes_the_manifest_and_its_translation() -> None:
    """Both match the JSON schema of the manifest's version."""
    card_validators.needed()
    assert card_validators.manifest_problems(drawn()) == []
    assert card_validators.translation_problems(translation(word_for, said)) == []


def test_microsofts_validator_would_have_found_a_fault() -> None:
    """A misspelt trigger, a name that is too long and an unknown key are found."""
    card_validators.needed()
    bad = drawn()
    bad["bots"][0]["commandLists"][0]["triggers"] = ["hash"]
    assert card_validators.manifest_problems(bad)
    assert card_validators.manifest_problems(drawn() | {"name": {"short": "D" * 31}})
    assert card_validators.translation_problems(
        translation(word_for, said) | {"bots[0].commandLists[9].commands[0].title": "x"}
    )


def test_every_text_of_the_manifest_has_its_english() -> None:
    """English readers see no Danish, and every translation refers to an existing text."""
    danish = drawn()
    places = {
        "name.short": danish["name"]["short"],
        "name.full": danish["name"]["full"],
        "description.short": danish["description"]["short"],
        "description.full": danish["description"]["full"],
    }
    for at, listed in enumerate(danish["bots"][0]["commandLists"]):
        for n, command in enumerate(listed["commands"]):
            for name in ("title", "description"):
                places[f"bots[0].commandLists[{at}].commands[{n}].{name}"] = command[name]
    for n, command in enumerate(danish["composeExtensions"][0]["commands"]):
        place = f"composeExtensions[0].commands[{n}]"
        places[f"{place}.title"] = command["title"]
        places[f"{place}.description"] = command["description"]
        places[f"{place}.taskInfo.title"] = command["taskInfo"]["title"]
    english = translation(word_for, said)
    assert set(english) - {"$schema"} == set(places)
    descriptions = [place for place in places if place.endswith("description")]
    assert [place for place in descriptions if english[place] == places[place]] == []


def test_a_channel_is_offered_nothing_that_is_said_without_a_name() -> None:
    """Commands for unsigned texts and codes are not offered where colleagues can see them."""
    [bot] = drawn()["bots"]
    [dialogs] = drawn()["composeExtensions"]
    for texts in (drawn(), _in_english()):
        for listed in texts["bots"][0]["commandLists"]:
            words = [parse(command["title"]) for command in listed["commands"]]
            assert all(isinstance(word, Recognised) for word in words)
            names = {word.command for word in words if isinstance(word, Recognised)}
            assert len(names) == len(words)
            if listed["scopes"] != ["personal"]:
                assert not names & PRIVATE
            else:
                assert names >= PRIVATE
    assert [one["id"] for one in dialogs["commands"] if one["id"] in PRIVATE] == ["say", "code"]
    assert not {one["id"] for one in dialogs["commands"] if "triggers" in one} & PRIVATE
    assert bot["supportsTargetedMessages"] is True


def _in_english() -> dict[str, Any]:
    whole = drawn()
    english = translation(word_for, said)
    for at, listed in enumerate(whole["bots"][0]["commandLists"]):
        for n, command in enumerate(listed["commands"]):
            command["title"] = english[f"bots[0].commandLists[{at}].commands[{n}].title"]
    return whole


def test_a_dialog_is_a_word_that_digi_understands() -> None:
    """The id of each dialog is parsed like a typed command."""
    for one in drawn()["composeExtensions"][0]["commands"]:
        assert parse(one["id"]) == Recognised(one["id"])
        assert one["fetchTask"] is True


def test_the_app_asks_for_no_more_than_it_needs() -> None:
    """It may know who uses it and write to them; it may read no channel and no chat."""
    whole = drawn()
    assert whole["permissions"] == ["identity", "messageTeamMembers"]
    assert not {"authorization", "webApplicationInfo", "devicePermissions"} & set(whole)
    assert whole["validDomains"] == ["digi.example.dk"]


def test_the_controller_stands_as_the_maker_where_there_is_room() -> None:
    """Teams shows 32 characters as the developer; a longer name is left out, not cut."""
    assert drawn("Ærø Kommune")["developer"]["name"] == "Ærø Kommune"
    assert drawn("Fællesforvaltningen for Sundhed og Omsorg")["developer"]["name"] == "Digi"


def test_the_package_is_flat_whole_and_the_same_each_time() -> None:
    """Teams requires files at the top level; the same settings give the same bytes."""
    app = about(APP, URL, "0.1.0", "")
    made = package(app, word_for, said)
    assert made == package(app, word_for, said)
    with zipfile.ZipFile(io.BytesIO(made)) as held:
        assert held.testzip() is None
        assert set(held.namelist()) == {"manifest.json", "en.json", "color.png", "outline.png"}
        assert json.loads(held.read("manifest.json")) == drawn()
        assert held.read("color.png") == icons.color()


def _pixels(png: bytes) -> tuple[int, list[tuple[int, ...]]]:
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (width, depth, kind) == (height, 8, 6)
    at = png.index(b"IDAT")
    [length] = struct.unpack(">I", png[at - 4 : at])
    rows = zlib.decompress(png[at + 4 : at + 4 + length])
    line = width * 4 + 1
    flat = b"".join(rows[y * line + 1 : (y + 1) * line] for y in range(height))
    return width, [tuple(flat[i : i + 4]) for i in range(0, len(flat), 4)]


def test_the_icons_are_as_teams_wants_them() -> None:
    """192 pixels without transparency; 32 pixels of white on transparent."""
    width, found = _pixels(icons.color())
    assert (width, {pixel[3] for pixel in found}) == (192, {255})
    assert {(*icons.NIGHT, 255), (*icons.PAPER, 255), (*icons.AMBER, 255)} <= set(found)
    width, found = _pixels(icons.outline())
    assert (width, {pixel[:3] for pixel in found}) == (32, {icons.WHITE})
    solid = sum(pixel[3] == 255 for pixel in found)
    assert 100 < solid < 400
    assert sum(pixel[3] == 0 for pixel in found) > 500


@pytest.mark.parametrize(
    ("app_id", "url", "named"),
    [
        (None, URL, "MICROSOFT_APP_ID"),
        ("digi", URL, "MICROSOFT_APP_ID"),
        (APP, None, "DIGI_PUBLIC_URL"),
        (APP, "http://127.0.0.1:8642", "DIGI_PUBLIC_URL"),
    ],
)
def test_settings_that_make_no_app_are_named(
    app_id: str | None, url: str | None, named: str
) -> None:
    """One line names the remedy."""
    with pytest.raises(CannotPackage) as refused:
        about(app_id, url, "0.1.0", "")
    assert str(refused.value).startswith(named)
    assert "\n" not in str(refused.value)


def test_the_command_writes_the_package(box: Box) -> None:
    """It prints the file's name; without an app id it prints what is missing and writes nothing."""
    without = box("manifest", "teams")
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr.startswith("MICROSOFT_APP_ID is missing")
    assert without.stderr.count("\n") == 1
    settings = {
        "MICROSOFT_APP_ID": APP,
        "MICROSOFT_APP_PASSWORD": "x",
        "MICROSOFT_APP_TYPE": "SingleTenant",
        "MICROSOFT_APP_TENANT_ID": APP,
        "DIGI_PUBLIC_URL": URL,
    }
    done = box("manifest", "teams", "--out", "digi.zip", **settings)
    assert (done.returncode, "digi.zip" in done.stdout) == (0, True)
    with zipfile.ZipFile(box.home.parent / "digi.zip") as held:
        assert json.loads(held.read("manifest.json"))["id"] == APP
    nowhere = box("manifest", "teams", "--out", "nowhere/digi.zip", **settings)
    assert nowhere.returncode == 1
    assert "nowhere/digi.zip" in nowhere.stderr
