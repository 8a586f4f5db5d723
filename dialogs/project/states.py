"""What other conversations ask of a project."""

from __future__ import annotations

from dialogs.model import events as e
from dialogs.model.cards import Button, Line, text
from dialogs.model.events import Look


def confirming(project: str, role: str) -> tuple[Button[Line], Button[Line]]:
    """*Jeg er TR*, with a union, needs a form; the others are one press."""
    press: e.Press = (
        Look("confirm_role", project=project, ref=role)
        if role in ("tr", "amr")
        else e.RoleConfirmed(project=project, role=role)
    )
    return (
        Button(text(f"project.i_am_{role}"), press, "main"),
        Button(text(f"project.i_am_not_{role}"), e.RoleDeclined(project=project, role=role)),
    )
