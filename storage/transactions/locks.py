"""The locks: turns of one project, or of one person without a project, come one after the other,
also where several replicas serve one database. A project is always locked before a person.

A lock is held until the end of the transaction.
"""

from __future__ import annotations

from storage.sql import Script


def lock_channel(tenant: str, channel: str) -> Script[None]:
    yield "lock", {"lock": f"channel|{tenant}|{channel}"}


def lock_project(tenant: str, project: str) -> Script[None]:
    yield "lock", {"lock": f"project|{tenant}|{project}"}


def lock_person(tenant: str, person: str) -> Script[None]:
    yield "lock", {"lock": f"person|{tenant}|{person}"}
