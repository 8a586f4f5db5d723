"""What other conversations need of a project."""

from __future__ import annotations

from dialogs.model import events as e
from dialogs.model.cards import Button, Line, text
from dialogs.model.events import Look
from dialogs.model.facts import Project, Viewer


def confirming(project: str, role: str) -> tuple[Button[Line], Button[Line]]:
    """Return the buttons to confirm and to decline a role. TR and AMR confirm in a form; for others
    one press is enough."""
    press: e.Press = (
        Look("confirm_role", project=project, ref=role)
        if role in ("tr", "amr")
        else e.RoleConfirmed(project=project, role=role)
    )
    return (
        Button(text(f"project.i_am_{role}"), press, "main"),
        Button(text(f"project.i_am_not_{role}"), e.RoleDeclined(project=project, role=role)),
    )


def choose_readers(project: Project, viewer: Viewer) -> Button[Line] | None:
    """Return the button to choose readers for the committee, for those who may."""
    if project.stage == "draft" or not viewer.may("leader", "deputy", "starter", "representative"):
        return None
    return Button(text("project.choose_readers"), Look("readers", project=project.id))
