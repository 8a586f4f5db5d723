"""Executes operators' commands, in whichever process holds the database."""

from __future__ import annotations

from pathlib import Path

from bot.cli.control import Done, Request
from bot.server.build import House
from bot.server.upkeep import NotThere, Upkeep
from storage.rekey import Rekeyed
from storage.sql import StoreError
from storage.vault import KeyProblem


async def carry_out(house: House, request: Request) -> Done:
    """Execute a command. The answer is a sentence for the operator, never a stack trace."""
    try:
        return Done(True, await _carried_out(house, request.do, request.args))
    except (NotThere, StoreError, KeyProblem) as error:
        return Done(False, str(error))
    except OSError as error:
        return Done(False, f"{error.filename}: {error.strerror}; give Digi's user access to it")


async def _carried_out(house: House, do: str, args: dict[str, str]) -> str:
    upkeep = house.upkeep
    match do:
        case "report":
            return await house.reports.write(args.get("project", ""), Path(_needed(do, args, "to")))
        case "backup":
            return f"made {await upkeep.backup(Path(args['to']) if args.get('to') else None)}"
        case "rotate-key":
            done = await upkeep.rotate_key()
            return _rotated(done)
        case "erase-person":
            person = _needed(do, args, "person")
            tenant = await _workplace(upkeep, person, args.get("workplace", ""))
            return await upkeep.erase_person(tenant, person)
        case "unseat":
            who, where = _needed(do, args, "person"), _needed(do, args, "project")
            return await _unseated(upkeep, who, where)
        case "erase-project":
            return await upkeep.erase_project(_needed(do, args, "project"))
        case _:
            raise NotThere(
                f"the running Digi does not know the command {do}: is it another version?"
            )


def _rotated(done: Rekeyed) -> str:
    said = [
        f"encrypted {done.rows} rows with a new key;"
        " the old one and the backups made with it are gone."
    ]
    if done.damaged:
        said.append(
            f"{done.damaged} damaged values cannot be decrypted with any key and were not changed"
            " (python app.py check --deep names them)."
        )
    if not done.cleared:
        said.append(
            "The database is large, so the next nightly run clears its files of data that was"
            " encrypted with the old key, or the next start if Digi is stopped at night."
        )
    said.append("Keep a copy of the new key, apart from the backups")
    return " ".join(said)


def _needed(do: str, args: dict[str, str], name: str) -> str:
    if not args.get(name):
        raise NotThere(f"the command {do} needs the argument {name}")
    return args[name]


async def _unseated(upkeep: Upkeep, person: str, project: str) -> str:
    held = [seat for seat in await upkeep.seats_of(person) if seat[1] == project]
    seats = [seat for seat in held if seat[2] in ("tr", "amr", "facilitator", "deputy")]
    if not seats:
        who = "is the leader, who can hand the role on in Digi" if held else "has no role there"
        raise NotThere(f"{person} cannot be unseated in {project}: {who}")
    for tenant, _, role in seats:
        await upkeep.unseat(tenant, project, person, role)
    return f"{person} is no longer {', '.join(role for *_, role in seats)}; the channel is told"


async def _workplace(upkeep: Upkeep, person: str, wanted: str) -> str:
    found = await upkeep.workplaces_of(person)
    if wanted in found or (len(found) == 1 and not wanted):
        return wanted or found[0]
    if not found:
        raise NotThere(f"nobody has the id {person}: use the person's id on the platform")
    raise NotThere(f"several workplaces have this id: add --workplace {' or '.join(found)}")
